package charts

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

const podLogsChart = "../../charts/pod-logs"

func podLogsSample(t *testing.T) map[string]any {
	t.Helper()
	return readValues(t, filepath.Join(podLogsChart, "ci", "app-values.yaml"))
}

func TestPodLogsLint(t *testing.T) { checkLint(t, podLogsChart, "pod-logs", podLogsSample(t)) }

func TestPodLogsReadmeIsCurrent(t *testing.T) { checkReadme(t, podLogsChart) }

func TestPodLogs(t *testing.T) {
	checkPodLogs(t, mustRender(t, loadChart(t, podLogsChart), "pod-logs", "pod-logs", podLogsSample(t)), podLogsSample(t))
}

// TestGoldenPodLogs does the same with the values of every stack that installs it.
func TestGoldenPodLogs(t *testing.T) {
	installed := 0
	eachGolden(t, "observability", func(t *testing.T, all []releases.Release) {
		for _, r := range all {
			if r.Name == "pod-logs" {
				installed++
				checkPodLogs(t, mustRender(t, loadChart(t, podLogsChart), r.Name, r.Namespace, r.Values), r.Values)
			}
		}
	})
	if installed == 0 {
		t.Error("no stack installs the chart")
	}
}

func checkPodLogs(t *testing.T, r *render.Release, values map[string]any) {
	t.Helper()
	checkObserver(t, r, values)
	allowed := []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"pods/log"}, Verbs: []string{"get"}},
	}
	var read []string
	want := map[string][]rbacv1.PolicyRule{}
	for _, namespace := range values["namespaces"].([]any) {
		read = append(read, strconv.Quote(fmt.Sprint(namespace)))
		want[fmt.Sprint(namespace)] = allowed
	}
	if got := rules(r); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("roles are %v, want %v", got, want)
	}
	account, bindings := one[*corev1.ServiceAccount](t, r), all[*rbacv1.RoleBinding](r)
	if len(bindings) != len(want) {
		t.Errorf("%d roles are bound, want %d", len(bindings), len(want))
	}
	for _, binding := range bindings {
		if !slices.Equal(binding.Subjects, []rbacv1.Subject{{Kind: "ServiceAccount", Name: account.Name, Namespace: account.Namespace}}) {
			t.Errorf("the role in %s is bound to %v, the chart makes %s in %s", binding.Namespace, binding.Subjects, account.Name, account.Namespace)
		}
	}

	d := one[*appsv1.Deployment](t, r)
	if *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		t.Errorf("%d pods, replaced by %s: two would send each line twice", *d.Spec.Replicas, d.Spec.Strategy.Type)
	}
	c := d.Spec.Template.Spec.Containers[0]
	config := fileOf(t, r, r.Name, "config.alloy")
	for _, part := range []string{
		"names = [" + strings.Join(read, ",") + "]",
		`loki.source.kubernetes "pods"`,
		`url = "` + fmt.Sprint(values["lokiUrl"]) + `/loki/api/v1/push"`,
	} {
		if !strings.Contains(config, part) {
			t.Errorf("the configuration lacks %s:\n%s", part, config)
		}
	}
	if strings.Count(config, "{") != strings.Count(config, "}") || strings.Count(config, "[") != strings.Count(config, "]") {
		t.Errorf("the configuration's brackets are no pairs:\n%s", config)
	}
	// Each component that another one refers to exists.
	for _, name := range []string{"discovery.kubernetes", "discovery.relabel", "loki.process", "loki.write"} {
		if !strings.Contains(config, name+` "`) || !strings.Contains(config, name+".") {
			t.Errorf("%s is missing, or of no use", name)
		}
	}
	mounts := map[string]bool{}
	for _, m := range c.VolumeMounts {
		mounts[m.MountPath] = m.ReadOnly
	}
	if readOnly, mounted := mounts["/etc/alloy"]; !mounted || !readOnly || !slices.Contains(c.Args, "/etc/alloy/config.alloy") {
		t.Errorf("started with %v and mounts %v", c.Args, mounts)
	}
	if readOnly, mounted := mounts["/var/lib/alloy/data"]; !mounted || readOnly || !slices.Contains(c.Args, "--storage.path=/var/lib/alloy/data") {
		t.Error("it cannot write down how far it has read")
	}
}

// Another configuration must replace the pod: pods read it only at the start.
func TestPodLogsConfigurationIsRead(t *testing.T) {
	sum := func(change string) string {
		values := podLogsSample(t)
		if err := yaml.Unmarshal([]byte(change), &values); err != nil {
			t.Fatal(err)
		}
		r := mustRender(t, loadChart(t, podLogsChart), "pod-logs", "pod-logs", values)
		return one[*appsv1.Deployment](t, r).Spec.Template.Annotations["checksum/config"]
	}
	if before := sum(`{}`); before == "" || before == sum(`{namespaces: [shop]}`) || before == sum(`{lokiUrl: "http://other:3100"}`) {
		t.Error("the pods' annotation does not change with the configuration")
	}
}

func TestPodLogsSchemaRefuses(t *testing.T) {
	for _, test := range []struct{ name, change, complaint string }{
		{"unknown value", `{namespace: app}`, "namespace"},
		{"no namespaces, which would be all", `{namespaces: []}`, "namespaces"},
		{"no name", `{namespaces: [""]}`, "namespaces"},
		{"namespace that ends the string", `{namespaces: ['app"]']}`, "namespaces"},
		{"a namespace twice", `{namespaces: [app, app]}`, "namespaces"},
		{"Loki without a scheme", `{lokiUrl: "loki:3100"}`, "lokiUrl"},
		{"Loki with a path", `{lokiUrl: "http://loki:3100/loki/api/v1/push"}`, "lokiUrl"},
		{"newest image", `{image: {repository: docker.io/grafana/alloy, tag: latest}}`, "tag"},
		{"memory in decimal units", `{resources: {cpu: 250m, memory: 768M}}`, "memory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			values := podLogsSample(t)
			if err := yaml.Unmarshal([]byte(test.change), &values); err != nil {
				t.Fatal(err)
			}
			if _, err := rendered(loadChart(t, podLogsChart), "pod-logs", "pod-logs", values); err == nil || !strings.Contains(err.Error(), test.complaint) {
				t.Errorf("the error does not name %s: %v", test.complaint, err)
			}
		})
	}
}
