package charts

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/render"
)

const appChart = "../../app/chart"

// drainSeconds is what the application takes at most, once told to stop, to end its requests.
const drainSeconds = 30

const alb = "alb.ingress.kubernetes.io/"

// sample returns the values of app/chart/ci/<name>-values.yaml, with some replaced.
func sample(t *testing.T, name string, changes ...string) map[string]any {
	t.Helper()
	values := readValues(t, filepath.Join(appChart, "ci", name+"-values.yaml"))
	for _, change := range changes {
		var overrides map[string]any
		if err := yaml.UnmarshalStrict([]byte(change), &overrides); err != nil {
			t.Fatalf("%s: %v", change, err)
		}
		values = chartutil.MergeTables(overrides, values)
	}
	return values
}

func renderApp(t *testing.T, values map[string]any) *render.Release {
	t.Helper()
	return mustRender(t, loadChart(t, appChart), "app", "app", values)
}

// eachSample runs a test with every file of sample values.
func eachSample(t *testing.T, test func(t *testing.T, values map[string]any, r *render.Release)) {
	for _, name := range []string{"http", "https"} {
		t.Run(name, func(t *testing.T) {
			values := sample(t, name)
			all, err := chartutil.CoalesceValues(loadChart(t, appChart), values)
			if err != nil {
				t.Fatal(err)
			}
			test(t, all, renderApp(t, values))
		})
	}
}

func TestAppLint(t *testing.T) {
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"http", "https"} {
		result := lint.AllWithKubeVersion(appChart, sample(t, name), "app", version)
		for _, message := range result.Messages {
			// As helm lint --strict: warnings fail too.
			if message.Severity >= support.WarningSev {
				t.Errorf("%s values: %s", name, message)
			}
		}
	}
}

func TestAppPods(t *testing.T) {
	eachSample(t, func(t *testing.T, _ map[string]any, r *render.Release) {
		checkRestricted(t, r)
		checkFargate(t, r)

		pod := one[*appsv1.Deployment](t, r).Spec.Template.Spec
		if *pod.SecurityContext.RunAsUser == 0 || *pod.SecurityContext.RunAsGroup == 0 {
			t.Error("the pod runs as root")
		}
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Error("the pod gets a token for the Kubernetes API")
		}
		c := pod.Containers[0]
		if !*c.SecurityContext.ReadOnlyRootFilesystem {
			t.Error("the root file system can be written")
		}
		for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
			if !request.Equal(limit) {
				t.Errorf("%s: request %s and limit %s differ", name, &request, &limit)
			}
		}
	})
}

func TestAppProbes(t *testing.T) {
	eachSample(t, func(t *testing.T, _ map[string]any, r *render.Release) {
		c := one[*appsv1.Deployment](t, r).Spec.Template.Spec.Containers[0]
		for _, probe := range []struct {
			name string
			*corev1.Probe
			path string
		}{
			{"startup", c.StartupProbe, "/health"},
			{"readiness", c.ReadinessProbe, "/health"},
			{"liveness", c.LivenessProbe, "/livez"},
		} {
			switch {
			case probe.Probe == nil || probe.HTTPGet == nil:
				t.Errorf("no %s probe", probe.name)
			case probe.HTTPGet.Path != probe.path || probe.HTTPGet.Port.StrVal != "http":
				t.Errorf("%s probe asks %s on port %s, want %s on port http",
					probe.name, probe.HTTPGet.Path, &probe.HTTPGet.Port, probe.path)
			}
		}
	})
}

func TestAppRolloutLosesNoRequest(t *testing.T) {
	eachSample(t, func(t *testing.T, _ map[string]any, r *render.Release) {
		d := one[*appsv1.Deployment](t, r)
		update := d.Spec.Strategy.RollingUpdate
		if update.MaxUnavailable.IntValue() != 0 || update.MaxSurge.IntValue() != 1 {
			t.Errorf("a rollout takes %s pods away and adds %s, want 0 and 1", update.MaxUnavailable, update.MaxSurge)
		}
		pod := d.Spec.Template.Spec
		hook := pod.Containers[0].Lifecycle.PreStop
		if hook.Sleep == nil || hook.Exec != nil {
			t.Fatalf("preStop is %v, want a sleep: the image has nothing to execute", hook)
		}
		if grace := *pod.TerminationGracePeriodSeconds; grace <= hook.Sleep.Seconds+drainSeconds {
			t.Errorf("the pod is killed after %d s, while it sleeps %d s and drains up to %d s",
				grace, hook.Sleep.Seconds, drainSeconds)
		}
		for _, c := range pod.TopologySpreadConstraints {
			if !selects(c.LabelSelector.MatchLabels, d.Spec.Template.Labels) {
				t.Errorf("pods spread over %s by labels they do not have: %v", c.TopologyKey, c.LabelSelector.MatchLabels)
			}
		}
		if len(pod.TopologySpreadConstraints) == 0 {
			t.Error("pods do not spread over zones")
		}

		budget := one[*policyv1.PodDisruptionBudget](t, r)
		if !selects(budget.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
			t.Errorf("the disruption budget selects %v, pods have %v", budget.Spec.Selector.MatchLabels, d.Spec.Template.Labels)
		}
		if budget.Spec.MaxUnavailable.IntValue() != 1 {
			t.Errorf("the disruption budget lets %s pods go, want 1", budget.Spec.MaxUnavailable)
		}
	})
}

