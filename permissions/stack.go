package permissions

// Stack is a stack whose roles need policies.
type Stack struct {
	// Project, Environment and Name are its tags; Name is as in network.
	Project, Environment, Name string
	Account, Region            string
	// Document is the stack's Terraform JSON.
	Document map[string]any
	// Boundary is the ARN of the policy that limits the roles which the stack makes.
	Boundary string
	State    State
}

// State is where the stack's own state is, and the states that it reads.
type State struct {
	Bucket, Region string
	// Key is the state's name in the bucket, and Reads are others that may be read.
	Key   string
	Reads []string
	// KMSKey is the ARN of the key that encrypts them; empty on a server that has no KMS.
	KMSKey string
}

// Statement of a policy.
type Statement struct {
	// Deny makes it a refusal.
	Deny               bool
	Actions, Resources []string
	Conditions         []Condition
	// For are the types that need it, and Why the reason for a resource that is "*".
	For []string
	Why string
}

// element is a resource or a data source of a document.
type element struct {
	kind       string // as in the table
	attributes map[string]any
}
