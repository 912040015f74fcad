package charts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/golden"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/published"
	"plinth/tools/charts/render"
)

const appChart = "../../charts/app"

// After SIGTERM the application finishes its requests for at most drainSeconds, and exits within
// stopSeconds.
const (
	drainSeconds = 25
	stopSeconds  = 30
)

const alb = "alb.ingress.kubernetes.io/"

// sample returns the values of charts/app/ci/<name>-values.yaml with some overridden.
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

// samples are the names of the files of sample values.
func samples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(appChart, "ci", "*-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatalf("%s/ci has no sample values", appChart)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), "-values.yaml")
	}
	return files
}

// eachSample runs a test with every file of sample values. Sections of values are complete: they have the
// defaults of what they leave out.
func eachSample(t *testing.T, test func(t *testing.T, values map[string]any, r *render.Release)) {
	for _, name := range samples(t) {
		t.Run(name, func(t *testing.T) {
			values := sample(t, name)
			all, err := chartutil.CoalesceValues(loadChart(t, appChart), values)
			if err != nil {
				t.Fatal(err)
			}
			defaults := all["defaults"].(map[string]any)
			for _, section := range []string{"web", "release", "database"} {
				if given, ok := all[section].(map[string]any); ok {
					all[section] = chartutil.MergeTables(given, defaults[section].(map[string]any))
				}
			}
			for section, of := range map[string]string{"workers": "worker", "jobs": "job"} {
				for _, given := range all[section].(map[string]any) {
					chartutil.MergeTables(given.(map[string]any), chartutil.MergeTables(map[string]any{}, defaults[of].(map[string]any)))
				}
			}
			test(t, all, renderApp(t, values))
		})
	}
}

// eachWeb runs a test with every file of sample values that has a web process, and what they say of it.
func eachWeb(t *testing.T, test func(t *testing.T, values, web map[string]any, r *render.Release)) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		if web, ok := values["web"].(map[string]any); ok {
			test(t, values, web, r)
		}
	})
}

// named returns the release's only object of a type that has a name.
func named[T interface {
	runtime.Object
	metav1.Object
}](t *testing.T, r *render.Release, name string) T {
	t.Helper()
	found := slices.DeleteFunc(all[T](r), func(o T) bool { return o.GetName() != name })
	if len(found) != 1 {
		t.Fatalf("%s has %d objects of type %T called %s, want 1", r.Name, len(found), *new(T), name)
	}
	return found[0]
}

// web is the Deployment of the web process.
func web(t *testing.T, r *render.Release) *appsv1.Deployment {
	t.Helper()
	return named[*appsv1.Deployment](t, r, r.Name)
}

func TestAppLint(t *testing.T) {
	for _, name := range samples(t) {
		t.Run(name, func(t *testing.T) { checkLint(t, appChart, "app", sample(t, name)) })
	}
}

// checkLint runs helm lint --strict: warnings fail too.
func checkLint(t *testing.T, chart, namespace string, values map[string]any) {
	t.Helper()
	version, err := chartutil.ParseKubeVersion(kubeVersion)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range lint.AllWithKubeVersion(chart, values, namespace, version).Messages {
		if message.Severity >= support.WarningSev {
			t.Error(message)
		}
	}
}

func TestAppPods(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		checkRestricted(t, r)
		checkFargate(t, r)
		checkFargateSize(t, r)
		want := len(values["workers"].(map[string]any)) + len(values["jobs"].(map[string]any))
		for _, section := range []string{"web", "release"} {
			if _, ok := values[section].(map[string]any); ok {
				want++
			}
		}
		if web, ok := values["web"].(map[string]any); ok && len(web["testArgs"].([]any)) > 0 {
			want++
		}
		if len(pods(r)) != want {
			t.Fatalf("%d kinds of pods, want those of %d processes and of the test", len(pods(r)), want)
		}
		for _, p := range pods(r) {
			if user := fmt.Sprint(values["user"]); fmt.Sprint(*p.spec.SecurityContext.RunAsUser) != user || fmt.Sprint(*p.spec.SecurityContext.RunAsGroup) != user {
				t.Errorf("%s runs as user %d and group %d, want %s", p.object, *p.spec.SecurityContext.RunAsUser, *p.spec.SecurityContext.RunAsGroup, user)
			}
			if *p.spec.SecurityContext.RunAsUser == 0 || *p.spec.SecurityContext.RunAsGroup == 0 {
				t.Errorf("%s runs as root", p.object)
			}
			if p.spec.AutomountServiceAccountToken == nil || *p.spec.AutomountServiceAccountToken {
				t.Errorf("%s gets a token for the Kubernetes API", p.object)
			}
			c := p.spec.Containers[0]
			if !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("%s: the root file system can be written", p.object)
			}
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
				if !request.Equal(limit) {
					t.Errorf("%s: %s: request %s and limit %s differ", p.object, name, &request, &limit)
				}
			}
		}
	})
}

func TestAppProbes(t *testing.T) {
	eachWeb(t, func(t *testing.T, _, values map[string]any, r *render.Release) {
		c := web(t, r).Spec.Template.Spec.Containers[0]
		health := values["health"].(map[string]any)
		for _, probe := range []struct {
			name string
			*corev1.Probe
			path any
		}{
			// Not the database's health: during a long outage Kubernetes would restart new pods.
			{"startup", c.StartupProbe, health["livenessPath"]},
			{"readiness", c.ReadinessProbe, health["path"]},
			{"liveness", c.LivenessProbe, health["livenessPath"]},
		} {
			switch {
			case probe.Probe == nil:
				t.Errorf("no %s probe", probe.name)
			case probe.path == "":
				if probe.HTTPGet != nil || probe.TCPSocket == nil || probe.TCPSocket.Port.StrVal != "http" {
					t.Errorf("the %s probe does not connect to port http: %v", probe.name, probe.Probe)
				}
			case probe.HTTPGet == nil:
				t.Errorf("no %s probe that requests %s", probe.name, probe.path)
			case probe.HTTPGet.Path != probe.path || probe.HTTPGet.Port.StrVal != "http":
				t.Errorf("%s probe asks %s on port %s, want %s on port http",
					probe.name, probe.HTTPGet.Path, &probe.HTTPGet.Port, probe.path)
			}
		}
		allowed := int(c.StartupProbe.PeriodSeconds * c.StartupProbe.FailureThreshold)
		if want := asInt(t, health["startSeconds"]); allowed < want || allowed > want+1 {
			t.Errorf("the process may take %d s to start, want %d", allowed, want)
		}
	})
}

