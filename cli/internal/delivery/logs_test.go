package delivery

import (
	"context"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestLogs checks the arguments of kubectl logs.
func TestLogs(t *testing.T) {
	t.Parallel()
	const all = "kubectl --context plinth-dev --namespace shop logs --selector app.kubernetes.io/instance=app --all-containers --prefix --max-log-requests 50 "
	for args, want := range map[string]string{
		"":                    all + "--tail 100",
		" -follow":            all + "--tail 100 --follow",
		" -since 2h":          all + "--since 2h --tail -1",
		" -since 30m -follow": all + "--since 30m --tail -1 --follow",
	} {
		d := newDesk(t)
		d.synthesize("dev")
		d.can("kubectl", answer{Args: "--context plinth-dev --namespace shop --request-timeout 15s get --raw /version"},
			answer{Args: "--context plinth-dev --namespace shop logs", Stdout: "[pod/app-1/app] started\n"})
		d.succeeds("logs -env dev" + args)
		assert.Equal(t, d.stdout.String(), "[pod/app-1/app] started\n")
		typed, _ := d.calls()
		assert.Equal(t, typed[1], want)
	}
}

func TestLogsRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.synthesize("dev")
	d.can("kubectl", answer{Stderr: `error: context "plinth-dev" does not exist`, Code: 1})
	contains(t, d.fails("logs -env dev"), "kubectl: has no context plinth-dev yet; ./plinth kubeconfig dev")
	d.can("kubectl", answer{Args: "--context plinth-dev --namespace shop --request-timeout 15s get --raw /version"},
		answer{Stderr: "pods is forbidden", Code: 1})
	contains(t, d.fails("logs -env dev"), "exit status 1")
	contains(t, d.stderr.String(), "pods is forbidden")
}

// TestLogsEnd: Ctrl-C is not a failure.
func TestLogsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.synthesize("dev")
	d.can("kubectl", answer{Args: "--context plinth-dev --namespace shop --request-timeout 15s get --raw /version"}, answer{Act: "deaf"})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx, "logs -env dev -follow") }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if typed, _ := d.calls(); len(typed) == 2 && strings.HasSuffix(typed[1], "--follow") {
			break
		}
		assert.Assert(t, time.Now().Before(deadline), "kubectl is not run")
	}
	stop()
	assert.NilError(t, <-ended)
}
