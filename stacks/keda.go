package stacks

import (
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/release"
	"plinth/settings"
)

// keda is the name of KEDA's release and namespace. It has a Fargate profile of its own, since a
// profile cannot be changed.
const keda = "keda"

// kedaPort is where KEDA answers the control plane, which asks for figures there.
const kedaPort = 6443

// newKEDA installs what lets pods be scaled on requests. Of the ways to these figures it is the one
// that needs neither a Prometheus nor CloudWatch: it asks the pods themselves.
//
// One of each: while one is away, CPU and memory still bring pods.
func newKEDA(stack cdktf.TerraformStack, env *settings.Environment, after cdktf.ITerraformDependable) {
	namespace := newNamespace(stack, keda, nil, after)
	registry := func() map[string]any { return registryOf(env) }
	release.New(stack, keda, release.Config{
		Name:       keda,
		Namespace:  keda,
		Repository: "https://kedacore.github.io/charts",
		Chart:      keda,
		Version:    "2.20.2",
		Values: map[string]any{
			"image": map[string]any{
				"keda": registry(), "metricsApiServer": registry(),
				// A version does not change.
				"pullPolicy": "IfNotPresent",
			},
			// Security: it works for the application's namespace, reads no Secret but its own
			// certificate, asks for no tokens, and scales Deployments and StatefulSets alone.
			"watchNamespace": env.App.Name,
			"permissions": map[string]any{
				"operator":     map[string]any{"restrict": map[string]any{"secret": true}},
				"metricServer": map[string]any{"restrict": map[string]any{"secret": true}},
			},
			"rbac": map[string]any{"enabledCustomScaledRefKinds": false},
			// It would refuse that the application goes from its own autoscaler to KEDA's: for a moment
			// there are two.
			"webhooks": map[string]any{"enabled": false},
			"service":  map[string]any{"portHttpsTarget": kedaPort},
			"resources": map[string]any{
				"operator":     resources("200m", "256Mi"),
				"metricServer": resources("100m", "200Mi"),
			},
		},
		DependsOn: []cdktf.ITerraformDependable{namespace},
	})
}
