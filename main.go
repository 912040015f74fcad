// Command plinth writes the Terraform configuration of every environment. The cdktf CLI
// runs it; see help.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/settings"
	"plinth/stacks"
	"plinth/synthesis"
)

// environments is the folder of the settings.
const environments = "environments"

func main() {
	// It lives for a second or two, and holds little: collecting garbage is a tenth of its work.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	check := flag.Bool("check", false, "check the settings and write nothing")
	flag.Parse()
	var err error
	if *check {
		_, err = settings.Load(environments, os.Environ())
	} else {
		err = run(environments, os.Environ(), nil)
	}
	synthesis.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes nothing unless every environment's settings are right.
func run(folder string, environ []string, config *cdktf.AppConfig) error {
	all, err := settings.Load(folder, environ)
	if err != nil {
		return err
	}
	layers := map[*settings.Environment][]cdktf.TerraformStack{}
	return synthesis.Run(config,
		func(app constructs.Construct) {
			for _, env := range all {
				layers[env] = define(app, env)
			}
		},
		func(app constructs.Construct) {
			for _, env := range all {
				stacks.NewBootstrap(app, env, layers[env]...)
			}
		})
}

// define makes every stack of one environment but the bootstrap's. What a stack needs of another
// it is given.
func define(app constructs.Construct, env *settings.Environment) []cdktf.TerraformStack {
	network := stacks.NewNetwork(app, env)
	data := stacks.NewData(app, env, network)
	cluster := stacks.NewCluster(app, env, network)
	addons := stacks.NewAddons(app, env, cluster)
	application := stacks.NewApp(app, env, data, cluster, addons)
	observability := stacks.NewObservability(app, env, data, cluster, addons, application)
	return []cdktf.TerraformStack{network, data, cluster, addons, application, observability}
}
