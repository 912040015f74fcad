// Command plinth writes the Terraform configuration of every environment. The cdktf CLI
// runs it; see help.
package main

import (
	"fmt"
	"os"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/settings"
	"plinth/stacks"
)

func main() {
	err := run(os.Environ(), nil)
	stacks.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes nothing unless every environment's settings are right.
func run(environ []string, config *cdktf.AppConfig) error {
	environments, err := settings.Load("environments", environ)
	if err != nil {
		return err
	}
	return stacks.Synthesize(config, func(app constructs.Construct) {
		for _, env := range environments {
			define(app, env)
		}
	})
}

// define makes every stack of one environment. What a stack needs of another it is given.
func define(app constructs.Construct, env *settings.Environment) {
	network := stacks.NewNetwork(app, env)
	data := stacks.NewData(app, env, network)
	cluster := stacks.NewCluster(app, env, network)
	addons := stacks.NewAddons(app, env, cluster)
	stacks.NewApp(app, env, data, cluster, addons)
}