// A Deployment's selector can never be changed, so nothing that differs between two releases of the
// same name may be in it.
func TestAppSelectorIsStable(t *testing.T) {
	selector := func(r *render.Release) map[string]string {
		return one[*appsv1.Deployment](t, r).Spec.Selector.MatchLabels
	}
	before, after := selector(renderApp(t, sample(t, "http"))), selector(renderApp(t, sample(t, "https")))
	if !maps.Equal(before, after) {
		t.Errorf("the selector is %v with one set of values and %v with another", before, after)
	}
}

func TestAppAutoscaler(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		d := one[*appsv1.Deployment](t, r)
		if d.Spec.Replicas != nil {
			t.Errorf("the Deployment asks for %d replicas, which every upgrade would reset the autoscaler to", *d.Spec.Replicas)
		}
		hpa := one[*autoscalingv2.HorizontalPodAutoscaler](t, r).Spec
		if hpa.ScaleTargetRef.Kind != "Deployment" || hpa.ScaleTargetRef.Name != d.Name || hpa.ScaleTargetRef.APIVersion != "apps/v1" {
			t.Errorf("the autoscaler scales %v, not Deployment %s", hpa.ScaleTargetRef, d.Name)
		}
		replicas := values["replicas"].(map[string]any)
		got := fmt.Sprint(*hpa.MinReplicas, hpa.MaxReplicas, *hpa.Metrics[0].Resource.Target.AverageUtilization)
		if want := fmt.Sprint(replicas["min"], replicas["max"], replicas["cpuPercent"]); got != want {
			t.Errorf("minimum, maximum and target are %s, want %s", got, want)
		}
	})
}

func TestAppIsReached(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		service := one[*corev1.Service](t, r)
		ingress := one[*networkingv1.Ingress](t, r)
		to := ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
		if to.Name != service.Name || to.Port.Name != service.Spec.Ports[0].Name {
			t.Fatalf("the Ingress sends to %v, not to Service %s", to, service.Name)
		}
		_, c, port := backend(t, r, service, service.Spec.Ports[0].Port)
		if want := fmt.Sprint(values["port"]); fmt.Sprint(port) != want || env(c, "PORT") != want {
			t.Errorf("the Service reaches port %d, the application is told %s, want %s", port, env(c, "PORT"), want)
		}
	})
}

func TestAppIngress(t *testing.T) {
	annotations := func(t *testing.T, values map[string]any) (map[string]string, string) {
		ingress := one[*networkingv1.Ingress](t, renderApp(t, values))
		if got := ingress.Spec.IngressClassName; got == nil || *got != "alb" {
			t.Errorf("ingress class %v, want alb", got)
		}
		return ingress.Annotations, ingress.Spec.Rules[0].Host
	}
	expect := func(t *testing.T, got map[string]string, want map[string]string) {
		t.Helper()
		for name, value := range want {
			if got[alb+name] != value {
				t.Errorf("%s is %q, want %q", name, got[alb+name], value)
			}
		}
	}

	t.Run("without a certificate", func(t *testing.T) {
		got, host := annotations(t, sample(t, "http"))
		expect(t, got, map[string]string{
			"scheme":             "internet-facing",
			"target-type":        "ip",
			"backend-protocol":   "HTTP",
			"load-balancer-name": "plinth-dev-app",
			"listen-ports":       `[{"HTTP": 80}]`,
			"inbound-cidrs":      "0.0.0.0/0",
			"healthcheck-path":   "/health",
		})
		for _, name := range []string{"ssl-redirect", "certificate-arn", "ssl-policy", "tags"} {
			if value, ok := got[alb+name]; ok {
				t.Errorf("%s is %q, want none", name, value)
			}
		}
		if host != "" {
			t.Errorf("only host %s is served, want any", host)
		}
	})

	t.Run("with a certificate", func(t *testing.T) {
		got, host := annotations(t, sample(t, "https"))
		expect(t, got, map[string]string{
			"scheme":          "internal",
			"listen-ports":    `[{"HTTP": 80}, {"HTTPS": 443}]`,
			"ssl-redirect":    "443",
			"certificate-arn": "arn:aws:acm:eu-west-2:333333333333:certificate/11111111-2222-3333-4444-555555555555",
			"inbound-cidrs":   "203.0.113.0/24,198.51.100.0/24",
			"tags":            "Environment=prod,Project=plinth",
		})
		// Policies named TLS13-1-2 accept TLS 1.2 and 1.3 only.
		if policy := got[alb+"ssl-policy"]; !strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-2-") {
			t.Errorf("ssl-policy %q may accept what is older than TLS 1.2", policy)
		}
		if host != "app.example.com" {
			t.Errorf("host is %q", host)
		}
	})
}

