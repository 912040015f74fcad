package command

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestCheck checks settings without another program: a fresh clone has no npm packages.
func TestCheck(t *testing.T) {
	f := newFake(t)
	t.Setenv("PATH", "")
	f.Environ = []string{"SOURCE_DATE_EPOCH=1796083200", "PLINTH_DEV_NETWORK_ZONES=a"}
	const dev = `account: "111111111111"
region: eu-west-2
ci: {project: group/project}
network: {cidr: 10.10.0.0/16, zones: [a, b]}
database: {instanceClass: db.t4g.micro}
apps: {app: {image: {tag: 0.1.0}, web: {}}}
`
	f.write("environments/dev.yaml", dev)
	code, said := f.run("check")
	assert.Equal(t, code, failed)
	assert.Equal(t, said, "environments/prod.yaml:1: yaml: must hold settings, is empty\n"+
		"PLINTH_DEV_NETWORK_ZONES: network.zones: must name 2 or 3 zones, names 1\n")

	f.Environ = []string{"SOURCE_DATE_EPOCH=1796083200"} // 2026-12-01
	f.write("environments/prod.yaml", strings.NewReplacer("1111", "3333", "10.10", "10.30").Replace(dev))
	code, said = f.run("check")
	assert.Equal(t, said, "The settings have no mistakes.\n")
	assert.Equal(t, code, done)
	assert.Equal(t, f.stdout.String(), "")

	// A warning is no mistake.
	f.write("environments/dev.yaml", dev+"cluster: {version: 1.34}\n")
	code, said = f.run("check")
	assert.Equal(t, said, "Warning: environments/dev.yaml:7: cluster.version: standard support of 1.34 ends on 2026-12-02, in 1 day: "+
		"EKS upgrades the cluster by itself then; upgrade before, one minor version at a time\nThe settings have no mistakes.\n")
	assert.Equal(t, code, done)
	assert.Equal(t, f.stdout.String(), "")
}
