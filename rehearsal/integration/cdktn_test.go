package integration

import (
	"flag"
	"testing"
)

// cdktn is the path of the successor of cdktf. Only make test-cdktn installs it, and sets this.
var cdktn = flag.String("cdktn", "", "cdktn's program, to be tested instead of cdktf")

// TestCDKTN synthesizes, deploys, compares and destroys dev with CDK Terrain's CLI, on the pinned Node.js and
// with the bindings of CDKTF: docs/upgrades.md says how to go on to it.
func TestCDKTN(t *testing.T) {
	if *cdktn == "" {
		t.Skip("make test-cdktn runs this")
	}
	former := tools.CDKTF
	t.Cleanup(func() { tools.CDKTF = former })
	tools.CDKTF = *cdktn
	r := furnished(t, "dev")
	r.synthesizesTheSame()
	r.cycle("Terraform has compared")
}
