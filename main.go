// Command plinth writes the Terraform configuration of every environment. The cdktf CLI
// runs it; see help.
package main

import (
	"fmt"
	"os"

	"github.com/aws/constructs-go/constructs/v10"

	"plinth/settings"
	"plinth/stacks"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	defer stacks.Close()
	environments, err := settings.Load("environments", os.Environ())
	if err != nil {
		return err
	}
	return stacks.Synthesize(nil, func(app constructs.Construct) {
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
