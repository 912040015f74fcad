package charts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/golden"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/render"
)

// startSeconds is what a command's deadline has on top of what the values say, for its pod to start.
const startSeconds = 300

// TestGoldenSamples compares what each file of sample values renders to with testdata/app.
// After an intended change: make golden
func TestGoldenSamples(t *testing.T) {
	folder := absolute(t, "testdata/app")
	current := map[string]bool{}
	for _, name := range samples(t) {
		r := renderApp(t, sample(t, name))
		var text strings.Builder
		for _, object := range r.Objects {
			if object.Hook == "" {
				continue
			}
			fields, err := yaml.Marshal(object.Fields)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&text, "---\n# Source: %s\n%s", object.File, fields)
		}
		file := filepath.Join(folder, name+".yaml")
		current[file] = true
		golden.Assert(t, text.String()+withTests(t, r), file)
	}
	kept, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range kept {
		if current[file] {
			continue
		}
		if !golden.FlagUpdate() {
			t.Errorf("%s: no such sample any more", file)
		} else if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	}
}

// What selects the pods of one process selects no others: a worker gets no requests, and a job's pod
// protects none of them from eviction.
func TestAppProcessesAreApart(t *testing.T) {
	eachSample(t, func(t *testing.T, _ map[string]any, r *render.Release) {
		selectors := map[string]map[string]string{}
		for _, s := range all[*corev1.Service](r) {
			selectors["Service "+s.Name] = s.Spec.Selector
		}
		for _, b := range all[*policyv1.PodDisruptionBudget](r) {
			selectors["disruption budget "+b.Name] = b.Spec.Selector.MatchLabels
		}
		for _, d := range all[*appsv1.Deployment](r) {
			selectors["Deployment "+d.Name] = d.Spec.Selector.MatchLabels
			selectors["topology constraint of "+d.Name] = d.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels
		}
		for what, selector := range selectors {
			selected := slices.DeleteFunc(pods(r), func(p pod) bool { return !selects(selector, p.meta.Labels) })
			if len(selected) != 1 {
				t.Errorf("the %s selects the pods of %d processes", what, len(selected))
			}
		}
		components := map[string]bool{}
		for _, p := range pods(r) {
			name := p.meta.Labels["app.kubernetes.io/component"]
			if p.meta.Labels["app.kubernetes.io/name"] == "app-test" {
				continue
			}
			if name == "" || components[name] {
				t.Errorf("%s has component %q", p.object, name)
			}
			components[name] = true
		}
	})
}

