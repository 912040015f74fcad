package stacks

import (
	"strings"

	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/release"
)

// keda is the name of the release and its namespace.
const keda = "keda"

// newKEDA installs KEDA, which reads the number of requests from the applications' pods for the
// horizontal pod autoscaler. KEDA does not use AWS, so it has no IAM role.
//
// KEDA gets rights in the applications' namespaces, which must exist before. Their ScaledObjects must be deleted
// before KEDA, which alone takes off their finalizer: a destroy does, since the applications' stacks depend on
// this one.
func newKEDA(group *podGroup, applicationNamespaces []cdktf.ITerraformDependable) {
	stack, env := group.stack, group.env
	namespace := newNamespace(stack, keda, nil)
	pods := map[string]any{
		"runAsNonRoot":   true,
		"runAsUser":      65532,
		"runAsGroup":     65532,
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}
	log := map[string]any{"format": "json"}
	// Fargate's smallest size, with the memory that Fargate adds.
	size := resources("250m", "256Mi")
	newPublishedRelease(stack, env, keda, release.Config{
		Name:       keda,
		Namespace:  keda,
		Repository: "https://kedacore.github.io/charts",
		Chart:      "keda",
		Version:    "2.20.2",
		Values: map[string]any{
			"global": map[string]any{"image": registryOf(env)},
			// The tags never move.
			"image": map[string]any{"pullPolicy": "IfNotPresent"},
			// Security: KEDA may change resources in the applications' namespaces and its own only. By
			// default it can create jobs in every namespace, with any service account. No value removes
			// its other cluster-wide rights: KEDA's own kinds, and changing all API services and
			// validating webhooks, since it puts its certificate into the API service of its metrics.
			// A test fails when a version needs more.
			"watchNamespace": strings.Join(env.ApplicationNames(), ","),
			"permissions": map[string]any{
				// Security: KEDA reads only the Secrets in its own namespace, which hold its certificate.
				// Without these two it reads the applications' as well.
				"operator":     map[string]any{"restrict": map[string]any{"secret": true}},
				"metricServer": map[string]any{"restrict": map[string]any{"secret": true}},
			},
			// Security: KEDA scales Deployments and StatefulSets only. By default it can scale and read
			// every kind.
			"rbac": map[string]any{"enabledCustomScaledRefKinds": false},
			// The webhooks validate what developers write. Here only the applications' chart writes,
			// and a test checks that against the schema.
			"webhooks": map[string]any{"enabled": false},
			// One of each is enough. While Fargate starts another, KEDA counts no requests for a minute or
			// two, and the autoscaler uses CPU and memory. A second one would only stand by.
			"operator":       map[string]any{"replicaCount": 1},
			"metricsServer":  map[string]any{"replicaCount": 1},
			"service":        map[string]any{"portHttpsTarget": kedaPort},
			"resources":      map[string]any{"operator": size, "metricServer": size},
			"podAnnotations": map[string]any{"keda": group.annotations(), "metricsAdapter": group.annotations()},
			"podLabels":      map[string]any{"keda": podLabels(env, kedaProfile), "metricsAdapter": podLabels(env, kedaProfile)},
			"podSecurityContext": map[string]any{
				"operator": pods, "metricServer": pods,
			},
			"securityContext": map[string]any{
				"operator": containerSecurity, "metricServer": containerSecurity,
			},
			"logging": map[string]any{"operator": log, "metricServer": map[string]any{"zapEncoder": "json"}},
		},
		DependsOn: append(applicationNamespaces, namespace, group.install(namespace)),
	})
}
