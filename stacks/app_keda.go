package stacks

import (
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/release"
	"plinth/settings"
)

// keda is the name of the release and its namespace.
const keda = "keda"

// newKEDA installs KEDA, which asks the application's pods how many requests they have and tells the
// horizontal pod autoscaler. It needs nothing of AWS, hence no role there.
//
// It is in the application's stack, not with the other add-ons: it is given rights in the
// application's namespace, which must be there first, and whose ScaledObject must be gone before it.
func newKEDA(stack cdktf.TerraformStack, env *settings.Environment, app cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	namespace := newNamespace(stack, keda, nil)
	pods := map[string]any{
		"runAsNonRoot":   true,
		"runAsUser":      65532,
		"runAsGroup":     65532,
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}
	log := map[string]any{"format": "json"}
	// With what Fargate adds, its smallest size.
	size := resources("250m", "256Mi")
	return release.New(stack, keda, release.Config{
		Name:       keda,
		Namespace:  keda,
		Repository: "https://kedacore.github.io/charts",
		Chart:      keda,
		Version:    "2.20.2",
		Values: map[string]any{
			"global": map[string]any{"image": registryOf(env)},
			// The tags never move.
			"image": map[string]any{"pullPolicy": "IfNotPresent"},
			// Security: it scales what is in the application's namespace, and changes what is in there and
			// in its own alone. By itself it could make jobs in every namespace, with any service account.
			// No value removes its remaining cluster-wide rights: KEDA's own kinds, and to change all API
			// services and validating webhooks, since it puts its certificate into the API service of its
			// metrics. A test fails when a version needs more.
			"watchNamespace": env.App.Name,
			"permissions": map[string]any{
				// Security: no Secret but those in its own namespace, which is its certificate. Without
				// these two, all of the application's as well.
				"operator":     map[string]any{"restrict": map[string]any{"secret": true}},
				"metricServer": map[string]any{"restrict": map[string]any{"secret": true}},
			},
			// Security: Deployments and StatefulSets; by itself it could scale and read resources of every
			// kind.
			"rbac": map[string]any{"enabledCustomScaledRefKinds": false},
			// It would check what developers write; here the application's chart alone writes, and a
			// test holds that against the schema.
			"webhooks": map[string]any{"enabled": false},
			// One of each: what is lost while Fargate starts another is a minute or two of requests that
			// nobody counts, and the autoscaler goes by CPU and memory then. A second one only waits.
			"operator":      map[string]any{"replicaCount": 1},
			"metricsServer": map[string]any{"replicaCount": 1},
			"service":       map[string]any{"portHttpsTarget": kedaPort},
			"resources":     map[string]any{"operator": size, "metricServer": size},
			"podSecurityContext": map[string]any{
				"operator": pods, "metricServer": pods,
			},
			"securityContext": map[string]any{
				"operator": containerSecurity, "metricServer": containerSecurity,
			},
			"logging": map[string]any{"operator": log, "metricServer": map[string]any{"zapEncoder": "json"}},
		},
		DependsOn: []cdktf.ITerraformDependable{namespace, app},
	})
}
