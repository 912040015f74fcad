package cluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	compare "gotest.tools/v3/assert/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/releases"
)

// TestApplication installs the application's chart as each environment's stack does.
func TestApplication(t *testing.T) {
	for _, env := range environments(t) {
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			r := prepare(t, env+"-app", application(t, env), "application-"+env)
			_, err := kube.Helm(t.Context(), "", "lint", "--strict", r.chart, "--values", r.values)
			assert.NilError(t, err)
			r.install()
			objects := r.everyObject()
			scaler := "HorizontalPodAutoscaler"
			if slices.Contains(objects, "ScaledObject") {
				scaler = "ScaledObject"
				assert.Check(t, !slices.Contains(objects, "HorizontalPodAutoscaler"), "two autoscalers of one Deployment")
			}
			for _, kind := range []string{"Deployment", "ExternalSecret", scaler, "Ingress", "PodDisruptionBudget", "SecretStore", "Service", "ServiceAccount"} {
				assert.Check(t, slices.Contains(objects, kind), "the chart makes no %s, but %s", kind, objects)
			}
			pods := r.scaled()
			r.spread(pods)
			r.budget(pods)
			r.reached(pods)
			r.helm("test", "--timeout", "1m")
			// KEDA would delete this autoscaler with its ScaledObject.
			if scaler == "ScaledObject" {
				r.kubectl("delete", "horizontalpodautoscaler", r.name)
			}
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// everyObject reads each object of the release and returns their kinds.
func (r release) everyObject() []string {
	r.t.Helper()
	var kinds []string
	for _, document := range strings.Split(r.helm("get manifest"), "\n---\n") {
		var object struct {
			Kind     string
			Metadata struct{ Name, Namespace string }
		}
		assert.NilError(r.t, yaml.Unmarshal([]byte(strings.TrimPrefix(document, "---\n")), &object), document)
		if object.Kind != "" {
			r.kubectl("get", object.Kind, object.Metadata.Name, "--namespace", cmp.Or(object.Metadata.Namespace, r.namespace))
			kinds = append(kinds, object.Kind)
		}
	}
	return kinds
}

// scaled waits until the autoscaler has scaled the Deployment to its minimum, and returns its pods.
func (r release) scaled() []corev1.Pod {
	r.t.Helper()
	least := r.least()
	eventually(r.t, "the autoscaler", func() string {
		d := r.deployment()
		if *d.Spec.Replicas != least || d.Status.AvailableReplicas != *d.Spec.Replicas {
			return fmt.Sprintf("%d of %d replicas are available, the minimum is %d", d.Status.AvailableReplicas, *d.Spec.Replicas, least)
		}
		return ""
	})
	return r.pods()
}

// least is the autoscaler's minimum of pods. KEDA does not run here: where it would make the
// autoscaler, this makes one with the same bounds.
func (r release) least() int32 {
	r.t.Helper()
	if strings.TrimSpace(r.kubectl("get", "scaledobjects.keda.sh", "--output", "name")) == "" {
		scaler := get[autoscalingv2.HorizontalPodAutoscaler](r, "horizontalpodautoscaler", r.name)
		assert.Equal(r.t, scaler.Spec.ScaleTargetRef.Name, r.name)
		return *scaler.Spec.MinReplicas
	}
	object := get[struct {
		Spec struct {
			ScaleTargetRef                   struct{ Kind, Name string }
			MinReplicaCount, MaxReplicaCount int32
		}
	}](r, "scaledobject", r.name)
	assert.Equal(r.t, object.Spec.ScaleTargetRef.Name, r.name)
	r.kubectl("autoscale", strings.ToLower(object.Spec.ScaleTargetRef.Kind), r.name,
		fmt.Sprintf("--min=%d", object.Spec.MinReplicaCount), fmt.Sprintf("--max=%d", object.Spec.MaxReplicaCount), "--cpu-percent=70")
	return object.Spec.MinReplicaCount
}

func (r release) deployment() appsv1.Deployment {
	r.t.Helper()
	return get[appsv1.Deployment](r, "deployment", r.name)
}

// pods are the pods of the release, without those being deleted.
func (r release) pods() []corev1.Pod {
	r.t.Helper()
	pods := get[corev1.PodList](r, "pods", "--selector", "app.kubernetes.io/instance="+r.name).Items
	return slices.DeleteFunc(pods, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil })
}

// spread checks how the pods are spread over the nodes, and their QoS class.
func (r release) spread(pods []corev1.Pod) {
	r.t.Helper()
	nodes := map[string]int{}
	for _, p := range pods {
		nodes[p.Spec.NodeName]++
		assert.Check(r.t, compare.Equal(p.Status.QOSClass, corev1.PodQOSGuaranteed), p.Name)
	}
	counts := slices.Collect(maps.Values(nodes))
	assert.Check(r.t, slices.Max(counts) <= (len(pods)+2)/3, "%d pods are on nodes %v, each in a zone of its own", len(pods), nodes)
}

// budget waits until the disruption budget has counted the pods: one pod may be evicted at a time.
func (r release) budget(pods []corev1.Pod) {
	r.t.Helper()
	eventually(r.t, "the disruption budget", func() string {
		s := get[policyv1.PodDisruptionBudget](r, "poddisruptionbudget", r.name).Status
		if int(s.ExpectedPods) != len(pods) || s.DisruptionsAllowed != 1 {
			return fmt.Sprintf("it expects %d pods of %d and allows %d to go, want 1", s.ExpectedPods, len(pods), s.DisruptionsAllowed)
		}
		return ""
	})
}

// reached follows the path of a request: Ingress, Service, its endpoints, the pods.
func (r release) reached(pods []corev1.Pod) {
	r.t.Helper()
	ingress := get[networkingv1.Ingress](r, "ingress", r.name)
	assert.Equal(r.t, *ingress.Spec.IngressClassName, "alb")
	to := ingress.Spec.Rules[0].HTTP.Paths[0].Backend.Service
	service := get[corev1.Service](r, "service", to.Name)
	assert.Equal(r.t, to.Port.Name, service.Spec.Ports[0].Name)
	eventually(r.t, "the Service", func() string {
		ready := map[string]int32{}
		for _, slice := range get[discoveryv1.EndpointSliceList](r, "endpointslices", "--selector", "kubernetes.io/service-name="+to.Name).Items {
			for _, e := range slice.Endpoints {
				if *e.Conditions.Ready {
					ready[e.TargetRef.Name] = *slice.Ports[0].Port
				}
			}
		}
		for _, p := range pods {
			if want := p.Spec.Containers[0].Ports[0].ContainerPort; ready[p.Name] != want {
				return fmt.Sprintf("pod %s is reached at port %d, want %d", p.Name, ready[p.Name], want)
			}
		}
		if len(ready) != len(pods) {
			return fmt.Sprintf("it reaches %v, there are %d pods", ready, len(pods))
		}
		return ""
	})
}

// empty waits until the release has left nothing in its namespace.
func (r release) empty() {
	r.t.Helper()
	kinds := strings.Fields(r.kubectl("api-resources", "--verbs=list", "--namespaced", "--output", "name"))
	// Events are history. The garbage collector still deletes what a Deployment had.
	kinds = slices.DeleteFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, "events") })
	eventually(r.t, "after the uninstall", func() string {
		var left []string
		for _, name := range strings.Fields(r.kubectl("get", strings.Join(kinds, ","), "--ignore-not-found", "--output", "name")) {
			if name != "configmap/kube-root-ca.crt" && name != "serviceaccount/default" { // in every namespace
				left = append(left, name)
			}
		}
		return strings.Join(left, ", ")
	})
}

