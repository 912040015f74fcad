package integration

import (
	"flag"
	"testing"
)

// openTofu is the path of OpenTofu. Building it takes minutes, so only make test-opentofu sets it.
var openTofu = flag.String("opentofu", "", "OpenTofu's program, to be tested instead of Terraform")

// TestOpenTofu deploys, compares and destroys dev with OpenTofu 1.10. staging and prod have
// ephemeral values, which that version does not support.
func TestOpenTofu(t *testing.T) {
	if *openTofu == "" {
		t.Skip("make test-opentofu runs this")
	}
	t.Setenv("TERRAFORM_BINARY_NAME", *openTofu)
	r := furnished(t, "dev")
	r.do(r.CDKTF("deploy", r.stack("*")))
	r.consistent()
	for _, name := range r.App.Names() {
		output := r.do(r.CDKTF("diff", name))
		r.contains(output, "No changes.", "OpenTofu")
	}
	r.do(r.CDKTF("destroy", r.stack("*")))
	r.empty()
}