func asInt(t *testing.T, value any) int {
	t.Helper()
	n, err := strconv.Atoi(fmt.Sprint(value))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAppRolloutLosesNoRequest(t *testing.T) {
	eachSample(t, func(t *testing.T, _ map[string]any, r *render.Release) {
		for _, d := range all[*appsv1.Deployment](r) {
			checkRollout(t, r, d)
		}
	})
}

func checkRollout(t *testing.T, r *render.Release, d *appsv1.Deployment) {
	t.Helper()
	update := d.Spec.Strategy.RollingUpdate
	if update.MaxUnavailable.IntValue() != 0 {
		t.Errorf("a rollout takes %s pods away before there are others", update.MaxUnavailable)
	}
	// For the fewest and the most pods that settings allow: the release waits a quarter of an hour, in
	// which Fargate starts about five pods after each other.
	for _, replicas := range []int{1, 2, 100} {
		if surge, err := intstr.GetScaledValueFromIntOrPercent(update.MaxSurge, replicas, true); err != nil || surge < 1 || 5*surge < replicas {
			t.Errorf("a rollout of %d pods adds %d at a time (%v)", replicas, surge, err)
		}
	}
	pod := d.Spec.Template.Spec
	for _, c := range pod.TopologySpreadConstraints {
		if !selects(c.LabelSelector.MatchLabels, d.Spec.Template.Labels) {
			t.Errorf("pods spread over %s by labels they do not have: %v", c.TopologyKey, c.LabelSelector.MatchLabels)
		}
		if c.WhenUnsatisfiable != corev1.ScheduleAnyway {
			t.Errorf("pods that cannot spread over %s would wait for ever", c.TopologyKey)
		}
	}
	if len(pod.TopologySpreadConstraints) == 0 {
		t.Error("pods do not spread over zones")
	}

	budget := named[*policyv1.PodDisruptionBudget](t, r, d.Name)
	if !selects(budget.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
		t.Errorf("the disruption budget selects %v, pods have %v", budget.Spec.Selector.MatchLabels, d.Spec.Template.Labels)
	}
	if budget.Spec.MaxUnavailable.IntValue() != 1 {
		t.Errorf("the disruption budget lets %s pods go, want 1", budget.Spec.MaxUnavailable)
	}
}

// A terminating pod answers all requests for which the load balancer still waits.
func TestAppLeavesInTime(t *testing.T) {
	// The longest time until the controller and the load balancer know that a pod terminates.
	const notice = 20
	for _, delay := range []int64{0, 25, 26, 300, 3600} {
		r := renderApp(t, sample(t, "http", fmt.Sprintf("ingress: {deregistrationDelaySeconds: %d}", delay)))
		attributes := one[*networkingv1.Ingress](t, r).Annotations[alb+"target-group-attributes"]
		if want := fmt.Sprintf("deregistration_delay.timeout_seconds=%d", delay); attributes != want {
			t.Errorf("target group's attributes are %q, want %q", attributes, want)
		}
		pod := web(t, r).Spec.Template.Spec
		hook := pod.Containers[0].Lifecycle.PreStop
		if hook.Sleep == nil || hook.Exec != nil {
			t.Fatalf("preStop is %v, want a sleep: the image has nothing to execute", hook)
		}
		sleep, grace := hook.Sleep.Seconds, *pod.TerminationGracePeriodSeconds
		if sleep < notice {
			t.Errorf("delay %d s: the pod stops after %d s, while it is sent requests for %d s", delay, sleep, notice)
		}
		if grace <= sleep+stopSeconds {
			t.Errorf("delay %d s: the pod is killed after %d s, while it sleeps %d s and stops within %d s", delay, grace, sleep, stopSeconds)
		}
		if answers := sleep + drainSeconds; answers < notice+delay {
			t.Errorf("delay %d s: the pod answers for %d s, while the load balancer waits for it up to %d s", delay, answers, notice+delay)
		}
		if most := notice + max(delay, drainSeconds) + 15; grace > most {
			t.Errorf("delay %d s: the pod may take %d s to leave, longer than the %d s that serve a purpose", delay, grace, most)
		}
	}
}

// The load balancer must be the one that closes an idle connection.
func TestAppOutwaitsTheLoadBalancer(t *testing.T) {
	for _, idle := range []int{1, 60, 4000} {
		r := renderApp(t, sample(t, "http", fmt.Sprintf("ingress: {idleTimeoutSeconds: %d}", idle)))
		attributes := one[*networkingv1.Ingress](t, r).Annotations[alb+"load-balancer-attributes"]
		if want := fmt.Sprintf("idle_timeout.timeout_seconds=%d", idle); !slices.Contains(strings.Split(attributes, ","), want) {
			t.Errorf("load balancer's attributes are %q, want %q among them", attributes, want)
		}
		text := env(web(t, r).Spec.Template.Spec.Containers[0], "IDLE_TIMEOUT")
		if timeout, err := time.ParseDuration(text); err != nil || timeout <= time.Duration(idle)*time.Second {
			t.Errorf("the application keeps idle connections for %q, the load balancer for %d s", text, idle)
		}
	}
}

// Another scheme is another load balancer, and Helm waits for it only while new pods do.
func TestSchemeRollsPods(t *testing.T) {
	template := func(change string) string {
		encoded, err := json.Marshal(web(t, renderApp(t, sample(t, "http", change))).Spec.Template)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	if template("ingress: {internal: true}") == template("ingress: {internal: false}") {
		t.Error("the pods of an internal load balancer have the template of a public one's: Helm does not wait for its replacement")
	}
}

// A Deployment's selector is immutable, so it must not contain anything that differs between two
// releases of the same name.
func TestAppSelectorIsStable(t *testing.T) {
	selector := func(r *render.Release) map[string]string {
		return web(t, r).Spec.Selector.MatchLabels
	}
	before, after := selector(renderApp(t, sample(t, "http"))), selector(renderApp(t, sample(t, "https")))
	if !maps.Equal(before, after) {
		t.Errorf("the selector is %v with one set of values and %v with another", before, after)
	}
}

func TestAppAutoscaler(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		for _, d := range all[*appsv1.Deployment](r) {
			process, _ := values["web"].(map[string]any)
			if name, ok := strings.CutPrefix(d.Name, r.Name+"-"); ok {
				process = values["workers"].(map[string]any)[name].(map[string]any)
			}
			checkAutoscaler(t, r, d, process["replicas"].(map[string]any))
		}
	})
}

func checkAutoscaler(t *testing.T, r *render.Release, d *appsv1.Deployment, replicas map[string]any) {
	t.Helper()
	if d.Spec.Replicas != nil {
		t.Errorf("the Deployment asks for %d replicas, which every upgrade would reset the autoscaler to", *d.Spec.Replicas)
	}
	hpa := named[*autoscalingv2.HorizontalPodAutoscaler](t, r, d.Name).Spec
	if hpa.ScaleTargetRef.Kind != "Deployment" || hpa.ScaleTargetRef.Name != d.Name || hpa.ScaleTargetRef.APIVersion != "apps/v1" {
		t.Errorf("the autoscaler scales %v, not Deployment %s", hpa.ScaleTargetRef, d.Name)
	}
	if got, want := fmt.Sprint(*hpa.MinReplicas, hpa.MaxReplicas), fmt.Sprint(replicas["min"], replicas["max"]); got != want {
		t.Errorf("minimum and maximum are %s, want %s", got, want)
	}
	targets := map[corev1.ResourceName]any{}
	for _, m := range hpa.Metrics {
		targets[m.Resource.Name] = *m.Resource.Target.AverageUtilization
	}
	want := map[corev1.ResourceName]any{corev1.ResourceCPU: replicas["cpuPercent"], corev1.ResourceMemory: replicas["memoryPercent"]}
	if fmt.Sprint(targets) != fmt.Sprint(want) {
		t.Errorf("targets are %v, want %v", targets, want)
	}

	up, down := hpa.Behavior.ScaleUp, hpa.Behavior.ScaleDown
	if *up.StabilizationWindowSeconds != 0 || *up.SelectPolicy != autoscalingv2.MaxChangePolicySelect {
		t.Errorf("more pods come after %d s, the %s of the policies", *up.StabilizationWindowSeconds, *up.SelectPolicy)
	}
	if *down.StabilizationWindowSeconds != 300 {
		t.Errorf("pods go after %d s, want 300", *down.StabilizationWindowSeconds)
	}
	// Within a minute, with few pods and with many.
	for _, test := range []struct{ pods, most, least int32 }{{1, 5, 0}, {4, 8, 3}, {30, 60, 27}} {
		if got := test.pods + changed(up, test.pods); got != test.most {
			t.Errorf("%d pods become %d within a minute, want %d", test.pods, got, test.most)
		}
		if got := test.pods - changed(down, test.pods); got != test.least {
			t.Errorf("%d pods become %d within a minute, want %d", test.pods, got, test.least)
		}
	}
}