// TestSecurityGroups installs the chart that gives pods their security groups, with the values of every
// namespace: the base group, or the cluster's for KEDA, and their own.
func TestSecurityGroups(t *testing.T) {
	t.Parallel()
	const base, cluster, own = "sg-00112233445566778", "sg-0123456789abcdef0", "sg-0fedcba9876543210"
	found := map[string]string{}
	for _, stack := range []string{"addons", "app", "observability"} {
		for _, env := range environments(t) {
			all, err := releases.Read(golden + env + "-" + stack + ".tf.json")
			assert.NilError(t, err)
			for _, installed := range all {
				if installed.Name != "security-groups" || found[installed.Namespace] != "" {
					continue
				}
				r := prepareOf(t, env+"-"+stack, installed, "groups-"+installed.Namespace)
				r.install()
				found[installed.Namespace] = r.kubectl("get", "securitygrouppolicy", r.name, "--output", "jsonpath={.spec.podSelector} {.spec.securityGroups.groupIds[*]}")
				r.helm("uninstall", "--wait", "--timeout", "1m")
				r.empty()
			}
		}
	}
	want := map[string]string{application(t, "prod"): "{} " + base + " " + own, "keda": "{} " + cluster + " " + own}
	for _, name := range []string{"databases", "grafana", "kube-state-metrics", "loki", "pod-logs", "prometheus"} {
		want[name] = "{} " + base + " " + own
	}
	assert.DeepEqual(t, found, want)
}

