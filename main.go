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

	"plinth/images"
	"plinth/settings"
	"plinth/stacks"
	"plinth/synthesis"
)

func main() {
	// Collect garbage less often: the program runs for a second or two and holds little.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	folder := flag.String("environments", "environments", "folder of the settings")
	layers := flag.Bool("layers", false, "leave the bootstrap stacks out")
	published := flag.Bool("published-images", false, "leave image mirrors and recorded digests out")
	flag.Parse()
	all, err := settings.Load(*folder, os.Environ())
	if err == nil {
		err = chooseImages(all, *published)
	}
	if err == nil {
		err = synthesize(all, !*layers)
	}
	synthesis.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// chooseImages gives every environment the digests of images.lock.yaml. With published, the images are
// those that the charts name.
func chooseImages(all []*settings.Environment, published bool) error {
	lock, err := images.Load(images.File("."))
	for _, env := range all {
		if published {
			env.Cluster.ImageMirror = ""
		} else {
			env.Images = lock
		}
	}
	if published {
		return nil // it may be broken: this is how it is recorded again
	}
	return err
}

// synthesize creates the stacks of all environments. The bootstraps come in a second pass: their
// roles' policies follow from the Terraform JSON of the other stacks.
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

// define creates every stack of one environment except the bootstrap. Stacks pass values to each
// other as arguments.
func define(app constructs.Construct, env *settings.Environment) []cdktf.TerraformStack {
	network := stacks.NewNetwork(app, env)
	data := stacks.NewData(app, env, network)
	cluster := stacks.NewCluster(app, env, network)
	addons := stacks.NewAddons(app, env, data, cluster)
	all := []cdktf.TerraformStack{network, data, cluster, addons}
	var applications []*stacks.App
	for _, application := range env.Applications() {
		applications = append(applications, stacks.NewApp(app, env, application, data, cluster, addons))
		all = append(all, applications[len(applications)-1])
	}
	return append(all, stacks.NewObservability(app, env, data, cluster, addons, applications))
}
