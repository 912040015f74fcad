package providers

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// mirror is a folder with providers as Terraform, or OpenTofu, takes them: each package is a script,
// which nothing here runs.
type mirror struct {
	t             *testing.T
	folder, host  string
	configuration string
	program       string
}

const other = "windows_386"

var here = runtime.GOOS + "_" + runtime.GOARCH

// newMirror takes the real Terraform, or an OpenTofu that make test-terraform has built.
func newMirror(t *testing.T, program, host string) *mirror {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		if program != "terraform" {
			t.Skip(program + " is not built: make test-terraform")
		}
		t.Fatal("terraform is not on PATH, and this test runs the real one. Install Terraform 1.11 or later.")
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TF_") {
			t.Setenv(name, "")
			_ = os.Unsetenv(name)
		}
	}
	m := &mirror{t: t, folder: t.TempDir(), host: host, program: path}
	for _, platform := range []string{here, other} {
		m.publish("aws", "5.99.1", platform, "first")
		m.publish("helm", "3.1.1", platform, "first")
		m.publish("kubernetes", "2.38.0", platform, "first")
	}
	m.configuration = filepath.Join(t.TempDir(), "terraform.rc")
	write(t, m.configuration, fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", m.folder))
	t.Setenv("TERRAFORM_BINARY_NAME", path)
	t.Setenv("TERRAFORM_LOCK_FILE", "")
	t.Setenv("TF_CLI_CONFIG_FILE", m.configuration)
	t.Setenv("CHECKPOINT_DISABLE", "1")
	return m
}

// publish puts a package there, in the place of the one before.
func (m *mirror) publish(name, version, platform, content string) {
	m.t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	header := &zip.FileHeader{Name: "terraform-provider-" + name + "_v" + version}
	header.SetMode(0o755)
	file, err := z.CreateHeader(header)
	assert.NilError(m.t, err)
	_, err = fmt.Fprintf(file, "#!/bin/sh\n# %s %s\nexit 1\n", platform, content)
	assert.NilError(m.t, err)
	assert.NilError(m.t, z.Close())
	write(m.t, filepath.Join(m.folder, m.host, "hashicorp", name, fmt.Sprintf("terraform-provider-%s_%s_%s.zip", name, version, platform)), archive.String())
}

func (m *mirror) record(root string, platforms ...string) error {
	m.t.Helper()
	file, err := Record(m.t.Context(), root, Options{Platforms: platforms, FSMirror: m.folder}, func(folder string, args ...string) error {
		said, err := m.run(folder, nil, args...)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, said)
		}
		return nil
	})
	if err == nil {
		assert.Equal(m.t, file, filepath.Join(root, lockName))
	}
	return err
}

// run runs the program, and returns what it says on one line.
func (m *mirror) run(folder string, variables []string, args ...string) (string, error) {
	command := exec.Command(m.program, args...)
	command.Dir, command.Env = folder, append(os.Environ(), variables...)
	said, err := command.CombinedOutput()
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(string(said))), " "), err
}

// initialize uses the project's lock file for a stack, and initializes its folder anew.
func (m *mirror) initialize(root, stack string) (folder, said string, err error) {
	m.t.Helper()
	s := named(m.t, root, stack)
	folder = filepath.Dir(s.File)
	assert.NilError(m.t, os.RemoveAll(filepath.Join(folder, ".terraform")))
	variables, err := Use(m.t.Context(), root, s)
	if err != nil {
		return folder, "", err
	}
	said, err = m.run(folder, variables, "init", "-input=false", "-no-color")
	return folder, said, err
}

// change changes a byte of a file.
func change(t *testing.T, file, from, to string) {
	t.Helper()
	assert.NilError(t, os.Chmod(file, 0o700))
	content, err := os.ReadFile(file)
	assert.NilError(t, err)
	assert.Assert(t, strings.Contains(string(content), from))
	write(t, file, strings.Replace(string(content), from, to, 1))
	assert.NilError(t, os.Chmod(file, 0o755))
}

