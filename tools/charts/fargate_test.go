package charts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	networkingv1 "k8s.io/api/networking/v1"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
)

// TestFargateProfiles: each pod of the samples names the Fargate profile of its namespace, which the cluster
// has. While zones change, two profiles select it. Each Ingress names the subnets of its load balancer.
func TestFargateProfiles(t *testing.T) {
	folders := map[string]string{"app": appChart, "databases": databasesChart, "pod-logs": podLogsChart}
	for _, stack := range []string{"addons", "app", "observability"} {
		eachGolden(t, stack, func(t *testing.T, installed []releases.Release) {
			environment, _, _ := strings.Cut(filepath.Base(t.Name()), "-")
			profiles := fargateProfiles(t, environment)
			for _, i := range installed {
				if i.Name == "security-groups" || i.Name == "load-balancer-crds" || i.Name == "deploy-roles" {
					continue
				}
				c, isPublished := published.Find(i.Repository, i.Chart, i.Version)
				loaded := loadPublished
				if !isPublished {
					loaded = func(t *testing.T, _ published.Chart) *chart.Chart { return loadChart(t, folders[i.Name]) }
				}
				r := mustRender(t, loaded(t, c), i.Name, i.Namespace, i.Values)
				if len(pods(r)) == 0 {
					t.Errorf("%s has no pods", i.Name)
				}
				for _, ingress := range all[*networkingv1.Ingress](r) {
					if subnets := strings.Split(ingress.Annotations[alb+"subnets"], ","); len(subnets) < 2 {
						t.Errorf("%s: Ingress %s names the subnets %v: its load balancer would stay in the zones in which it was made", i.Name, ingress.Name, subnets)
					}
				}
				for _, p := range pods(r) {
					if name := p.meta.Labels["eks.amazonaws.com/fargate-profile"]; !slices.Contains(profiles[name], i.Namespace) {
						t.Errorf("%s names the profile %q, which does not take namespace %s", p.object, name, i.Namespace)
					}
				}
			}
		})
	}
}

// fargateProfiles returns the namespaces of an environment's profiles.
func fargateProfiles(t *testing.T, environment string) map[string][]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(goldenFolder, environment+"-cluster.tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	var stack struct {
		Resource struct {
			Profiles map[string]struct {
				Name     string `json:"fargate_profile_name"`
				Selector []struct{ Namespace string }
			} `json:"aws_eks_fargate_profile"`
		}
	}
	if err := json.Unmarshal(content, &stack); err != nil {
		t.Fatal(err)
	}
	profiles := map[string][]string{}
	for _, p := range stack.Resource.Profiles {
		for _, s := range p.Selector {
			profiles[p.Name] = append(profiles[p.Name], s.Namespace)
		}
	}
	return profiles
}
