package delivery

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// healthy is kubectl's answer for a healthy application.
const healthy = `{"kind": "List", "items": [
{"kind": "Deployment", "metadata": {"name": "app", "generation": 3},
 "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "ecr/plinth-dev-app@sha256:ab"}]}}},
 "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
  "conditions": [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]}},
{"kind": "Pod", "metadata": {"name": "app-1"},
 "status": {"phase": "Running", "containerStatuses": [{"ready": true, "restartCount": 0, "state": {"running": {}}}], "conditions": [{"type": "Ready", "status": "True"}]}},
{"kind": "Pod", "metadata": {"name": "app-2"},
 "status": {"phase": "Running", "containerStatuses": [{"ready": true, "restartCount": 4, "state": {"running": {}}}], "conditions": [{"type": "Ready", "status": "True"}]}},
{"kind": "Pod", "metadata": {"name": "app-3", "deletionTimestamp": "2026-11-24T12:00:00Z"}, "status": {"phase": "Running"}},
{"kind": "Pod", "metadata": {"name": "app-4"}, "status": {"phase": "Failed", "reason": "Evicted"}},
{"kind": "Pod", "metadata": {"name": "app-migrate"}, "status": {"phase": "Succeeded"}},
{"kind": "HorizontalPodAutoscaler", "metadata": {"name": "app"},
 "spec": {"minReplicas": 2, "maxReplicas": 6, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}},
  {"type": "ContainerResource", "containerResource": {"name": "memory", "container": "app", "target": {"type": "Utilization", "averageUtilization": 80}}}]},
 "status": {"currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": [{"type": "ContainerResource", "containerResource": {"name": "memory", "container": "app", "current": {"averageUtilization": 40}}},
  {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 12}}}],
  "conditions": [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True"}, {"type": "ScalingLimited", "status": "True", "reason": "TooFewReplicas"}]}},
{"kind": "PodDisruptionBudget", "metadata": {"name": "app"}, "status": {"currentHealthy": 2, "desiredHealthy": 1, "disruptionsAllowed": 1}},
{"kind": "Ingress", "metadata": {"name": "app", "annotations": {"alb.ingress.kubernetes.io/healthcheck-path": "/health", "alb.ingress.kubernetes.io/scheme": "internet-facing"}},
 "spec": {"rules": [{"http": {}}]}, "status": {"loadBalancer": {"ingress": [{"hostname": "plinth-dev-app-1.eu-west-2.elb.amazonaws.com"}]}}}
]}`

const secretReady = `{"kind": "List", "items": [{"kind": "ExternalSecret", "metadata": {"name": "app-database"},
 "status": {"refreshTime": "2026-11-24T12:00:00Z", "conditions": [{"type": "Ready", "status": "True", "reason": "SecretSynced"}]}}]}`

// requestsAimed is the metric of an autoscaler that KEDA configures for requests.
const requestsAimed = `{"type": "External", "external": {"metric": {"name": "s2-requests"}, "target": {"type": "AverageValue", "averageValue": "200"}}}`

// releases is kubectl's answer for the ConfigMaps in which Helm stores releases.
const releases = `sh.helm.release.v1.app.v10   1     4m    10    deployed
sh.helm.release.v1.app.v9    1     6d    9     superseded
`

const kubectl = "--context plinth-dev --namespace shop --request-timeout 15s get "

// allPods is kubectl's answer for the pods of every namespace. Those that run have been deployed since the
// last upgrade of Kubernetes.
const allPods = `{"items": [
{"metadata": {"name": "app-1", "namespace": "shop", "annotations": {"kubernetes-version": "1.36"}}, "status": {"phase": "Running"}},
{"metadata": {"name": "theirs", "namespace": "other"}, "status": {"phase": "Running"}},
{"metadata": {"name": "app-0", "namespace": "shop", "annotations": {"kubernetes-version": "1.35"}}, "status": {"phase": "Failed"}},
{"metadata": {"name": "app-3", "namespace": "shop", "deletionTimestamp": "2026-11-24T12:00:00Z", "annotations": {"kubernetes-version": "1.35"}}, "status": {"phase": "Running"}},
{"metadata": {"name": "loki-0", "namespace": "loki", "annotations": {"kubernetes-version": "1.36"}}, "status": {"phase": "Running"}}
]}`

// cluster holds kubectl's answers.
type cluster struct {
	version, objects, releases, last, secrets, pods answer
}

