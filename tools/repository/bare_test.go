package repository

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bare runs a command without any other programs on PATH and returns its output and exit status.
func bare(t *testing.T, script string) (out string, code int) {
	t.Helper()
	command := exec.Command(filepath.Join(root, "tools", "bare.sh"), "sh", "-c", script)
	command.Env = append(withoutMake(os.Environ()), "TMPDIR="+t.TempDir())
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(output), command.ProcessState.ExitCode()
}

// TestBare checks what tests find under make test-bare: what README asks for, and none of the
// programs that people often have.
func TestBare(t *testing.T) {
	t.Parallel()
	out, code := bare(t, `ls "$PATH"; echo "$PATH"; echo "$HOME"; ls -A "$HOME"; exit 7`)
	if code != 7 {
		t.Fatalf("ends with %d, not with the command's own 7\n%s", code, out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	programs, path, home := lines[:len(lines)-2], lines[len(lines)-2], lines[len(lines)-1]
	for _, program := range []string{"go", "node", "npm", "terraform", "make", "git", "bash", "sh", "sed"} {
		if !slices.Contains(programs, program) {
			t.Errorf("there is no %s", program)
		}
	}
	for _, program := range []string{
		"rsync", "curl", "wget", "ssh", "openssl", "unzip", "jq", "yq", "docker", "buildah", "podman", "skopeo", "psql", "postgres", "aws", "kubectl", "helm",
		"tofu", "cdktf", "npx", "dot", "python", "python3", "perl", "cc", "gcc", "g++", "clang", "shellcheck", "golangci-lint",
	} {
		if slices.Contains(programs, program) {
			t.Errorf("there is %s", program)
		}
	}
	for _, folder := range []string{path, home} {
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("%s is left behind: %v", folder, err)
		}
	}
}

// TestBareWorks checks that the linked programs run from there.
func TestBareWorks(t *testing.T) {
	t.Parallel()
	caches := `go env GOMODCACHE GOCACHE GOENV && npm config get cache && npm config get userconfig`
	want, err := exec.Command("sh", "-c", caches).Output()
	if err != nil {
		t.Fatal(err)
	}
	// stdout alone: Terraform may print a warning about its own configuration.
	out, code := bare(t, `{ go version && npm --version && terraform version && git --version && make --version; } > /dev/null && `+caches)
	if code != 0 || !strings.HasSuffix(out, string(want)) {
		t.Errorf("ends with %d and\n%s\nnot with\n%s", code, out, want)
	}
}
