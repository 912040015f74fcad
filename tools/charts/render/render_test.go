package render

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const appChart = "../../../charts/app"

// web is a chart of that name with some files.
func web(files map[string]string) *chart.Chart {
	c := &chart.Chart{Metadata: &chart.Metadata{Name: "web", Version: "1.0.0"}}
	for name, text := range files {
		file := &chart.File{Name: name, Data: []byte(text)}
		switch {
		case name == "values.schema.json":
			c.Schema = file.Data
		case strings.HasPrefix(name, "templates/"):
			c.Templates = append(c.Templates, file)
		default:
			c.Files = append(c.Files, file)
		}
	}
	return c
}

func chartOf(c *chart.Chart, values map[string]any) (*Release, error) {
	return Chart(c, Options{Name: "shop", Namespace: "shops", Values: values, KubeVersion: "1.35"})
}

// names lists objects as kind/name, with their hook.
func names(objects []Object) []string {
	var names []string
	for _, o := range objects {
		name := o.Kind + "/" + o.Name
		if o.Hook != "" {
			name += " " + o.Hook
		}
		names = append(names, name)
	}
	return names
}

func expectError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	if err.Error() != want {
		t.Errorf("the error is\n%s\nwant\n%s", err, want)
	}
}

func TestAppChart(t *testing.T) {
	wanted := map[string]string{
		"http": `PodDisruptionBudget/shop ServiceAccount/app ServiceAccount/app-secrets ConfigMap/shop-certificates Service/shop Deployment/shop
			HorizontalPodAutoscaler/shop Ingress/shop ExternalSecret/shop-database SecretStore/shop-database`,
		"https": `PodDisruptionBudget/shop ServiceAccount/app ServiceAccount/app-secrets ConfigMap/shop-certificates Role/shop-developers RoleBinding/shop-developers
			Service/shop Deployment/shop HorizontalPodAutoscaler/shop Ingress/shop
			ExternalSecret/shop-database ExternalSecret/shop-parameters SecretStore/shop-parameters SecretStore/shop-database`,
		// Hooks have an exclamation mark.
		"node": `ServiceAccount/shop-release! ConfigMap/shop-release-certificates! ServiceAccount/shop-secrets-release! SecretStore/shop-release-database! SecretStore/shop-release-parameters! SecretStore/shop-release-secrets!
			ExternalSecret/shop-release-database! ExternalSecret/shop-release-parameters! ExternalSecret/shop-release-secrets! Job/shop-release!
			PodDisruptionBudget/shop PodDisruptionBudget/shop-mailer ServiceAccount/shop ServiceAccount/shop-secrets ConfigMap/shop-certificates
			Service/shop Deployment/shop Deployment/shop-mailer HorizontalPodAutoscaler/shop HorizontalPodAutoscaler/shop-mailer
			CronJob/shop-nightly-report Ingress/shop
			ExternalSecret/shop-database ExternalSecret/shop-parameters ExternalSecret/shop-secrets-d5a8fa0d
			SecretStore/shop-parameters SecretStore/shop-secrets SecretStore/shop-database`,
		"spring": `PodDisruptionBudget/shop ServiceAccount/orders ServiceAccount/orders-secrets ConfigMap/shop-certificates Service/shop Deployment/shop
			HorizontalPodAutoscaler/shop Ingress/shop ExternalSecret/shop-database SecretStore/shop-database`,
		"worker": `PodDisruptionBudget/shop-importer ServiceAccount/importer ServiceAccount/importer-secrets ConfigMap/shop-certificates Deployment/shop-importer
			HorizontalPodAutoscaler/shop-importer ExternalSecret/shop-database SecretStore/shop-database`,
		"public": `PodDisruptionBudget/shop ServiceAccount/pages Service/shop Deployment/shop HorizontalPodAutoscaler/shop Ingress/shop`,
	}
	samples, err := filepath.Glob(filepath.Join(appChart, "ci", "*.yaml"))
	if err != nil || len(samples) != len(wanted) {
		t.Fatalf("%d files of sample values, want %d: %v", len(samples), len(wanted), err)
	}
	for _, sample := range samples {
		t.Run(filepath.Base(sample), func(t *testing.T) {
			c, err := Load(appChart)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(sample)
			if err != nil {
				t.Fatal(err)
			}
			var values map[string]any
			if err := yaml.UnmarshalStrict(text, &values); err != nil {
				t.Fatal(err)
			}
			r, err := chartOf(c, values)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimSuffix(filepath.Base(sample), "-values.yaml")
			want := strings.Fields(wanted[name])
			for i := range want {
				want[i] = strings.Replace(want[i], "!", " pre-install", 1)
			}
			if got := names(r.Objects); !slices.Equal(got, want) {
				t.Errorf("objects are\n%v, want\n%v", got, want)
			}
			sampleApplication := name == "http" || name == "https"
			if got := names(r.Tests); (len(got) != 0) != sampleApplication || sampleApplication && !slices.Equal(got, []string{"Pod/shop-test test"}) {
				t.Errorf("tests are %v", got)
			}
			for _, o := range r.Objects {
				if o.Namespace != "shops" || o.Labels["app.kubernetes.io/instance"] != "shop" {
					t.Errorf("%s is in namespace %q with labels %v", &o, o.Namespace, o.Labels)
				}
				if has := strings.Contains(r.YAML, "---\n# Source: "+o.File+"\n"); has == (o.Hook != "") {
					t.Errorf("the manifest has %s: %t", o.File, has)
				}
			}
			if !sampleApplication {
				return
			}
			decoded := func(name string) any { return r.Objects[slices.Index(names(r.Objects), name)].Decoded }
			if d, ok := decoded("Deployment/shop").(*appsv1.Deployment); !ok || len(d.Spec.Template.Spec.Containers) != 1 {
				t.Errorf("the Deployment is decoded as %T", decoded("Deployment/shop"))
			}
			if s, ok := decoded("SecretStore/shop-database").(*unstructured.Unstructured); !ok || s.GetNamespace() != "shops" {
				t.Errorf("the SecretStore is decoded as %T", decoded("SecretStore/shop-database"))
			}
			if !strings.Contains(r.Notes, "kubectl --namespace shops get ingress shop") {
				t.Errorf("the notes are %q", r.Notes)
			}
		})
	}
}

