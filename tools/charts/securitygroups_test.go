package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
)

const securityGroupsChart = "../../charts/security-groups"

func TestSecurityGroupsLint(t *testing.T) {
	checkLint(t, securityGroupsChart, "security-groups", readValues(t, filepath.Join(securityGroupsChart, "ci", "app-values.yaml")))
}

func TestSecurityGroupsReadmeIsCurrent(t *testing.T) { checkReadme(t, securityGroupsChart) }

func TestSecurityGroups(t *testing.T) {
	values := readValues(t, filepath.Join(securityGroupsChart, "ci", "app-values.yaml"))
	r := mustRender(t, loadChart(t, securityGroupsChart), "security-groups", "shop", values)
	policy := custom(t, r, "SecurityGroupPolicy")
	file, err := published.SecurityGroupPolicy.Path(t.Context(), "config/crd/bases/vpcresources.k8s.aws_securitygrouppolicies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	definition, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	checkCustomResource(t, policy, definition)
	if selector := field[map[string]any](t, policy, "spec.podSelector"); len(selector) != 0 || policy.GetNamespace() != "shop" {
		t.Errorf("the policy is for %v of namespace %s, want all pods of shop", selector, policy.GetNamespace())
	}
	if got := field[[]any](t, policy, "spec.securityGroups.groupIds"); !slices.Equal(got, values["groupIds"].([]any)) {
		t.Errorf("pods get %v, want %v", got, values["groupIds"])
	}
}

// TestSecurityGroupsOfPods: every stack with pods gives each of their namespaces two groups, and replaces
// pods when these change.
func TestSecurityGroupsOfPods(t *testing.T) {
	for _, stack := range []string{"app", "observability"} {
		eachGolden(t, stack, checkSecurityGroups)
	}
	eachGolden(t, "addons", func(t *testing.T, installed []releases.Release) { checkSecurityGroups(t, withGroups(installed)) })
	for _, stack := range []string{"dev-app", "dev-addons"} {
		installed, err := releases.Read(filepath.Join(goldenFolder, "..", "in-cluster", stack+".tf.json"))
		if err != nil {
			t.Fatal(err)
		}
		checkSecurityGroups(t, withGroups(installed))
	}
}

// withGroups leaves out the add-ons that have the cluster's group alone.
func withGroups(installed []releases.Release) []releases.Release {
	return slices.DeleteFunc(installed, func(r releases.Release) bool {
		return slices.Contains([]string{"aws-load-balancer-controller", "load-balancer-crds", "deploy-roles", "metrics-server", "external-secrets"}, r.Name)
	})
}

func checkSecurityGroups(t *testing.T, installed []releases.Release) {
	t.Helper()
	groups := map[string][]string{}
	for _, r := range installed {
		if r.Name == "security-groups" {
			for _, id := range r.Values["groupIds"].([]any) {
				groups[r.Namespace] = append(groups[r.Namespace], fmt.Sprint(id))
			}
		}
	}
	for _, installed := range installed {
		if installed.Name == "security-groups" {
			continue
		}
		ids := groups[installed.Namespace]
		if len(ids) != 2 {
			t.Errorf("the pods of %s get security groups %v, want the cluster's or the base group, and their own", installed.Namespace, ids)
		}
		r := mustRender(t, chartOf(t, installed), installed.Name, installed.Namespace, installed.Values)
		r.Tests = nil // helm test makes them anew
		for _, p := range pods(r) {
			if got, want := p.meta.Annotations["security-groups"], strings.Join(ids, ","); got != want {
				t.Errorf("%s: the pods note the groups %q, want %q", p.object, got, want)
			}
		}
	}
}

func TestSecurityGroupsRefuses(t *testing.T) {
	for name, values := range map[string]map[string]any{
		"none":     {"groupIds": []any{}},
		"a name":   {"groupIds": []any{"default"}},
		"too many": {"groupIds": []any{"sg-00000001", "sg-00000002", "sg-00000003", "sg-00000004", "sg-00000005", "sg-00000006"}},
	} {
		if _, err := rendered(loadChart(t, securityGroupsChart), "security-groups", "shop", values); err == nil || !strings.Contains(err.Error(), "groupIds") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