func newCluster() *cluster {
	return &cluster{
		answer{Stdout: `{"major": "1", "minor": "36", "gitVersion": "v1.36.3-eks-1234567"}`},
		answer{Stdout: healthy}, answer{Stdout: releases}, answer{Stdout: stored(`{"version": 10}`)}, answer{Stdout: secretReady}, answer{Stdout: allPods},
	}
}

func (c *cluster) replace(old, replacement string) {
	if !strings.Contains(c.objects.Stdout, old) {
		panic(old + " is not there to be replaced")
	}
	c.objects.Stdout = strings.Replace(c.objects.Stdout, old, replacement, 1)
}

func (c *cluster) answers() []answer {
	c.objects.Args, c.releases.Args, c.secrets.Args = kubectl+"deployments.apps,pods,", kubectl+"configmaps --selector owner=helm,name=", kubectl+"externalsecrets.external-secrets.io "
	c.version.Args, c.pods.Args = kubectl+"--raw /version", kubectl+"pods --all-namespaces"
	c.last.Args = kubectl + "configmap sh.helm.release.v1.app.v10 --output jsonpath={.data.release}"
	return []answer{c.version, c.objects, c.releases, c.last, c.secrets, c.pods}
}

// web answers as the application would.
type web struct {
	asked   string
	respond http.HandlerFunc
	err     error
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked = r.URL.String()
	if w.err != nil {
		return nil, w.err
	}
	recorder := httptest.NewRecorder()
	w.respond(recorder, r)
	return recorder.Result(), nil
}

func respond(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const balancer = "plinth-dev-app-1.eu-west-2.elb.amazonaws.com"

func newStatus(t *testing.T, c *cluster, w *web) *desk {
	t.Helper()
	d := newDesk(t)
	d.synthesize("dev")
	d.can("kubectl", c.answers()...)
	if w.respond == nil {
		w.respond = respond(http.StatusOK, "")
	}
	d.Transport = w
	return d
}

func TestStatus(t *testing.T) {
	t.Parallel()
	w := &web{}
	d := newStatus(t, newCluster(), w)
	d.succeeds("status -env dev")
	assert.Equal(t, regexp.MustCompile(`OK in .*`).ReplaceAllString(d.stdout.String(), "OK"), `plinth-dev, namespace shop
  ✓ release    app: revision 10 is deployed
  ✓ deployment app: 2 of 2 available, of ecr/plinth-dev-app@sha256:ab
  ✓ pod        app-1: ready
  ✓ pod        app-2: restarted 4×, ready
  ✓ pod        app-3: terminating
  ✓ pod        app-4: failed, Evicted
  ✓ pod        app-migrate: done
  ✓ autoscaler app: 2 replicas (2 to 6), cpu 12 % for 70 %, memory 40 % for 80 %
  ✓ budget     app: allowed disruptions 1, healthy 2 of 1
  ✓ ingress    app: `+balancer+`
  ✓ secret     app-database: ready, read at 2026-11-24T12:00:00Z
  ✓ health     http://`+balancer+`/health: 200 OK
  ✓ kubernetes 1.36
`)
	typed, _ := d.calls()
	assert.Equal(t, len(typed), 6)
	for _, command := range typed {
		assert.Assert(t, !strings.Contains(command, " secrets "), "%s: asks for secrets", command)
	}
}

func TestStatusURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		change         func(*cluster)
		web            web
		asked, healthy string
	}{
		{"a domain", func(c *cluster) {
			c.replace(`{"http": {}}`, `{"host": "shop.example.com", "http": {}}`)
			c.replace(`"annotations": {`, `"annotations": {"alb.ingress.kubernetes.io/certificate-arn": "arn", `)
		}, web{}, "https://shop.example.com/health", "200 OK"},
		{"another path", func(c *cluster) { c.replace(`"/health"`, `"/up"`) }, web{}, "http://" + balancer + "/up", "200 OK"},
		{"a certificate without a domain", func(c *cluster) {
			c.replace(`"annotations": {`, `"annotations": {"alb.ingress.kubernetes.io/certificate-arn": "arn", `)
		}, web{respond: respond(http.StatusMovedPermanently, "")}, "http://" + balancer + "/health", "unknown: it serves HTTPS only"},
		{"internal", func(c *cluster) { c.replace("internet-facing", "internal") }, web{err: errors.New("i/o timeout")},
			"http://" + balancer + "/health", "unknown: the load balancer is internal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := newCluster(), test.web
			test.change(c)
			d := newStatus(t, c, &w)
			d.succeeds("status -env dev")
			assert.Equal(t, w.asked, test.asked)
			contains(t, d.stdout.String(), "health     "+test.asked+": "+test.healthy)
		})
	}
}

