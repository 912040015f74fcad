package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	compare "gotest.tools/v3/assert/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
)

// prepareSample creates the namespace of a release with sample values of the application's chart.
func prepareSample(t *testing.T, sample, namespace string) release {
	t.Helper()
	chart := filepath.Join(root, "charts", "app")
	r := release{t: t, client: kube.Client, name: "shop", namespace: namespace, chart: chart, values: filepath.Join(chart, "ci", sample+"-values.yaml")}
	r.apply(fmt.Sprintf(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": %q, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}`, namespace))
	t.Cleanup(func() {
		_, err := kube.Kubectl(context.Background(), "", "delete", "namespace", namespace, "--wait=false")
		assert.Check(t, err)
	})
	return r
}

// TestSamples installs the application's chart for other applications than the sample.
func TestSamples(t *testing.T) {
	for _, sample := range []string{"node", "spring", "worker", "public"} {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			r := prepareSample(t, sample, "sample-"+sample)
			_, err := kube.Helm(t.Context(), "", "lint", "--strict", r.chart, "--values", r.values)
			assert.NilError(t, err)
			r.install()
			r.everyObject()
			for _, d := range get[appsv1.DeploymentList](r, "deployments").Items {
				r.serves(d.Name)
			}
			for _, job := range get[batchv1.CronJobList](r, "cronjobs").Items {
				r.runsOnce(job.Name)
			}
			r.hookIsGone()
			r.helm("uninstall", "--wait", "--timeout", "1m")
			r.empty()
		})
	}
}

// serves waits until the autoscaler has scaled a process to its minimum, and the disruption budget has counted
// its pods alone.
func (r release) serves(process string) {
	r.t.Helper()
	scaler := get[autoscalingv2.HorizontalPodAutoscaler](r, "horizontalpodautoscaler", process)
	assert.Equal(r.t, scaler.Spec.ScaleTargetRef.Name, process)
	least := *scaler.Spec.MinReplicas
	eventually(r.t, process, func() string {
		d := get[appsv1.Deployment](r, "deployment", process)
		if *d.Spec.Replicas != least || d.Status.AvailableReplicas != least {
			return fmt.Sprintf("%d of %d replicas are available, the minimum is %d", d.Status.AvailableReplicas, *d.Spec.Replicas, least)
		}
		s := get[policyv1.PodDisruptionBudget](r, "poddisruptionbudget", process).Status
		if s.ExpectedPods != least || s.DisruptionsAllowed != 1 {
			return fmt.Sprintf("its disruption budget expects %d pods of %d and allows %d to go, want 1", s.ExpectedPods, least, s.DisruptionsAllowed)
		}
		return ""
	})
}

// runsOnce starts a job now.
func (r release) runsOnce(cronJob string) {
	r.t.Helper()
	r.kubectl("create", "job", "now", "--from", "cronjob/"+cronJob)
	eventually(r.t, cronJob, func() string {
		if s := get[batchv1.Job](r, "job", "now").Status; s.Succeeded != 1 {
			return fmt.Sprintf("%d runs have succeeded", s.Succeeded)
		}
		return ""
	})
	r.kubectl("delete", "job", "now", "--wait")
}

// hookIsGone checks that nothing is left of what the release command needed.
func (r release) hookIsGone() {
	r.t.Helper()
	const kinds = "serviceaccounts,secretstores.external-secrets.io,externalsecrets.external-secrets.io,jobs"
	for _, name := range strings.Fields(r.kubectl("get", kinds, "--ignore-not-found", "--output", "name")) {
		assert.Check(r.t, !strings.HasSuffix(name, "-release") && !strings.Contains(name, "-release-"), "%s is left of the release command", name)
	}
}

