package charts

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/golden"
	"helm.sh/helm/v3/pkg/chart"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

// goldenFolder has the synthesized stacks, one file a stack.
const goldenFolder = "../../wholeapp/testdata/golden"

// eachGolden runs a test with every golden file of one kind of stack. It fails if there is none.
func eachGolden(t *testing.T, stack string, test func(t *testing.T, installed []releases.Release)) {
	files, err := filepath.Glob(filepath.Join(goldenFolder, "*-"+stack+".tf.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s has no *-%s.tf.json", goldenFolder, stack)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".tf.json"), func(t *testing.T) {
			installed, err := releases.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, installed)
		})
	}
}

// find returns the release of a chart, which the stack must have exactly once.
func find(t *testing.T, all []releases.Release, chart string) releases.Release {
	t.Helper()
	var found []releases.Release
	for _, r := range all {
		if r.Chart == chart {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("the stack installs chart %s %d times, want once", chart, len(found))
	}
	return found[0]
}

// TestGoldenApp compares the application's chart, with each environment's real values, with
// <stack>.chart.yaml beside the stack's Terraform. Values that only Terraform knows are placeholders.
// After an intended change: make golden
func TestGoldenApp(t *testing.T) {
	const suffix = ".chart.yaml"
	current := map[string]bool{}
	eachGolden(t, "app", func(t *testing.T, installed []releases.Release) {
		// The only charts from folders instead of a repository.
		installed = slices.DeleteFunc(installed, func(r releases.Release) bool { return r.Repository != "" })
		installed = slices.DeleteFunc(installed, func(r releases.Release) bool { return r.Name == "security-groups" })
		if len(installed) != 1 {
			t.Fatalf("the stack installs %d charts from folders, want 1", len(installed))
		}
		c := loadChart(t, appChart)
		if v := installed[0].Version; v != "" && v != c.Metadata.Version {
			t.Errorf("the stack installs version %s of the chart, which is at %s", v, c.Metadata.Version)
		}
		r := mustRender(t, c, installed[0].Name, installed[0].Namespace, installed[0].Values)
		checkRestricted(t, r)
		checkFargate(t, r)
		checkFargateSize(t, r)
		checkRoles(t, r, installed[0].Values)

		_, stack, _ := strings.Cut(t.Name(), "/")
		file := absolute(t, filepath.Join(goldenFolder, stack+suffix))
		current[file] = true
		golden.Assert(t, withTests(t, r), file)
	})

	t.Run("no file without a stack", func(t *testing.T) {
		kept, err := filepath.Glob(absolute(t, filepath.Join(goldenFolder, "*"+suffix)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range kept {
			switch {
			case current[file]:
			case golden.FlagUpdate():
				if err := os.Remove(file); err != nil {
					t.Error(err)
				}
			default:
				t.Errorf("%s: no such stack any more", file)
			}
		}
	})
}

// withTests returns a release's manifest with the objects of helm test.
func withTests(t *testing.T, r *render.Release) string {
	t.Helper()
	var text strings.Builder
	text.WriteString(r.YAML)
	for _, object := range r.Tests {
		fields, err := yaml.Marshal(object.Fields)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "---\n# Source: %s\n%s", object.File, fields)
	}
	return text.String()
}

func TestGoldenMetricsServer(t *testing.T) {
	c := loadPublished(t, published.MetricsServer)
	eachGolden(t, "addons", func(t *testing.T, installed []releases.Release) {
		r := renderAddon(t, c, find(t, installed, "metrics-server"), "https://kubernetes-sigs.github.io/metrics-server/")
		service := one[*corev1.Service](t, r)
		api := custom(t, r, "APIService")
		if got := field[string](t, api, "spec.service.name"); got != service.Name {
			t.Errorf("the APIService asks Service %s, the chart makes %s", got, service.Name)
		}
		if got := field[string](t, api, "spec.service.namespace"); got != service.Namespace {
			t.Errorf("the APIService asks namespace %s, the Service is in %s", got, service.Namespace)
		}
		port := fmt.Sprint(api.Object["spec"].(map[string]any)["service"].(map[string]any)["port"])
		if port != fmt.Sprint(service.Spec.Ports[0].Port) {
			t.Errorf("the APIService asks port %s, the Service has %d", port, service.Spec.Ports[0].Port)
		}
		expectListener(t, r, service, 10251, "--secure-port=10251")
	})
}

func TestGoldenExternalSecrets(t *testing.T) {
	c := loadPublished(t, published.ExternalSecrets)
	eachGolden(t, "addons", func(t *testing.T, installed []releases.Release) {
		r := renderAddon(t, c, find(t, installed, "external-secrets"), "https://charts.external-secrets.io")
		services := map[string]*corev1.Service{}
		for _, s := range all[*corev1.Service](r) {
			services[s.Name] = s
		}
		asked := map[string]bool{}
		for _, configuration := range all[*admissionv1.ValidatingWebhookConfiguration](r) {
			for _, webhook := range configuration.Webhooks {
				asked[webhook.ClientConfig.Service.Name] = true
			}
		}
		if len(asked) != 1 {
			t.Fatalf("webhooks ask Services %v, want one", slices.Sorted(maps.Keys(asked)))
		}
		for name := range asked {
			if services[name] == nil {
				t.Fatalf("webhooks ask Service %s, which the chart does not make", name)
			}
			expectListener(t, r, services[name], 9443, "--port=9443")
		}
	})
}

func TestGoldenLoadBalancerController(t *testing.T) {
	c := loadPublished(t, published.AWSLoadBalancerController)
	eachGolden(t, "addons", func(t *testing.T, installed []releases.Release) {
		release := find(t, installed, "aws-load-balancer-controller")
		r := renderAddon(t, c, release, "https://aws.github.io/eks-charts")
		d := one[*appsv1.Deployment](t, r)
		args := d.Spec.Template.Spec.Containers[0].Args
		// Without the instance metadata service the controller cannot find these out by itself.
		for flag, key := range map[string]string{"--cluster-name=": "clusterName", "--aws-region=": "region", "--aws-vpc-id=": "vpcId"} {
			if want := flag + fmt.Sprint(release.Values[key]); want == flag || !slices.Contains(args, want) {
				t.Errorf("the controller is started with %v, want %s among them", args, want)
			}
		}
		for _, configuration := range all[*admissionv1.MutatingWebhookConfiguration](r) {
			for _, webhook := range configuration.Webhooks {
				for _, rule := range webhook.Rules {
					if slices.Contains(rule.Resources, "services") {
						t.Errorf("webhook %s: no Service can be made in the whole cluster while the controller is not ready", webhook.Name)
					}
				}
			}
		}
		// Otherwise every upgrade makes a new certificate, which running pods do not serve yet. The
		// default is true up to chart 1.17 and false since 3.1.
		if release.Values["keepTLSSecret"] != true {
			t.Errorf("keepTLSSecret is %v, want true", release.Values["keepTLSSecret"])
		}
		if account := one[*corev1.ServiceAccount](t, r); account.Name != release.Namespace {
			t.Errorf("the service account is %s, while the role trusts %s only", account.Name, release.Namespace)
		}
	})
}

// loadPublished loads a chart that others publish.
func loadPublished(t *testing.T, of published.Chart) *chart.Chart {
	t.Helper()
	c, err := of.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// renderAddon renders a chart with the values that a stack passes. It first checks that the stack
// installs the same chart, and then checks everything that holds for all add-ons.
func renderAddon(t *testing.T, c *chart.Chart, installed releases.Release, repository string) *render.Release {
	t.Helper()
	if strings.TrimSuffix(installed.Repository, "/") != strings.TrimSuffix(repository, "/") {
		t.Errorf("%s comes from %s, want %s", installed.Chart, installed.Repository, repository)
	}
	if installed.Version != c.Metadata.Version {
		t.Errorf("the stack installs %s %s, tried here is %s", installed.Chart, installed.Version, c.Metadata.Version)
	}
	for _, path := range unknownValues(t, c, installed.Values) {
		t.Errorf("%s has no value %s, and ignores it", installed.Chart, path)
	}
	r := mustRender(t, c, installed.Chart, installed.Namespace, installed.Values)
	checkRestricted(t, r)
	checkFargate(t, r)
	checkRoles(t, r, installed.Values)
	return r
}

// expectListener checks that a Service targets a container that listens on a port.
func expectListener(t *testing.T, r *render.Release, service *corev1.Service, port int32, arg string) {
	t.Helper()
	d, c, got := backend(t, r, service, service.Spec.Ports[0].Port)
	if got != port {
		t.Errorf("Service %s leads to port %d of Deployment %s, want %d", service.Name, got, d.Name, port)
	}
	if !slices.Contains(c.Args, arg) {
		t.Errorf("container %s of Deployment %s is started with %v, want %s among them", c.Name, d.Name, c.Args, arg)
	}
}

// checkRoles checks that every role given in the values ends up on a service account of the release.
func checkRoles(t *testing.T, r *render.Release, values map[string]any) {
	t.Helper()
	var have []string
	for _, object := range r.Objects {
		account, ok := object.Decoded.(*corev1.ServiceAccount)
		if !ok || object.Hook != "" { // the release command has accounts of its own, with the same roles
			continue
		}
		if role, ok := account.Annotations[roleAnnotation]; ok {
			have = append(have, role)
		}
	}
	want := rolesIn(values)
	slices.Sort(have)
	if slices.Sort(want); !slices.Equal(have, want) {
		t.Errorf("%s: service accounts have roles %v, the values give %v", r.Name, have, want)
	}
}

// rolesIn lists the roles in values of service accounts.
func rolesIn(values map[string]any) []string {
	var roles []string
	for key, value := range values {
		switch v := value.(type) {
		case map[string]any:
			roles = append(roles, rolesIn(v)...)
		case string:
			if key == roleAnnotation || key == "roleArn" {
				roles = append(roles, v)
			}
		}
	}
	return roles
}

// unknownValues lists the values that neither the chart's defaults nor its schema have. They are
// mostly typing errors, which Helm ignores silently.
func unknownValues(t *testing.T, c *chart.Chart, values map[string]any) []string {
	t.Helper()
	schema := map[string]any{}
	if c.Schema != nil {
		if err := json.Unmarshal(c.Schema, &schema); err != nil {
			t.Fatal(err)
		}
	}
	return unknownIn(values, c.Values, schema, "")
}

func unknownIn(values, defaults, schema map[string]any, prefix string) []string {
	var unknown []string
	properties, _ := schema["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(values)) {
		standard, inDefaults := defaults[key]
		property, inSchema := properties[key].(map[string]any)
		if !inDefaults && !inSchema {
			unknown = append(unknown, prefix+key)
			continue
		}
		section, ok := values[key].(map[string]any)
		if !ok || isKubernetes(key) {
			continue
		}
		standardSection, _ := standard.(map[string]any)
		if len(standardSection) == 0 && property["properties"] == nil {
			// A map with keys of the user's own, such as labels.
			continue
		}
		unknown = append(unknown, unknownIn(section, standardSection, property, prefix+key+".")...)
	}
	return unknown
}

// isKubernetes reports whether charts copy a value unchanged into a Kubernetes object, where strict
// decoding finds misspelt fields.
func isKubernetes(key string) bool {
	return key == "resources" || strings.HasSuffix(key, "ecurityContext") || strings.HasSuffix(key, "Probe")
}

func TestUnknownValues(t *testing.T) {
	for _, test := range []struct {
		chart  published.Chart
		values string
		want   []string
	}{
		{published.MetricsServer, `{containerPort: 10251, replicas: 2, resources: {limits: {cpu: 100m}}, podLabels: {a: b}}`, nil},
		{published.AWSLoadBalancerController, `{clusterName: a, vpcID: b, controllerConfig: {featureGates: {A: true}}}`, []string{"vpcID"}},
		{published.MetricsServer, `{containerport: 10251, podDisruptionBudget: {enable: true}}`, []string{"containerport", "podDisruptionBudget.enable"}},
		{published.ExternalSecrets, `{webhook: {port: 9443, podSecurityContext: {fsGroup: 65534}}, serviceAccount: {annotations: {a: b}}}`, nil},
		{published.ExternalSecrets, `{webhok: {port: 9443}, webhook: {prot: 9443}, certController: {resource: {}}}`, []string{"certController.resource", "webhok", "webhook.prot"}},
	} {
		c := loadPublished(t, test.chart)
		if got := unknownValues(t, c, mustJSON(t, []byte(test.values))); !slices.Equal(got, test.want) {
			t.Errorf("%s with %s: unknown are %v, want %v", c.Name(), test.values, got, test.want)
		}
	}
}
