package permissions

// Stack is a stack whose roles need policies.
type Stack struct {
	// Project, Environment and Name are its tags. An example of a Name is network.
	Project, Environment, Name string
	Account, Region            string
	// Document is the stack's Terraform JSON.
	Document map[string]any
	// Others are those of the environment's other stacks, by name, which references lead to.
	Others map[string]map[string]any
	// Boundary is the ARN of the permissions boundary of the roles that the stack creates.
	Boundary string
	State    State
	// HostedZones are the ids of the public hosted zones that the stack looks up, by the zones' names.
	HostedZones map[string]string
}

// State says where the stack's own state is, and which others its roles read.
type State struct {
	Bucket, Region string
	// Key is the state's key in the bucket. Reads are the keys of states that its roles may read.
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

// block is a resource, data source or ephemeral resource of a document.
type block struct {
	kind       string // as in the table
	attributes map[string]any
}
