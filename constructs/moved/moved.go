// Package moved makes the blocks moved of a stack, for resources that have another address than in an
// earlier version.
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

// Add gives a stack all its blocks. cdktf's own methods would run Terraform at each synthesis, for its
// version. https://developer.hashicorp.com/terraform/language/moved
func Add(stack cdktf.TerraformStack, blocks ...Block) {
	stack.AddOverride(jsii.String("moved"), blocks)
}
