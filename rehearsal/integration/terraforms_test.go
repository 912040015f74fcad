package integration

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// terraforms names programs of Terraform and OpenTofu. Building one takes minutes, so only make
// test-terraform sets it.
var terraforms = flag.String("terraforms", "", "programs below build, to be tested instead of the Terraform on PATH, as in 'terraform/oldest opentofu/newest'")

// TestTerraforms deploys, compares and destroys dev and staging with other versions of Terraform and OpenTofu.
func TestTerraforms(t *testing.T) {
	if *terraforms == "" {
		t.Skip("make test-terraform runs this")
	}
	for name := range strings.FieldsSeq(*terraforms) {
		t.Run(name, func(t *testing.T) {
			program, err := filepath.Abs(filepath.Join(root, "build", name))
			assert.NilError(t, err)
			t.Setenv("TERRAFORM_BINARY_NAME", program)
			version := pinned(t, name)
			product, _, _ := strings.Cut(version, " ")
			for _, env := range []string{"dev", "staging"} {
				r := furnished(t, env)
				r.contains(r.do(r.Terraform(r.stack("network"), "version")), version)
				r.cycle(product + " has compared")
			}
		})
	}
}

// pinned returns the name and version of a program, as in OpenTofu v1.12.6.
func pinned(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "rehearsal", name, "go.mod"))
	assert.NilError(t, err)
	module, product := "github.com/hashicorp/terraform", "Terraform"
	if strings.HasPrefix(name, "opentofu") {
		module, product = "github.com/opentofu/opentofu", "OpenTofu"
	}
	_, after, found := strings.Cut(string(content), module+" v")
	assert.Assert(t, found, "%s: no version of %s", name, module)
	return product + " v" + strings.Fields(after)[0]
}

// cycle deploys an environment, compares every stack with it and destroys it. Each comparison must say something
// that only the program to be tested says.
func (r rehearsal) cycle(says string) {
	r.t.Helper()
	r.do(r.CDKTF("deploy", r.stack("*")))
	r.consistent()
	for _, name := range r.App.Names() {
		diff := r.Terraform(name, "plan", "-input=false", "-no-color")
		if name == r.stack("app") { // each start of cdktf takes two seconds of processor time
			diff = r.CDKTF("diff", name)
		}
		r.contains(r.do(diff), "No changes.", says)
	}
	r.unprotect()
	r.do(r.CDKTF("destroy", r.stack("*")))
	r.empty()
}
