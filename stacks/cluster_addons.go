package stacks

import (
	"encoding/json"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawseksaddonversion"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/eksaddon"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/eks"
	"plinth/constructs/terraformdata"
	"plinth/settings"
)

// addon is an EKS managed add-on.
type addon struct {
	name string
	// version is empty for AWS's default.
	version string
	// configuration is JSON, or empty.
	configuration string
	after         cdktf.ITerraformDependable
}

// newAddons installs EKS's managed add-ons. system is the profile of CoreDNS: without it CoreDNS stays
// pending, and the add-on times out.
func newAddons(stack cdktf.TerraformStack, env *settings.Environment, cluster *eks.Cluster, system cdktf.ITerraformDependable) {
	versions := env.Cluster.AddonVersions
	configuration, _ := json.Marshal(map[string]any{
		"computeType": "Fargate", "podAnnotations": podAnnotations(cluster), "podLabels": podLabels(env, systemProfile),
	}) // cannot fail for these types
	for _, a := range []addon{
		{name: "vpc-cni", version: versions.VPCCNI, after: cluster.Resource},
		{name: "kube-proxy", version: versions.KubeProxy, after: cluster.Resource},
		{name: "coredns", version: versions.CoreDNS, configuration: string(configuration), after: system},
	} {
		config := &eksaddon.EksAddonConfig{
			ClusterName:              jsii.String(cluster.Name),
			AddonName:                jsii.String(a.name),
			AddonVersion:             jsii.String(a.version),
			ResolveConflictsOnCreate: jsii.String("OVERWRITE"),
			ResolveConflictsOnUpdate: jsii.String("PRESERVE"),
			DependsOn:                &[]cdktf.ITerraformDependable{a.after},
		}
		if a.version == "" {
			config.AddonVersion = defaultVersion(stack, cluster, a.name)
		}
		if a.configuration != "" {
			config.ConfigurationValues = jsii.String(a.configuration)
		}
		eksaddon.NewEksAddon(stack, jsii.String("addon-"+a.name), config)
	}
}

// defaultVersion returns the version of an add-on that was AWS's default when the cluster got its version
// of Kubernetes. AWS moves its defaults at any time; the resource keeps this one until Kubernetes moves.
func defaultVersion(stack cdktf.TerraformStack, cluster *eks.Cluster, name string) *string {
	current := dataawseksaddonversion.NewDataAwsEksAddonVersion(stack, jsii.String("addon-"+name+"-version"),
		&dataawseksaddonversion.DataAwsEksAddonVersionConfig{
			AddonName:         jsii.String(name),
			KubernetesVersion: cluster.Version,
		})
	kept := terraformdata.New(stack, "addon-"+name+"-default", terraformdata.Config{
		TriggersReplace: cluster.Version,
		Input:           current.Version(),
		Resource:        cdktf.TerraformResourceConfig{Lifecycle: &cdktf.TerraformResourceLifecycle{IgnoreChanges: []string{"input"}}},
	})
	return kept.GetStringAttribute(jsii.String("output"))
}
