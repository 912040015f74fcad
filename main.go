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

func main() {
	// It lives for a second or two, and holds little: collecting garbage is a tenth of its work.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	folder := flag.String("environments", "environments", "folder of the settings")
	check := flag.Bool("check", false, "check the settings and write nothing")
	layers := flag.Bool("layers", false, "leave the bootstrap stacks out")
	flag.Parse()
	all, err := settings.Load(*folder, os.Environ())
	if err == nil && !*check {
		err = synthesize(all, !*layers)
	}
	synthesis.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// synthesize makes the stacks of all environments. The bootstraps come second: what a role of theirs
// may do is read off what its stack has been written as.
func synthesize(all []*settings.Environment, bootstraps bool) error {
	layers := map[*settings.Environment][]cdktf.TerraformStack{}
	return synthesis.Run(
		func(app constructs.Construct) {
			for _, env := range all {
				layers[env] = define(app, env)
			}
		},
		func(app constructs.Construct) {
			for _, env := range all {
				if bootstraps {
					stacks.NewBootstrap(app, env, layers[env]...)
				}
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
