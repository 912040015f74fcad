package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMakeRunsNoValue gives make what a shell, or make itself, would run.
func TestMakeRunsNoValue(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	// Their prerequisites are left out with -o: the values are what is tested.
	targets := map[string]string{
		"ENV": "status", "STACK": "stack", "BUILDER": "image", "REPOSITORY": "push", "ROLE": "kubeconfig",
		"AUTO_APPROVE": "approval", "KEEP": "rehearse", "CLUSTER": "rehearse", "MODULE": "test", "TARGET": "test-bare", "DOTENV": "push",
	}
	values := []string{
		"x'; touch pwned; '", `x"; touch pwned; "`, "$(touch pwned)", "$$(touch pwned)", "`touch pwned`",
		"$(shell touch pwned)", "${shell touch pwned}", "x\ntouch pwned\n", "x;touch pwned", "x&touch pwned", "x|touch pwned",
		"x>pwned", "it's", `it"s`, `x\`, "x#y", "x\ty", "ä",
	}
	for variable, target := range targets {
		for _, value := range values {
			for _, from := range []string{"the command line", "the environment"} {
				t.Run(variable+" from "+from, func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					if err := os.WriteFile(filepath.Join(dir, "Makefile"), makefile, 0o600); err != nil {
						t.Fatal(err)
					}
					command := exec.Command("make", "-o", "synth", "-o", "bindings", target)
					command.Dir = dir
					command.Env = append(withoutMake(os.Environ()), "PATH="+os.Getenv("PATH"))
					if from == "the environment" {
						command.Env = append(command.Env, variable+"="+value)
					} else {
						command.Args = append(command.Args, variable+"="+value)
					}
					out, err := command.CombinedOutput()
					if err == nil {
						t.Errorf("make %s %s=%q: succeeds", target, variable, value)
					}
					if want := variable + ": may hold only letters, digits"; !strings.Contains(string(out), want) {
						t.Errorf("make %s %s=%q: does not say %q, but\n%s", target, variable, value, want, out)
					}
					if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
						t.Errorf("make %s %s=%q: has run it", target, variable, value)
					}
				})
			}
		}
	}
}

// TestMakeTakes what people give it.
func TestMakeTakes(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		"STACK=dev-*", "STACK=dev-network dev-data", "STACK=dev-{data,app}", "STACK=dev-?pp", "ENV=my-dev2", "BUILDER=buildah",
		"REPOSITORY=127.0.0.1:5000/app", "REPOSITORY=[::1]:5000/team_a/app", "ROLE=arn:aws:iam::111111111111:role/path/me+you=us,a.b@c-d_e", "KEEP=1",
	} {
		command := exec.Command("make", "help", value)
		command.Dir = filepath.Join("..", "..")
		command.Env = withoutMake(os.Environ())
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("make help %s: %v\n%s", value, err, out)
		}
	}
}

// withoutMake is an environment without what make passes on to the tests that it runs.
func withoutMake(environ []string) []string {
	var kept []string
	for _, variable := range environ {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "MAKE") && name != "MFLAGS" {
			kept = append(kept, variable)
		}
	}
	return kept
}