func TestBadTemplate(t *testing.T) {
	for _, test := range []struct{ name, template, want string }{
		{"not closed", "a: b\n{{ if .Values.x }}", `web/templates/a.yaml:2: unexpected EOF`},
		{"unknown function", `a: {{ lowercase "B" }}`, `web/templates/a.yaml:1: function "lowercase" not defined`},
		{"no such section", `a: {{ .Values.image.tag }}`,
			`web/templates/a.yaml:1: executing "web/templates/a.yaml" at <.Values.image.tag>: nil pointer evaluating interface {}.tag`},
		{"no such template", `a: {{ include "web.name" . }}`,
			`web/templates/a.yaml:1: executing "web/templates/a.yaml" at <include "web.name" .>: error calling include: template: no template "web.name" associated with template "gotpl"`},
		{"required", `a: {{ required "image is required" .Values.image }}`, `web/templates/a.yaml:1: image is required`},
		{"fail", `{{ fail "at most six" }}`, `web/templates/a.yaml:1: at most six`},
		{"indent", "metadata:\n  name: a\n   labels: {}", `web/templates/a.yaml: is not YAML once rendered: line 3: mapping values are not allowed in this context: "labels: {}"`},
		{"key twice", "kind: A\nkind: B", `web/templates/a.yaml: is not YAML once rendered: line 2: key "kind" already set in map: "kind: B"`},
		{"prose", "hello", `web/templates/a.yaml: must hold Kubernetes objects, holds "hello"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := chartOf(web(map[string]string{"templates/a.yaml": test.template}), nil)
			expectError(t, err, test.want)
		})
	}
}

func TestBadValues(t *testing.T) {
	c := web(map[string]string{"values.schema.json": `{
		"additionalProperties": false,
		"properties": {
			"port": {"type": "integer"},
			"image": {"properties": {"tag": {"type": "string"}}, "anyOf": [{"required": ["tag"]}, {"required": ["digest"]}]}
		}
	}`})
	_, err := chartOf(c, map[string]any{"port": "eighty", "prot": 1, "image": map[string]any{}})
	expectError(t, err, `web/values.schema.json: image: 'anyOf' failed
  image: missing property 'tag'
  image: missing property 'digest'
web/values.schema.json: port: got string, want integer
web/values.schema.json: values: additional properties 'prot' not allowed`)
}

func TestBadManifest(t *testing.T) {
	const workload = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: "
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: "
	for _, test := range []struct{ name, manifest, want string }{
		{"no apiVersion", "kind: Service\nmetadata: {name: web}", "Service web: apiVersion: is required"},
		{"no kind", "apiVersion: v1\nKind: Service\nmetadata: {name: web}", "object web: kind: is required"},
		{"no name", "apiVersion: v1\nkind: Service", "Service: metadata.name: is required"},
		{"number as name", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 8}", "ConfigMap: metadata.name: must be text (quote it), is 8"},
		{"name", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Web}",
			`ConfigMap Web: metadata.name: is "Web": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`},
		{"name of a custom resource", "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: -}",
			`Shop -: metadata.name: is "-": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`},
		{"label", "apiVersion: example.com/v1\nkind: Shop\nmetadata: {name: web, labels: {version: 1}}",
			"Shop web: metadata.labels.version: must be text (quote it), is 1"},
		{"kind", "apiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: web}", "Deploymnt web: apiVersion: apps/v1 has no kind Deploymnt"},
		{"API", "apiVersion: app/v1\nkind: Deployment\nmetadata: {name: web}", "Deployment web: apiVersion: Kubernetes has no API app/v1"},
		{"old API", "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web}",
			"PodDisruptionBudget web: apiVersion: Kubernetes 1.35 does not serve PodDisruptionBudget of policy/v1beta1; use policy/v1"},
		{"new API", "apiVersion: storagemigration.k8s.io/v1\nkind: StorageVersionMigration\nmetadata: {name: web}",
			"StorageVersionMigration web: apiVersion: Kubernetes 1.35 does not serve StorageVersionMigration of storagemigration.k8s.io/v1; 1.37 does"},
		{"unknown field", workload + "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: web, imagePullPolicyy: Always}]}}}",
			"Deployment web: spec.template.spec.containers[0].imagePullPolicyy: is no field of the Kubernetes API"},
		{"field of another case", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\nData: {}", "ConfigMap web: Data: is no field of the Kubernetes API"},
		{"no selector", workload + "{template: {metadata: {labels: {a: b}}, spec: {containers: [{name: web}]}}}", "Deployment web: spec.selector: is required"},
		{"selector of other pods", workload + "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: {containers: [{name: web}]}}}",
			"Deployment web: spec.selector: selects a=b, but the pods of spec.template have labels a=c"},
		{"no containers", workload + "{selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: []}}}",
			"Deployment web: spec.template.spec.containers: must not be empty"},
		{"ports as text", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: eighty}", `Service web: spec.ports: must be a list, is "eighty"`},
		{"port as text", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: eighty}]}",
			`Service web: spec.ports[0].port: must be a whole number, is "eighty"`},
		{"port out of range", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80000}]}", "Service web: spec.ports[0].port: must be 1 to 65535, is 80000"},
		{"protocol", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, protocol: tcp}]}", `Service web: spec.ports[0].protocol: must be one of SCTP, TCP, UDP, is "tcp"`},
		{"number as variable", pod + "{containers: [{name: web, env: [{name: PORT, value: 80}]}]}", "Pod web: spec.containers[0].env[0].value: must be text (quote it), is 80"},
		{"quantity", pod + "{containers: [{name: web, resources: {requests: {cpu: lots}}}]}", `Pod web: spec.containers[0].resources.requests.cpu: must be a quantity such as 500m or 256Mi, is "lots"`},
		{"more than the limit", pod + "{containers: [{name: web, resources: {requests: {cpu: 2}, limits: {cpu: 1}}}]}",
			"Pod web: spec.containers[0].resources.requests.cpu: is 2, more than the limit of 1"},
		{"volume that is not there", pod + "{containers: [{name: web, volumeMounts: [{name: data, mountPath: /data}]}]}",
			"Pod web: spec.containers[0].volumeMounts[0].name: the pod has no volume data"},
		{"containers of one name", pod + "{containers: [{name: web}, {name: web}]}", "Pod web: spec.containers[1].name: another container is called web too"},
		{"job that always restarts", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web}]}}}",
			"Job web: spec.template.spec.restartPolicy: is required, Never or OnFailure"},
		{"secret in the clear", "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ndata: {password: hunter2!}", "Secret web: data.password: must be base64"},
		{"secret as a number", "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {pin: 1234}", "Secret web: stringData.pin: must be text (quote it)"},
		{"object of a list", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: web}, data: []}]", "ConfigMap web: data: must be a section, is a list"},
		{"hook", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, annotations: {helm.sh/hook: pre-instal}}",
			`ConfigMap web: metadata.annotations[helm.sh/hook]: Helm knows no hook "pre-instal", and would leave the object out`},
		{"test hook", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, annotations: {helm.sh/hook: test}}\ndate: {}", "ConfigMap web: date: is no field of the Kubernetes API"},
		{"twice in a file", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: shops}", "ConfigMap web: is there twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := chartOf(web(map[string]string{"templates/a.yaml": test.manifest}), nil)
			expectError(t, err, "web/templates/a.yaml: "+test.want)
		})
	}
}

func TestEveryProblemIsTold(t *testing.T) {
	_, err := chartOf(web(map[string]string{
		"templates/a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: Cluster, ports: [{}]}",
		"templates/b.yaml": "apiVersion: v1\nkind: ConfigMap",
	}), nil)
	expectError(t, err, `web/templates/a.yaml: Service web: spec.ports[0].port: is required
web/templates/a.yaml: Service web: spec.type: must be one of ClusterIP, ExternalName, LoadBalancer, NodePort, is "Cluster"
web/templates/b.yaml: ConfigMap: metadata.name: is required`)
}

func TestDuplicateInOtherFile(t *testing.T) {
	const object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}"
	_, err := chartOf(web(map[string]string{"templates/a.yaml": object, "templates/b.yaml": object}), nil)
	expectError(t, err, "web/templates/b.yaml: ConfigMap web: is in web/templates/a.yaml too")
}

// eventful has an object for every hook event.
var eventful = map[string]string{
	"crds/shops.yaml": `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.example.com}
spec:
  group: example.com
  names: {kind: Shop, plural: shops}
  scope: Cluster
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`,
	"templates/objects.yaml": `
apiVersion: example.com/v1
kind: Shop
metadata: {name: shop}
---
# Only a comment.
---
apiVersion: v1
kind: Namespace
metadata: {name: more}
---
---
apiVersion: v1
kind: ConfigMap
metadata: {name: elsewhere, namespace: more}
`,
	"templates/hooks.yaml": `
{{- range $name, $hook := dict "a" "pre-install,pre-upgrade" "b" "post-install" "c" "test" "d" "post-upgrade" }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ $name }}, annotations: {helm.sh/hook: "{{ $hook }}"}}
---
{{- end }}
apiVersion: v1
kind: ConfigMap
metadata: {generateName: e-, annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: "-1"}}
`,
}

func TestOrder(t *testing.T) {
	c := web(eventful)
	for _, test := range []struct {
		name     string
		revision int
		want     []string
	}{
		{"install", 0, []string{
			"CustomResourceDefinition/shops.example.com", "ConfigMap/ pre-install", "ConfigMap/a pre-install",
			"Namespace/more", "ConfigMap/elsewhere", "Shop/shop", "ConfigMap/b post-install",
		}},
		{"upgrade", 2, []string{"ConfigMap/a pre-upgrade", "Namespace/more", "ConfigMap/elsewhere", "Shop/shop", "ConfigMap/d post-upgrade"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := Chart(c, Options{Name: "shop", Namespace: "shops", KubeVersion: "v1.35.2-eks-1", Revision: test.revision})
			if err != nil {
				t.Fatal(err)
			}
			if got := names(r.Objects); !slices.Equal(got, test.want) {
				t.Errorf("objects are %q, want %q", got, test.want)
			}
			for _, o := range r.Objects {
				want := map[string]string{"ConfigMap": "shops"}[o.Kind]
				if o.Name == "elsewhere" {
					want = "more"
				}
				if in, _, _ := unstructured.NestedString(o.Fields, "metadata", "namespace"); o.Namespace != want || in != want {
					t.Errorf("%s is in namespace %q, its fields say %q, want %q", &o, o.Namespace, in, want)
				}
			}
			// Helm keeps the comment.
			if got := strings.Count(r.YAML, "# Source: web/templates/objects.yaml\n"); got != 4 {
				t.Errorf("the manifest has %d documents, want 4:\n%s", got, r.YAML)
			}
		})
	}
}

func TestBadDefinition(t *testing.T) {
	_, err := chartOf(web(map[string]string{
		"crds/shops.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: shops.example.com}\nspec: {group: example.com, names: {plural: shops}, scope: Global}",
	}), nil)
	expectError(t, err, `web/crds/shops.yaml: CustomResourceDefinition shops.example.com: spec.names.kind: is required