// The password travels from Secrets Manager to files, and through nothing else.
func TestAppCredentials(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		if secrets := all[*corev1.Secret](r); len(secrets) != 0 {
			t.Errorf("the chart holds Secret %s itself", secrets[0].Name)
		}
		database := values["database"].(map[string]any)
		pod := one[*appsv1.Deployment](t, r).Spec.Template.Spec
		account := one[*corev1.ServiceAccount](t, r)
		store := custom(t, r, "SecretStore")
		secret := custom(t, r, "ExternalSecret")

		checkCustomResource(t, store, externalSecrets.file(t, "config/crds/bases/external-secrets.io_secretstores.yaml"))
		checkCustomResource(t, secret, externalSecrets.file(t, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))

		if account.Name != pod.ServiceAccountName {
			t.Errorf("the pod runs as %s, the chart makes %s", pod.ServiceAccountName, account.Name)
		}
		if got, want := account.Annotations[roleAnnotation], values["serviceAccount"].(map[string]any)["roleArn"]; got != want {
			t.Errorf("the service account's role is %q, want %q", got, want)
		}
		// With its own account's token, not with whatever the operator may do.
		auth := field[map[string]any](t, store, "spec.provider.aws.auth")
		if len(auth) != 1 || field[string](t, store, "spec.provider.aws.auth.jwt.serviceAccountRef.name") != account.Name {
			t.Errorf("the store authenticates with %v, want service account %s", auth, account.Name)
		}
		if got := field[string](t, store, "spec.provider.aws.region"); got != database["region"] {
			t.Errorf("the store asks region %s, want %s", got, database["region"])
		}
		if got := field[string](t, secret, "spec.secretStoreRef.name"); got != store.GetName() {
			t.Errorf("the ExternalSecret asks store %s, the chart makes %s", got, store.GetName())
		}
		if got := field[string](t, secret, "spec.target.creationPolicy"); got != "Owner" {
			t.Errorf("creation policy is %s: the Secret would outlive the release", got)
		}
		var keys []string
		for _, item := range field[[]any](t, secret, "spec.data") {
			entry := &unstructured.Unstructured{Object: item.(map[string]any)}
			if got := field[string](t, entry, "remoteRef.key"); got != database["secret"] {
				t.Errorf("secret %q is read, want %q", got, database["secret"])
			}
			if property := field[string](t, entry, "remoteRef.property"); property != field[string](t, entry, "secretKey") {
				t.Errorf("property %s gets another name", property)
			}
			keys = append(keys, field[string](t, entry, "secretKey"))
		}
		if want := []string{"username", "password"}; !slices.Equal(keys, want) {
			t.Errorf("the Secret has keys %v, want %v", keys, want)
		}

		c := pod.Containers[0]
		for _, e := range c.Env {
			if e.ValueFrom != nil {
				t.Errorf("variable %s is read from elsewhere: %v", e.Name, e.ValueFrom)
			}
		}
		if len(c.EnvFrom) != 0 {
			t.Errorf("variables come from %v", c.EnvFrom)
		}
		mounts := map[string]string{}
		for _, m := range c.VolumeMounts {
			if !m.ReadOnly || m.SubPath != "" {
				t.Errorf("%s must be read-only, and whole, or a new password never arrives", m.MountPath)
			}
			mounts[m.Name] = m.MountPath
		}
		var mounted string
		for _, v := range pod.Volumes {
			if v.Secret != nil && v.Secret.SecretName == field[string](t, secret, "spec.target.name") {
				mounted = mounts[v.Name]
				if mode := *v.Secret.DefaultMode; mode&0o007 != 0 {
					t.Errorf("credentials have mode %o, which others may read", mode)
				}
			}
		}
		if dir := env(c, "DATABASE_CREDENTIALS_DIR"); dir == "" || dir != mounted {
			t.Errorf("credentials are mounted at %q, the application looks in %q", mounted, dir)
		}
	})
}

