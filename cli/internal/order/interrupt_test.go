package order

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// silentServer accepts requests and never answers. It notices by the connection that a client has
// gone, which works on every system.
type silentServer struct {
	*httptest.Server
	came, gone chan struct{}
}

func newSilentServer(t *testing.T) *silentServer {
	t.Helper()
	s := &silentServer{came: make(chan struct{}, 64), gone: make(chan struct{}, 64)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s.came <- struct{}{}
		<-r.Context().Done()
		s.gone <- struct{}{}
	}))
	t.Cleanup(s.Close)
	return s
}

// awaitGone waits until all clients have gone.
func (s *silentServer) awaitGone(t *testing.T) {
	t.Helper()
	for range len(s.came) {
		await(t, s.gone, "a Terraform is still running")
	}
}

func await(t *testing.T, event <-chan struct{}, otherwise string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(10 * time.Second):
		t.Fatal(otherwise)
	}
}

// TestSignals sends the signal to the program alone, which must end Terraform. Ctrl-C on a terminal
// would reach Terraform too.
func TestSignals(t *testing.T) {
	needTerraform(t)
	for name, signal := range map[string]os.Signal{"Ctrl-C": os.Interrupt, "terminated": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			server := newSilentServer(t)
			temp := t.TempDir()
			var output bytes.Buffer
			program := exec.Command(os.Args[0], "dev-app")
			program.Dir = project(t, server.URL, nil)
			program.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+temp)
			program.Stdout, program.Stderr = &output, &output
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = program.Process.Kill() }()
			for range atOnce {
				await(t, server.came, "Terraform has not called the server")
			}
			if err := program.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			// The output is not a file, so Wait also waits for other processes that hold it.
			if err := program.Wait(); err == nil {
				t.Error("the exit status is that of success")
			}
			mustBe(t, output.String(), "Interrupted. Nothing has been changed.\n")
			mustBeEmpty(t, temp)
			for range atOnce {
				await(t, server.gone, "a Terraform is still running")
			}
		})
	}
}
