package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/ini.v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

// eachObserver renders a chart with the values of every observability stack that installs it, makes
// the common checks, and then runs the test. It fails if no stack installs the chart.
//
// The chart passes some values to a program unchanged, or has them only in comments: passed lists
// the prefixes of their paths.
func eachObserver(t *testing.T, of published.Chart, passed []string, test func(t *testing.T, r *render.Release, values map[string]any)) {
	c := loadPublished(t, of)
	installed := 0
	eachGolden(t, "observability", func(t *testing.T, all []releases.Release) {
		i := slices.IndexFunc(all, func(r releases.Release) bool { return r.Chart == of.Name })
		if i < 0 {
			return
		}
		installed++
		if all[i].Version != of.Version || strings.TrimSuffix(all[i].Repository, "/") != of.Repository {
			t.Errorf("the stack installs %s %s of %s, tried here is %s of %s", of.Name, all[i].Version, all[i].Repository, of.Version, of.Repository)
		}
		for _, path := range unknownValues(t, c, all[i].Values) {
			if !slices.ContainsFunc(passed, func(beginning string) bool { return strings.HasPrefix(path, beginning) }) {
				t.Errorf("%s has no value %s, and ignores it", of.Name, path)
			}
		}
		r := mustRender(t, c, all[i].Name, all[i].Namespace, all[i].Values)
		checkObserver(t, r, all[i].Values)
		test(t, r, all[i].Values)
	})
	if installed == 0 {
		t.Errorf("no stack installs %s", of.Name)
	}
}

func checkObserver(t *testing.T, r *render.Release, values map[string]any) {
	t.Helper()
	checkRestricted(t, r)
	checkFargate(t, r)
	checkFargateSize(t, r)
	checkRoles(t, r, values)
	checkNarrow(t, r)
	checkWithin(t, r)
	if len(pods(r)) != 1 {
		t.Errorf("%s makes %d kinds of pods, want 1", r.Name, len(pods(r)))
	}
	for _, p := range pods(r) {
		c := p.spec.Containers[0]
		if len(p.spec.InitContainers) != 0 || len(p.spec.Containers) != 1 {
			t.Errorf("%s has more than one container", p.object)
		}
		if context := c.SecurityContext; context == nil || context.ReadOnlyRootFilesystem == nil || !*context.ReadOnlyRootFilesystem {
			t.Errorf("%s: the root file system can be written", p.object)
		}
		if !c.Resources.Requests.Cpu().Equal(*c.Resources.Limits.Cpu()) || !c.Resources.Requests.Memory().Equal(*c.Resources.Limits.Memory()) {
			t.Errorf("%s: requests and limits differ", p.object)
		}
		if i := strings.LastIndex(c.Image, ":"); i < 0 || strings.Contains(c.Image[i:], "latest") {
			t.Errorf("%s: image %s is of no version", p.object, c.Image)
		}
	}
}

// rules are the rules of a release's roles, by namespace; "" means the whole cluster.
func rules(r *render.Release) map[string][]rbacv1.PolicyRule {
	found := map[string][]rbacv1.PolicyRule{}
	for _, role := range all[*rbacv1.Role](r) {
		found[role.Namespace] = append(found[role.Namespace], role.Rules...)
	}
	for _, role := range all[*rbacv1.ClusterRole](r) {
		found[""] = append(found[""], role.Rules...)
	}
	return found
}

// checkNarrow refuses permissions that no observer may have.
func checkNarrow(t *testing.T, r *render.Release) {
	t.Helper()
	for namespace, list := range rules(r) {
		for _, rule := range list {
			for _, word := range slices.Concat(rule.APIGroups, rule.Resources, rule.Verbs, rule.NonResourceURLs) {
				if strings.Contains(word, "*") || word == "secrets" || word == "configmaps" {
					t.Errorf("%s: a role in %q allows %v on %v", r.Name, namespace, rule.Verbs, rule.Resources)
				}
			}
			for _, verb := range rule.Verbs {
				if !slices.Contains([]string{"get", "list", "watch"}, verb) {
					t.Errorf("%s: a role in %q allows to %s %v", r.Name, namespace, verb, rule.Resources)
				}
			}
		}
	}
}

