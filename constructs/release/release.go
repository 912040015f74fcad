// Package release makes a Helm release that either works or leaves what was there before.
package release

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-helm-go/helm/v12/release"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a release.
type Config struct {
	// Name is the release's, Namespace where it goes.
	Name, Namespace string
	// Chart is a chart's name in Repository, or a folder that holds one.
	Chart string
	// Repository and Version pin a published chart. Both are empty for a folder.
	Repository, Version string
	// Values are the chart's; they may hold references to other resources.
	Values map[string]any
	// DependsOn must be there before the release and outlive it.
	DependsOn []cdktf.ITerraformDependable
}

// timeoutSeconds is how long pods may take to become ready. A Fargate node alone takes a
// minute or two, and a first load balancer three.
const timeoutSeconds = 900

// historyLimit is how many revisions helm rollback can go back to.
const historyLimit = 10

// New creates a release.
func New(scope constructs.Construct, id string, config Config) release.Release {
	properties := &release.ReleaseConfig{
		Name:      jsii.String(config.Name),
		Namespace: jsii.String(config.Namespace),
		Chart:     jsii.String(config.Chart),
		Values:    &[]*string{cdktf.Fn_Jsonencode(quoteValues(config.Values))},
		// A failed install is undone, a failed upgrade rolled back.
		Atomic:        jsii.Bool(true),
		CleanupOnFail: jsii.Bool(true),
		// Applies to deletion too: finalizers are done before what the release needs goes.
		Wait:        jsii.Bool(true),
		WaitForJobs: jsii.Bool(true),
		Timeout:     jsii.Number(timeoutSeconds),
		MaxHistory:  jsii.Number(historyLimit),
		// Namespaces are Terraform's, so that none is left behind.
		CreateNamespace: jsii.Bool(false),
		DependsOn:       &config.DependsOn,
	}
	if config.Repository != "" {
		properties.Repository = jsii.String(config.Repository)
		properties.Version = jsii.String(config.Version)
	}
	return release.NewRelease(scope, &id, properties)
}
