package project

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// TestSignals sends this process a signal, as a cancelled pipeline does. The program gets it once,
// and may finish.
func TestSignals(t *testing.T) {
	for name, sent := range map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := signal.NotifyContext(t.Context(), sent) // as Main does
			defer stop()
			var out bytes.Buffer
			ready := make(chan struct{})
			p := &Project{Root: t.TempDir(), Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: &announced{out: &out, ready: ready}, Stderr: t.Output()}
			ended := make(chan error, 1)
			go func() {
				ended <- p.Run(ctx, Program{Path: "/bin/sh", Args: []string{"-c",
					`got= ; for s in INT TERM HUP; do trap "got=\"\$got $s\"" $s; done; echo ready; i=0
					while [ $i -lt 10 ]; do sleep 0.05; i=$((i+1)); done; echo "got$got"; exit 3`}})
			}()
			select {
			case <-ready:
			case <-time.After(10 * time.Second):
				t.Fatal("it does not begin")
			}
			assert.NilError(t, syscall.Kill(os.Getpid(), sent))
			select {
			case err := <-ended:
				exit, is := Ended(err)
				assert.Assert(t, is, err)
				assert.Equal(t, Status(exit), 3)
			case <-time.After(10 * time.Second):
				t.Fatal("it does not end")
			}
			assert.Equal(t, out.String(), "ready\ngot "+name+"\n")
			assert.Assert(t, errors.Is(p.Run(ctx, Program{Path: "/bin/true"}), context.Canceled), "the next program is run all the same")
		})
	}
}

// announced closes ready before its first content.
type announced struct {
	out   *bytes.Buffer
	ready chan struct{}
}

func (a *announced) Write(content []byte) (int, error) {
	if a.out.Len() == 0 {
		close(a.ready)
	}
	return a.out.Write(content)
}
