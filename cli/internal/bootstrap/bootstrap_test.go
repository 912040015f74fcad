package bootstrap

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFirstAndLater(t *testing.T) {
	f := newFake(t)
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if got, want := f.calls(), "init state-pull init plan show apply init state-pull state-push init state-pull init"; got != want {
		t.Errorf("the first run:\n%s\nwant:\n%s", got, want)
	}
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if got, want := f.calls(), "init state-pull init plan show"; got != want {
		t.Errorf("the second run:\n%s\nwant:\n%s", got, want)
	}
	left, err := filepath.Glob(filepath.Join(f.root, ".bootstrap/dev/*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != logName {
		t.Error(left, err)
	}
	for name, mode := range map[string]os.FileMode{".bootstrap/dev": 0o700, ".bootstrap/dev/" + logName: 0o600} {
		if info, err := os.Stat(filepath.Join(f.root, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v, want %v", name, info.Mode().Perm(), err, mode)
		}
	}
}

// TestStrangers: an override file that somebody left beside the stack could change its backend.
func TestStrangers(t *testing.T) {
	f := newFake(t)
	files, err := filepath.Glob(filepath.Join(f.root, "cdktf.out/stacks/bootstrap-dev"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(filepath.Join(files[0], "gone_override.tf.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.run(); err == nil || !strings.Contains(err.Error(), "gone_override.tf.json: changes the synthesized stack. Remove it") {
		t.Error(err)
	}
	if calls := f.calls(); strings.Contains(calls, "apply") {
		t.Errorf("it has run %s", calls)
	}
}

func TestAdopts(t *testing.T) {
	f := newFake(t)
	f.set("taken")
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if got, want := f.calls(), "init state-pull init plan show apply plan show apply init state-pull state-push init state-pull init"; got != want {
		t.Errorf("calls:\n%s\nwant:\n%s", got, want)
	}
	if left := f.imports(); left != nil {
		t.Errorf("%v is left to be adopted", left)
	}
}

// TestKilledAlone kills the program. Its Terraform finishes.
func TestKilledAlone(t *testing.T) {
	f := newFake(t)
	f.set("slow")
	program := exec.Command(os.Args[0])
	program.Dir, program.Env = f.root, append(os.Environ(), asProgram+"=1")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	f.await("applying")
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait()
	err := f.run()
	if err == nil || !strings.Contains(err.Error(), "an earlier run is finishing") {
		t.Fatal(err)
	}
	f.set("go")
	f.await("made")
	for deadline := time.Now().Add(10 * time.Second); err != nil && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		err = f.run()
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(f.calls(), "apply") != 1 {
		t.Error("applied again")
	}
	if !f.has("remote") {
		t.Error("the state has not been moved")
	}
}

// TestInterrupted sends SIGTERM to the program but not to its Terraform.
func TestInterrupted(t *testing.T) {
	f := newFake(t)
	f.set("slow")
	program := exec.Command(os.Args[0])
	program.Dir, program.Env = f.root, append(os.Environ(), asProgram+"=1")
	var said strings.Builder
	program.Stderr = &said
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	f.await("applying")
	if err := program.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err == nil {
		t.Error("the exit status is that of success")
	}
	if !strings.HasSuffix(said.String(), "Interrupted. Nothing is lost. Continue with: ./plinth bootstrap dev\n") {
		t.Error(said.String())
	}
}

func (f fake) await(name string) {
	f.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !f.has(name); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("%s does not come", name)
		}
	}
}

// TestApproval: only yes approves the plan.
func TestApproval(t *testing.T) {
	for answer, deployed := range map[string]bool{"yes\n": true, "y\n": false, "no\n": false, "": false, "YES\n": false} {
		f := newFake(t)
		err := start(f.root, Options{Environment: "dev", Stdin: strings.NewReader(answer), Stdout: f.t.Output(), Stderr: f.t.Output()}, nil)
		if deployed != (err == nil) || !deployed && !strings.HasPrefix(err.Error(), "Not deployed.") {
			t.Errorf("%q: %v", answer, err)
		}
		if f.has("made") != deployed {
			t.Errorf("%q: deployed: %v", answer, !deployed)
		}
	}
}

func TestUnknownEnvironment(t *testing.T) {
	f := newFake(t)
	for _, name := range []string{"dve", "../dev", "dev;touch x", ""} {
		want := "There is no environment " + name + ". There are: dev"
		if err := start(f.root, Options{Environment: name, Stdout: f.t.Output(), Stderr: f.t.Output()}, nil); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}

// TestNext checks what bootstrap says to do next.
func TestNext(t *testing.T) {
	const provider = `"oidc_provider": {"value": {"arn": "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com", "created": %s, "audiences": ["plinth-dev-deploy", "plinth-dev-plan"]}}`
	const told = "plinth-dev-deploy, plinth-dev-plan"
	for name, test := range map[string]struct {
		created string
		want    bool
	}{"its own provider": {"true", false}, "another's": {"false", true}} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			put(t, filepath.Join(f.root, "cdktf.out/stacks/bootstrap-dev/cdk.tf.json"),
				strings.Replace(small, `"resource":`, `"output": {`+fmt.Sprintf(provider, test.created)+`}, "resource":`, 1), 0o600)
			var said strings.Builder
			if err := start(f.root, Options{Environment: "dev", AutoApprove: true, Stdout: t.Output(), Stderr: &said}, nil); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(said.String(), "\nNext: ./plinth deploy dev-network\n") || strings.Contains(said.String(), told) != test.want {
				t.Errorf("it says:\n%s", said.String())
			}
		})
	}
}

// TestNothingLeft checks that a run that could change nothing leaves no folder, unless an earlier run
// has left something to continue from.
func TestNothingLeft(t *testing.T) {
	for name, content := range map[string]string{
		"": "", localName: written, copyName: written, backupName: written[:len(written)/2], recordName: `[{"From": "2026-11-30T12:00:00Z"}]`,
	} {
		f := newFake(t)
		put(t, filepath.Join(f.root, "cdktf.out/stacks/bootstrap-dev/cdk.tf.json"),
			strings.Replace(small, `"bucket": "b"`, `"bucket": "b", "endpoints": {"s3": "https://s3.example.com"}`, 1), 0o600)
		folder := filepath.Join(f.root, ".bootstrap/dev")
		if name != "" {
			put(t, filepath.Join(folder, name), content, 0o600)
		}
		if err := f.run(); err == nil || !strings.HasPrefix(err.Error(), "Nothing was changed.") {
			t.Errorf("%q: %v", name, err)
		}
		_, err := os.Stat(filepath.Join(folder, name))
		if left := err == nil; left != (name != "") {
			t.Errorf("%q is left: %v", filepath.Join(".bootstrap/dev", name), left)
		}
	}
}

// TestLockOfRemovedFolder checks that a lock on a log that another run has just removed does not count.
func TestLockOfRemovedFolder(t *testing.T) {
	r := &run{env: &environment{stack: "bootstrap-dev"}, folder: filepath.Join(t.TempDir(), "dev")}
	if err := r.lock(); err != nil {
		t.Fatal(err)
	}
	defer r.log.Close()
	if current, err := r.current(); !current || err != nil {
		t.Error(current, err)
	}
	if err := os.RemoveAll(r.folder); err != nil {
		t.Fatal(err)
	}
	if current, err := r.current(); current || err != nil {
		t.Error("a removed log counts", err)
	}
}

// TestServerOfOnesOwn has state.endpoint set: the bucket must exist before, and the state is never local.
func TestServerOfOnesOwn(t *testing.T) {
	f := newFake(t)
	put(t, filepath.Join(f.root, "cdktf.out/stacks/bootstrap-dev/cdk.tf.json"),
		strings.Replace(small, `"bucket": "b"`, `"bucket": "b", "endpoints": {"s3": "https://s3.example.com"}`, 1), 0o600)
	err := f.run()
	if err == nil || !strings.HasPrefix(err.Error(), "Nothing was changed. Cannot read the state of bootstrap-dev: the bucket b does not exist. On your own S3 server, create it yourself.") {
		t.Fatal(err)
	}
	f.calls()
	f.set("made")
	if err := f.run(); err != nil {
		t.Fatal(err)
	}
	if got, want := f.calls(), "init state-pull init plan show apply"; got != want {
		t.Errorf("calls:\n%s\nwant:\n%s", got, want)
	}
}