// changed is how many of some pods the policies may add or remove within a minute.
func changed(rules *autoscalingv2.HPAScalingRules, pods int32) int32 {
	var most int32
	for _, p := range rules.Policies {
		change := p.Value
		if p.Type == autoscalingv2.PercentScalingPolicy {
			change = pods * p.Value / 100
		}
		most = max(most, change*60/p.PeriodSeconds)
	}
	return most
}

// Go's garbage must not trigger scaling, and must fit in the container's memory.
func TestAppMemory(t *testing.T) {
	for _, test := range []struct{ change, want string }{
		{`{}`, "184MiB"},
		{`{web: {replicas: {memoryPercent: 90}}}`, "207MiB"},
		{`{web: {resources: {memory: 1792Mi}}}`, "1290MiB"},
		{`{web: {resources: {memory: 1.5Gi}}}`, "1105MiB"},
		{`{web: {resources: {cpu: "16", memory: 122624Mi}}}`, "88289MiB"},
	} {
		c := web(t, renderApp(t, sample(t, "http", test.change))).Spec.Template.Spec.Containers[0]
		if got := env(c, "GOMEMLIMIT"); got != test.want {
			t.Errorf("%s: Go's memory limit is %q, want %s", test.change, got, test.want)
		}
	}
}

func TestAppIsReached(t *testing.T) {
	eachWeb(t, func(t *testing.T, _, values map[string]any, r *render.Release) {
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

// The metrics must not be reachable through the load balancer.
func TestAppMetricsAreNotPublic(t *testing.T) {
	eachWeb(t, func(t *testing.T, _, values map[string]any, r *render.Release) {
		checkMetrics(t, r, values)
	})
	t.Run("on the port for the load balancer, scaling on requests", func(t *testing.T) {
		change := `web: {metrics: {port: 8080, path: /internal/metrics}, replicas: {requestsPerSecond: 10}}`
		checkMetrics(t, renderApp(t, sample(t, "http", change)), map[string]any{"port": 8080, "metrics": map[string]any{"port": 8080, "path": "/internal/metrics"}})
	})
}

func checkMetrics(t *testing.T, r *render.Release, values map[string]any) {
	t.Helper()
	pod := web(t, r).Spec.Template
	c := pod.Spec.Containers[0]
	given := values["metrics"].(map[string]any)
	port, path, told := fmt.Sprint(given["port"]), fmt.Sprint(given["path"]), env(c, "METRICS_PORT")
	ingress := one[*networkingv1.Ingress](t, r)
	paths := ingress.Spec.Rules[0].HTTP.Paths
	i := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == "metrics" })

	if port == "0" {
		if i >= 0 || told != "" || len(pod.Annotations) != 0 || len(paths) != 1 {
			t.Errorf("without metrics there are ports %v, METRICS_PORT %q, annotations %v, paths %v", c.Ports, told, pod.Annotations, paths)
		}
		return
	}
	if told != port {
		t.Errorf("the application is told %q to serve metrics on, want %s", told, port)
	}
	// Prometheus' discovery reads these.
	if got := pod.Annotations["prometheus.io/port"]; got != port {
		t.Errorf("annotation prometheus.io/port is %q, want %s", got, port)
	}
	if got := pod.Annotations["prometheus.io/path"]; got != path {
		t.Errorf("annotation prometheus.io/path is %q, want %s", got, path)
	}

	if port == fmt.Sprint(values["port"]) {
		if i >= 0 {
			t.Errorf("port %s has two names", port)
		}
		checkHidden(t, ingress, path)
		return
	}
	if i < 0 {
		t.Fatal("the container has no port metrics")
	}
	metrics := c.Ports[i].ContainerPort
	if fmt.Sprint(metrics) != port {
		t.Errorf("port metrics is %d, want %s", metrics, port)
	}
	if len(paths) != 1 {
		t.Errorf("the Ingress has paths %v, want one", paths)
	}
	shown := paths[0].Backend.Service.Name
	for _, service := range all[*corev1.Service](r) {
		for _, port := range service.Spec.Ports {
			target := port.TargetPort.String()
			if leads := target == "metrics" || target == fmt.Sprint(metrics); leads && service.Name == shown {
				t.Errorf("Service %s leads to the metrics, and the Ingress names it", service.Name)
			}
		}
		if service.Spec.Type != corev1.ServiceTypeClusterIP {
			t.Errorf("Service %s is of type %s, which others than the cluster's pods reach", service.Name, service.Spec.Type)
		}
	}
}

// checkHidden checks that the load balancer itself answers a path, and all below it, with 404.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
func checkHidden(t *testing.T, ingress *networkingv1.Ingress, path string) {
	t.Helper()
	i := slices.IndexFunc(ingress.Spec.Rules[0].HTTP.Paths, func(p networkingv1.HTTPIngressPath) bool { return p.Path == path })
	if i < 0 {
		t.Fatalf("the Ingress sends %s to the pods", path)
	}
	hidden := ingress.Spec.Rules[0].HTTP.Paths[i]
	if *hidden.PathType != networkingv1.PathTypePrefix || hidden.Backend.Service.Port.Name != "use-annotation" {
		t.Errorf("%s is of type %s and leads to port %v", path, *hidden.PathType, hidden.Backend.Service.Port)
	}
	var action struct {
		Type                string
		FixedResponseConfig struct{ ContentType, StatusCode string }
	}
	text := ingress.Annotations[alb+"actions."+hidden.Backend.Service.Name]
	if err := json.Unmarshal([]byte(text), &action); err != nil {
		t.Fatalf("action %q: %v", text, err)
	}
	if action.Type != "fixed-response" || action.FixedResponseConfig.StatusCode != "404" || action.FixedResponseConfig.ContentType != "text/plain" {
		t.Errorf("the load balancer answers %s by %s", path, text)
	}
}

// Developers get what EKS's view policy lacks, in this namespace only, and no Secret.
func TestAppDevelopers(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		group := values["developerGroup"]
		if group == "" {
			if roles := all[*rbacv1.Role](r); len(roles) > 0 || len(all[*rbacv1.RoleBinding](r)) > 0 {
				t.Fatalf("without a group there are roles: %v", roles)
			}
			return
		}
		role, binding := one[*rbacv1.Role](t, r), one[*rbacv1.RoleBinding](t, r)
		want := []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"pods/attach", "pods/exec", "pods/portforward"}, Verbs: []string{"create", "get"}},
			{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"create", "delete"}},
		}
		if !reflect.DeepEqual(role.Rules, want) {
			t.Errorf("the Role's rules are %v, want %v", role.Rules, want)
		}
		if binding.RoleRef.Kind != "Role" || binding.RoleRef.Name != role.Name || binding.Namespace != role.Namespace {
			t.Errorf("the RoleBinding is to %v in %s, not to Role %s in %s", binding.RoleRef, binding.Namespace, role.Name, role.Namespace)
		}
		subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: fmt.Sprint(group)}}
		if !reflect.DeepEqual(binding.Subjects, subjects) {
			t.Errorf("the RoleBinding's subjects are %v, want %v", binding.Subjects, subjects)
		}
	})
}

