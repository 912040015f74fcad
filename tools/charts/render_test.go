package charts

import (
	"os"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/render"
)

const (
	// kubeVersion is the version the clusters run.
	kubeVersion = "v1.35.0"

	// kubeletPort is taken by Fargate's kubelet, which shares the pod's address.
	kubeletPort = 10250

	roleAnnotation = "eks.amazonaws.com/role-arn"
)

func loadChart(t *testing.T, dir string) *chart.Chart {
	t.Helper()
	c, err := render.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func readValues(t *testing.T, file string) map[string]any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	if err := yaml.UnmarshalStrict(data, &values); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return values
}

func rendered(c *chart.Chart, name, namespace string, values map[string]any) (*render.Release, error) {
	return render.Chart(c, render.Options{Name: name, Namespace: namespace, Values: values, KubeVersion: kubeVersion})
}

func mustRender(t *testing.T, c *chart.Chart, name, namespace string, values map[string]any) *render.Release {
	t.Helper()
	r, err := rendered(c, name, namespace, values)
	if err != nil {
		t.Fatalf("%s: %v", c.Name(), err)
	}
	return r
}

// all returns the release's objects of one type.
func all[T runtime.Object](r *render.Release) []T {
	var found []T
	for _, object := range r.Objects {
		if o, ok := object.Decoded.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// one returns the release's only object of a type.
func one[T runtime.Object](t *testing.T, r *render.Release) T {
	t.Helper()
	found := all[T](r)
	if len(found) != 1 {
		t.Fatalf("%s has %d objects of type %T, want 1", r.Name, len(found), *new(T))
	}
	return found[0]
}

// custom returns the release's only custom resource of a kind.
func custom(t *testing.T, r *render.Release, kind string) *unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for _, object := range all[*unstructured.Unstructured](r) {
		if object.GetKind() == kind {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d objects of kind %s, want 1", r.Name, len(found), kind)
	}
	return found[0]
}

// field reads a field of a custom resource, named by its path.
func field[T any](t *testing.T, object *unstructured.Unstructured, path string) T {
	t.Helper()
	value, found, err := unstructured.NestedFieldNoCopy(object.Object, strings.Split(path, ".")...)
	got, ok := value.(T)
	if err != nil || !found || !ok {
		t.Fatalf("%s %s: %s is %v (%T), want a %T", object.GetKind(), object.GetName(), path, value, value, *new(T))
	}
	return got
}

// backend finds what answers on a Service's port: the release's only workload that the Service
// selects, its container, and the number of the port there.
func backend(t *testing.T, r *render.Release, service *corev1.Service, port int32) (*appsv1.Deployment, corev1.Container, int32) {
	t.Helper()
	var target *intstr.IntOrString
	for _, p := range service.Spec.Ports {
		if p.Port == port {
			target = &p.TargetPort
		}
	}
	if target == nil {
		t.Fatalf("%s: Service %s has no port %d", r.Name, service.Name, port)
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	var selected []*appsv1.Deployment
	for _, d := range all[*appsv1.Deployment](r) {
		if d.Namespace == service.Namespace && selector.Matches(labels.Set(d.Spec.Template.Labels)) {
			selected = append(selected, d)
		}
	}
	if len(selected) != 1 {
		t.Fatalf("%s: Service %s selects %d Deployments, want 1", r.Name, service.Name, len(selected))
	}
	for _, c := range selected[0].Spec.Template.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name != "" && p.Name == target.StrVal || p.ContainerPort == target.IntVal {
				return selected[0], c, p.ContainerPort
			}
		}
	}
	t.Fatalf("%s: Service %s targets port %s, which no container of Deployment %s has",
		r.Name, service.Name, target.String(), selected[0].Name)
	return nil, corev1.Container{}, 0
}

// checkRestricted holds every pod of a release against Pod Security "restricted".
func checkRestricted(t *testing.T, r *render.Release) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	for _, d := range all[*appsv1.Deployment](r) {
		template := d.Spec.Template
		results := evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec)
		if verdict := policy.AggregateCheckResults(results); !verdict.Allowed {
			t.Errorf("%s: Deployment %s violates Pod Security restricted: %s", r.Name, d.Name, verdict.ForbiddenDetail())
		}
	}
}

// checkFargate holds every pod of a release against what Fargate can run.
func checkFargate(t *testing.T, r *render.Release) {
	t.Helper()
	for _, object := range r.Objects {
		if object.Kind == "DaemonSet" {
			t.Errorf("%s has a DaemonSet, which Fargate cannot run", r.Name)
		}
	}
	for _, d := range all[*appsv1.Deployment](r) {
		pod := d.Spec.Template.Spec
		if pod.HostNetwork || pod.HostPID || pod.HostIPC {
			t.Errorf("%s: Deployment %s shares a namespace of its host, which Fargate refuses", r.Name, d.Name)
		}
		for _, v := range pod.Volumes {
			if v.HostPath != nil {
				t.Errorf("%s: Deployment %s mounts a host path, which Fargate refuses", r.Name, d.Name)
			}
		}
		for _, c := range pod.Containers {
			for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				if q := c.Resources.Requests[resource]; q.IsZero() {
					t.Errorf("%s: container %s of Deployment %s requests no %s, by which Fargate sizes the pod",
						r.Name, c.Name, d.Name, resource)
				}
			}
			for _, p := range c.Ports {
				if p.ContainerPort == kubeletPort {
					t.Errorf("%s: container %s of Deployment %s listens on %d, which is the Fargate kubelet's",
						r.Name, c.Name, d.Name, kubeletPort)
				}
			}
		}
	}
}
