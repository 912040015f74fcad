package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// shapes are the objects of an application with each kind of process, as charts/app makes them.
const shapes = `{"items": [
{"kind": "Deployment", "metadata": {"name": "app", "labels": {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "app"}},
 "spec": {"replicas": 1, "template": {
  "metadata": {"labels": {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "app", "app.kubernetes.io/component": "web", "eks.amazonaws.com/fargate-profile": "app-ab"},
   "annotations": {"prometheus.io/port": "9090", "kubernetes-version": "1.36"}},
  "spec": {"serviceAccountName": "app", "securityContext": {"runAsUser": 1000}, "topologySpreadConstraints": [{}], "volumes": [{"name": "writable-0", "emptyDir": {}}],
   "containers": [{"name": "app", "image": "ecr/app:1", "command": ["node", "server.js"], "args": ["x"], "env": [{"name": "PORT", "value": "3000"}],
    "ports": [{"containerPort": 3000}], "readinessProbe": {}, "livenessProbe": {}, "startupProbe": {}, "lifecycle": {}, "resources": {"limits": {"cpu": "1"}}}]}}},
 "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}},
{"kind": "Deployment", "metadata": {"name": "app-mailer", "labels": {"app.kubernetes.io/name": "app-worker", "app.kubernetes.io/component": "mailer"}},
 "spec": {"replicas": 1, "template": {"metadata": {}, "spec": {"containers": [{"name": "worker", "image": "ecr/app:1"}]}}},
 "status": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}},
{"kind": "CronJob", "metadata": {"name": "app-report", "labels": {"app.kubernetes.io/name": "app-job", "app.kubernetes.io/component": "report"}},
 "spec": {"schedule": "15 2 * * *", "timeZone": "Europe/London", "jobTemplate": {"spec": {"template": {"metadata": {}, "spec": {"containers": [{"name": "job", "image": "ecr/app:1"}]}}}}},
 "status": {"lastScheduleTime": "2026-07-01T01:15:00Z", "lastSuccessfulTime": "2026-07-01T01:16:00Z"}},
{"kind": "Job", "metadata": {"name": "app-report-1", "labels": {"app.kubernetes.io/name": "app-job", "app.kubernetes.io/component": "report"}}},
{"kind": "Job", "metadata": {"name": "app-run-ab", "labels": {"app.kubernetes.io/name": "app-run", "app.kubernetes.io/component": "run"}}, "status": {"startTime": "2026-07-01T01:16:00Z"}}
]}`

func TestStatusOfProcesses(t *testing.T) {
	t.Parallel()
	c := newCluster()
	c.objects.Stdout = shapes
	c.last.Stdout = stored(`{"version": 10, "hooks": [{"name": "a", "kind": "ServiceAccount"},
		{"name": "app-release", "kind": "Job", "last_run": {"completed_at": "2026-07-01T01:00:00Z", "phase": "Succeeded"}}]}`)
	d := newStatus(t, c, &web{})
	d.succeeds("status -env dev")
	contains(t, d.stdout.String(),
		"  ✓ release    app: revision 10 is deployed\n  ✓ release    app-release: succeeded at 2026-07-01T01:00:00Z\n",
		"  ✓ web        app: 1 of 1 available, of ecr/app:1\n",
		"  ✓ worker     app-mailer: 1 of 1 available, of ecr/app:1\n",
		"  ✓ job        app-report: next run at ", "; last succeeded at 2026-07-01T01:16:00Z\n",
		"  ✓ run        app-run-ab: runs since 2026-07-01T01:16:00Z\n")
	assert.Assert(t, !strings.Contains(d.stdout.String(), "app-report-1"), d.stdout.String())

	c.objects.Stdout = strings.Replace(shapes, `{"items": [`, `{"items": [{"kind": "Job", "metadata": {"name": "app-release", "labels": {"app.kubernetes.io/name": "app-release"}},
		"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}},`, 1)
	d = newStatus(t, c, &web{})
	assert.Equal(t, d.fails("status -env dev"), "dev: is not healthy: release; look closer: kubectl --context plinth-dev --namespace shop get events")
	contains(t, d.stdout.String(), "  ✗ release    app-release: failed, BackoffLimitExceeded\n")
	assert.Assert(t, !strings.Contains(d.stdout.String(), "app-release: succeeded"), d.stdout.String())
}