// TestStatusJSON decodes the JSON for a healthy application and for an unhealthy one.
func TestStatusJSON(t *testing.T) {
	t.Parallel()
	type report struct {
		Cluster, Namespace string
		Healthy            bool
		Checks             []struct {
			Name    string
			Healthy bool
			Detail  string
		}
	}
	var got report
	d := newStatus(t, newCluster(), &web{})
	d.succeeds("status -env dev -json")
	assert.NilError(t, json.Unmarshal(d.stdout.Bytes(), &got))
	assert.Equal(t, got.Cluster+" "+got.Namespace, "plinth-dev shop")
	assert.Assert(t, got.Healthy)
	assert.Equal(t, len(got.Checks), 13)
	assert.Equal(t, got.Checks[0].Name+": "+got.Checks[0].Detail, "release: app: revision 10 is deployed")

	c := newCluster()
	c.replace(`"availableReplicas": 2`, `"availableReplicas": 1`)
	d = newStatus(t, c, &web{})
	contains(t, d.fails("status -env dev -json"), "dev: is not healthy: deployment")
	got = report{}
	assert.NilError(t, json.Unmarshal(d.stdout.Bytes(), &got))
	assert.Assert(t, !got.Healthy)
	for _, check := range got.Checks {
		assert.Equal(t, check.Healthy, check.Name != "deployment", check.Name)
	}
}