// TestReleaseCommand: a command that fails stops the release before anything of it is there. The version before
// goes on, and the failed pod stays, without its secrets, until the next release.
func TestReleaseCommand(t *testing.T) {
	t.Parallel()
	r := prepareSample(t, "node", "release-command")
	r.install()
	r.serves("shop")
	assert.NilError(t, r.upgrade("1.0.0", "--timeout", "2m"))
	r.have("1.0.0")
	r.hookIsGone()

	err := r.upgrade("missing", "--timeout", "15s")
	assert.ErrorContains(t, err, "pre-upgrade hooks failed")
	job := get[batchv1.Job](r, "job", "shop-release")
	assert.Check(t, compare.Equal(job.Status.Succeeded, int32(0)))
	pods := get[corev1.PodList](r, "pods", "--selector", "app.kubernetes.io/component=release").Items
	assert.Equal(t, len(pods), 1)
	r.have("1.0.0")
	left := strings.Fields(r.kubectl("get", "secretstores.external-secrets.io,serviceaccounts", "--output", "name"))
	assert.Check(t, !slices.ContainsFunc(left, func(name string) bool { return strings.Contains(name, "-release") }), "the failed command's %v are left", left)

	assert.NilError(t, r.upgrade("2.0.0", "--timeout", "2m"))
	r.have("2.0.0")
	r.hookIsGone()
	r.helm("uninstall", "--wait", "--timeout", "1m")
	r.empty()
}

// have waits until the pods of web and the worker have an image with a tag, and no others are there.
func (r release) have(tag string) {
	r.t.Helper()
	eventually(r.t, "pods of "+tag, func() string {
		pods := get[corev1.PodList](r, "pods", "--selector", "app.kubernetes.io/component in (web, mailer)").Items
		for _, p := range pods {
			if image := p.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+tag) {
				return p.Name + " has image " + image
			}
		}
		if len(pods) != 3 {
			return fmt.Sprintf("%d pods, want 3", len(pods))
		}
		return ""
	})
}

// TestAnotherSecret: values that name another secret replace all pods, and as many can serve meanwhile. The values of
// the same secrets replace none.
func TestAnotherSecret(t *testing.T) {
	t.Parallel()
	r := prepareSample(t, "node", "another-secret")
	r.install()
	r.serves("shop")
	names := func() (all []string) {
		for _, p := range get[corev1.PodList](r, "pods", "--selector", "app.kubernetes.io/component in (web, mailer)").Items {
			if p.DeletionTimestamp == nil {
				all = append(all, p.Name)
			}
		}
		return all
	}
	upgrade := func(values string) {
		t.Helper()
		r.helm("upgrade", r.chart, "--values", r.values, "--set", values, "--wait", "--atomic", "--timeout", "2m")
	}
	before := names()
	upgrade("secrets.STRIPE_KEY.name=shop/stripe")
	assert.DeepEqual(t, names(), before)
	for _, values := range []string{
		"secrets.STRIPE_KEY.name=shop/stripe-2",
		"secrets.STRIPE_KEY.name=shop/stripe-2,secrets.MAIL.name=shop/mail",
		"database.secret=plinth/dev/shop/database-b",
	} {
		before := names()
		watch := r.watch()
		upgrade(values)
		eventually(t, "the pods", func() string {
			pods := names()
			for _, name := range pods {
				if slices.Contains(before, name) {
					return name + " is from before"
				}
			}
			if len(pods) != len(before) {
				return fmt.Sprintf("%d pods, want %d", len(pods), len(before))
			}
			return ""
		})
		watch("while pods got " + values)
		// What the pods wait for is there, and nothing of the secrets before.
		found := strings.Fields(r.kubectl("get", "externalsecrets.external-secrets.io", "--output", "jsonpath={.items[*].spec.target.name}"))
		assert.Equal(t, len(found), 3, "%v", found)
		for _, from := range get[appsv1.Deployment](r, "deployment", r.name).Spec.Template.Spec.Containers[0].EnvFrom {
			assert.Check(t, slices.Contains(found, from.SecretRef.Name), "%s is not made: %v", from.SecretRef.Name, found)
		}
	}
	r.helm("uninstall", "--wait", "--timeout", "1m")
	r.empty()
}