func TestCronJob(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		spec, status, want string
		wrong              bool
	}{
		"in London's summer": {`"schedule": "15 2 * * *", "timeZone": "Europe/London"`, `"lastScheduleTime": "2026-07-01T01:15:00Z", "lastSuccessfulTime": "2026-07-01T01:16:00Z"`,
			"x: next run at 2026-07-02T01:15:00Z; last succeeded at 2026-07-01T01:16:00Z", false},
		"never yet": {`"schedule": "15 2 * * *"`, ``, "x: next run at 2026-07-02T02:15:00Z; last succeeded at no time yet", false},
		"running": {`"schedule": "15 2 * * *"`, `"active": [{}], "lastScheduleTime": "2026-07-01T02:15:00Z"`,
			"x: next run at 2026-07-02T02:15:00Z; runs since 2026-07-01T02:15:00Z", false},
		"failed": {`"schedule": "15 2 * * *"`, `"lastScheduleTime": "2026-07-01T02:15:00Z", "lastSuccessfulTime": "2026-06-30T02:16:00Z"`,
			"x: next run at 2026-07-02T02:15:00Z; the run of 2026-07-01T02:15:00Z failed, last succeeded at 2026-06-30T02:16:00Z", true},
		"suspended": {`"schedule": "15 2 * * *", "suspend": true`, ``, "x: suspended; last succeeded at no time yet", false},
	} {
		var o object
		assert.NilError(t, json.Unmarshal([]byte(`{"metadata": {"name": "x"}, "spec": {`+test.spec+`}, "status": {`+test.status+`}}`), &o))
		assert.Equal(t, o.cronJob(now), finding{"job", test.want, test.wrong}, name)
	}
}

// atWork returns a desk whose cluster has shapes, and more answers before.
func atWork(t *testing.T, more ...answer) *desk {
	t.Helper()
	d := newDesk(t)
	d.synthesize("dev")
	running, _, _ := strings.Cut(shapes, ",\n"+`{"kind": "Job"`)
	d.can("kubectl", append(more, answer{Args: kubectl + "--raw /version"}, answer{Args: kubectl + "deployments.apps,cronjobs.batch --selector app.kubernetes.io/instance=app ", Stdout: running + "]}"})...)
	return d
}

func TestLogsOfAProcess(t *testing.T) {
	t.Parallel()
	for process, want := range map[string]string{"web": "web", "mailer": "mailer", "report": "report", "release": "release"} {
		d := atWork(t, answer{Args: "--context plinth-dev --namespace shop logs"})
		d.succeeds("logs -env dev -process " + process)
		typed, _ := d.calls()
		contains(t, typed[len(typed)-1], "logs --selector app.kubernetes.io/instance=app,app.kubernetes.io/component="+want+" --all-containers")
	}
	assert.Equal(t, atWork(t).fails("logs -env dev -process mail"), "dev-app: there is no process mail; there are mailer, release, report and web")
}

func TestRestart(t *testing.T) {
	t.Parallel()
	const rollout = "--context plinth-dev --namespace shop --request-timeout 15s rollout restart"
	status := answer{Args: "--context plinth-dev --namespace shop rollout status"}
	for process, want := range map[string][]string{"": {"app", "app-mailer"}, "web": {"app"}, "mailer": {"app-mailer"}} {
		d := atWork(t, answer{Args: rollout}, status)
		d.succeeds("restart -env dev -process=" + process)
		typed, _ := d.calls()
		assert.Equal(t, typed[1], "kubectl "+rollout+" deployment.apps/"+strings.Join(want, " deployment.apps/"))
		assert.Equal(t, len(typed), 2+len(want))
		for i, name := range want {
			assert.Equal(t, typed[2+i], "kubectl --context plinth-dev --namespace shop rollout status deployment.apps/"+name+" --timeout 840s")
		}
	}
	d := atWork(t, answer{Args: rollout}, status)
	d.succeeds("restart -env dev")
	assert.Equal(t, d.stderr.String(), "dev-app: restarting web and mailer.\ndev-app: web is restarted.\ndev-app: mailer is restarted.\n")

	assert.Equal(t, atWork(t).fails("restart -env dev -process report"), "dev-app: report is a job, which has a new pod in each run")
	assert.Equal(t, atWork(t).fails("restart -env dev -process x"), "dev-app: there is no process x; there are mailer, report and web")
	d = atWork(t, answer{Args: rollout, Stderr: "failed to patch: deployments.apps \"app\" is forbidden: User x cannot patch", Code: 1})
	contains(t, d.fails("restart -env dev"), "kubectl: access is denied: your role may not restart processes, which takes edit or admin; see cluster.accessEntries")
	d = atWork(t, answer{Args: rollout}, answer{Args: status.Args, Stderr: "error: timed out", Code: 1})
	contains(t, d.fails("restart -env dev"), "dev-app: web is not restarted; the old pods go on. See ./plinth status dev app\n  error: timed out")
}