// checkWithin refuses Services that are reachable from outside the cluster.
func checkWithin(t *testing.T, r *render.Release) {
	t.Helper()
	for _, s := range all[*corev1.Service](r) {
		if s.Spec.Type != corev1.ServiceTypeClusterIP && s.Spec.Type != "" {
			t.Errorf("%s: Service %s is a %s", r.Name, s.Name, s.Spec.Type)
		}
	}
}

// configuration parses a file in a release's only ConfigMap with a name.
func configuration(t *testing.T, r *render.Release, name, file string) map[string]any {
	t.Helper()
	parsed := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(fileOf(t, r, name, file)), &parsed); err != nil {
		t.Fatalf("%s: ConfigMap %s: %s: %v", r.Name, name, file, err)
	}
	return parsed
}

func fileOf(t *testing.T, r *render.Release, name, file string) string {
	t.Helper()
	for _, c := range all[*corev1.ConfigMap](r) {
		if text, ok := c.Data[file]; ok && c.Name == name {
			return text
		}
	}
	t.Fatalf("%s has no ConfigMap %s with %s", r.Name, name, file)
	return ""
}

// at returns the value at a path; a number selects an element of a list.
func at(value any, path ...any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			section, _ := value.(map[string]any)
			value = section[s]
		case int:
			list, _ := value.([]any)
			if s >= len(list) {
				return nil
			}
			value = list[s]
		}
	}
	return value
}

func TestGoldenPrometheus(t *testing.T) {
	passed := []string{"server.global.", "serverFiles.prometheus.yml."}
	eachObserver(t, published.Prometheus, passed, func(t *testing.T, r *render.Release, _ map[string]any) {
		args := one[*appsv1.Deployment](t, r).Spec.Template.Spec.Containers[0].Args
		if !slices.Contains(args, "--agent") {
			t.Errorf("Prometheus is started with %v, not as an agent", args)
		}
		for _, arg := range args {
			if strings.Contains(arg, "tsdb") || strings.Contains(arg, "lifecycle") || strings.Contains(arg, "enable-admin") {
				t.Errorf("an agent is started with %s", arg)
			}
		}
		config := configuration(t, r, "prometheus", "prometheus.yml")
		var jobs []string
		for _, job := range at(config, "scrape_configs").([]any) {
			jobs = append(jobs, fmt.Sprint(at(job, "job_name")))
		}
		// Without observability.prometheus.containerMetrics, as in the samples, nothing needs nodes/proxy.
		if want := []string{"app", "kube-state-metrics"}; !slices.Equal(jobs, want) {
			t.Errorf("jobs are %v, want %v", jobs, want)
		}
		if url := fmt.Sprint(at(config, "remote_write", 0, "url")); !strings.HasPrefix(url, "https://aps-workspaces.") || !strings.HasSuffix(url, "/api/v1/remote_write") {
			t.Errorf("metrics go to %s", url)
		}
		if at(config, "remote_write", 0, "sigv4", "region") != regionOf(t) || at(config, "remote_write", 1) != nil {
			t.Errorf("metrics go to %v", at(config, "remote_write"))
		}
		promtool(t, fileOf(t, r, "prometheus", "prometheus.yml"))

		// Exactly what the jobs need from the API server.
		find := []string{"get", "list", "watch"}
		core := []string{""}
		want := map[string][]rbacv1.PolicyRule{}
		for _, app := range at(config, "scrape_configs", 0, "kubernetes_sd_configs", 0, "namespaces", "names").([]any) {
			want[fmt.Sprint(app)] = []rbacv1.PolicyRule{{APIGroups: core, Resources: []string{"pods"}, Verbs: find}}
		}
		if got := rules(r); len(want) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("roles are %v, want %v", got, want)
		}
		account := one[*corev1.ServiceAccount](t, r)
		subject := rbacv1.Subject{Kind: "ServiceAccount", Name: account.Name, Namespace: account.Namespace}
		bindings := all[*rbacv1.RoleBinding](r)
		if len(bindings) != len(want) {
			t.Errorf("%d roles are bound, want %d", len(bindings), len(want))
		}
		for _, binding := range bindings {
			if !slices.Equal(binding.Subjects, []rbacv1.Subject{subject}) {
				t.Errorf("the role in %s is bound to %v, want %v", binding.Namespace, binding.Subjects, subject)
			}
		}
		if bindings := all[*rbacv1.ClusterRoleBinding](r); len(bindings) != 0 {
			t.Errorf("%s is bound in the whole cluster", bindings[0].Name)
		}
	})
}