// An upgrade keeps the names and selectors of what is deployed since 0.1.0.
func TestAppUpgradeKeepsNames(t *testing.T) {
	r := renderApp(t, sample(t, "https"))
	d := web(t, r)
	want := map[string]string{"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "app"}
	for what, selector := range map[string]map[string]string{
		"Deployment":        d.Spec.Selector.MatchLabels,
		"Service":           named[*corev1.Service](t, r, "app").Spec.Selector,
		"disruption budget": named[*policyv1.PodDisruptionBudget](t, r, "app").Spec.Selector.MatchLabels,
	} {
		if !maps.Equal(selector, want) {
			t.Errorf("the %s selects %v, want %v", what, selector, want)
		}
	}
	named[*networkingv1.Ingress](t, r, "app")
	for _, kind := range []string{"SecretStore", "ExternalSecret"} {
		customCalled(t, r, kind, "app-database")
		customCalled(t, r, kind, "app-parameters")
	}
}

// All processes have the same variables and paths to write to, but those for requests.
func TestAppProcessesAreAlike(t *testing.T) {
	change := `env: {GREETING: "$(PORT) costs $5", TZ: UTC}`
	r := renderApp(t, sample(t, "node", change))
	for _, p := range pods(r) {
		c := p.spec.Containers[0]
		isWeb := p.meta.Labels["app.kubernetes.io/component"] == "web"
		for _, name := range []string{"PORT", "METRICS_PORT", "IDLE_TIMEOUT"} {
			if has := env(c, name) != ""; has != isWeb {
				t.Errorf("%s: %s is %q", p.object, name, env(c, name))
			}
		}
		for name, want := range map[string]string{"TZ": "UTC", "NODE_ENV": "production", "DATABASE_NAME": "shop"} {
			if got := env(c, name); got != want {
				t.Errorf("%s: %s is %q, want %s", p.object, name, got, want)
			}
		}
		// Kubernetes writes $$( as $(, and puts a variable for $(.
		if got := strings.ReplaceAll(env(c, "GREETING"), "$$(", "$("); got != "$(PORT) costs $5" || !strings.HasPrefix(env(c, "GREETING"), "$$") {
			t.Errorf("%s: GREETING is %q", p.object, env(c, "GREETING"))
		}
		if env(c, "GOMEMLIMIT") == "" || len(c.EnvFrom) != 2 {
			t.Errorf("%s: GOMEMLIMIT is %q, variables come from %v", p.object, env(c, "GOMEMLIMIT"), c.EnvFrom)
		}
		i := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/tmp" })
		if i < 0 || c.VolumeMounts[i].ReadOnly {
			t.Errorf("%s cannot write to /tmp: %v", p.object, c.VolumeMounts)
			continue
		}
		j := slices.IndexFunc(p.spec.Volumes, func(v corev1.Volume) bool { return v.Name == c.VolumeMounts[i].Name })
		if p.spec.Volumes[j].EmptyDir == nil || p.spec.Volumes[j].EmptyDir.Medium != "" {
			t.Errorf("%s: /tmp is %v, want an empty folder on the disk", p.object, p.spec.Volumes[j])
		}
		if group := p.spec.SecurityContext.FSGroup; group == nil || *group != 1000 {
			t.Errorf("%s: files belong to group %v, want 1000", p.object, group)
		}
	}
}

func TestAppWorkers(t *testing.T) {
	r := renderApp(t, sample(t, "node"))
	d := named[*appsv1.Deployment](t, r, "app-mailer")
	c := d.Spec.Template.Spec.Containers[0]
	if want := []string{"node", "mailer.js"}; !slices.Equal(c.Command, want) {
		t.Errorf("the worker runs %v, want %v", c.Command, want)
	}
	if len(c.Ports) != 0 || c.StartupProbe != nil || c.ReadinessProbe != nil || c.LivenessProbe != nil || c.Lifecycle != nil {
		t.Errorf("the worker has ports, probes or a hook, and no load balancer: %v", c)
	}
	if d.Spec.MinReadySeconds == 0 {
		t.Error("a worker that crashes at once counts as a successful release")
	}
	if grace := *d.Spec.Template.Spec.TerminationGracePeriodSeconds; grace <= stopSeconds {
		t.Errorf("the worker is killed after %d s, and may take %d", grace, stopSeconds)
	}
	if len(d.Spec.Template.Annotations) != 0 {
		t.Errorf("the worker has annotations %v, which are for web", d.Spec.Template.Annotations)
	}
	if command := named[*appsv1.Deployment](t, renderApp(t, sample(t, "worker")), "app-importer").Spec.Template.Spec.Containers[0].Command; command != nil {
		t.Errorf("without a command the worker runs %v, want the image's own", command)
	}
	alone := renderApp(t, sample(t, "worker"))
	if services, ingresses := all[*corev1.Service](alone), all[*networkingv1.Ingress](alone); len(services)+len(ingresses) != 0 {
		t.Errorf("nobody sends requests to a worker, and there are %v and %v", services, ingresses)
	}
}

func TestAppJobs(t *testing.T) {
	r := renderApp(t, sample(t, "node"))
	j := named[*batchv1.CronJob](t, r, "app-nightly-report")
	if j.Spec.Schedule != "15 2 * * *" || j.Spec.TimeZone == nil || *j.Spec.TimeZone != "Europe/London" {
		t.Errorf("the job runs at %s in %v", j.Spec.Schedule, j.Spec.TimeZone)
	}
	if j.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent {
		t.Errorf("concurrency policy is %s", j.Spec.ConcurrencyPolicy)
	}
	// Late after an upgrade of the control plane, which takes minutes; not in the middle of the day.
	if late := j.Spec.StartingDeadlineSeconds; late == nil || *late < 900 || *late > 4*3600 {
		t.Errorf("a start that was missed is made up for within %v s", late)
	}
	job := j.Spec.JobTemplate.Spec
	if *job.ActiveDeadlineSeconds != 1800+startSeconds {
		t.Errorf("the job is stopped after %d s", *job.ActiveDeadlineSeconds)
	}
	if *job.BackoffLimit != 0 {
		t.Errorf("a command that fails is run %d times more", *job.BackoffLimit)
	}
	rule := job.PodFailurePolicy.Rules[0]
	if rule.Action != batchv1.PodFailurePolicyActionIgnore || rule.OnPodConditions[0].Type != corev1.DisruptionTarget {
		t.Errorf("a pod that is evicted counts as a failure: %v", rule)
	}
	// Fargate bills a finished pod's machine until the pod is deleted.
	if ttl := job.TTLSecondsAfterFinished; ttl == nil || *ttl > 4*3600 {
		t.Errorf("a finished job is kept for %v s", ttl)
	}
	if *j.Spec.SuccessfulJobsHistoryLimit > 1 || *j.Spec.FailedJobsHistoryLimit > 1 {
		t.Errorf("%d and %d finished jobs are kept", *j.Spec.SuccessfulJobsHistoryLimit, *j.Spec.FailedJobsHistoryLimit)
	}
	if policy := job.Template.Spec.RestartPolicy; policy != corev1.RestartPolicyNever {
		t.Errorf("restart policy is %s", policy)
	}
	together := renderApp(t, sample(t, "node", `jobs: {nightly-report: {concurrent: true}}`))
	if policy := named[*batchv1.CronJob](t, together, "app-nightly-report").Spec.ConcurrencyPolicy; policy != batchv1.AllowConcurrent {
		t.Errorf("concurrency policy is %s", policy)
	}
}

// The release command has all that it needs before there is anything of the release, and nothing of it stays.
func TestAppRelease(t *testing.T) {
	r := renderApp(t, sample(t, "node", `serviceAccount: {roleArn: "arn:aws:iam::111111111111:role/queue"}`))
	weights := map[string]int{}
	own := map[string]bool{}
	for _, object := range r.Objects {
		if object.Hook == "" {
			own[object.Kind+" "+object.Name] = true
			continue
		}
		annotations := object.Decoded.(metav1.Object).GetAnnotations()
		if hooks := annotations["helm.sh/hook"]; hooks != "pre-install,pre-upgrade" {
			t.Errorf("%s is made on %s", &object, hooks)
		}
		// Helm deletes those of a command that failed, too, but not the Job.
		if policy := annotations["helm.sh/hook-delete-policy"]; policy != "before-hook-creation,hook-succeeded" {
			t.Errorf("%s is deleted on %s", &object, policy)
		}
		weights[object.Kind+" "+object.Name] = asInt(t, annotations["helm.sh/hook-weight"])
	}
	want := []string{
		"ConfigMap app-release-certificates", "ExternalSecret app-release-database", "ExternalSecret app-release-parameters", "ExternalSecret app-release-secrets", "Job app-release",
		"SecretStore app-release-database", "SecretStore app-release-parameters", "SecretStore app-release-secrets",
		"ServiceAccount shop-release", "ServiceAccount shop-secrets-release",
	}
	if got := slices.Sorted(maps.Keys(weights)); !slices.Equal(got, want) {
		t.Errorf("the hook makes %v, want %v", got, want)
	}
	for name, weight := range weights {
		if own[name] {
			t.Errorf("%s is the release's too, and the hook would delete it", name)
		}
		if before := weight < weights["Job app-release"]; before == (name == "Job app-release") {
			t.Errorf("%s has weight %d, the Job %d", name, weight, weights["Job app-release"])
		}
	}

	job := named[*batchv1.Job](t, r, "app-release")
	if *job.Spec.ActiveDeadlineSeconds != 600+startSeconds {
		t.Errorf("the command is stopped after %d s", *job.Spec.ActiveDeadlineSeconds)
	}
	if *job.Spec.BackoffLimit != 0 || job.Spec.PodFailurePolicy != nil {
		t.Errorf("a migration that failed half way runs again: %d times, %v", *job.Spec.BackoffLimit, job.Spec.PodFailurePolicy)
	}
	// A failed one stays until the next release.
	if job.Spec.TTLSecondsAfterFinished != nil {
		t.Errorf("the Job is deleted after %d s", *job.Spec.TTLSecondsAfterFinished)
	}
	pod := job.Spec.Template.Spec
	if want := []string{"npm", "run", "migrate"}; !slices.Equal(pod.Containers[0].Command, want) {
		t.Errorf("the Job runs %v, want %v", pod.Containers[0].Command, want)
	}
	if pod.ServiceAccountName != "shop-release" || pod.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("the pod runs as %s with restart policy %s", pod.ServiceAccountName, pod.RestartPolicy)
	}
	if from := pod.Containers[0].EnvFrom; len(from) != 2 || from[0].SecretRef.Name != "app-release-parameters" || from[1].SecretRef.Name != "app-release-secrets" {
		t.Errorf("variables come from %v", from)
	}
	for _, store := range []string{"app-release-parameters", "app-release-secrets"} {
		if name := field[string](t, customCalled(t, r, "SecretStore", store), "spec.provider.aws.auth.jwt.serviceAccountRef.name"); name != "shop-secrets-release" {
			t.Errorf("store %s asks as %s", store, name)
		}
	}
	if role := named[*corev1.ServiceAccount](t, r, "shop-release").Annotations[roleAnnotation]; role != "arn:aws:iam::111111111111:role/queue" {
		t.Errorf("the command's role is %q", role)
	}

	t.Run("names of accounts", func(t *testing.T) {
		r := renderApp(t, sample(t, "node", `serviceAccount: {releaseName: migrator}`, `secretStore: {releaseServiceAccountName: reader}`))
		named[*corev1.ServiceAccount](t, r, "migrator")
		named[*corev1.ServiceAccount](t, r, "reader")
	})
	t.Run("without secrets", func(t *testing.T) {
		r := renderApp(t, sample(t, "public", `release: {command: [true-enough]}`))
		if left := all[*corev1.ServiceAccount](r); len(left) != 2 {
			t.Errorf("%d service accounts, want the pods' and the command's", len(left))
		}
		checkNoSecrets(t, r)
	})
}

