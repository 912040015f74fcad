package charts

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"plinth/tools/charts/render"
)

const deployRolesChart = "../../charts/deploy-roles"

func TestDeployRolesLint(t *testing.T) {
	checkLint(t, deployRolesChart, "deploy-roles", readValues(t, filepath.Join(deployRolesChart, "ci", "app-values.yaml")))
}

func TestDeployRolesReadmeIsCurrent(t *testing.T) { checkReadme(t, deployRolesChart) }

// TestDeployRoles: each group has a Role in its own namespace alone, with every kind that the charts of an
// application make, and nothing that leads out of the namespace.
func TestDeployRoles(t *testing.T) {
	values := readValues(t, filepath.Join(deployRolesChart, "ci", "app-values.yaml"))
	r := mustRender(t, loadChart(t, deployRolesChart), "deploy-roles", "kube-system", values)
	groups := map[string]string{}
	for _, binding := range all[*rbacv1.RoleBinding](r) {
		if len(binding.Subjects) != 1 || binding.Subjects[0].Kind != "Group" || binding.RoleRef.Kind != "Role" {
			t.Errorf("%s: binds %v to %v, want a group to a Role", binding.Namespace, binding.Subjects, binding.RoleRef)
		}
		groups[binding.Namespace] = binding.Subjects[0].Name
	}
	if want := values["applications"].(map[string]any); fmt.Sprint(groups) != fmt.Sprint(want) {
		t.Errorf("the groups are bound in %v, want %v", groups, want)
	}
	roles := all[*rbacv1.Role](r)
	if len(roles) != len(groups) || len(r.Objects) != 2*len(groups) {
		t.Fatalf("%d Roles and %d objects for %d applications", len(roles), len(r.Objects), len(groups))
	}
	for _, role := range roles {
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				changes := !slices.Contains([]string{"get", "list", "watch"}, verb)
				for _, resource := range rule.Resources {
					if resource == "*" || resource == "secrets" || resource == "serviceaccounts/token" || resource == "namespaces" && changes ||
						slices.Contains([]string{"*", "bind", "escalate", "impersonate"}, verb) {
						t.Errorf("%s: the Role has %s on %s", role.Namespace, verb, resource)
					}
				}
			}
		}
		for kind, resource := range madeByApplications(t) {
			group, _, _ := strings.Cut(resource, "/")
			name := resource[strings.Index(resource, "/")+1:]
			for _, verb := range []string{"create", "delete", "get", "list", "patch", "watch"} {
				if !allowed(role.Rules, group, name, verb) {
					t.Errorf("%s: the Role does not let Helm %s a %s", role.Namespace, verb, kind)
				}
			}
		}
		if !allowed(role.Rules, "", "pods/log", "get") || !allowed(role.Rules, "batch", "jobs", "list") {
			t.Errorf("%s: the Role does not let ./plinth deploy read the log of a release command", role.Namespace)
		}
		// What Kubernetes asks of whoever makes the Role of developers.
		for _, granted := range developersRules(t) {
			for _, resource := range granted.Resources {
				for _, verb := range granted.Verbs {
					if !allowed(role.Rules, granted.APIGroups[0], resource, verb) {
						t.Errorf("%s: charts/app grants %s on %s, which the Role does not have", role.Namespace, verb, resource)
					}
				}
			}
		}
	}
}

func allowed(rules []rbacv1.PolicyRule, group, resource, verb string) bool {
	return slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.APIGroups, group) && slices.Contains(r.Resources, resource) && slices.Contains(r.Verbs, verb) && len(r.ResourceNames) == 0
	})
}

// applicationCharts renders the charts that an application's stack installs, with every sample.
func applicationCharts(t *testing.T) (all []*render.Release) {
	t.Helper()
	for _, chart := range []string{appChart, securityGroupsChart} {
		files, err := filepath.Glob(filepath.Join(chart, "ci", "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no samples: %v", chart, err)
		}
		for _, file := range files {
			values := readValues(t, file)
			if chart == appChart {
				values["developerGroup"] = "plinth:developers"
			}
			all = append(all, mustRender(t, loadChart(t, chart), "shop", "shop", values))
		}
	}
	values := readValues(t, filepath.Join(appChart, "ci", "https-values.yaml"))
	web := values["web"].(map[string]any)
	web["metrics"], web["replicas"] = map[string]any{"port": 9090}, map[string]any{"requestsPerSecond": 50}
	return append(all, mustRender(t, loadChart(t, appChart), "shop", "shop", values))
}

// madeByApplications are the API group and the resource of each kind that an application's stack makes.
func madeByApplications(t *testing.T) map[string]string {
	t.Helper()
	made := map[string]string{}
	for _, r := range applicationCharts(t) {
		for _, o := range r.Objects {
			group, _, found := strings.Cut(o.APIVersion, "/")
			if !found {
				group = ""
			}
			resource := strings.ToLower(o.Kind) + "s"
			if base, is := strings.CutSuffix(resource, "ys"); is {
				resource = base + "ies"
			} else if o.Kind == "Ingress" {
				resource = "ingresses"
			}
			made[o.Kind] = group + "/" + resource
		}
	}
	for _, kind := range []string{"CronJob", "Job", "ScaledObject", "SecurityGroupPolicy"} {
		if made[kind] == "" {
			t.Fatalf("no sample makes a %s", kind)
		}
	}
	return made
}

func developersRules(t *testing.T) []rbacv1.PolicyRule {
	t.Helper()
	for _, r := range applicationCharts(t) {
		if roles := all[*rbacv1.Role](r); len(roles) > 0 {
			return roles[0].Rules
		}
	}
	t.Fatal("charts/app makes no Role of developers")
	return nil
}

func TestDeployRolesRefuses(t *testing.T) {
	for name, applications := range map[string]map[string]any{
		"none":                      {},
		"a group of Kubernetes":     {"shop": "system:masters"},
		"a namespace of Kubernetes": {"kube-system": "plinth:deploy-shop"},
		"no prefix":                 {"shop": "deployers"},
	} {
		_, err := rendered(loadChart(t, deployRolesChart), "deploy-roles", "kube-system", map[string]any{"applications": applications})
		if err == nil || !strings.Contains(err.Error(), "applications") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
