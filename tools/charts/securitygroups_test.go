package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"

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

// checkSecurityGroups checks that a stack gives the application's pods two groups, and replaces pods when
// these change.
func checkSecurityGroups(t *testing.T, installed []releases.Release) {
	t.Helper()
	var groups, app releases.Release
	for _, r := range installed {
		switch r.Name {
		case "security-groups":
			groups = r
		default:
			app = r
		}
	}
	ids, _ := groups.Values["groupIds"].([]any)
	if len(ids) != 2 || groups.Namespace != app.Namespace {
		t.Errorf("the pods of %s get security groups %v in %q, want the cluster's and their own", app.Namespace, ids, groups.Namespace)
	}
	d := one[*appsv1.Deployment](t, mustRender(t, loadChart(t, appChart), app.Name, app.Namespace, app.Values))
	var joined []string
	for _, id := range ids {
		joined = append(joined, fmt.Sprint(id))
	}
	if got, want := d.Spec.Template.Annotations["security-groups"], strings.Join(joined, ","); got != want {
		t.Errorf("the pods note the groups %q, want %q", got, want)
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