// promtool checks an agent's configuration with Prometheus' own parser.
func promtool(t *testing.T, config string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "-C", "../observability", "tool", "promtool", "check", "config", "--agent", "--syntax-only", file)
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

func TestGoldenKubeStateMetrics(t *testing.T) {
	eachObserver(t, published.KubeStateMetrics, nil, func(t *testing.T, r *render.Release, values map[string]any) {
		args := one[*appsv1.Deployment](t, r).Spec.Template.Spec.Containers[0].Args
		if want := "--resources=cronjobs,deployments,horizontalpodautoscalers,jobs,pods"; !slices.Contains(args, want) {
			t.Errorf("it is started with %v, want %s among them", args, want)
		}
		namespaces := fmt.Sprint(values["namespaces"])
		if want := "--namespaces=" + namespaces; !slices.Contains(args, want) {
			t.Errorf("it is started with %v, want %s among them", args, want)
		}
		have := slices.Sorted(maps.Keys(rules(r)))
		if want := slices.Sorted(slices.Values(strings.Split(namespaces, ","))); !slices.Equal(have, want) {
			t.Errorf("it has roles in %q, want %q", have, want)
		}
		// Prometheus scrapes it under this name.
		if s := one[*corev1.Service](t, r); s.Name != "kube-state-metrics" || s.Namespace != "kube-state-metrics" || s.Spec.Ports[0].Port != 8080 {
			t.Errorf("its Service is %s.%s:%d", s.Name, s.Namespace, s.Spec.Ports[0].Port)
		}
	})
}

func TestGoldenGrafana(t *testing.T) {
	// The chart does not list the sections of grafana.ini, and has the other values only in comments.
	passed := []string{"grafana.ini.", "ingress.ingressClassName", "podAnnotations", "podLabels", "serviceAccount.annotations"}
	eachObserver(t, published.Grafana, passed, func(t *testing.T, r *render.Release, values map[string]any) {
		checkGrafanaIni(t, r)
		checkGrafanaSecret(t, r)
		checkGrafanaIngress(t, r)
		if len(rules(r)) != 0 || len(all[*corev1.Secret](r)) != 0 {
			t.Error("the chart makes a role, or a Secret with an administrator's password")
		}
		pod := one[*appsv1.Deployment](t, r).Spec.Template.Spec
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Error("Grafana gets a token for the Kubernetes API")
		}
		if got := env(pod.Containers[0], "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"); got != "true" {
			t.Errorf("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION is %q: there is an administrator with a password", got)
		}

		sources := map[string]string{}
		for _, source := range at(configuration(t, r, "grafana", "datasources.yaml"), "datasources").([]any) {
			sources[fmt.Sprint(at(source, "uid"))] = fmt.Sprint(at(source, "type"))
		}
		made := configMaps(t)
		for provider, name := range values["dashboardsConfigMaps"].(map[string]any) {
			folder := at(configuration(t, r, "grafana", "dashboardproviders.yaml"), "providers", 0, "options", "path")
			if !slices.ContainsFunc(pod.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool {
				return m.Name == "dashboards-"+provider && m.MountPath == folder && m.SubPath == ""
			}) {
				t.Errorf("ConfigMap %v is not mounted as %v, where Grafana looks for dashboards", name, folder)
			}
			data := made[fmt.Sprint(name)]
			if len(data) == 0 {
				t.Errorf("the stack makes no ConfigMap %v", name)
			}
			size := 0
			for file, text := range data {
				size += len(text)
				for _, uid := range dataSources(t, file, text) {
					if sources[uid] == "" {
						t.Errorf("%s asks data source %s, there are %v", file, uid, sources)
					}
				}
			}
			if size > 1<<20 {
				t.Errorf("ConfigMap %v has %d bytes, Kubernetes takes a MiB", name, size)
			}
		}
		if sources["prometheus"] != "" {
			checkWorkspacePlugin(t, r, sources["prometheus"])
		}
	})
}

