// Package moved makes the blocks of a stack for resources that an earlier version had at another address or
// in another stack. cdktf's own methods would run Terraform at each synthesis, for its version.
package moved

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Block is the address of a resource before and now.
type Block struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Add gives a stack all its blocks. https://developer.hashicorp.com/terraform/language/moved
func Add(stack cdktf.TerraformStack, blocks ...Block) {
	stack.AddOverride(jsii.String("moved"), blocks)
}

// Import is a resource to take into the state. One that is in the state stays as it is.
type Import struct {
	// ForEach is an expression: a set with one member to import the resource, or none to create it. Terraform
	// must know it when it plans.
	ForEach string `json:"for_each"`
	To      string `json:"to"`
	ID      string `json:"id"`
}

// AddImports gives a stack all its imports. https://developer.hashicorp.com/terraform/language/import
func AddImports(stack cdktf.TerraformStack, imports ...Import) {
	stack.AddOverride(jsii.String("import"), imports)
}

// Forget takes resources out of a stack's state, for another stack to have. Addresses that the state does not
// have do nothing. https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources
func Forget(stack cdktf.TerraformStack, addresses ...string) {
	var blocks []any
	for _, address := range addresses {
		blocks = append(blocks, map[string]any{"from": address, "lifecycle": map[string]any{"destroy": false}})
	}
	stack.AddOverride(jsii.String("removed"), blocks)
}