func TestAppDatabase(t *testing.T) {
	for _, test := range []struct{ name, host, reader, port string }{
		{"http", "plinth-dev.abcdefghijkl.eu-west-2.rds.amazonaws.com", "plinth-dev.abcdefghijkl.eu-west-2.rds.amazonaws.com", "5432"},
		{"https", "plinth-prod.cluster-abcdefghijkl.eu-west-2.rds.amazonaws.com", "plinth-prod.cluster-ro-abcdefghijkl.eu-west-2.rds.amazonaws.com", "5433"},
	} {
		c := one[*appsv1.Deployment](t, renderApp(t, sample(t, test.name))).Spec.Template.Spec.Containers[0]
		for name, want := range map[string]string{
			"DATABASE_HOST": test.host, "DATABASE_READER_HOST": test.reader, "DATABASE_PORT": test.port, "DATABASE_NAME": "app",
		} {
			if got := env(c, name); got != want {
				t.Errorf("%s values: %s is %q, want %q", test.name, name, got, want)
			}
		}
	}
}

func TestAppImage(t *testing.T) {
	for name, want := range map[string]string{
		"http":  "111111111111.dkr.ecr.eu-west-2.amazonaws.com/app:0.1.0",
		"https": "333333333333.dkr.ecr.eu-west-2.amazonaws.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	} {
		c := one[*appsv1.Deployment](t, renderApp(t, sample(t, name))).Spec.Template.Spec.Containers[0]
		if c.Image != want {
			t.Errorf("%s values: image is %s, want %s", name, c.Image, want)
		}
	}
}