// TestLocked has the real Terraform, and OpenTofu where one is built, record checksums and hold packages
// against them.
func TestLocked(t *testing.T) {
	for name, test := range map[string]struct{ program, host string }{
		"Terraform": {"terraform", terraformHost},
		"OpenTofu":  {"../../../build/opentofu/newest", openTofuHost},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirror(t, test.program, test.host)
			root := project(t, map[string]object{"dev-network": {"aws": three["aws"]}, "dev-app": three})
			assert.NilError(t, m.record(root, here))
			content, err := os.ReadFile(filepath.Join(root, lockName))
			assert.NilError(t, err)
			all, err := parse(string(content))
			assert.NilError(t, err)
			assert.Equal(t, len(all), 3)

			// Two stacks, of which one requires a part of what is recorded.
			for stack, want := range map[string]int{"dev-network": 1, "dev-app": 3} {
				folder, said, err := m.initialize(root, stack)
				assert.NilError(t, err, said)
				installed, err := filepath.Glob(filepath.Join(folder, ".terraform/providers", test.host, "hashicorp/*/*", here))
				assert.NilError(t, err)
				assert.Equal(t, len(installed), want)
				assert.Assert(t, !strings.Contains(said, "lock file not updated"), said)
			}

			// A package that was changed after its installation.
			folder, _, err := m.initialize(root, "dev-network")
			assert.NilError(t, err)
			installed, err := filepath.Glob(filepath.Join(folder, ".terraform/providers", test.host, "hashicorp/aws/5.99.1", here, "*"))
			assert.NilError(t, err)
			assert.Equal(t, len(installed), 1)
			change(t, installed[0], "first", "First")
			said, err := m.run(folder, nil, "plan", "-input=false", "-no-color")
			assert.Assert(t, err != nil && strings.Contains(said, "does not match any of the checksums recorded in the dependency lock file"), said)

			// Another package of the same version, for the stack that requires it.
			m.publish("helm", "3.1.1", here, "second")
			_, said, err = m.initialize(root, "dev-app")
			assert.Assert(t, err != nil && strings.Contains(said, "doesn't match any of the checksums previously recorded"), said)
			_, said, err = m.initialize(root, "dev-network")
			assert.NilError(t, err, said)

			// It is not recorded beside the one before either.
			err = m.record(root, here)
			assert.Error(t, err, filepath.Join(root, lockName)+": the checksums of "+test.host+"/hashicorp/helm 3.1.1 are not those of last time. Nothing was written. "+
				"If you have named other platforms than last time, name all of them. If you trust the new packages, remove the file and try again.")
			left, err := os.ReadFile(filepath.Join(root, lockName))
			assert.NilError(t, err)
			assert.Equal(t, string(left), string(content))

			// One letter of a checksum.
			m.publish("helm", "3.1.1", here, "first")
			_, said, err = m.initialize(root, "dev-app")
			assert.NilError(t, err, said)
			change(t, filepath.Join(root, lockName), "h1:", "h1:A")
			_, _, err = m.initialize(root, "dev-app")
			assert.ErrorContains(t, err, "line 3 is not as Terraform writes it")
			other := bytes.Clone(content)
			at := bytes.Index(other, []byte("h1:")) + 5
			other[at] ^= 1
			write(t, filepath.Join(root, lockName), string(other))
			_, said, err = m.initialize(root, "dev-app")
			assert.Assert(t, err != nil && strings.Contains(said, "doesn't match any of the checksums previously recorded"), said)
		})
	}
}

// TestRecordAgain adds platforms, and another version.
func TestRecordAgain(t *testing.T) {
	m := newMirror(t, "terraform", terraformHost)
	root := project(t, map[string]object{"dev-network": {"aws": three["aws"]}})
	count := func() (versions string, checksums int) {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(root, lockName))
		assert.NilError(t, err)
		all, err := parse(string(content))
		assert.NilError(t, err)
		assert.Assert(t, slices.IsSorted(all[0].checksums))
		return all[0].version, len(all[0].checksums)
	}
	assert.NilError(t, m.record(root, here))
	_, n := count()
	assert.Equal(t, n, 1)
	assert.NilError(t, m.record(root, here, other))
	_, n = count()
	assert.Equal(t, n, 2)
	assert.NilError(t, m.record(root, here), "a platform less")
	_, n = count()
	assert.Equal(t, n, 2)

	for _, platform := range []string{here, other} {
		m.publish("aws", "5.99.2", platform, "new")
	}
	write(t, named(t, root, "dev-network").File, object{"terraform": object{"required_providers": object{"aws": object{"source": "aws", "version": "5.99.2"}}}})
	_, _, err := m.initialize(root, "dev-network")
	assert.ErrorContains(t, err, "has version 5.99.1 of registry.terraform.io/hashicorp/aws, but not 5.99.2, which dev-network requires. Record the checksums again: ./plinth lock")
	assert.NilError(t, m.record(root, here, other))
	version, n := count()
	assert.Equal(t, version, "5.99.2")
	assert.Equal(t, n, 2)
	_, said, err := m.initialize(root, "dev-network")
	assert.NilError(t, err, said)

	// A broken one is written anew, what was recorded for OpenTofu is kept, what nothing requires is not.
	write(t, filepath.Join(root, lockName), "<<<<<<< HEAD\n")
	assert.NilError(t, m.record(root, here))
	write(t, filepath.Join(root, lockName), block("registry.opentofu.org/hashicorp/aws", "5.99.2", h1)+"\n"+block("registry.terraform.io/hashicorp/null", "1.0.0", h1))
	assert.NilError(t, m.record(root, here))
	content, err := os.ReadFile(filepath.Join(root, lockName))
	assert.NilError(t, err)
	assert.Equal(t, strings.Count(string(content), "provider \""), 2, string(content))
	assert.Assert(t, strings.Contains(string(content), h1))

	err = m.record(root, "plan9_mips")
	assert.ErrorContains(t, err, "plan9_mips")
}

