// Package release makes a Helm release that Helm rolls back when it fails.
package release

import (
	"cmp"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-helm-go/helm/v12/release"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a release.
type Config struct {
	// Name is the release's, Namespace the one to install it in.
	Name, Namespace string
	// Chart is a chart's name in Repository, or a folder that holds one.
	Chart string
	// Repository and Version pin a published chart. Both are empty for a folder.
	Repository, Version string
	// Values are the chart's; they may contain references to other resources.
	Values map[string]any
	// Provider is the Helm provider if the stack has several; nil means the one without an alias.
	Provider cdktf.TerraformProvider
	// Security: TakesOver lets the release take over objects that exist, another release's too. Only for a chart
	// whose objects nobody else installs.
	TakesOver bool
	// SkipCRDs is set if another release installs the definitions in the chart's folder crds/.
	SkipCRDs bool
	// TimeoutSeconds is how long Helm waits for each step. 0 is [TimeoutSeconds].
	TimeoutSeconds int
	// DependsOn are created before the release and destroyed after it.
	DependsOn []cdktf.ITerraformDependable
}

// TimeoutSeconds is how long pods may take to become ready. A Fargate node alone takes a
// minute or two, and a first load balancer three.
const TimeoutSeconds = 900

// historyLimit is how many revisions helm rollback can go back to.
const historyLimit = 10

// New creates a release.
func New(scope constructs.Construct, id string, config Config) release.Release {
	properties := &release.ReleaseConfig{
		Name:      jsii.String(config.Name),
		Namespace: jsii.String(config.Namespace),
		Chart:     jsii.String(config.Chart),
		Values:    &[]*string{cdktf.Fn_Jsonencode(quoteValues(config.Values))},
		// Helm removes a failed install and rolls back a failed upgrade.
		Atomic:        jsii.Bool(true),
		CleanupOnFail: jsii.Bool(true),
		// Deletion waits too: finalizers finish before Terraform destroys the release's dependencies.
		Wait:        jsii.Bool(true),
		WaitForJobs: jsii.Bool(true),
		Timeout:     jsii.Number(cmp.Or(config.TimeoutSeconds, TimeoutSeconds)),
		MaxHistory:  jsii.Number(historyLimit),
		// Terraform creates the namespaces, so that a destroy leaves none behind.
		CreateNamespace: jsii.Bool(false),
		DependsOn:       &config.DependsOn,
	}
	if config.TakesOver {
		properties.TakeOwnership = jsii.Bool(true)
	}
	if config.SkipCRDs {
		properties.SkipCrds = jsii.Bool(true)
	}
	if config.Provider != nil {
		properties.Provider = config.Provider
	}
	if config.Repository != "" {
		properties.Repository = jsii.String(config.Repository)
		properties.Version = jsii.String(config.Version)
	}
	return release.NewRelease(scope, &id, properties)
}