// helm test sends its request through the Service, and never gets requests itself.
func TestAppTest(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		asked, _ := values["web"].(map[string]any)
		if asked == nil || len(asked["testArgs"].([]any)) == 0 {
			if len(r.Tests) != 0 {
				t.Errorf("helm test makes %v, with an image that cannot ask", r.Tests)
			}
			return
		}
		if len(r.Tests) != 1 {
			t.Fatalf("helm test makes %v, want one pod", r.Tests)
		}
		pod, ok := r.Tests[0].Decoded.(*corev1.Pod)
		if !ok {
			t.Fatalf("helm test makes a %s, want a Pod", r.Tests[0].Kind)
		}
		if got, want := pod.Annotations["helm.sh/hook-delete-policy"], "before-hook-creation,hook-succeeded"; got != want {
			t.Errorf("delete policy is %q, want %q", got, want)
		}
		if pod.Spec.RestartPolicy != corev1.RestartPolicyNever {
			t.Errorf("restart policy is %s: a test that fails would go on for ever", pod.Spec.RestartPolicy)
		}
		service := one[*corev1.Service](t, r)
		deployment := web(t, r)
		for what, selector := range map[string]map[string]string{
			"Service":             service.Spec.Selector,
			"disruption budget":   one[*policyv1.PodDisruptionBudget](t, r).Spec.Selector.MatchLabels,
			"Deployment":          deployment.Spec.Selector.MatchLabels,
			"topology constraint": deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels,
		} {
			if selects(selector, pod.Labels) {
				t.Errorf("the %s takes the test for the application: %v", what, pod.Labels)
			}
		}
		c := pod.Spec.Containers[0]
		if want := deployment.Spec.Template.Spec.Containers[0].Image; c.Image != want {
			t.Errorf("the test runs %s, the application %s", c.Image, want)
		}
		// The Service's port is HTTP's default, so the URL needs none.
		if want := []string{"-ask", "http://" + service.Name + "/health"}; !slices.Equal(c.Args, want) || len(c.Command) != 0 || service.Spec.Ports[0].Port != 80 {
			t.Errorf("the test runs %v %v, want the image's own entry point with %v", c.Command, c.Args, want)
		}
		if len(pod.Spec.Volumes) != 0 || len(c.Env) != 0 {
			t.Error("the test is given more than it needs")
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
			"load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true,idle_timeout.timeout_seconds=60," +
				// Explicit: otherwise the controller would leave them on.
				"access_logs.s3.enabled=false",
			"target-group-attributes": "deregistration_delay.timeout_seconds=25",
		})
		for _, name := range []string{"ssl-redirect", "certificate-arn", "ssl-policy", "tags", "wafv2-acl-arn", "listener-attributes.HTTPS-443"} {
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
			"wafv2-acl-arn":   "arn:aws:wafv2:eu-west-2:333333333333:regional/webacl/plinth-prod/11111111-2222-3333-4444-555555555555",
			"load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true,idle_timeout.timeout_seconds=120," +
				"access_logs.s3.enabled=true,access_logs.s3.bucket=plinth-prod-logs-333333333333,access_logs.s3.prefix=load-balancer/app",
			"target-group-attributes": "deregistration_delay.timeout_seconds=90",
			// Browsers remember it for a year. Other names below the domain are somebody else's to decide.
			"listener-attributes.HTTPS-443": "routing.http.response.strict_transport_security.header_value=max-age=31536000",
		})
		// Policies named TLS13-1-2 accept TLS 1.2 and 1.3 only.
		if policy := got[alb+"ssl-policy"]; !strings.HasPrefix(policy, "ELBSecurityPolicy-TLS13-1-2-") {
			t.Errorf("ssl-policy %q may accept what is older than TLS 1.2", policy)
		}
		if host != "app.example.com" {
			t.Errorf("host is %q", host)
		}
	})

	t.Run("access logs without a prefix", func(t *testing.T) {
		got, _ := annotations(t, sample(t, "https", `ingress: {accessLogs: {prefix: ""}}`))
		// The prefix is explicit, since the controller would keep an earlier one.
		if want := ",access_logs.s3.bucket=plinth-prod-logs-333333333333,access_logs.s3.prefix="; !strings.HasSuffix(got[alb+"load-balancer-attributes"], want) {
			t.Errorf("load-balancer-attributes is %q, want %q at its end", got[alb+"load-balancer-attributes"], want)
		}
	})

	t.Run("without a web ACL any more", func(t *testing.T) {
		got, _ := annotations(t, sample(t, "https", "ingress: {wafAclArn: none}"))
		expect(t, got, map[string]string{"wafv2-acl-arn": "none"})
	})
}

// accounts returns the service account of the pods, and that which reads secrets, with a suffix to their
// names. Without secrets there is none to read them.
func accounts(t *testing.T, r *render.Release, values map[string]any, suffix string) (pods, reader *corev1.ServiceAccount) {
	t.Helper()
	name, readerName := values["serviceAccount"].(map[string]any)["name"], values["secretStore"].(map[string]any)["serviceAccountName"]
	for _, account := range all[*corev1.ServiceAccount](r) {
		switch account.Name {
		case fmt.Sprint(name, suffix):
			pods = account
		case fmt.Sprint(readerName, suffix):
			reader = account
		case fmt.Sprint(name, "-release"), fmt.Sprint(readerName, "-release"):
			if values["release"] == nil {
				t.Errorf("without a release command there is a service account %s", account.Name)
			}
		default:
			if suffix == "" {
				t.Errorf("there is a service account %s", account.Name)
			}
		}
	}
	if pods == nil || (reader == nil) != (values["database"] == nil) {
		t.Fatal("the chart does not make both service accounts")
	}
	return pods, reader
}

