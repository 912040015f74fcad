package charts

import (
	"os"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

	// kubeletPort belongs to Fargate's kubelet, which shares the pod's address.
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
	return customNamed(t, r, kind, "")
}

// customNamed returns the only custom resource of a kind whose name has a suffix.
func customNamed(t *testing.T, r *render.Release, kind, suffix string) *unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for _, object := range all[*unstructured.Unstructured](r) {
		if object.GetKind() == kind && strings.HasSuffix(object.GetName(), suffix) {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d objects of kind %s, want 1", r.Name, len(found), kind)
	}
	return found[0]
}

// customCalled returns the custom resource of a kind and name.
func customCalled(t *testing.T, r *render.Release, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range all[*unstructured.Unstructured](r) {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	t.Fatalf("%s has no %s %s", r.Name, kind, name)
	return nil
}

// field reads a field of a custom resource by its path.
func field[T any](t *testing.T, object *unstructured.Unstructured, path string) T {
	t.Helper()
	value, found, err := unstructured.NestedFieldNoCopy(object.Object, strings.Split(path, ".")...)
	got, ok := value.(T)
	if err != nil || !found || !ok {
		t.Fatalf("%s %s: %s is %v (%T), want a %T", object.GetKind(), object.GetName(), path, value, value, *new(T))
	}
	return got
}

// backend finds what answers on a Service's port: the only Deployment that the Service selects, its
// container, and the port number there.
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

// A pod is a pod of a release, or the template of one.
type pod struct {
	// object is its object's name in messages.
	object string
	meta   metav1.ObjectMeta
	spec   corev1.PodSpec
}

// pods returns all pods of a release, including those of helm test.
func pods(r *render.Release) []pod {
	var found []pod
	for _, object := range slices.Concat(r.Objects, r.Tests) {
		switch o := object.Decoded.(type) {
		case *appsv1.Deployment:
			found = append(found, pod{r.Name + ": " + object.String(), o.Spec.Template.ObjectMeta, o.Spec.Template.Spec})
		case *appsv1.StatefulSet:
			found = append(found, pod{r.Name + ": " + object.String(), o.Spec.Template.ObjectMeta, o.Spec.Template.Spec})
		case *batchv1.Job:
			found = append(found, pod{r.Name + ": " + object.String(), o.Spec.Template.ObjectMeta, o.Spec.Template.Spec})
		case *batchv1.CronJob:
			template := o.Spec.JobTemplate.Spec.Template
			found = append(found, pod{r.Name + ": " + object.String(), template.ObjectMeta, template.Spec})
		case *corev1.Pod:
			found = append(found, pod{r.Name + ": " + object.String(), o.ObjectMeta, o.Spec})
		}
	}
	return found
}

// checkRestricted checks every pod of a release against Pod Security "restricted".
func checkRestricted(t *testing.T, r *render.Release) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	for _, p := range pods(r) {
		results := evaluator.EvaluatePod(level, &p.meta, &p.spec)
		if verdict := policy.AggregateCheckResults(results); !verdict.Allowed {
			t.Errorf("%s violates Pod Security restricted: %s", p.object, verdict.ForbiddenDetail())
		}
	}
}

// checkFargate checks that Fargate can run every pod of a release.
func checkFargate(t *testing.T, r *render.Release) {
	t.Helper()
	for _, object := range r.Objects {
		if object.Kind == "DaemonSet" {
			t.Errorf("%s has a DaemonSet, which Fargate cannot run", r.Name)
		}
		if object.Kind == "PersistentVolumeClaim" {
			t.Errorf("%s claims a volume, and Fargate mounts none of EBS", r.Name)
		}
	}
	for _, s := range all[*appsv1.StatefulSet](r) {
		if len(s.Spec.VolumeClaimTemplates) != 0 {
			t.Errorf("%s: StatefulSet %s claims volumes, and Fargate mounts none of EBS", r.Name, s.Name)
		}
	}
	for _, p := range pods(r) {
		if p.spec.HostNetwork || p.spec.HostPID || p.spec.HostIPC {
			t.Errorf("%s shares a namespace of its host, which Fargate refuses", p.object)
		}
		for _, v := range p.spec.Volumes {
			if v.HostPath != nil {
				t.Errorf("%s mounts a host path, which Fargate refuses", p.object)
			}
			if v.PersistentVolumeClaim != nil || v.Ephemeral != nil {
				t.Errorf("%s claims a volume, and Fargate mounts none of EBS", p.object)
			}
		}
		for _, c := range p.spec.Containers {
			for _, resource := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				if q := c.Resources.Requests[resource]; q.IsZero() {
					t.Errorf("%s: container %s requests no %s, by which Fargate sizes the pod", p.object, c.Name, resource)
				}
			}
			for _, port := range c.Ports {
				if port.ContainerPort == kubeletPort {
					t.Errorf("%s: container %s listens on %d, which is the Fargate kubelet's", p.object, c.Name, kubeletPort)
				}
			}
		}
	}
}

// isFargateSize reports whether Fargate offers a pod with so many millicpus and MiB of memory.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-pod-configuration.html
func isFargateSize(millicpus, mib int64) bool {
	gib := mib / 1024
	within := func(least, most, step int64) bool {
		return mib%1024 == 0 && gib >= least && gib <= most && (gib-least)%step == 0
	}
	switch millicpus {
	case 250:
		return mib == 512 || within(1, 2, 1)
	case 500:
		return within(1, 4, 1)
	case 1000:
		return within(2, 8, 1)
	case 2000:
		return within(4, 16, 1)
	case 4000:
		return within(8, 30, 1)
	case 8000:
		return within(16, 60, 4)
	case 16000:
		return within(32, 120, 8)
	}
	return false
}

// checkFargateSize checks that every pod uses a Fargate size to the last MiB: rounded-up memory is paid
// for but not used.
func checkFargateSize(t *testing.T, r *render.Release) {
	t.Helper()
	for _, p := range pods(r) {
		var cpu, memory int64
		for _, c := range p.spec.Containers {
			cpu += c.Resources.Requests.Cpu().MilliValue()
			memory += c.Resources.Requests.Memory().Value()
		}
		// Fargate adds 256 MiB for Kubernetes itself.
		if mib := memory>>20 + 256; !isFargateSize(cpu, mib) {
			t.Errorf("%s: %d thousandths of a CPU and, with Fargate's own, %d MiB are none of its sizes", p.object, cpu, mib)
		}
	}
}