// ran answers for the pod of ./plinth run, which ends with an exit code.
func ran(code int, act string) []answer {
	pod := func(phase, state string) string {
		return fmt.Sprintf(`{"metadata": {"name": "app-run-x-1"}, "status": {"phase": %q, "containerStatuses": [{"state": %s}]}}`, phase, state)
	}
	ended := pod("Succeeded", fmt.Sprintf(`{"terminated": {"reason": "Completed", "exitCode": %d}}`, code))
	return []answer{
		{Args: "--context plinth-dev --namespace shop --request-timeout 15s create --filename "},
		{Args: kubectl + "pods --selector job-name=app-run-", Stdout: `{"items": [` + pod("Running", `{"running": {}}`) + `]}`},
		{Args: "--context plinth-dev --namespace shop logs --follow app-run-x-1", Stdout: "hello\n", Act: act},
		{Args: kubectl + "pod app-run-x-1", Stdout: ended},
		{Args: "--context plinth-dev --namespace shop --request-timeout 15s delete job app-run-"},
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	d := atWork(t, ran(0, "")...)
	d.Command = []string{"bin/console", "--version"}
	d.succeeds("run -env dev")
	assert.Equal(t, d.stdout.String(), "hello\n")
	typed, _ := d.calls()
	contains(t, typed[len(typed)-1], " delete job app-run-")

	d = atWork(t, ran(3, "")...)
	d.Command = []string{"false", "x"}
	assert.Equal(t, d.fails("run -env dev"), "false x: exit code 3, Completed")
	typed, _ = d.calls()
	contains(t, typed[len(typed)-1], " delete job app-run-")

	assert.Equal(t, atWork(t).fails("run -env dev -process x"), "dev-app: there is no process x; there are mailer, report and web")
	d = atWork(t, answer{Args: ran(0, "")[0].Args, Stderr: "Error from server (Forbidden): jobs.batch is forbidden", Code: 1})
	contains(t, d.fails("run -env dev"), "kubectl: access is denied: your role may not run commands, which takes developer, edit or admin; see cluster.accessEntries")
	evicted := ran(0, "")
	evicted[3].Stdout = `{"status": {"phase": "Failed", "reason": "DeadlineExceeded"}}`
	d = atWork(t, evicted...)
	d.Command = []string{"sleep", "1d"}
	assert.Equal(t, d.fails("run -env dev"), "sleep 1d: DeadlineExceeded")
	d = atWork(t, append([]answer{{Args: ran(0, "")[1].Args, Stdout: `{"items": [{"metadata": {"name": "p"}, "status": {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}]}`}}, ran(0, "")...)...)
	assert.Equal(t, d.fails("run -env dev"), "dev-app: the pod does not start: p: ImagePullBackOff")
	typed, _ = d.calls()
	contains(t, typed[len(typed)-1], " delete job app-run-")
}

// TestRunInterrupted: Ctrl-C removes the pod. If it cannot, the user hears of it.
func TestRunInterrupted(t *testing.T) {
	t.Parallel()
	for _, while := range []string{"it runs", "it runs, and it cannot be deleted", "it is created"} {
		answers, calls := ran(0, "deaf"), 4
		broken := strings.HasSuffix(while, "deleted")
		if while == "it is created" {
			answers[0].Act, calls = "deaf", 2
		}
		if broken {
			answers[4].Code, answers[4].Stderr = 1, "gone away"
		}
		d := atWork(t, answers...)
		d.Command = []string{"sleep", "1h"}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.run(ctx, "run -env dev") }()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if typed, _ := d.calls(); len(typed) == calls {
				break
			}
			assert.Assert(t, time.Now().Before(deadline), "kubectl is not run")
		}
		stop()
		assert.Error(t, <-ended, "run: interrupted", while)
		typed, _ := d.calls()
		contains(t, typed[len(typed)-1], " delete job app-run-")
		assert.Equal(t, strings.Contains(d.stderr.String(), " is not deleted; delete it: kubectl --context plinth-dev --namespace shop delete job app-run-"), broken, d.stderr.String())
	}
}

