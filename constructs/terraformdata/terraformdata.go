// Package terraformdata creates resources of Terraform's own type terraform_data.
// https://developer.hashicorp.com/terraform/language/resources/terraform-data
package terraformdata

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config describes a resource. Both values may be nil.
type Config struct {
	// TriggersReplace replaces the resource when it changes. Input becomes the attribute output.
	TriggersReplace, Input any
	// Resource has Terraform's arguments for every type.
	Resource cdktf.TerraformResourceConfig
}

// New creates a resource. It is not cdktf's own construct: each one of those runs "terraform version" at every
// synth, to check for Terraform 1.4.
func New(scope constructs.Construct, id string, config Config) cdktf.TerraformResource {
	config.Resource.TerraformResourceType = jsii.String("terraform_data")
	resource := cdktf.NewTerraformResource(scope, &id, &config.Resource)
	if config.TriggersReplace != nil {
		resource.AddOverride(jsii.String("triggers_replace"), config.TriggersReplace)
	}
	if config.Input != nil {
		resource.AddOverride(jsii.String("input"), config.Input)
	}
	return resource
}
