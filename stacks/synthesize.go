package stacks

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Synthesize makes an app, lets define fill it with stacks, and writes their Terraform
// configuration. A panic on the way becomes an error fit to be read.
func Synthesize(config *cdktf.AppConfig, define func(app constructs.Construct)) (err error) {
	defer jsii.Close()
	app := cdktf.NewApp(config)
	define(app)
	app.Synth()
	return nil
}
