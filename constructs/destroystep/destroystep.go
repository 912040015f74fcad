// Package destroystep runs a command at one point of a destroy, for what a service leaves
// behind and Terraform has no resource for. On deploy it does nothing.
package destroystep

import (
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a step.
type Config struct {
	// Command is run by sh on the machine that runs Terraform.
	Command string
	// Environment is all that the command is told. The values are kept in Terraform's state,
	// since on destroy nothing else can be read any more.
	Environment map[string]string
	// DependsOn are destroyed after the command has run; what depends on the step is
	// destroyed before.
	DependsOn []cdktf.ITerraformDependable
}

// escaper keeps Terraform from reading a shell's ${…} as its own.
var escaper = strings.NewReplacer("${", "$${", "%{", "%%{")

// New creates a step and returns what others depend on.
// https://developer.hashicorp.com/terraform/language/resources/provisioners/syntax#destroy-time-provisioners
func New(scope constructs.Construct, id string, config Config) cdktf.ITerraformDependable {
	provisioner := &cdktf.LocalExecProvisioner{
		Type:    jsii.String("local-exec"),
		When:    jsii.String("destroy"),
		Command: jsii.String(escaper.Replace(config.Command)),
	}
	if environment := config.fromInput(); len(environment) > 0 {
		provisioner.Environment = &environment
	}
	// Not cdktf's own construct for terraform_data: each of those runs "terraform version" at
	// every synth, to check for Terraform 1.4.
	step := cdktf.NewTerraformResource(scope, &id, &cdktf.TerraformResourceConfig{
		TerraformResourceType: jsii.String("terraform_data"),
		Provisioners:          &[]any{provisioner},
		DependsOn:             &config.DependsOn,
	})
	if len(config.Environment) > 0 {
		step.AddOverride(jsii.String("input"), config.Environment)
	}
	return step
}

// fromInput is the environment as a destroy reads it: from the resource's own input, in the state.
func (c Config) fromInput() map[string]*string {
	variables := map[string]*string{}
	for name := range c.Environment {
		variables[name] = jsii.String("${self.input." + name + "}")
	}
	return variables
}

// Removed is a step that earlier settings have created.
type Removed struct {
	Scope  constructs.Construct
	ID     string
	Config Config
}

// AddRemovedBlocks makes removed steps run their commands when Terraform destroys them: by itself it
// runs only those in its configuration. Steps that never existed do nothing. It can be called once
// for a stack.
// https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources
func AddRemovedBlocks(stack cdktf.TerraformStack, removed ...Removed) {
	var blocks []any
	for _, g := range removed {
		// Only what is in the tree has an address.
		step := New(g.Scope, g.ID, g.Config).(cdktf.TerraformResource)
		address := *step.TerraformResourceType() + "." + *step.FriendlyUniqueId()
		g.Scope.Node().TryRemoveChild(jsii.String(g.ID))
		blocks = append(blocks, map[string]any{
			"from":      address,
			"lifecycle": map[string]any{"destroy": true},
			"provisioner": []any{map[string]any{"local-exec": map[string]any{
				"when": "destroy", "command": escaper.Replace(g.Config.Command), "environment": g.Config.fromInput(),
			}}},
		})
	}
	if len(blocks) > 0 {
		stack.AddOverride(jsii.String("removed"), blocks)
	}
}