// checkWorkspacePlugin: Grafana 13 itself does not sign requests to Prometheus.
func checkWorkspacePlugin(t *testing.T, r *render.Release, kind string) {
	t.Helper()
	id, version, _ := strings.Cut(fileOf(t, r, "grafana", "plugins"), "@")
	if id != kind || version == "" {
		t.Errorf("plugin %s in version %q is installed, the data source is a %s", id, version, kind)
	}
	plugins := grafanaIni(t, r).Section("plugins")
	if plugins.Key("preinstall_disabled").MustBool() {
		t.Error("no plugin is installed, that one neither")
	}
	if !slices.Contains(plugins.Key("forward_host_env_vars").Strings(","), id) {
		t.Errorf("plugin %s does not learn of its role", id)
	}
}

// readGolden reads the golden file of the stack that a test of eachGolden runs for.
func readGolden(t *testing.T, into any) {
	t.Helper()
	_, stack, _ := strings.Cut(t.Name(), "/")
	content, err := os.ReadFile(filepath.Join(goldenFolder, stack+".tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}

// regionOf is the region of the stack's resources.
func regionOf(t *testing.T) string {
	t.Helper()
	var file struct {
		Provider struct{ AWS []struct{ Region string } }
	}
	if readGolden(t, &file); len(file.Provider.AWS) != 1 || file.Provider.AWS[0].Region == "" {
		t.Fatalf("the stack has not one AWS provider with a region: %v", file)
	}
	return file.Provider.AWS[0].Region
}

// configMaps are the ConfigMaps that a stack makes itself, not with a chart.
func configMaps(t *testing.T) map[string]map[string]string {
	t.Helper()
	var file struct {
		Resource struct {
			ConfigMaps map[string]struct {
				Metadata struct{ Name string }
				Data     map[string]string
			} `json:"kubernetes_config_map_v1"`
		}
	}
	readGolden(t, &file)
	found := map[string]map[string]string{}
	for _, c := range file.Resource.ConfigMaps {
		found[c.Metadata.Name] = c.Data
	}
	return found
}

// dataSources lists the uids of the data sources that a dashboard queries, at any depth.
func dataSources(t *testing.T, name, text string) []string {
	t.Helper()
	var dashboard any
	if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	var found []string
	var walk func(any)
	walk = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if uid, ok := at(v, "datasource", "uid").(string); ok && !strings.HasPrefix(uid, "-- ") {
				found = append(found, uid)
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(dashboard)
	if len(found) == 0 {
		t.Errorf("%s asks no data source", name)
	}
	return found
}

func grafanaIni(t *testing.T, r *render.Release) *ini.File {
	t.Helper()
	parsed, err := ini.Load([]byte(fileOf(t, r, "grafana", "grafana.ini")))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func checkGrafanaIni(t *testing.T, r *render.Release) {
	t.Helper()
	parsed := grafanaIni(t, r)
	host := one[*networkingv1.Ingress](t, r).Spec.Rules[0].Host
	for path, want := range map[string]string{
		"server/root_url":                               "https://" + host + "/",
		"auth/disable_login_form":                       "true",
		"auth.basic/enabled":                            "false",
		"auth.anonymous/enabled":                        "false",
		"auth.generic_oauth/enabled":                    "true",
		"auth.generic_oauth/auto_login":                 "true",
		"auth.generic_oauth/use_pkce":                   "true",
		"auth.generic_oauth/allow_assign_grafana_admin": "false",
		"users/allow_sign_up":                           "false",
		"users/auto_assign_org_role":                    "Viewer",
		"security/cookie_secure":                        "true",
		"security/strict_transport_security":            "true",
		"analytics/reporting_enabled":                   "false",
		"analytics/check_for_updates":                   "false",
		"analytics/check_for_plugin_updates":            "false",
		"plugins/plugin_admin_enabled":                  "false",
		"snapshots/external_enabled":                    "false",
		"public_dashboards/enabled":                     "false",
		"unified_alerting/enabled":                      "false",
		"metrics/enabled":                               "false",
	} {
		section, key, _ := strings.Cut(path, "/")
		if got := parsed.Section(section).Key(key).String(); got != want {
			t.Errorf("grafana.ini: [%s] %s is %q, want %q", section, key, got, want)
		}
	}
	oidc := parsed.Section("auth.generic_oauth")
	for _, key := range []string{"auth_url", "token_url", "api_url"} {
		if url := oidc.Key(key).String(); !strings.HasPrefix(url, "https://") {
			t.Errorf("grafana.ini: %s is %q", key, url)
		}
	}
	if role := oidc.Key("role_attribute_path").String(); !strings.HasSuffix(role, "'Viewer'") {
		t.Errorf("grafana.ini: who is in no group becomes what %q says, want a viewer", role)
	}
}

// checkGrafanaSecret follows the client's secret, from Secrets Manager to grafana.ini.
func checkGrafanaSecret(t *testing.T, r *render.Release) {
	t.Helper()
	store, secret := custom(t, r, "SecretStore"), custom(t, r, "ExternalSecret")
	checkCustomResource(t, store, definition(t, "config/crds/bases/external-secrets.io_secretstores.yaml"))
	checkCustomResource(t, secret, definition(t, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))
	account := one[*corev1.ServiceAccount](t, r)
	if got := field[string](t, store, "spec.provider.aws.auth.jwt.serviceAccountRef.name"); got != account.Name {
		t.Errorf("the store asks as service account %s, the chart makes %s", got, account.Name)
	}
	if got := field[string](t, secret, "spec.secretStoreRef.name"); got != store.GetName() {
		t.Errorf("the ExternalSecret asks store %s, the chart makes %s", got, store.GetName())
	}
	entry := &unstructured.Unstructured{Object: field[[]any](t, secret, "spec.data")[0].(map[string]any)}
	if key := field[string](t, entry, "remoteRef.key"); !strings.HasSuffix(key, "/grafana") {
		t.Errorf("secret %s is read", key)
	}
	pod := one[*appsv1.Deployment](t, r).Spec.Template.Spec
	made := field[string](t, secret, "spec.target.name")
	i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == made })
	if i < 0 {
		t.Fatalf("the pod does not mount Secret %s", made)
	}
	j := slices.IndexFunc(pod.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == pod.Volumes[i].Name })
	want := "$__file{" + pod.Containers[0].VolumeMounts[j].MountPath + "/" + field[string](t, entry, "secretKey") + "}"
	for _, path := range []string{"auth.generic_oauth/client_secret", "security/secret_key"} {
		section, key, _ := strings.Cut(path, "/")
		if got := grafanaIni(t, r).Section(section).Key(key).String(); got != want {
			t.Errorf("grafana.ini: [%s] %s is %q, want %q", section, key, got, want)
		}
	}
}

func checkGrafanaIngress(t *testing.T, r *render.Release) {
	t.Helper()
	ingress := one[*networkingv1.Ingress](t, r)
	if got := ingress.Spec.IngressClassName; got == nil || *got != "alb" {
		t.Errorf("ingress class %v, want alb", got)
	}
	for name, want := range map[string]string{
		"scheme": "internal", "target-type": "ip", "ssl-redirect": "443", "healthcheck-path": "/api/health",
		"listen-ports": `[{"HTTP": 80}, {"HTTPS": 443}]`, "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
		"listener-attributes.HTTPS-443": "routing.http.response.strict_transport_security.header_value=max-age=31536000",
	} {
		if got := ingress.Annotations[alb+name]; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"certificate-arn", "inbound-cidrs", "load-balancer-name", "tags"} {
		if ingress.Annotations[alb+name] == "" {
			t.Errorf("%s is not set", name)
		}
	}
	if strings.Contains(ingress.Annotations[alb+"inbound-cidrs"], "0.0.0.0/0") {
		t.Error("every network reaches the load balancer")
	}
	to := ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
	backend(t, r, one[*corev1.Service](t, r), to.Port.Number)
}

func TestGoldenLoki(t *testing.T) {
	passed := []string{"loki.ingester.", "loki.limits_config.", "loki.storage.bucketNames"}
	eachObserver(t, published.Loki, passed, func(t *testing.T, r *render.Release, _ map[string]any) {
		config := configuration(t, r, "loki", "config.yaml")
		set := one[*appsv1.StatefulSet](t, r)
		for _, test := range []struct {
			path []any
			want any
		}{
			{[]any{"auth_enabled"}, false},
			{[]any{"common", "replication_factor"}, float64(*set.Spec.Replicas)},
			{[]any{"common", "storage", "s3", "region"}, regionOf(t)},
			{[]any{"common", "storage", "s3", "access_key_id"}, nil},
			{[]any{"common", "storage", "filesystem"}, nil},
			{[]any{"schema_config", "configs", 0, "object_store"}, "s3"},
			{[]any{"schema_config", "configs", 0, "schema"}, "v13"},
			{[]any{"compactor", "retention_enabled"}, true},
			{[]any{"compactor", "delete_request_store"}, "s3"},
			{[]any{"ingester", "wal", "flush_on_shutdown"}, true},
			{[]any{"analytics", "reporting_enabled"}, false},
			{[]any{"ruler"}, nil},
			{[]any{"chunk_store_config"}, nil},
		} {
			if got := at(config, test.path...); got != test.want {
				t.Errorf("%v is %v, want %v", test.path, got, test.want)
			}
		}
		if bucket := fmt.Sprint(at(config, "common", "storage", "s3", "bucketnames")); !strings.Contains(bucket, "-loki-") {
			t.Errorf("lines go to bucket %s", bucket)
		}
		if period := fmt.Sprint(at(config, "limits_config", "retention_period")); !strings.HasSuffix(period, "h") || period == "0h" {
			t.Errorf("lines are kept for %s", period)
		}
		// On termination a pod writes the lines that it still has. That takes time.
		if grace := *set.Spec.Template.Spec.TerminationGracePeriodSeconds; grace < 120 {
			t.Errorf("a pod is killed %d s after it is told to stop", grace)
		}
		budgets := all[*policyv1.PodDisruptionBudget](r)
		if replicas := *set.Spec.Replicas; replicas > 1 && (len(budgets) != 1 || budgets[0].Spec.MaxUnavailable.IntValue() != 1) {
			t.Errorf("%d pods, and disruption budgets %v: two could go at a time, and with them the lines both had", replicas, budgets)
		}
		if got := rules(r); len(got) != 0 {
			t.Errorf("Loki has roles: %v", got)
		}
		services := all[*corev1.Service](r)
		if !slices.ContainsFunc(services, func(s *corev1.Service) bool { return s.Name == "loki" && s.Spec.Ports[0].Port == 3100 }) {
			t.Error("there is no Service loki with port 3100, where Grafana and what fills it look for it")
		}
	})
}
