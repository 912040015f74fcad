package cloud

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// minorVersions are RDS's default minor versions of the major versions that it has, to begin with.
var minorVersions = map[string]string{"14": "14.20", "15": "15.15", "16": "16.11", "17": "17.7", "18": "18.1"}

// runningVersion is the attribute with the version that runs: engine_version is the one that is asked for.
const runningVersion = "engine_version_actual"

// minorEvery is how often PostgreSQL has new minor versions.
// https://www.postgresql.org/developer/roadmap/
const minorEvery = Duration(91 * 24 * time.Hour)

// actualVersion is the version that runs for a requested one: a major version alone is its default minor.
func (w *World) actualVersion(asked string) string {
	major, minor, _ := strings.Cut(minorVersions[asked], ".")
	first, err := strconv.Atoi(minor)
	if err != nil {
		return asked
	}
	return fmt.Sprintf("%s.%d", major, first+int(w.Ahead/minorEvery))
}

func major(version string) string {
	before, _, _ := strings.Cut(version, ".")
	return before
}

// older compares two versions such as 17.6.
func older(version, than string) bool {
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // no version: before all
	a, minorA, _ := strings.Cut(version, ".")
	b, minorB, _ := strings.Cut(than, ".")
	return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(number(minorA), number(minorB))) < 0
}

// engine is how RDS upgrades a type of database.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html
type engine struct {
	// group is the attribute with the parameter group's name, groupType the group's type.
	group, groupType string
}

var (
	instanceEngine = engine{"parameter_group_name", "aws_db_parameter_group"}
	clusterEngine  = engine{"db_cluster_parameter_group_name", "aws_rds_cluster_parameter_group"}
)

// independent are attributes that RDS sets otherwise than the provider plans. The provider plans with the secret of
// before.
func (e engine) independent() []string {
	return []string{"engine_version", runningVersion, e.group, "master_user_secret"}
}

func isReplica(a Attributes) bool { return text(a, "replicate_source_db") != "" }

// waits reports whether a change of the version waits for the maintenance window.
func waits(a, before Attributes) bool {
	return !flag(a, "apply_immediately") && a["engine_version"] != before["engine_version"]
}

// check refuses versions and parameter groups that RDS refuses.
func (e engine) check(w *World, a, before Attributes) error {
	version := text(a, "engine_version")
	if isReplica(a) {
		source := w.find("aws_db_instance", "identifier", text(a, "replicate_source_db"))
		version = text(source.Attributes, runningVersion)
		if before != nil {
			version = text(before, runningVersion)
		}
	}
	if version == "" {
		return nil
	}
	if minorVersions[major(version)] == "" {
		return refuse("InvalidParameterCombination", "Cannot find version %s for %s", version, text(a, "engine"))
	}
	if before != nil && !isReplica(a) {
		if err := w.checkUpgrade(a, before); err != nil {
			return err
		}
		// The group must fit the version that runs, unless both change together.
		if running := text(before, runningVersion); running != "" && a["engine_version"] == before["engine_version"] {
			version = running
		}
	}
	group := text(a, e.group)
	family := w.attribute(e.groupType, group, "family")
	if want := text(a, "engine") + major(version); family != "" && text(a, "engine") != "" && family != want && (before == nil || group != text(before, e.group) || version != text(before, runningVersion)) {
		return refuse("InvalidParameterCombination", "The parameter group %s with DBParameterGroupFamily %s can't be used for this instance. "+
			"Use a parameter group with DBParameterGroupFamily %s.", group, family, want)
	}
	return nil
}

