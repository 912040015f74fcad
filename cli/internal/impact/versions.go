package impact

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// versions are the PostgreSQL version that runs, and the one to run, of a database that an update gives
// another version.
func (c change) versions() (running, asked string, ok bool) {
	if !slices.Contains(databases, c.Type) || !c.changes("engine_version") {
		return "", "", false
	}
	asked, ok = c.Change.After["engine_version"].(string)
	return c.running(), asked, ok && c.running() != "" && c.primary()
}

// running is the version that runs: with a major version alone in the settings, RDS has chosen the minor.
func (c change) running() string {
	actual, _ := c.Change.Before["engine_version_actual"].(string)
	asked, _ := c.Change.Before["engine_version"].(string)
	return cmp.Or(actual, asked)
}

func major(version string) string {
	before, _, _ := strings.Cut(version, ".")
	return before
}

// older compares two versions. A major version alone is as new as each of its minor versions.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	return slices.CompareFunc(a[:min(len(a), len(b))], b[:min(len(a), len(b))], func(a, b string) int {
		x, _ := strconv.Atoi(a)
		y, _ := strconv.Atoi(b)
		return cmp.Compare(x, y)
	}) < 0
}

func downgrade(c change, _ []change) bool {
	running, asked, ok := c.versions()
	return ok && older(asked, running)
}

func upgrade(c change, _ []change) bool {
	running, asked, ok := c.versions()
	return ok && !older(asked, running) && asked != running
}

func majorUpgrade(c change) bool {
	running, asked, ok := c.versions()
	return ok && older(running, asked) && major(running) != major(asked)
}

func (c change) atOnce() bool {
	immediately, _ := c.Change.After["apply_immediately"].(bool)
	return immediately
}

// waitingUpgrade reports whether an upgrade to another major version would wait for the maintenance window.
// Until then every plan would show the parameter group as a difference, and every deployment would fail.
// https://github.com/hashicorp/terraform-provider-aws/pull/47121
func waitingUpgrade(c change, _ []change) bool { return majorUpgrade(c) && !c.atOnce() }

// upgradeAtOnce and upgradeInWindow are the upgrades that may be applied.
func upgradeAtOnce(c change, all []change) bool { return upgrade(c, all) && c.atOnce() }

func upgradeInWindow(c change, all []change) bool {
	return upgrade(c, all) && !c.atOnce() && !majorUpgrade(c)
}

// behind reports whether a read replica needs its primary's next minor version first. RDS upgrades
// replicas along with their primary to another major version alone, and Terraform changes the primary
// first, since the replicas depend on it.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html
func behind(c change, all []change) bool {
	source, _ := c.Change.Before["replicate_source_db"].(string)
	return source != "" && !c.deleted() && slices.ContainsFunc(all, func(primary change) bool {
		_, asked, ok := primary.versions()
		return ok && primary.Change.Before["identifier"] == source && !majorUpgrade(primary) && older(c.running(), asked)
	})
}