// TestOneOff: the pod is the process's, without what only a process that serves has.
func TestOneOff(t *testing.T) {
	t.Parallel()
	d := atWork(t)
	d.Env = "dev"
	a, err := d.application()
	assert.NilError(t, err)
	all, err := d.workloads(t.Context(), a)
	assert.NilError(t, err)
	text, err := oneOff(all[0], a, "app-run-x", []string{"sh"}, true)
	assert.NilError(t, err)
	want, err := os.ReadFile(filepath.Join("testdata", "run.json"))
	assert.NilError(t, err)
	var got, wanted any
	assert.NilError(t, json.Unmarshal(text, &got))
	assert.NilError(t, json.Unmarshal(want, &wanted))
	assert.DeepEqual(t, got, wanted)
	for _, w := range all[1:] {
		_, err := oneOff(w, a, "app-run-x", []string{"sh"}, false)
		assert.NilError(t, err, w.Metadata.Name)
	}
	_, err = oneOff(workload{text: []byte(`{}`)}, a, "x", nil, false)
	assert.ErrorContains(t, err, "has no pod template")
}

func TestFailedRelease(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	job := func(created, state string) string {
		return `{"items": [{"kind": "Job", "metadata": {"name": "app-release", "creationTimestamp": "` + created + `", "labels": {"app.kubernetes.io/name": "app-release"}},
			"status": {"conditions": [{"type": "Failed", "status": "` + state + `", "reason": "BackoffLimitExceeded"}]}}]}`
	}
	log := answer{Args: "--context plinth-dev --namespace shop --request-timeout 15s logs job/app-release --tail 20", Stdout: "migrating\nrelation \"x\" exists"}
	for name, test := range map[string]struct {
		jobs, log answer
		want      string
	}{
		"failed": {jobs: answer{Stdout: job("2026-07-01T12:00:10Z", "True")}, log: log, want: `dev-app: the release command failed: BackoffLimitExceeded. Nothing of the new version has started, and the version before goes on serving.
The end of its log:
  migrating
  relation "x" exists
More: ./plinth logs dev app release`},
		"no log":             {jobs: answer{Stdout: job("2026-07-01T12:00:10Z", "True")}, log: answer{Args: log.Args}, want: "\nIt has logged nothing.\n"},
		"a log out of sight": {jobs: answer{Stdout: job("2026-07-01T12:00:10Z", "True")}, log: answer{Args: log.Args, Stderr: "not found", Code: 1}, want: "\nIts log cannot be read: kubectl: failed\n  not found\n"},
		"an earlier one":     {jobs: answer{Stdout: job("2026-07-01T11:58:10Z", "True")}, log: log},
		"one that runs":      {jobs: answer{Stdout: job("2026-07-01T12:00:10Z", "False")}, log: log},
		"no cluster":         {jobs: answer{Code: 1}, log: log},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			d.Env, d.App = "dev", "app"
			test.jobs.Args = kubectl + "jobs.batch --selector app.kubernetes.io/instance=app "
			d.can("kubectl", test.jobs, test.log)
			got := d.FailedRelease(t.Context(), now, "https://api", "Y2E=")
			contains(t, got, test.want)
			assert.Equal(t, got == "", test.want == "", got)
		})
	}
}
