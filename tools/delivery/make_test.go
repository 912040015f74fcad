package main

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	"gotest.tools/v3/assert"
)

// builds is how the Makefile has Go build this program.
var builds = answer{Args: "build -C tools -o ../build/delivery ./delivery"}

// canMake gives the project the real Makefile. The program that its targets build is this test.
func (d *desk) canMake() {
	d.t.Helper()
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	assert.NilError(d.t, err)
	d.write("Makefile", string(makefile))
	d.write("environments/dev.yaml", "")
	d.real("make")
	d.real("tr")
	self, err := os.Executable()
	assert.NilError(d.t, err)
	assert.NilError(d.t, os.MkdirAll(filepath.Join(d.dir, "build"), 0o755))
	assert.NilError(d.t, os.Symlink(self, filepath.Join(d.dir, "build", "delivery")))
}

// TestMake runs the targets themselves: what a user types reaches the program.
func TestMake(t *testing.T) {
	t.Parallel()
	// It is asked through a proxy, which answers itself.
	application := httptest.NewServer(respond(200, "UP"))
	t.Cleanup(application.Close)
	images := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(images.Close)

	committed := func(d *desk) {
		d.write("app/rds-global-bundle.pem", "")
		d.docker(d.commitAll("first"))
		program := filepath.Join(d.folder, "program")
		assert.NilError(d.t, os.WriteFile(program, []byte("program"), 0o600))
		d.can("go", builds, answer{Args: "build", File: program})
	}
	for _, test := range []struct {
		target  string
		prepare func(*desk)
		says    string
		fails   bool
	}{
		{"image BUILDER=docker", committed, "build/image/app.tar", false},
		{"push BUILDER=docker DOTENV=build/push.env REPOSITORY=" + strings.TrimPrefix(images.URL, "http://") + "/app", committed, "sha256:", false},
		{"scan", func(d *desk) {
			d.write("build/image/context/app", "program")
			d.can("go", builds, answer{Args: "run " + govulncheck})
		}, "knows of no vulnerability", false},
		{"kubeconfig ENV=dev ROLE=none", func(d *desk) {
			d.can("aws", signedIn("arn:aws:iam::111111111111:user/someone"), answer{Args: "eks update-kubeconfig"})
		}, "kubectl has a context plinth-dev now, as arn:aws:iam::111111111111:user/someone", false},
		{"status ENV=dev", func(d *desk) { d.can("kubectl", newCluster().answers()...) }, "✓ health     http://" + balancer, false},
		{"verify ENV=dev", func(d *desk) { d.write("build/outputs/dev-app.json", outputs(balancer, balancer)) }, "/health: UP", false},
		{"tunnel ENV=dev", func(*desk) {}, "dev: has no bastion", true},
	} {
		t.Run(strings.Fields(test.target)[0], func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			d.canMake()
			d.can("go", builds)
			test.prepare(d)
			command := exec.CommandContext(t.Context(), filepath.Join(d.folder, "bin", "make"),
				append([]string{"--no-print-directory", "-o", "synth"}, strings.Fields(test.target)...)...)
			command.Dir, command.Env = d.dir, append(d.environ, "HTTP_PROXY="+application.URL)
			out, err := command.CombinedOutput()
			assert.Equal(t, err != nil, test.fails, "%s", out)
			contains(t, string(out), test.says)
			typed, _ := d.calls()
			assert.Assert(t, slices.Contains(typed, "go "+builds.Args), typed)
		})
	}
}
