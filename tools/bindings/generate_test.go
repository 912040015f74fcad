package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/dirhash"
)

// asProgram makes the test binary run main, so that tests can run the program as
// its own process.
const asProgram = "BINDINGS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestGenerate(t *testing.T) {
	repo := newRepository(t, "provider", "release")
	out := repo.run(t)
	if !strings.Contains(out, "helm "+repo.helm.version+": 2 packages") {
		t.Errorf("the first run says %q", out)
	}
	for _, name := range []string{"go.mod", "LICENSE", "jsii/jsii.go", "provider/HelmProvider.go", "release/Release.go"} {
		if _, err := os.Stat(filepath.Join(repo.dir, ".gen", "helm", name)); err != nil {
			t.Error(err)
		}
	}
	if gomod := repo.read(t, ".gen/helm/go.mod"); !strings.HasPrefix(gomod, "module "+repo.helm.module()+"\n") {
		t.Errorf("go.mod is %s", gomod)
	}
	if code := repo.read(t, ".gen/helm/release/ReleaseConfig.go"); !strings.Contains(code, "// ") {
		t.Error("the code has no documentation")
	}
	generated := repo.digest(t)

	t.Run("a second run does nothing", func(t *testing.T) {
		started := time.Now()
		if out := repo.run(t); out != "" {
			t.Errorf("it says %q", out)
		}
		if took := time.Since(started); took > 500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("elsewhere the result is the same", func(t *testing.T) {
		other := newRepository(t, "provider", "release")
		other.run(t)
		if other.digest(t) != generated {
			t.Error("the files differ")
		}
	})
	t.Run("damage is mended", func(t *testing.T) {
		repo.write(t, ".gen/helm/release/Release.go", "package release\n")
		repo.run(t)
		if repo.digest(t) != generated {
			t.Error("the files differ")
		}
	})
	t.Run("after a mistake all is as it was", func(t *testing.T) {
		repo.importing(t, "other.go", "relase")
		err := run(repo.dir, &bytes.Buffer{})
		if want := fmt.Sprintf("other.go:2:8: @cdktf/provider-helm %s has no package \"relase\", nearest: release, provider, datahelmtemplate", repo.helm.version); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
		if repo.digest(t) != generated {
			t.Error("the files differ")
		}
		if err := os.Remove(filepath.Join(repo.dir, "other.go")); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("an import less is a package less", func(t *testing.T) {
		repo.importing(t, "main.go", "provider")
		repo.run(t)
		if _, err := os.Stat(filepath.Join(repo.dir, ".gen/helm/release")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("release is still there (%v)", err)
		}
	})
	t.Run("no import is an empty module", func(t *testing.T) {
		repo.importing(t, "main.go")
		repo.run(t)
		if gomod := repo.read(t, ".gen/helm/go.mod"); !strings.HasPrefix(gomod, "module "+repo.helm.module()+"\n") {
			t.Errorf("go.mod is %s", gomod)
		}
	})
}

func TestKilledMidway(t *testing.T) {
	repo := newRepository(t, "provider")
	repo.run(t)
	generated := repo.digest(t)
	repo.importing(t, "main.go", "provider", "release")

	cmd := repo.command(t)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that its jsii-pacmak can be killed too
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for started := time.Now(); len(repo.temporary(t)) == 0; time.Sleep(time.Millisecond) {
		if time.Since(started) > 10*time.Second {
			t.Fatal("it does not begin")
		}
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("it was too fast to be killed")
	}
	if repo.digest(t) != generated {
		t.Error("the module has been touched before its successor was complete")
	}

	repo.run(t)
	if left := repo.temporary(t); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	fresh := newRepository(t, "provider", "release")
	fresh.run(t)
	if repo.digest(t) != fresh.digest(t) {
		t.Error("the files differ from those of an undisturbed run")
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	repo := newRepository(t, "provider", "release")
	outputs := make([]string, 2)
	var both sync.WaitGroup
	for i := range outputs {
		both.Go(func() {
			output, err := repo.command(t).CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, output)
			}
			outputs[i] = string(output)
		})
	}
	both.Wait()
	generated := slices.IndexFunc(outputs, func(o string) bool { return strings.Contains(o, "generated in") })
	if generated < 0 || strings.Contains(outputs[1-generated], "generated in") {
		t.Errorf("one run must generate and the other find it done; they say %q", outputs)
	}
	if out := repo.run(t); out != "" {
		t.Errorf("afterwards something is left to do: %q", out)
	}
}

func TestPacmakFailure(t *testing.T) {
	root := newRepository(t, "provider").dir
	log := filepath.Join(t.TempDir(), "log")
	err := pacmak(root, log, []string{t.TempDir()}, t.TempDir())
	if err == nil {
		t.Fatal("an empty package is accepted")
	}
	for _, want := range []string{"jsii-pacmak failed", "package.json", log, remedy} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "    at ") {
		t.Errorf("a stack trace is in %v", err)
	}

	t.Setenv("JSII_NODE", "/nonexistent/node")
	err = pacmak(root, log, nil, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "cannot start Node.js") {
		t.Errorf("without Node.js the error is %v", err)
	}
}

// repository is a small repository that shares this one's node_modules. Its only
// provider is helm, the smallest: its three submodules show the same as the two
// thousand of aws.
type repository struct {
	dir  string
	helm provider
}

// newRepository makes a repository that imports some of helm's packages.
func newRepository(t *testing.T, packages ...string) repository {
	t.Helper()
	root, err := repositoryRoot(".")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readPins(root)
	if err != nil {
		t.Fatal(err)
	}
	helm := provider{name: "helm", version: all["@cdktf/provider-helm"]}
	if missing := all.checkInstalled(root, []provider{helm}); len(missing) > 0 {
		t.Fatal(missing)
	}
	var pinned []string
	for name, version := range all.of(helm) {
		pinned = append(pinned, fmt.Sprintf("%q: %q", name, version))
	}
	dir := writeTree(t, map[string]string{
		"package.json": "{\"devDependencies\": {" + strings.Join(pinned, ", ") + "}}",
	})
	if err := os.Symlink(filepath.Join(root, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	r := repository{dir, helm}
	r.importing(t, "main.go", packages...)
	return r
}

// importing writes a Go file that imports some of helm's packages.
func (r repository) importing(t *testing.T, file string, packages ...string) {
	t.Helper()
	code := "package main\n"
	for _, name := range packages {
		code += fmt.Sprintf("import _ %q\n", r.helm.module()+"/"+name)
	}
	r.write(t, file, code)
}

// run calls the program's run function and returns its output.
func (r repository) run(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(r.dir, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// command returns the program as its own process.
func (r repository) command(t *testing.T) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

func (r repository) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func (r repository) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (r repository) digest(t *testing.T) string {
	t.Helper()
	digest, err := dirhash.HashDir(filepath.Join(r.dir, ".gen", "helm"), "", dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// temporary returns the folders of unfinished runs.
func (r repository) temporary(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(r.dir, ".gen", tempPattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