// TestNetworkMirror takes packages from a server on this machine. Of the checksums that it tells, Terraform
// records none: it computes its own.
func TestNetworkMirror(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("macOS trusts no certificate by a variable")
	}
	m := newMirror(t, "terraform", terraformHost)
	root := project(t, map[string]object{"dev-network": {"aws": three["aws"]}})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		folder, file := path.Split(strings.TrimPrefix(r.URL.Path, "/mirror"))
		archive := func(platform string) string { return "terraform-provider-aws_5.99.1_" + platform + ".zip" }
		var answer any
		switch file {
		case "index.json":
			answer = object{"versions": object{"5.99.1": object{}}}
		case "5.99.1.json":
			archives := object{}
			for _, platform := range []string{here, other} {
				content, err := os.ReadFile(filepath.Join(m.folder, m.host, "hashicorp", "aws", archive(platform)))
				assert.Check(t, err)
				archives[platform] = object{"url": archive(platform), "hashes": []string{fmt.Sprintf("zh:%x", sha256.Sum256(content))}}
			}
			answer = object{"archives": archives}
		default:
			http.ServeFile(w, r, filepath.Join(m.folder, filepath.FromSlash(folder), file))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		assert.Check(t, json.NewEncoder(w).Encode(answer))
	}))
	t.Cleanup(server.Close)
	certificate := filepath.Join(t.TempDir(), "server.pem")
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	record := func(platforms ...string) error {
		_, err := Record(t.Context(), root, Options{Platforms: platforms, NetMirror: server.URL + "/mirror/"}, func(folder string, args ...string) error {
			said, err := m.run(folder, []string{"SSL_CERT_FILE=" + certificate}, args...)
			if err != nil {
				return fmt.Errorf("%w\n%s", err, said)
			}
			return nil
		})
		return err
	}
	assert.NilError(t, record(here))
	content, err := os.ReadFile(filepath.Join(root, lockName))
	assert.NilError(t, err)
	assert.Equal(t, strings.Count(string(content), "\"h1:"), 1, string(content))
	assert.ErrorContains(t, record(other), "are not those of last time")
	assert.NilError(t, record(here, other))
	_, said, err := m.initialize(root, "dev-network")
	assert.NilError(t, err, said)
	m.publish("aws", "5.99.1", here, "second")
	assert.ErrorContains(t, record(here), "are not those of last time")
	_, said, err = m.initialize(root, "dev-network")
	assert.Assert(t, err != nil && strings.Contains(said, "doesn't match any of the checksums previously recorded"), said)
}

// TestRecordRefuses is about what no lock file can have.
func TestRecordRefuses(t *testing.T) {
	fakeTerraform(t, "Terraform v1.11.4")
	never := func(string, ...string) error { t.Error("Terraform is run"); return nil }
	_, err := Record(t.Context(), project(t, map[string]object{
		"dev-app": three, "dev-network": {"aws": object{"source": "hashicorp/aws", "version": "5.98.0"}},
	}), Options{}, never)
	assert.Error(t, err, "dev-app requires hashicorp/aws 5.99.1, but dev-network requires 5.98.0: a lock file has one version of a provider.")
	root := project(t, nil)
	_, err = Record(t.Context(), root, Options{}, never)
	assert.Error(t, err, root+"/cdktf.out has no stacks. Synthesize first: ./plinth synth")

	// What Terraform writes must be of use.
	root = project(t, map[string]object{"dev-network": {"aws": three["aws"]}})
	for content, want := range map[string]string{
		"x": "Terraform's lock file: line 1 is not as expected",
		"":  "Terraform's lock file has no checksums of registry.terraform.io/hashicorp/aws 5.99.1",
	} {
		_, err = Record(t.Context(), root, Options{}, func(folder string, _ ...string) error {
			return os.WriteFile(filepath.Join(folder, lockName), []byte(content), 0o600)
		})
		assert.Error(t, err, want)
	}
}

// TestChanged has the registry's checksums, of which there is one for each platform, and a mirror's.
func TestChanged(t *testing.T) {
	for name, test := range map[string]struct {
		before, after string
		want          bool
	}{
		"same":                            {"zh:1 zh:2 h1:a", "zh:1 zh:2 h1:a", false},
		"another platform":                {"zh:1 zh:2 h1:a", "zh:1 zh:2 h1:b", false},
		"an archive changed":              {"zh:1 zh:2 h1:a", "zh:1 zh:3 h1:a", true},
		"one more in the registry":        {"zh:1 h1:a", "zh:1 zh:2 h1:a", false},
		"a mirror's":                      {"h1:a h1:b", "h1:a", false},
		"a mirror's changed":              {"h1:a h1:b", "h1:a h1:c", true},
		"the registry's, then a mirror's": {"zh:1 zh:2 h1:a", "h1:b", true},
		"a mirror's, then the registry's": {"h1:a", "zh:1 zh:2 h1:a h1:b", false},
	} {
		if got := changed(strings.Fields(test.before), strings.Fields(test.after)); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