web/crds/shops.yaml: CustomResourceDefinition shops.example.com: spec.scope: must be one of Cluster, Namespaced, is "Global"
web/crds/shops.yaml: CustomResourceDefinition shops.example.com: spec.versions: is required`)
}

func TestBadRelease(t *testing.T) {
	for _, test := range []struct {
		name     string
		metadata chart.Metadata
		options  Options
		want     string
	}{
		{"namespace", chart.Metadata{}, Options{Name: "shop", Namespace: "A", KubeVersion: "1.35"},
			`namespace "A": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character`},
		{"no version", chart.Metadata{}, Options{Name: "shop"}, `the cluster's Kubernetes version: must be such as 1.35, is ""`},
		{"old cluster", chart.Metadata{KubeVersion: ">=1.36-0"}, Options{Name: "shop", KubeVersion: "1.35"},
			"web/Chart.yaml: kubeVersion: wants Kubernetes >=1.36-0, the cluster runs 1.35.0"},
		{"library", chart.Metadata{Type: "library"}, Options{Name: "shop", KubeVersion: "1.35"},
			"web/Chart.yaml: type is library, only an application can be installed"},
		{"no dependency", chart.Metadata{Dependencies: []*chart.Dependency{{Name: "redis", Version: "1"}}}, Options{Name: "shop", KubeVersion: "1.35"},
			"web/Chart.yaml: dependencies: redis is not in charts/; run helm dependency build"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.metadata.Name, test.metadata.Version = "web", "1.0.0"
			_, err := Chart(&chart.Chart{Metadata: &test.metadata}, test.options)
			expectError(t, err, test.want)
		})
	}
}

