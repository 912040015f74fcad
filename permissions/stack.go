package permissions

// Stack is a stack whose roles need policies.
type Stack struct {
	// Project, Environment and Name are its tags; Name is as in network.
	Project, Environment, Name string
	Account, Region            string
	// Document is the stack's Terraform JSON.
	Document map[string]any
	// Boundary is the ARN of the permissions boundary of the roles that the stack creates.
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
	// Deny makes it a Deny statement.
	Deny               bool
	Actions, Resources []string
	Conditions         []Condition
	// RequiredBy are the types that need it. Reason says why Resources is "*".
	RequiredBy []string
	Reason     string
}

// block is a resource or a data source of a document.
type block struct {
	kind       string // as in the table
	attributes map[string]any
}