func TestStatusUnhealthy(t *testing.T) {
	t.Parallel()
	const ready = `"containerStatuses": [{"ready": true, "restartCount": 0, "state": {"running": {}}}], "conditions": [{"type": "Ready", "status": "True"}]`
	waits := func(state string) func(*cluster, *web) {
		return func(c *cluster, _ *web) {
			c.replace(ready, `"containerStatuses": [{"ready": false, "state": {`+state+`}}], "conditions": [{"type": "Ready", "status": "False", "reason": "ContainersNotReady"}]`)
		}
	}
	for _, test := range []struct {
		name   string
		change func(*cluster, *web)
		what   string // the finding's
		want   string
	}{
		{"one is not available", func(c *cluster, _ *web) { c.replace(`"availableReplicas": 2`, `"availableReplicas": 1`) }, "deployment", "app: 1 of 2 available"},
		{"rolling out", func(c *cluster, _ *web) {
			c.replace(`"replicas": 2, "updatedReplicas": 2`, `"replicas": 3, "updatedReplicas": 1`)
		}, "deployment", "app: 2 of 2 available; rolling out: 1 updated, 2 older"},
		{"older ones are left", func(c *cluster, _ *web) {
			c.replace(`"replicas": 2, "updatedReplicas": 2`, `"replicas": 3, "updatedReplicas": 2`)
		}, "deployment", "rolling out: 2 updated, 1 older"},
		{"not taken up", func(c *cluster, _ *web) { c.replace(`"observedGeneration": 3`, `"observedGeneration": 2`) }, "deployment", "its last change is not processed yet"},
		{"stuck", func(c *cluster, _ *web) {
			c.replace(`"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"`, `"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out"`)
		}, "deployment", "app: 2 of 2 available; ProgressDeadlineExceeded: has timed out"},
		{"no image", waits(`"waiting": {"reason": "ImagePullBackOff", "message": "Back-off\n pulling"}`), "pod", "app-1: ImagePullBackOff: Back-off pulling"},
		{"crashed", waits(`"terminated": {"reason": "OOMKilled"}`), "pod", "app-1: OOMKilled"},
		{"running, and not ready", waits(`"running": {}`), "pod", "app-1: not ready; ContainersNotReady"},
		{"pending", func(c *cluster, _ *web) {
			c.replace(ready, `"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no profile"}]`)
		}, "pod", "app-1: Unschedulable: no profile"},
		{"no metrics", func(c *cluster, _ *web) {
			c.replace(`"type": "ScalingActive", "status": "True"`, `"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"`)
			c.replace(`"averageUtilization": 12`, ``)
		}, "autoscaler", "app: 2 replicas (2 to 6), cpu unknown for 70 %, memory 40 % for 80 %; FailedGetResourceMetric"},
		{"no requests told", func(c *cluster, _ *web) {
			c.replace(`{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}`, requestsAimed)
			c.replace(`"type": "ScalingActive", "status": "True"`, `"type": "ScalingActive", "status": "False", "reason": "FailedGetExternalMetric"`)
		}, "autoscaler", "app: 2 replicas (2 to 6), s2-requests unknown for 200 a pod, memory 40 % for 80 %; FailedGetExternalMetric"},
		{"requests told, and not scaled", func(c *cluster, _ *web) {
			c.replace(`{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}`, requestsAimed)
			c.replace(`{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 12}}}`,
				`{"type": "External", "external": {"metric": {"name": "s2-requests"}, "current": {"averageValue": "12500m"}}}`)
			c.replace(`"type": "AbleToScale", "status": "True"`, `"type": "AbleToScale", "status": "False", "reason": "FailedGetScale"`)
		}, "autoscaler", "app: 2 replicas (2 to 6), s2-requests 12500m for 200 a pod, memory 40 % for 80 %; FailedGetScale"},
		{"too few healthy", func(c *cluster, _ *web) { c.replace(`"currentHealthy": 2`, `"currentHealthy": 0`) }, "budget", "app: allowed disruptions 1, healthy 0 of 1"},
		{"no load balancer", func(c *cluster, _ *web) { c.replace(`[{"hostname": "`+balancer+`"}]`, `[]`) }, "ingress", "app: has no load balancer yet"},
		{"no password", func(c *cluster, _ *web) {
			c.secrets.Stdout = strings.Replace(secretReady, `"status": "True", "reason": "SecretSynced"`, `"status": "False", "reason": "SecretSyncedError", "message": "access denied"`, 1)
		}, "secret", "app-database: not ready; SecretSyncedError: access denied"},
		{"no External Secrets", func(c *cluster, _ *web) {
			c.secrets = answer{Code: 1, Stderr: `error: the server doesn't have a resource type "externalsecrets"`}
		}, "secret", "cannot be read: kubectl: failed error: the server doesn't have a resource type"},
		{"pods that are not there", func(c *cluster, _ *web) { c.pods = answer{Code: 1, Stderr: "error: away"} }, "kubernetes", "cannot be read: kubectl: failed error: away"},
		{"a version that is none", func(c *cluster, _ *web) { c.version.Stdout = `{"gitVersion": "2"}` }, "kubernetes", `the API server has the version "2"`},
		{"a release that failed", func(c *cluster, _ *web) { c.releases.Stdout = strings.Replace(releases, "deployed", "failed", 1) }, "release", "app: revision 10 is failed"},
		{"no release", func(c *cluster, _ *web) { c.releases = answer{Stderr: "No resources found in shop namespace."} }, "release", "app: Helm knows of none"},
		{"503", func(_ *cluster, w *web) { w.respond = respond(http.StatusServiceUnavailable, `{"database": "away"}`) }, "health", `http://` + balancer + `/health: 503 Service Unavailable: {"database": "away"}`},
		{"no answer", func(_ *cluster, w *web) { w.err = errors.New("i/o timeout") }, "health", "http://" + balancer + "/health: i/o timeout; check that your network is in web.allowedCIDRs"},
		{"no DNS record", func(c *cluster, w *web) {
			c.replace(`{"http": {}}`, `{"host": "shop.example.com", "http": {}}`)
			w.err = &url.Error{Op: "Get", URL: "x", Err: errors.New("lookup shop.example.com: no such host")}
		}, "health", "http://shop.example.com/health: the domain has no DNS record; it must point to " + balancer},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, w := newCluster(), &web{}
			test.change(c, w)
			d := newStatus(t, c, w)
			message := d.fails("status -env dev")
			assert.Equal(t, message, "dev: is not healthy: "+test.what+"; look closer: kubectl --context plinth-dev --namespace shop get events")
			contains(t, d.stdout.String(), "\n  ✗ ", test.want)
			assert.Equal(t, strings.Count(d.stdout.String(), "✗"), 1, d.stdout.String())
		})
	}
}

