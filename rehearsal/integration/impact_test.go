package integration

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestImpact: diff, plan and deploy say what a change costs, and refuse what would delete the database or
// the network.
func TestImpact(t *testing.T) {
	p := newProject(t)
	network, data := p.stack("network"), p.stack("data")
	p.do(p.plinth("bootstrap dev --auto-approve --state " + p.folder))
	p.do(p.terraform("apply", "network"))
	p.do(p.terraform("apply", "data"))
	made, state := p.made(), p.known()
	const refused = "Refused:"
	gone := "The database " + p.rehearsal.name("postgres") + " would be deleted with its data."
	p.synth(p.Variable("DATABASE_NAME=other"))
	p.contains(p.do(p.plinth("diff "+data)), refused, gone)
	p.contains(p.do(p.plinth("plan "+data)), "**Refused**", gone)
	p.contains(p.refused(p.plinth("deploy "+data+" --auto-approve")), refused, gone)
	p.synth(p.Variable("NETWORK_CIDR=10.99.0.0/16"))
	p.contains(p.refused(p.plinth("deploy "+network+" --auto-approve")), refused, "network.cidr: "+p.rehearsal.name()+" would be replaced, with everything in it.")
	p.unlocked()
	assert.DeepEqual(t, p.made(), made)
	assert.DeepEqual(t, p.known(), state)

	p.synth(p.Variable("NETWORK_NAT=per-zone"))
	p.contains(p.do(p.plinth("deploy "+network+" --auto-approve")), "What this costs:", "open connections to the internet are cut.", "Apply complete!")
	p.contains(p.do(p.plinth("diff "+network)), "No changes.")
}
