package charts

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

// byRequests adds scaling on requests to a sample.
const byRequests = `web: {replicas: {requestsPerSecond: 200}}`

func scaledObject(t *testing.T, r *render.Release) *unstructured.Unstructured {
	t.Helper()
	for _, o := range r.Objects {
		if o.Fields["kind"] == "ScaledObject" {
			return &unstructured.Unstructured{Object: o.Fields}
		}
	}
	t.Fatal("no ScaledObject")
	return nil
}

// kedaDefinition is the custom resource definition of ScaledObject, from KEDA's chart.
func kedaDefinition(t *testing.T) []byte {
	t.Helper()
	r := mustRender(t, loadPublished(t, published.KEDA), "keda", "keda", nil)
	for _, o := range r.Objects {
		metadata, _ := o.Fields["metadata"].(map[string]any)
		if o.Fields["kind"] == "CustomResourceDefinition" && metadata["name"] == "scaledobjects.keda.sh" {
			data, err := yaml.Marshal(o.Fields)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
	t.Fatal("the chart has no definition of ScaledObject")
	return nil
}

func TestAppScalesOnRequests(t *testing.T) {
	without := one[*autoscalingv2.HorizontalPodAutoscaler](t, renderApp(t, sample(t, "https")))
	r := renderApp(t, sample(t, "https", byRequests))
	if own := all[*autoscalingv2.HorizontalPodAutoscaler](r); len(own) > 0 {
		t.Errorf("the chart makes %d autoscalers beside KEDA's", len(own))
	}
	object := scaledObject(t, r)
	checkCustomResource(t, object, kedaDefinition(t))
	if name := field[string](t, object, "spec.scaleTargetRef.name"); name != web(t, r).Name {
		t.Errorf("KEDA scales %s", name)
	}
	if name := field[string](t, object, "spec.advanced.horizontalPodAutoscalerConfig.name"); name == without.Name {
		t.Errorf("KEDA's autoscaler has the name of the chart's own, %s: of an upgrade that changes from one to the other, neither may be left", name)
	}

	var behavior autoscalingv2.HorizontalPodAutoscalerBehavior
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(
		field[map[string]any](t, object, "spec.advanced.horizontalPodAutoscalerConfig.behavior"), &behavior); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&behavior, without.Spec.Behavior) {
		t.Errorf("with KEDA pods come and go by %v, without by %v", behavior, without.Spec.Behavior)
	}
	spec := object.Object["spec"].(map[string]any)
	if got, want := fmt.Sprint(spec["minReplicaCount"], spec["maxReplicaCount"]), fmt.Sprint(*without.Spec.MinReplicas, without.Spec.MaxReplicas); got != want {
		t.Errorf("minimum and maximum are %s, without KEDA %s", got, want)
	}

	triggers := map[string]map[string]any{}
	for _, each := range spec["triggers"].([]any) {
		trigger := each.(map[string]any)
		triggers[trigger["type"].(string)] = trigger["metadata"].(map[string]any)
	}
	for _, m := range without.Spec.Metrics {
		if got, want := triggers[string(m.Resource.Name)]["value"], fmt.Sprint(*m.Resource.Target.AverageUtilization); got != want {
			t.Errorf("%s is aimed at %v %%, without KEDA at %s %%", m.Resource.Name, got, want)
		}
	}
	requests := triggers["metrics-api"]
	if requests["targetValue"] != "200" {
		t.Errorf("%v requests a second are aimed at, want 200", requests["targetValue"])
	}

	// KEDA asks the pods of the Service in the URL, on the URL's port.
	address, err := url.Parse(requests["url"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range all[*corev1.Service](r) {
		if address.Hostname() != service.Name+"."+service.Namespace+".svc" {
			continue
		}
		_, c, port := backend(t, r, service, service.Spec.Ports[0].Port)
		if fmt.Sprint(port) != address.Port() || env(c, "METRICS_PORT") != address.Port() {
			t.Errorf("KEDA asks port %s, the Service leads to %d, the application is told %s", address.Port(), port, env(c, "METRICS_PORT"))
		}
		if shown := one[*networkingv1.Ingress](t, r).Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name; shown == service.Name {
			t.Errorf("the Ingress shows Service %s, the metrics, to the internet", shown)
		}
		return
	}
	t.Errorf("no Service has the name in %s", address)
}

// TestKEDA: a stack that scales on requests installs KEDA, with only the permissions that this
// takes.
func TestKEDA(t *testing.T) {
	c := loadPublished(t, published.KEDA)
	var tried int
	applications := map[string]releases.Release{}
	eachGolden(t, "app", func(t *testing.T, installed []releases.Release) {
		app := slices.IndexFunc(installed, func(r releases.Release) bool { return r.Repository == "" && r.Values["web"] != nil })
		applications[environment(t)] = installed[app]
	})
	eachGolden(t, "addons", func(t *testing.T, installed []releases.Release) {
		i := slices.IndexFunc(installed, func(r releases.Release) bool { return r.Chart == "keda" })
		app := applications[environment(t)]
		if i < 0 {
			if wants := app.Values["web"].(map[string]any)["replicas"].(map[string]any)["requestsPerSecond"]; fmt.Sprint(wants) != "0" {
				t.Errorf("the application scales on %v requests a second, without KEDA", wants)
			}
			return
		}
		tried++
		r := renderAddon(t, c, installed[i], published.KEDA.Repository)
		checkFargateSize(t, r)
		services := map[string]*corev1.Service{}
		for _, s := range all[*corev1.Service](r) {
			services[s.Name] = s
		}
		expectListener(t, r, services["keda-operator-metrics-apiserver"], 6443, "--secure-port=6443")
		checkKEDARights(t, r, app.Namespace)

		// Several applications.
		several := installed[i]
		several.Values = maps.Clone(several.Values)
		several.Values["watchNamespace"] = app.Namespace + ",shop"
		checkKEDARights(t, renderAddon(t, c, several, published.KEDA.Repository), app.Namespace, "shop")
	})
	if tried == 0 {
		t.Errorf("no stack of %s installs KEDA", filepath.Join(goldenFolder, "*-addons.tf.json"))
	}
}

// environment is that of the stack that [eachGolden] is at.
func environment(t *testing.T) string {
	t.Helper()
	name, _, _ := strings.Cut(path.Base(t.Name()), "-")
	return name
}

// everywhere lists the resources that KEDA may change in every namespace, which no value of the chart
// narrows: its own kinds and the registrations with its certificate. The autoscaler only reads the last.
var everywhere = []string{
	"clustertriggerauthentications", "cloudeventsources", "clustercloudeventsources",
	"apiservices", "validatingwebhookconfigurations",
	"externalmetrics",
}

func checkKEDARights(t *testing.T, r *render.Release, apps ...string) {
	t.Helper()
	roles := map[string][]rbacv1.PolicyRule{}
	for _, role := range all[*rbacv1.ClusterRole](r) {
		roles[role.Name] = role.Rules
	}
	// The chart also gives permissions to a service account of the webhook's, which no pod has.
	var accounts []string
	for _, d := range all[*appsv1.Deployment](r) {
		accounts = append(accounts, d.Spec.Template.Spec.ServiceAccountName)
	}
	idle := func(s rbacv1.Subject) bool { return s.Namespace == "keda" && !slices.Contains(accounts, s.Name) }
	for _, binding := range all[*rbacv1.ClusterRoleBinding](r) {
		if !slices.ContainsFunc(binding.Subjects, func(s rbacv1.Subject) bool { return !idle(s) }) {
			continue
		}
		if role := binding.RoleRef.Name; roles[role] == nil && role != "system:auth-delegator" {
			t.Errorf("%s gives KEDA %s, a role of another's", binding.Name, role)
		}
		for _, rule := range roles[binding.RoleRef.Name] {
			for _, resource := range rule.Resources {
				if kind := strings.TrimSuffix(resource, "/status"); !slices.Contains(everywhere, kind) {
					t.Errorf("%s lets KEDA %s %s in every namespace", binding.Name, strings.Join(rule.Verbs, ", "), resource)
				}
			}
		}
	}
	in := map[string]bool{}
	for _, binding := range all[*rbacv1.RoleBinding](r) {
		in[binding.Namespace] = true
		for _, rule := range roles[binding.RoleRef.Name] {
			if slices.Contains(rule.Resources, "secrets") {
				t.Errorf("%s lets KEDA %s secrets in %s", binding.Name, strings.Join(rule.Verbs, ", "), binding.Namespace)
			}
		}
	}
	// In kube-system it reads how to trust the API server, as every extension API server does.
	want := map[string]bool{"keda": true, "kube-system": true}
	for _, app := range apps {
		want[app] = true
	}
	if !maps.Equal(in, want) {
		t.Errorf("KEDA has rights in %v, want %v", slices.Sorted(maps.Keys(in)), slices.Sorted(maps.Keys(want)))
	}
}