// checkUpgrade refuses to go back, another major version without the flag for it, and a minor version that
// the replicas do not have yet.
func (w *World) checkUpgrade(a, before Attributes) error {
	running, asked := text(before, runningVersion), w.actualVersion(text(a, "engine_version"))
	if running == "" || a["engine_version"] == before["engine_version"] {
		return nil
	}
	switch {
	case older(asked, running):
		return refuse("InvalidParameterCombination", "Cannot upgrade %s from %s to %s", text(a, "engine"), running, asked)
	case major(asked) != major(running):
		if !flag(a, "allow_major_version_upgrade") {
			return refuse("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
		}
		return nil
	}
	var behind []string
	for _, replica := range w.replicasOf(text(a, "identifier")) {
		if older(text(replica.Attributes, runningVersion), asked) {
			behind = append(behind, text(replica.Attributes, "identifier"))
		}
	}
	if len(behind) > 0 {
		return refuse("DBUpgradeDependencyFailure", "One or more of the DB Instance's read replicas need to be upgraded: %s", strings.Join(behind, ", "))
	}
	return nil
}

// renew sets the version that runs after a change. What waits for the maintenance window leaves it, and
// the parameter group of another major version. Terraform sees the new version all the same, and the old
// group: https://github.com/hashicorp/terraform-provider-aws/pull/47121
func (e engine) renew(w *World, a, before Attributes) {
	running := text(before, runningVersion)
	switch asked := w.actualVersion(text(a, "engine_version")); {
	case isReplica(a): // upgraded with its source, or by somebody
		a["engine_version"] = before["engine_version"]
	case waits(a, before) && running != "":
		if major(asked) != major(running) {
			a[e.group] = before[e.group]
		}
	case a["engine_version"] == before["engine_version"] && (!flag(a, "apply_immediately") || minorVersions[text(a, "engine_version")] != ""):
		// A major version alone asks for no newer minor one.
	case older(running, asked):
		running = asked
	}
	a[runningVersion] = running
}

func (w *World) replicasOf(source string) (replicas []*Thing) {
	w.Each(func(_, _ string, t *Thing) bool {
		if source != "" && text(t.Attributes, "replicate_source_db") == source {
			replicas = append(replicas, t)
		}
		return true
	}, "aws_db_instance")
	return replicas
}

// upgradeReplicas gives replicas the major version of their source, with that version's default group.
func upgradeReplicas(w *World, _ string, t *Thing) error {
	running := text(t.Attributes, runningVersion)
	for _, replica := range w.replicasOf(text(t.Attributes, "identifier")) {
		if a := replica.Attributes; major(text(a, runningVersion)) != major(running) {
			a["engine_version"], a[runningVersion] = t.Attributes["engine_version"], running
			a[instanceEngine.group] = "default." + text(t.Attributes, "engine") + major(running)
		}
	}
	return nil
}

// upgradeClusterInstances gives the instances the version of their cluster.
func upgradeClusterInstances(w *World, _ string, t *Thing) error {
	w.Each(func(_, _ string, instance *Thing) bool {
		if text(instance.Attributes, "cluster_identifier") == text(t.Attributes, "cluster_identifier") {
			instance.Attributes[runningVersion] = t.Attributes[runningVersion]
		}
		return true
	}, "aws_rds_cluster_instance")
	return nil
}

// upgradeInstance upgrades a database in its maintenance window: to the minor version that was asked for, and
// with auto_minor_version_upgrade to the default one.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.Minor.html
func upgradeInstance(w *World, t *Thing) {
	upgradeMinor(w, t.Attributes, flag(t.Attributes, "auto_minor_version_upgrade"))
}

// upgradeCluster does the same for an Aurora cluster, if each of its instances says so.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.Upgrading.html
func upgradeCluster(w *World, t *Thing) {
	automatic := true
	w.Each(func(_, _ string, instance *Thing) bool {
		automatic = text(instance.Attributes, "cluster_identifier") != text(t.Attributes, "cluster_identifier") ||
			instance.MadeBy != "" || flag(instance.Attributes, "auto_minor_version_upgrade")
		return automatic
	}, "aws_rds_cluster_instance")
	upgradeMinor(w, t.Attributes, automatic)
	_ = upgradeClusterInstances(w, "", t) // never fails
}

func upgradeMinor(w *World, a Attributes, automatic bool) {
	running, version := text(a, runningVersion), text(a, "engine_version")
	if newest := w.actualVersion(major(running)); automatic && older(running, newest) {
		version = newest
	}
	if major(version) == major(running) && older(running, version) {
		a[runningVersion] = version
	}
}

func both(first, second func(*World, string, *Thing) error) func(*World, string, *Thing) error {
	return func(w *World, key string, t *Thing) error {
		if err := first(w, key, t); err != nil {
			return err
		}
		return second(w, key, t)
	}
}