// A chart can be rendered again with other values, although Helm changes charts.
func TestChartIsLeftAlone(t *testing.T) {
	c := web(nil)
	c.Metadata.Dependencies = []*chart.Dependency{{Name: "redis", Version: "1.x", Condition: "redis.enabled", Alias: "cache"}}
	child := web(map[string]string{"templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Values.name | default .Chart.Name }}}"})
	child.Metadata.Name = "redis"
	c.SetDependencies(child)
	for _, test := range []struct {
		values map[string]any
		want   []string
	}{
		{map[string]any{"redis": map[string]any{"enabled": false}}, nil},
		{nil, []string{"ConfigMap/cache"}},
		{map[string]any{"cache": map[string]any{"name": "fast"}}, []string{"ConfigMap/fast"}},
	} {
		r, err := chartOf(c, test.values)
		if err != nil {
			t.Fatal(err)
		}
		if got := names(r.Objects); !slices.Equal(got, test.want) {
			t.Errorf("with %v objects are %v, want %v", test.values, got, test.want)
		}
	}
}

func TestCapabilities(t *testing.T) {
	const template = `
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  version: {{ .Capabilities.KubeVersion.Version }}
  {{- range tuple "apps/v1" "apps/v1/Deployment" "apiextensions.k8s.io/v1" "apiregistration.k8s.io/v1" "policy/v1beta1" "example.com/v1" }}
  {{ . | replace "/" "_" }}: {{ $.Capabilities.APIVersions.Has . | quote }}
  {{- end }}
`
	r, err := chartOf(web(map[string]string{"templates/a.yaml": template}), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"version": "v1.35.0", "apps_v1": "true", "apps_v1_Deployment": "true", "apiextensions.k8s.io_v1": "true",
		"apiregistration.k8s.io_v1": "true", "policy_v1beta1": "false", "example.com_v1": "false",
	} {
		if got := r.Objects[0].Fields["data"].(map[string]any)[name]; got != want {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
}

func TestLoad(t *testing.T) {
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), "Chart.yaml file is missing") {
		t.Errorf("the error is %v", err)
	}
}