// TestPodSecurity checks that the namespaces refuse pods that are not hardened.
func TestPodSecurity(t *testing.T) {
	env := environments(t)[0]
	r := prepare(t, env+"-app", application(t, env), "pod-security")
	_, err := kube.Kubectl(t.Context(), "", "run", "root", "--image", "example.com/root:1", "--namespace", r.namespace)
	assert.ErrorContains(t, err, `violates PodSecurity "restricted:latest"`)
}

// TestReleases goes through a release's life: a new image, one that does not work, a rollback.
func TestReleases(t *testing.T) {
	t.Parallel()
	// The environment with most pods has most to lose.
	env := slices.MaxFunc(environments(t), func(a, b string) int { return len(a) - len(b) })
	r := prepare(t, env+"-app", application(t, env), "releases")
	r.install()
	r.scaled()
	assert.NilError(t, r.upgrade("1.0.0", "--timeout", "2m"))
	r.runs("1.0.0", 2)

	watch := r.watch()
	assert.NilError(t, r.upgrade("2.0.0", "--timeout", "2m"))
	r.runs("2.0.0", 3)
	watch("during an upgrade")

	watch = r.watch()
	err := r.upgrade("missing", "--timeout", "15s")
	assert.ErrorContains(t, err, "has been rolled back due to atomic being set")
	r.runs("2.0.0", 5) // the failed revision was 4
	watch("during an upgrade that fails")

	watch = r.watch()
	r.helm("rollback", "2", "--wait", "--timeout", "2m")
	r.runs("1.0.0", 6)
	watch("during a rollback")

	r.helm("uninstall", "--wait", "--timeout", "2m")
	r.empty()
}

// runs checks that all pods have an image with a tag, and the release's revision.
func (r release) runs(tag string, revision int) {
	r.t.Helper()
	history := r.helm("history", "--max", "1")
	assert.Check(r.t, strings.Contains(history, fmt.Sprintf("\n%d ", revision)) && strings.Contains(history, "deployed"), history)
	eventually(r.t, "pods of "+tag, func() string {
		d := r.deployment()
		pods := r.pods()
		for _, p := range pods {
			if !strings.HasSuffix(p.Spec.Containers[0].Image, ":"+tag) {
				return p.Name + " has image " + p.Spec.Containers[0].Image
			}
		}
		if len(pods) != int(*d.Spec.Replicas) || d.Status.AvailableReplicas != *d.Spec.Replicas {
			return fmt.Sprintf("%d pods, %d available, want %d", len(pods), d.Status.AvailableReplicas, *d.Spec.Replicas)
		}
		return ""
	})
}

// watch counts the pods that can serve until the returned function is called: never fewer than now.
func (r release) watch() func(when string) {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	want := r.deployment().Status.AvailableReplicas
	fewest, looked := want, 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			var d appsv1.Deployment
			output, err := r.client.Kubectl(ctx, "", "get", "deployment", r.name, "--namespace", r.namespace, "--output", "json")
			if err == nil && yaml.Unmarshal([]byte(output), &d) == nil {
				fewest, looked = min(fewest, d.Status.AvailableReplicas), looked+1
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return func(when string) {
		r.t.Helper()
		stop()
		<-done
		assert.Check(r.t, fewest == want && looked > 0, "%s, only %d of %d pods could serve (looked %d times)", when, fewest, want, looked)
	}
}