// The password goes from Secrets Manager to files, and nowhere else.
func TestAppCredentials(t *testing.T) {
	eachSample(t, func(t *testing.T, values map[string]any, r *render.Release) {
		if secrets := all[*corev1.Secret](r); len(secrets) != 0 {
			t.Errorf("the chart holds Secret %s itself", secrets[0].Name)
		}
		if values["database"] == nil {
			checkNoSecrets(t, r)
			return
		}
		checkCredentials(t, values, r, "", func(p pod) bool { return !isRelease(p) })
		if values["release"] != nil {
			checkCredentials(t, values, r, "-release", isRelease)
		}
	})
}

// isRelease reports whether a pod runs the release command.
func isRelease(p pod) bool { return p.meta.Labels["app.kubernetes.io/component"] == "release" }

// checkNoSecrets checks that a release without a database and parameters has nothing to do with secrets.
func checkNoSecrets(t *testing.T, r *render.Release) {
	t.Helper()
	for _, object := range all[*unstructured.Unstructured](r) {
		t.Errorf("without secrets there is %s %s", object.GetKind(), object.GetName())
	}
	for _, p := range pods(r) {
		for _, v := range p.spec.Volumes {
			if v.EmptyDir == nil {
				t.Errorf("%s mounts %v", p.object, v)
			}
		}
		for _, e := range p.spec.Containers[0].Env {
			if strings.HasPrefix(e.Name, "DATABASE_") {
				t.Errorf("%s is told %s", p.object, e.Name)
			}
		}
	}
}

// checkCredentials follows the password to some pods of the release. The release command has its own
// accounts, store and Secret, with a suffix to their names.
func checkCredentials(t *testing.T, values map[string]any, r *render.Release, suffix string, of func(pod) bool) {
	t.Helper()
	database := values["database"].(map[string]any)
	account, reader := accounts(t, r, values, suffix)
	store := customCalled(t, r, "SecretStore", r.Name+suffix+"-database")
	secret := customCalled(t, r, "ExternalSecret", r.Name+suffix+"-database")

	checkCustomResource(t, store, definition(t, "config/crds/bases/external-secrets.io_secretstores.yaml"))
	checkCustomResource(t, secret, definition(t, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))

	// Pods have credentials for AWS only if the values give them a role.
	role, given := account.Annotations[roleAnnotation]
	if want := values["serviceAccount"].(map[string]any)["roleArn"]; given != (want != "") || role != want {
		t.Errorf("the pods' role is %q, want %q", role, want)
	}
	if got, want := reader.Annotations[roleAnnotation], values["secretStore"].(map[string]any)["roleArn"]; got != want {
		t.Errorf("the store's role is %q, want %q", got, want)
	}
	for _, p := range pods(r) {
		if p.spec.ServiceAccountName == reader.Name {
			t.Errorf("%s runs as the account that reads secrets", p.object)
		}
	}
	// It uses a service account's token, not the operator's permissions.
	auth := field[map[string]any](t, store, "spec.provider.aws.auth")
	if len(auth) != 1 || field[string](t, store, "spec.provider.aws.auth.jwt.serviceAccountRef.name") != reader.Name {
		t.Errorf("the store authenticates with %v, want service account %s", auth, reader.Name)
	}
	if got := field[string](t, store, "spec.provider.aws.region"); got != values["region"] {
		t.Errorf("the store asks region %s, want %s", got, values["region"])
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

	found := 0
	for _, p := range pods(r) {
		if of(p) && p.meta.Labels["app.kubernetes.io/name"] != "app-test" {
			found++
			if account.Name != p.spec.ServiceAccountName {
				t.Errorf("%s runs as %s, the chart makes %s", p.object, p.spec.ServiceAccountName, account.Name)
			}
			checkCredentialsOf(t, p, field[string](t, secret, "spec.target.name"))
		}
	}
	if found == 0 {
		t.Error("no pod has the credentials")
	}
}

// referenceFile is what a pod waits for in its database's Secret.
var referenceFile = regexp.MustCompile(`^reference-[0-9a-f]{8} reference$`)

func checkCredentialsOf(t *testing.T, p pod, secret string) {
	t.Helper()
	c := p.spec.Containers[0]
	for _, e := range c.Env {
		// Those that clients of PostgreSQL read by themselves, and no others.
		from := e.ValueFrom
		if from != nil && (from.SecretKeyRef == nil || from.SecretKeyRef.Name != secret || from.SecretKeyRef.Key != e.Name || !slices.Contains(secretVariables, e.Name)) {
			t.Errorf("%s: variable %s is read from elsewhere: %v", p.object, e.Name, from)
		}
	}
	for _, from := range c.EnvFrom {
		if from.SecretRef == nil || from.SecretRef.Name == secret {
			t.Errorf("%s: variables come from %v", p.object, from)
		}
	}
	var mounted string
	for _, v := range p.spec.Volumes {
		if v.Secret == nil {
			continue
		}
		for _, m := range c.VolumeMounts {
			if m.Name != v.Name {
				continue
			}
			if !m.ReadOnly || m.SubPath != "" {
				t.Errorf("%s: %s must be read-only, and whole, or a new password never arrives", p.object, m.MountPath)
			}
			if v.Secret.SecretName == secret {
				mounted = m.MountPath
			}
			var files []string
			for _, item := range v.Secret.Items {
				files = append(files, item.Key+" "+item.Path)
			}
			if want := []string{"username username", "password password"}; len(files) != 3 || !slices.Equal(files[:2], want) || !referenceFile.MatchString(files[2]) {
				t.Errorf("%s: files of the Secret are %v, want %v and the reference", p.object, files, want)
			}
		}
		if mode := *v.Secret.DefaultMode; mode&0o007 != 0 {
			t.Errorf("%s: credentials have mode %o, which others may read", p.object, mode)
		}
	}
	if dir := env(c, "DATABASE_CREDENTIALS_DIR"); dir == "" || dir != mounted {
		t.Errorf("%s: credentials are mounted at %q, the application looks in %q", p.object, mounted, dir)
	}
}

// The application's own parameters become variables, from one path only, and never override the chart's.
func TestAppParameters(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		r := renderApp(t, sample(t, "http"))
		for _, object := range all[*unstructured.Unstructured](r) {
			if strings.HasSuffix(object.GetName(), "-parameters") {
				t.Errorf("there is %s %s", object.GetKind(), object.GetName())
			}
		}
		if from := web(t, r).Spec.Template.Spec.Containers[0].EnvFrom; len(from) != 0 {
			t.Errorf("variables come from %v", from)
		}
	})

	t.Run("of a path", func(t *testing.T) {
		r := renderApp(t, sample(t, "http", "parameters: {path: /plinth/dev/app.v1}"))
		store := customNamed(t, r, "SecretStore", "-parameters")
		secret := customNamed(t, r, "ExternalSecret", "-parameters")
		checkCustomResource(t, store, definition(t, "config/crds/bases/external-secrets.io_secretstores.yaml"))
		checkCustomResource(t, secret, definition(t, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))

		auth := field[map[string]any](t, store, "spec.provider.aws.auth")
		if len(auth) != 1 || field[string](t, store, "spec.provider.aws.auth.jwt.serviceAccountRef.name") != "app-secrets" {
			t.Errorf("the store authenticates with %v, want the service account that reads secrets", auth)
		}
		if service := field[string](t, store, "spec.provider.aws.service"); service != "ParameterStore" {
			t.Errorf("the store asks %s", service)
		}
		if got := field[string](t, secret, "spec.secretStoreRef.name"); got != store.GetName() {
			t.Errorf("the ExternalSecret asks store %s", got)
		}
		if got := field[string](t, secret, "spec.target.creationPolicy"); got != "Owner" {
			t.Errorf("creation policy is %s: the Secret would outlive the release", got)
		}
		from := web(t, r).Spec.Template.Spec.Containers[0].EnvFrom
		if len(from) != 1 || from[0].SecretRef == nil || from[0].SecretRef.Name != field[string](t, secret, "spec.target.name") || from[0].SecretRef.Optional != nil || from[0].Prefix != "" {
			t.Errorf("variables come from %v", from)
		}

		sources := field[[]any](t, secret, "spec.dataFrom")
		find := &unstructured.Unstructured{Object: sources[0].(map[string]any)}
		if path := field[string](t, find, "find.path"); len(sources) != 1 || path != "/plinth/dev/app.v1" {
			t.Errorf("%d sources, of path %s", len(sources), path)
		}
		rewrites := field[[]any](t, find, "rewrite")
		rewrite := &unstructured.Unstructured{Object: rewrites[0].(map[string]any)}
		wanted := regexp.MustCompile(field[string](t, find, "find.name.regexp"))
		source, target := regexp.MustCompile(field[string](t, rewrite, "regexp.source")), field[string](t, rewrite, "regexp.target")
		for name, variable := range map[string]string{
			"/plinth/dev/app.v1/LOG_LEVEL":   "LOG_LEVEL",
			"/plinth/dev/app.v1/_a1":         "_a1",
			"/plinth/dev/app.v1/deeper/NAME": "",
			"/plinth/dev/app.v1/1ST":         "",
			"/plinth/dev/app.v1/a-b":         "",
			"/plinth/dev/app.v1/":            "",
			"/plinth/prod/app.v1/LOG_LEVEL":  "",
		} {
			got := ""
			if wanted.MatchString(name) {
				got = source.ReplaceAllString(name, target)
			}
			if got != variable {
				t.Errorf("parameter %s is variable %q, want %q", name, got, variable)
			}
		}
	})

	t.Run("a path that is none", func(t *testing.T) {
		for _, path := range []string{"plinth", "/plinth/", "//", "/a b"} {
			if _, err := rendered(loadChart(t, appChart), "app", "app", sample(t, "http", fmt.Sprintf("parameters: {path: %q}", path))); err == nil {
				t.Errorf("%q is taken for a path", path)
			}
		}
	})
}