// TestStatusOldKubelets: namespaces whose stacks have not been deployed since an upgrade are named.
func TestStatusOldKubelets(t *testing.T) {
	t.Parallel()
	c := newCluster()
	c.pods.Stdout = strings.ReplaceAll(allPods, "1.36", "1.35")
	d := newStatus(t, c, &web{})
	d.succeeds("status -env dev")
	contains(t, d.stdout.String(), "✓ kubernetes 1.36; pods of loki and shop can have the kubelet of 1.35 until their stacks are deployed: ./plinth deploy 'dev-*'")
}

// TestStatusOfAViewer has a user who may read neither ConfigMaps nor the types of add-ons.
func TestStatusOfAViewer(t *testing.T) {
	t.Parallel()
	c := newCluster()
	c.secrets = answer{Code: 1, Stderr: `Error from server (Forbidden): externalsecrets.external-secrets.io is forbidden`}
	c.releases = answer{Code: 1, Stderr: `Error from server (Forbidden): configmaps is forbidden`}
	c.pods = answer{Code: 1, Stderr: `Error from server (Forbidden): pods is forbidden`}
	d := newStatus(t, c, &web{})
	d.succeeds("status -env dev")
	contains(t, d.stdout.String(), "✓ kubernetes 1.36; unknown which pods have an older kubelet: this user may not read all")
	contains(t, d.stdout.String(), "✓ release    unknown: this user may not read it", "✓ secret     unknown: this user may not read it")
}

func TestStatusRefuses(t *testing.T) {
	t.Parallel()
	says := func(words string) func(*desk) {
		return func(d *desk) { d.can("kubectl", answer{Code: 1, Stderr: words}) }
	}
	for _, test := range []struct {
		name   string
		change func(*desk)
		want   []string
	}{
		{"no kubectl", func(*desk) {}, []string{"kubectl: not found on PATH; install it: https://"}},
		{"nothing synthesized", func(d *desk) { d.Dir = t.TempDir(); d.write("cdktf.json", "") }, []string{"has no stacks. Synthesize first: ./plinth synth"}},
		{"no context", says(`error: context "plinth-dev" does not exist`), []string{"kubectl: has no context plinth-dev yet; ./plinth kubeconfig dev\n  error: context"}},
		{"a log and a context", says("E1124 18:25:06.103264   18171 memcache.go:265] Unhandled\nerror: context \"plinth-dev\" does not exist\nerror: context \"plinth-dev\" does not exist\n"),
			[]string{"./plinth kubeconfig dev\n  error: context \"plinth-dev\" does not exist$"}},
		{"nothing but a log", says("E1124 18:25:06.103264   18171 memcache.go:265] Unhandled"), []string{"kubectl: failed\n  E1124 18:25:06.103264"}},
		{"no context either", says("Error in configuration: context was not found for specified context: plinth-dev"), []string{"kubectl: has no context plinth-dev yet; ./plinth kubeconfig dev\n"}},
		{"no credentials", says("Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 253"), []string{"kubectl: has no valid AWS credentials, or for a principal without cluster access; sign in"}},
		{"a stranger", says("error: You must be logged in to the server (Unauthorized)"), []string{"kubectl: has no valid AWS credentials"}},
		{"no rights", says(`Error from server (Forbidden): pods is forbidden: User "x" cannot list`), []string{"kubectl: access is denied: your role may not read the application's namespace; see cluster.accessEntries\n"}},
		{"no network", says("Unable to connect to the server: dial tcp: lookup x: no such host"), []string{"kubectl: cannot reach the Kubernetes API; check that your network is in cluster.publicAccessCIDRs. After creating a cluster: ./plinth kubeconfig dev\n"}},
		{"a closed port", says("The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"), []string{"kubectl: cannot reach the Kubernetes API; check"}},
		{"a private cluster", func(d *desk) { d.private(); says("dial tcp 10.0.0.1:443: i/o timeout")(d) }, []string{"kubectl: cannot reach the Kubernetes API: it is private, and reachable from the VPC only\n"}},
		{"nothing deployed", func(d *desk) { d.can("kubectl", answer{Stdout: `{"items": []}`}) }, []string{"dev: the application is not deployed; deploy it first: ./plinth deploy dev-app"}},
		{"no JSON", func(d *desk) { d.can("kubectl", answer{Stdout: "<html>"}) }, []string{"kubectl: its output cannot be parsed: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			test.change(d)
			contains(t, d.fails("status -env dev")+"$", test.want...)
		})
	}
}
