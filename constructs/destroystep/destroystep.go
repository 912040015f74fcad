// Package destroystep runs a command at one point of a destroy, to remove what a service leaves
// behind and Terraform has no resource for. On deploy it does nothing.
package destroystep

import (
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/terraformdata"
)

// Config of a step.
type Config struct {
	// Command runs in sh on the machine that runs Terraform.
	Command string
	// Environment holds the command's variables. Terraform keeps the values in its state: a
	// destroy can read nothing else.
	Environment map[string]string
	// DependsOn are destroyed after the command has run. Resources that depend on the step
	// are destroyed before.
	DependsOn []cdktf.ITerraformDependable
}

// escaper keeps Terraform from interpolating a shell's ${…}.
var escaper = strings.NewReplacer("${", "$${", "%{", "%%{")

// New creates a step and returns it for others to depend on.
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
	step := terraformdata.Config{Resource: cdktf.TerraformResourceConfig{
		Provisioners: &[]any{provisioner},
		DependsOn:    &config.DependsOn,
	}}
	if len(config.Environment) > 0 {
		step.Input = config.Environment
	}
	return terraformdata.New(scope, id, step)
}

// fromInput returns the environment as a destroy reads it: from the resource's own input in the state.
func (c Config) fromInput() map[string]*string {
	variables := map[string]*string{}
	for name := range c.Environment {
		variables[name] = jsii.String("${self.input." + name + "}")
	}
	return variables
}

// Removed is a step that earlier settings created.
type Removed struct {
	Scope  constructs.Construct
	ID     string
	Config Config
}

// AddRemovedBlocks makes Terraform run the commands of removed steps when it destroys them. Without
// these blocks it runs only those in its configuration. Steps that never existed do nothing. Call it
// once for each stack.
// https://developer.hashicorp.com/terraform/language/resources/syntax#removing-resources
func AddRemovedBlocks(stack cdktf.TerraformStack, removed ...Removed) {
	var blocks []any
	for _, g := range removed {
		// A step has an address only while it is in the tree.
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