// definition reads a custom resource definition of External Secrets.
func definition(t *testing.T, name string) []byte {
	t.Helper()
	file, err := published.ExternalSecrets.Path(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAppDatabase(t *testing.T) {
	for _, test := range []struct{ name, host, reader, port string }{
		{"http", "plinth-dev.abcdefghijkl.eu-west-2.rds.amazonaws.com", "plinth-dev.abcdefghijkl.eu-west-2.rds.amazonaws.com", "5432"},
		{"https", "plinth-prod.cluster-abcdefghijkl.eu-west-2.rds.amazonaws.com", "plinth-prod.cluster-ro-abcdefghijkl.eu-west-2.rds.amazonaws.com", "5433"},
	} {
		c := web(t, renderApp(t, sample(t, test.name))).Spec.Template.Spec.Containers[0]
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
		c := web(t, renderApp(t, sample(t, name))).Spec.Template.Spec.Containers[0]
		if c.Image != want {
			t.Errorf("%s values: image is %s, want %s", name, c.Image, want)
		}
	}
}

func TestAppRefusesValues(t *testing.T) {
	const (
		digest      = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
		acl         = "11111111-2222-3333-4444-555555555555"
		certificate = "arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555"
	)
	for _, test := range []struct{ name, change, complaint string }{
		{"neither tag nor digest", `image: {tag: ""}`, "/image"},
		{"both tag and digest", `image: {digest: "` + digest + `"}`, "/image"},
		{"tag latest", `image: {tag: latest}`, "/image"},
		{"tag Latest", `image: {tag: Latest}`, "/image"},
		{"tag that YAML reads as a number", `image: {tag: 1.10}`, "/image/tag"},
		{"digest too short", `image: {tag: "", digest: "sha256:9f86"}`, "/image"},
		{"no repository", `image: {repository: ""}`, "/image/repository"},
		{"repository with a tag", `image: {repository: "example.com/app:1"}`, "/image/repository"},
		{"developers who are Kubernetes' masters", `developerGroup: "system:masters"`, "/developerGroup"},
		{"developers with a space", `developerGroup: "my developers"`, "/developerGroup"},
		{"misspelt value", `image: {tga: 0.1.0}`, "tga"},
		{"unknown section", `resource: {cpu: 1}`, "resource"},
		{"no replicas", `web: {replicas: {min: 0}}`, "/web/replicas/min"},
		{"fewer replicas at most than at least", `web: {replicas: {min: 7}}`, "web.replicas.min (7) must not exceed web.replicas.max (6)"},
		{"CPU target of nothing", `web: {replicas: {cpuPercent: 0}}`, "/web/replicas/cpuPercent"},
		{"memory target that idle pods reach", `web: {replicas: {memoryPercent: 40}}`, "/web/replicas/memoryPercent"},
		{"memory target that no living pod reaches", `web: {replicas: {memoryPercent: 95}}`, "/web/replicas/memoryPercent"},
		{"requests below zero", `web: {replicas: {requestsPerSecond: -1}}`, "/web/replicas/requestsPerSecond"},
		{"requests in parts", `web: {replicas: {requestsPerSecond: 0.5}}`, "/web/replicas/requestsPerSecond"},
		{"CPU as a number", `web: {resources: {cpu: 1}}`, "/web/resources/cpu"},
		{"CPU of nothing", `web: {resources: {cpu: "0"}}`, "/web/resources/cpu"},
		{"memory in bytes", `web: {resources: {memory: "268435456"}}`, "/web/resources/memory"},
		{"memory in thousands", `web: {resources: {memory: 256M}}`, "/web/resources/memory"},
		{"more CPU than Fargate has", `web: {resources: {cpu: "16.5"}}`, "web.resources.cpu (16.5) must be at most 16"},
		{"more thousandths of a CPU than Fargate has", `web: {resources: {cpu: 16001m}}`, "web.resources.cpu (16001m) must be at most 16"},
		{"more memory than Fargate has", `web: {resources: {memory: 120Gi}}`, "web.resources.memory (120Gi) must be at most 122624Mi"},
		{"no process", `web: null`, "web, workers and jobs are all empty"},
		{"root", `user: 0`, "/user"},
		{"user as text", `user: node`, "/user"},
		{"relative path to write to", `writable: [tmp]`, "/writable/0"},
		{"the whole root to write to", `writable: [/]`, "/writable/0"},
		{"path out of another", `writable: [/tmp/../etc]`, "/writable/0"},
		{"path to write to twice", `writable: [/tmp, /tmp]`, "/writable"},
		{"credentials that can be written", `writable: [/var/run/secrets/database]`, "writable: /var/run/secrets/database is where credentials are mounted"},
		{"variable that is no text", `env: {WORKERS: 4}`, "/env/WORKERS"},
		{"variable that is no name", `env: {"a-b": c}`, "invalid propertyName 'a-b'"},
		{"variables of the chart's", `env: {PORT: "1", DATABASE_HOST: a, TZ: UTC}`, "env must not set DATABASE_HOST, PORT, which the chart sets; remove it"},
		{"liveness path that is none", `web: {health: {livenessPath: livez}}`, "/web/health/livenessPath"},
		{"no time to start", `web: {health: {startSeconds: 0}}`, "/web/health/startSeconds"},
		{"more time to start than Helm waits", `web: {health: {startSeconds: 900}}`, "/web/health/startSeconds"},
		{"metrics that are everything", `web: {metrics: {path: /}}`, "/web/metrics/path"},
		{"scaling on requests without metrics", `web: {metrics: {port: 0}, replicas: {requestsPerSecond: 5}}`, "web.replicas.requestsPerSecond (5) needs web.metrics.port"},
		{"worker that scales on requests", `workers: {a: {replicas: {requestsPerSecond: 5}}}`, "requestsPerSecond"},
		{"worker with fewer replicas at most than at least", `workers: {a: {replicas: {min: 2}}}`, "workers.a.replicas.min (2) must not exceed workers.a.replicas.max (1)"},
		{"worker with more memory than Fargate has", `workers: {a: {resources: {memory: 120Gi}}}`, "workers.a.resources.memory (120Gi) must be at most"},
		{"worker with a name of the chart's", `workers: {web: {}}`, "workers.web has a name of the chart's own"},
		{"worker whose name is none", `workers: {A_b: {}}`, "invalid propertyName 'A_b'"},
		{"worker whose name is too long", `workers: {` + strings.Repeat("a", 60) + `: {}}`, "which has 64 characters of at most 63"},
		{"job whose name is too long", `jobs: {` + strings.Repeat("a", 49) + `: {command: [a], schedule: "@daily"}}`, "which has 53 characters of at most 52"},
		{"worker and job of one name", `{workers: {a: {}}, jobs: {a: {command: [a], schedule: "@daily"}}}`, "jobs.a has the name of a worker"},
		{"job without a schedule", `jobs: {a: {command: [a]}}`, "schedule"},
		{"job without a command", `jobs: {a: {command: [], schedule: "@daily"}}`, "/jobs/a/command"},
		{"job with a time zone in its schedule", `jobs: {a: {command: [a], schedule: "TZ=UTC 1 2 * * *"}}`, "/jobs/a/schedule"},
		{"job with four fields", `jobs: {a: {command: [a], schedule: "1 2 * *"}}`, "/jobs/a/schedule"},
		{"job in an unknown time zone", `jobs: {a: {command: [a], schedule: "@daily", timeZone: Local}}`, "/jobs/a/timeZone"},
		{"release without a command", `release: {deadlineSeconds: 60}`, "command"},
		{"release that Helm does not wait for", `release: {command: [a], deadlineSeconds: 3601}`, "/release/deadlineSeconds"},
		{
			"one account for pods and the release's secrets",
			`{release: {command: [a]}, secretStore: {releaseServiceAccountName: app}}`,
			"the service accounts of the pods and of the release command must differ",
		},
		{"privileged metrics port", `web: {metrics: {port: 90}}`, "/web/metrics/port"},
		{"metrics on the port of Fargate's kubelet", `web: {metrics: {port: 10250}}`, "/web/metrics/port"},
		{"privileged port", `web: {port: 80}`, "/web/port"},
		{"port of Fargate's kubelet", `web: {port: 10250}`, "/web/port"},
		{"no service account", `serviceAccount: {name: ""}`, "/serviceAccount/name"},
		{"no service account to read secrets", `secretStore: {serviceAccountName: ""}`, "/secretStore/serviceAccountName"},
		{"no role", `secretStore: {roleArn: ""}`, "/secretStore/roleArn"},
		{"role of the store that is a user", `secretStore: {roleArn: "arn:aws:iam::111111111111:user/app"}`, "/secretStore/roleArn"},
		{"one account for pods and secrets", `secretStore: {serviceAccountName: app}`, "secretStore.serviceAccountName (app) must not be serviceAccount.name"},
		{"role that is a user", `serviceAccount: {roleArn: "arn:aws:iam::111111111111:user/app"}`, "/serviceAccount/roleArn"},
		{"no database host", `database: {host: ""}`, "/database/host"},
		{"database host with its port", `database: {host: "db.example.com:5432"}`, "/database/host"},
		{"database port as text", `database: {port: "5432"}`, "/database/port"},
		{"no database name", `database: {name: ""}`, "/database/name"},
		{"no secret", `database: {secret: ""}`, "/database/secret"},
		{"a secret's content", `database: {secret: '{"username": "app", "password": "hunter2"}'}`, "/database/secret"},
		{"password in the values", `database: {password: hunter2}`, "password"},
		{"no region", `region: ""`, "/region"},
		{"region without authorities of RDS", `region: xx-nowhere-1`, "region (xx-nowhere-1): files/rds-global-bundle.pem has no certificate authority"},
		{"variable of PostgreSQL's clients", `env: {PGHOST: a}`, "env must not set PGHOST"},
		{"a secret as text", `secrets: {STRIPE_KEY: shop/stripe}`, "/secrets/STRIPE_KEY"},
		{"a named secret's content", `secrets: {STRIPE_KEY: {name: '{"key": "hunter2"}'}}`, "/secrets/STRIPE_KEY/name"},
		{"a secret's value", `secrets: {STRIPE_KEY: {name: shop/stripe, value: hunter2}}`, "value"},
		{"a secret for no variable", `secrets: {stripe-key: {name: shop/stripe}}`, "stripe-key"},
		{"a path as a property", `secrets: {STRIPE_KEY: {name: shop/stripe, property: "a.#.b"}}`, "/secrets/STRIPE_KEY/property"},
		{"a secret for a variable of the chart's", `secrets: {PORT: {name: port}}`, "secrets must not set PORT, which the chart sets; remove it"},
		{"a secret for a variable of the database", `secrets: {PGUSER: {name: user}}`, "secrets must not set PGUSER"},
		{"a variable twice", `{env: {TZ: UTC}, secrets: {TZ: {name: zone}}}`, "secrets and env both set TZ; remove one"},
		{"no load balancer name", `ingress: {loadBalancerName: ""}`, "/ingress/loadBalancerName"},
		{"load balancer name too long", `ingress: {loadBalancerName: a-name-of-thirty-three-characters}`, "/ingress/loadBalancerName"},
		{"load balancer name of ELB's own", `ingress: {loadBalancerName: internal-app}`, "/ingress/loadBalancerName"},
		{"domain without a certificate", `ingress: {domain: app.example.com}`, "/ingress/certificateArn"},
		{"domain with a scheme", `ingress: {domain: "https://app.example.com"}`, "/ingress/domain"},
		{"certificate that is none", `ingress: {certificateArn: "arn:aws:iam::111111111111:server-certificate/app"}`, "/ingress/certificateArn"},
		{"nobody allowed", `ingress: {allowedCidrs: []}`, "/ingress/allowedCidrs"},
		{"address without a prefix", `ingress: {allowedCidrs: [203.0.113.7]}`, "/ingress/allowedCidrs"},
		{"network out of range", `ingress: {allowedCidrs: [203.0.256.0/24]}`, "/ingress/allowedCidrs"},
		{"web ACL that is a name", `ingress: {wafAclArn: plinth}`, "/ingress/wafAclArn"},
		{"web ACL of CloudFront", `ingress: {wafAclArn: "arn:aws:wafv2:us-east-1:111111111111:global/webacl/a/` + acl + `"}`, "/ingress/wafAclArn"},
		{"web ACL of classic WAF", `ingress: {wafAclArn: "arn:aws:waf-regional:eu-west-2:111111111111:webacl/` + acl + `"}`, "/ingress/wafAclArn"},
		{
			"web ACL of another region than the certificate",
			`ingress: {wafAclArn: "arn:aws:wafv2:us-east-1:111111111111:regional/webacl/a/` + acl + `", certificateArn: "` + certificate + `"}`,
			"ingress.wafAclArn must be in eu-west-2, the load balancer's region and its certificate's, is in us-east-1",
		},
		{
			"web ACL of another account than the certificate",
			`ingress: {wafAclArn: "arn:aws:wafv2:eu-west-2:222222222222:regional/webacl/a/` + acl + `", certificateArn: "` + certificate + `"}`,
			"ingress.wafAclArn must be in account 111111111111, the load balancer's and its certificate's, is in 222222222222",
		},
		{"access logs in a bucket's URL", `ingress: {accessLogs: {bucket: "s3://logs"}}`, "/ingress/accessLogs/bucket"},
		{"access logs' folder without a bucket", `ingress: {accessLogs: {prefix: alb}}`, "ingress.accessLogs.prefix (alb) must come with ingress.accessLogs.bucket"},
		{"access logs' folder with a slash in front", `ingress: {accessLogs: {bucket: logs, prefix: /alb}}`, "/ingress/accessLogs/prefix"},
		{"access logs' folder with a slash at its end", `ingress: {accessLogs: {bucket: logs, prefix: alb/}}`, "/ingress/accessLogs/prefix"},
		{"access logs' folder that would be an attribute", `ingress: {accessLogs: {bucket: logs, prefix: "a,idle_timeout.timeout_seconds=1"}}`, "/ingress/accessLogs/prefix"},
		{"access logs' folder of ELB's own", `ingress: {accessLogs: {bucket: logs, prefix: AWSLogs}}`, "/ingress/accessLogs/prefix"},
		{"no idle timeout", `ingress: {idleTimeoutSeconds: 0}`, "/ingress/idleTimeoutSeconds"},
		{"idle timeout too long", `ingress: {idleTimeoutSeconds: 4001}`, "/ingress/idleTimeoutSeconds"},
		{"idle timeout with a unit", `ingress: {idleTimeoutSeconds: 60s}`, "/ingress/idleTimeoutSeconds"},
		{"deregistration delay below nothing", `ingress: {deregistrationDelaySeconds: -1}`, "/ingress/deregistrationDelaySeconds"},
		{"deregistration delay too long", `ingress: {deregistrationDelaySeconds: 3601}`, "/ingress/deregistrationDelaySeconds"},
		{"relative health check path", `web: {health: {path: health}}`, "/web/health/path"},
		{"tag that would become two", `ingress: {tags: {Team: "one,Owner=two"}}`, "/ingress/tags"},
		{"tag of AWS's own", `ingress: {tags: {"aws:x": y}}`, "/ingress/tags"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := rendered(loadChart(t, appChart), "app", "app", sample(t, "http", test.change))
			if err == nil {
				t.Fatal("accepted")
			}
			// Helm writes a value's path with dots or slashes, depending on its version.
			dotted := strings.ReplaceAll(strings.TrimPrefix(test.complaint, "/"), "/", ".")
			if !strings.Contains(err.Error(), test.complaint) && !strings.Contains(err.Error(), dotted) {
				t.Errorf("the error does not name %s: %v", test.complaint, err)
			}
		})
	}
	t.Run("several mistakes at once", func(t *testing.T) {
		_, err := rendered(loadChart(t, appChart), "app", "app", sample(t, "http", `web: {replicas: {min: 7}}`, `env: {PORT: "1"}`))
		if err == nil || !strings.Contains(err.Error(), "web.replicas.min") || !strings.Contains(err.Error(), "PORT") {
			t.Errorf("the error does not name both: %v", err)
		}
	})
	t.Run("none at all", func(t *testing.T) {
		if _, err := rendered(loadChart(t, appChart), "app", "app", nil); err == nil {
			t.Error("accepted")
		}
	})
}

// Defaults, schema and README name the same values.
func TestAppValuesAreDocumented(t *testing.T) {
	c := loadChart(t, appChart)
	defaults := leaves(c.Values, "")
	schema := mustJSON(t, c.Schema)
	if schema := schemaLeaves(schema, schema, ""); !slices.Equal(schema, defaults) {
		t.Errorf("values.schema.json has\n%v\nvalues.yaml has\n%v", schema, defaults)
	}
	readme, err := os.ReadFile(filepath.Join(appChart, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range defaults {
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(value) + ` \| \w+ \| [^|]+ \| (.*) \|$`).FindSubmatch(readme)
		if row == nil || len(row[1]) == 0 {
			t.Errorf("README.md's table does not tell what %s is: it needs a comment in values.yaml that begins with # --", value)
		}
	}
}

// helmDocs generates the README's table of values.
const helmDocs = "github.com/norwoodj/helm-docs/cmd/helm-docs@v1.14.2"

func TestAppReadmeIsCurrent(t *testing.T) { checkReadme(t, appChart) }

// checkReadme compares a chart's README.md with a generated one. After an intended change: make golden
func checkReadme(t *testing.T, of string) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"Chart.yaml", "values.yaml", "README.md.gotmpl"} {
		content, err := os.ReadFile(filepath.Join(of, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", helmDocs, "--sort-values-order", "file", "--log-level", "warning")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	// Apart from warnings, the output only shows the go command's first download.
	if output, err := cmd.CombinedOutput(); err != nil || bytes.Contains(output, []byte("level=")) {
		t.Fatalf("%v\n%s", err, output)
	}
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	golden.Assert(t, string(readme), absolute(t, filepath.Join(of, "README.md")))
}

// absolute is for package golden, which looks in testdata for relative paths.
func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// leaves lists the paths of all values that are not sections. An empty map is a value.
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

// schemaLeaves does the same with a part of a schema. A section that may be null is a value.
func schemaLeaves(whole, schema map[string]any, prefix string) []string {
	var paths []string
	properties, _ := schema["properties"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		property := properties[key].(map[string]any)
		if ref, ok := property["$ref"].(string); ok {
			property = whole["definitions"].(map[string]any)[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any)
		}
		_, mayBeNull := property["type"].([]any)
		if _, ok := property["properties"]; ok && (!mayBeNull || prefix != "") {
			paths = append(paths, schemaLeaves(whole, property, prefix+key+".")...)
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
