package repository

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLauncher runs ./plinth in a project with a fake Go. The fake records its runs and builds a
// command that prints its arguments.
func TestLauncher(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(file, content string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const made = "#!/bin/sh\nprintf '<%s>' \"$(basename \"$PWD\")\" \"$@\"\nexit 7\n"
	put("project/plinth", text(t, "plinth"))
	put("project/tools/requirements.sh", "#!/bin/sh\ntest ! -e lacking || { echo 'Plinth needs x.' >&2; exit 1; }\n")
	put("project/cli/main.go", "")
	put("project/images/images.go", "")
	put("project/settings/settings.go", "")
	put("project/go.mod", "")
	put("project/cli/internal/gone.go", "")
	put("bin/go", "#!/bin/sh\necho \"$*\" >> "+dir+"/built\nmkdir -p build\ncat > build/plinth <<'END'\n"+made+"END\nchmod +x build/plinth\n")
	run := func(want string, code int) {
		t.Helper()
		// Run it from another folder, by a path.
		command := exec.Command(filepath.Join(dir, "project", "plinth"), "deploy", "a b", "$(id)", "")
		command.Dir, command.Env = t.TempDir(), []string{"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH")}
		out, err := command.CombinedOutput()
		if string(out) != want || command.ProcessState.ExitCode() != code {
			t.Errorf("%v: prints %q, not %q", err, out, want)
		}
	}
	built := func(times int) {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(dir, "built"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(string(content), "build -C cli -o ../build/plinth .\n"); got != times {
			t.Errorf("built %d times, not %d:\n%s", got, times, content)
		}
	}
	const said = "<project><deploy><a b><$(id)><>"
	run(said, 7)
	built(1)
	run(said, 7)
	built(1)
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "project/cli/main.go"), later, later); err != nil {
		t.Fatal(err)
	}
	run(said, 7)
	built(2)
	if err := os.Chtimes(filepath.Join(dir, "project/cli/main.go"), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // or the folder is as old as the program
	if err := os.Remove(filepath.Join(dir, "project/cli/internal/gone.go")); err != nil {
		t.Fatal(err)
	}
	run(said, 7)
	built(3)
	time.Sleep(20 * time.Millisecond)
	put("project/lacking", "")
	put("project/cli/new.go", "")
	run("Plinth needs x.\n", 1)
}