func TestAppRefusesValues(t *testing.T) {
	const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	for _, test := range []struct{ name, change, complaint string }{
		{"neither tag nor digest", `image: {tag: ""}`, "/image"},
		{"both tag and digest", `image: {digest: "` + digest + `"}`, "/image"},
		{"tag latest", `image: {tag: latest}`, "/image"},
		{"tag Latest", `image: {tag: Latest}`, "/image"},
		{"tag that YAML reads as a number", `image: {tag: 1.10}`, "/image/tag"},
		{"digest too short", `image: {tag: "", digest: "sha256:9f86"}`, "/image"},
		{"no repository", `image: {repository: ""}`, "/image/repository"},
		{"repository with a tag", `image: {repository: "example.com/app:1"}`, "/image/repository"},
		{"misspelt value", `image: {tga: 0.1.0}`, "tga"},
		{"unknown section", `resource: {cpu: 1}`, "resource"},
		{"no replicas", `replicas: {min: 0}`, "/replicas/min"},
		{"fewer replicas at most than at least", `replicas: {min: 7}`, "replicas.min (7) must not exceed replicas.max (6)"},
		{"CPU target of nothing", `replicas: {cpuPercent: 0}`, "/replicas/cpuPercent"},
		{"CPU as a number", `resources: {cpu: 1}`, "/resources/cpu"},
		{"CPU of nothing", `resources: {cpu: "0"}`, "/resources/cpu"},
		{"memory in bytes", `resources: {memory: "268435456"}`, "/resources/memory"},
		{"memory in thousands", `resources: {memory: 256M}`, "/resources/memory"},
		{"privileged port", `port: 80`, "/port"},
		{"port of Fargate's kubelet", `port: 10250`, "/port"},
		{"no service account", `serviceAccount: {name: ""}`, "/serviceAccount/name"},
		{"no role", `serviceAccount: {roleArn: ""}`, "/serviceAccount/roleArn"},
		{"role that is a user", `serviceAccount: {roleArn: "arn:aws:iam::111111111111:user/app"}`, "/serviceAccount/roleArn"},
		{"no database host", `database: {host: ""}`, "/database/host"},
		{"database host with its port", `database: {host: "db.example.com:5432"}`, "/database/host"},
		{"database port as text", `database: {port: "5432"}`, "/database/port"},
		{"no database name", `database: {name: ""}`, "/database/name"},
		{"no secret", `database: {secret: ""}`, "/database/secret"},
		{"a secret's content", `database: {secret: '{"username": "app", "password": "hunter2"}'}`, "/database/secret"},
		{"password in the values", `database: {password: hunter2}`, "password"},
		{"no region", `database: {region: ""}`, "/database/region"},
		{"no load balancer name", `ingress: {loadBalancerName: ""}`, "/ingress/loadBalancerName"},
		{"load balancer name too long", `ingress: {loadBalancerName: a-name-of-thirty-three-characters}`, "/ingress/loadBalancerName"},
		{"load balancer name of ELB's own", `ingress: {loadBalancerName: internal-app}`, "/ingress/loadBalancerName"},
		{"domain without a certificate", `ingress: {domain: app.example.com}`, "/ingress/certificateArn"},
		{"domain with a scheme", `ingress: {domain: "https://app.example.com"}`, "/ingress/domain"},
		{"certificate that is none", `ingress: {certificateArn: "arn:aws:iam::111111111111:server-certificate/app"}`, "/ingress/certificateArn"},
		{"nobody allowed", `ingress: {allowedCidrs: []}`, "/ingress/allowedCidrs"},
		{"address without a prefix", `ingress: {allowedCidrs: [203.0.113.7]}`, "/ingress/allowedCidrs"},
		{"network out of range", `ingress: {allowedCidrs: [203.0.256.0/24]}`, "/ingress/allowedCidrs"},
		{"relative health check path", `ingress: {healthCheckPath: health}`, "/ingress/healthCheckPath"},
		{"tag that would become two", `ingress: {tags: {Team: "one,Owner=two"}}`, "/ingress/tags"},
		{"tag of AWS's own", `ingress: {tags: {"aws:x": y}}`, "/ingress/tags"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := rendered(loadChart(t, appChart), "app", "app", sample(t, "http", test.change))
			if err == nil {
				t.Fatal("accepted")
			}
			// Helm names a value by its path with dots or slashes, depending on its version.
			dotted := strings.ReplaceAll(strings.TrimPrefix(test.complaint, "/"), "/", ".")
			if !strings.Contains(err.Error(), test.complaint) && !strings.Contains(err.Error(), dotted) {
				t.Errorf("the error does not name %s: %v", test.complaint, err)
			}
		})
	}
	t.Run("none at all", func(t *testing.T) {
		if _, err := rendered(loadChart(t, appChart), "app", "app", nil); err == nil {
			t.Error("accepted")
		}
	})
}

// Defaults, schema and README name the same values.
func TestAppValuesAreDocumented(t *testing.T) {
	c := loadChart(t, appChart)
	readme, err := os.ReadFile(filepath.Join(appChart, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range bytes.Lines(readme) {
		if name, _, ok := strings.Cut(strings.TrimPrefix(string(line), "| `"), "` |"); ok && strings.HasPrefix(string(line), "| `") {
			documented = append(documented, name)
		}
	}
	defaults := leaves(c.Values, "")
	if slices.Sort(documented); !slices.Equal(documented, defaults) {
		t.Errorf("README.md's table has\n%v\nvalues.yaml has\n%v", documented, defaults)
	}
	schema := schemaLeaves(mustJSON(t, c.Schema), "")
	if !slices.Equal(schema, defaults) {
		t.Errorf("values.schema.json has\n%v\nvalues.yaml has\n%v", schema, defaults)
	}
}

// leaves lists the paths of all values that are no sections. An empty map is a value.
func leaves(values map[string]any, prefix string) []string {
	var paths []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if section, ok := values[key].(map[string]any); ok && len(section) > 0 {
			paths = append(paths, leaves(section, prefix+key+".")...)
		} else {
			paths = append(paths, prefix+key)
		}
	}
	return paths
}

func schemaLeaves(schema map[string]any, prefix string) []string {
	var paths []string
	properties, _ := schema["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		property := properties[key].(map[string]any)
		if _, ok := property["properties"]; ok {
			paths = append(paths, schemaLeaves(property, prefix+key+".")...)
		} else {
			paths = append(paths, prefix+key)
		}
	}
	return paths
}

func mustJSON(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := yaml.UnmarshalStrict(data, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func env(c corev1.Container, name string) string {
	for _, e := range c.Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

func selects(selector, of map[string]string) bool {
	return len(selector) > 0 && labels.SelectorFromSet(selector).Matches(labels.Set(of))
}