// What a process says wins over the defaults, also where it says nothing, zero or false.
func TestAppDefaults(t *testing.T) {
	r := renderApp(t, sample(t, "node", `defaults: {job: {concurrent: true, timeZone: Asia/Tokyo}, worker: {command: [a]}, web: {metrics: {port: 9090}, health: {livenessPath: /livez}}}`,
		`jobs: {other: {command: [b], schedule: "@daily"}, nightly-report: {concurrent: false}}`,
		`workers: {second: {}, image: {command: []}}`, `web: {metrics: {port: 0}, health: {livenessPath: ""}}`))
	other, report := named[*batchv1.CronJob](t, r, "app-other"), named[*batchv1.CronJob](t, r, "app-nightly-report")
	if other.Spec.ConcurrencyPolicy != batchv1.AllowConcurrent || *other.Spec.TimeZone != "Asia/Tokyo" {
		t.Errorf("a job without more has policy %s in %s", other.Spec.ConcurrencyPolicy, *other.Spec.TimeZone)
	}
	if report.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent || *report.Spec.TimeZone != "Europe/London" {
		t.Errorf("the report has policy %s in %s", report.Spec.ConcurrencyPolicy, *report.Spec.TimeZone)
	}
	for name, want := range map[string][]string{"app-second": {"a"}, "app-image": nil, "app-mailer": {"node", "mailer.js"}} {
		if got := named[*appsv1.Deployment](t, r, name).Spec.Template.Spec.Containers[0].Command; !slices.Equal(got, want) {
			t.Errorf("%s runs %v, want %v", name, got, want)
		}
	}
	c := web(t, r).Spec.Template.Spec.Containers[0]
	if env(c, "METRICS_PORT") != "" || c.LivenessProbe.TCPSocket == nil {
		t.Errorf("web has metrics on %s and liveness probe %v", env(c, "METRICS_PORT"), c.LivenessProbe)
	}
}
