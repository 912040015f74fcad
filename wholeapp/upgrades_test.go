package wholeapp

import (
	"fmt"
	"slices"
	"strings"
)

// pinnedMinor holds the databases to the minor version that the settings give. Otherwise RDS upgrades it, and
// each deployment would try to go back.
func pinnedMinor(p platform) (broken []string) {
	for _, e := range p.resources("aws_db_instance", "aws_rds_cluster_instance") {
		version := p.settings[environment(e.stack)].Database.Version
		if got := e.body["auto_minor_version_upgrade"]; got != !strings.Contains(version, ".") {
			broken = append(broken, fmt.Sprintf("%s: auto_minor_version_upgrade is %v with version %s", e, got, version))
		}
	}
	return broken
}

// upgrades holds the databases to what makes an upgrade work in one deployment: the next parameter group is
// created before the old one goes, and a database that is not in use keeps its version and its group.
func upgrades(p platform) (broken []string) {
	groups := map[string]object{}
	for _, e := range p.resources("aws_db_parameter_group", "aws_rds_cluster_parameter_group") {
		database := p.settings[environment(e.stack)].Database
		name, _ := e.body["name"].(string)
		groups[e.stack+" "+name] = e.body
		if e.body["family"] != database.ParameterFamily() || !strings.HasSuffix(name, "-"+strings.TrimPrefix(database.ParameterFamily(), string(database.Engine))) {
			broken = append(broken, fmt.Sprintf("%s: %s is of family %v, not %s", e, name, e.body["family"], database.ParameterFamily()))
		}
		if dig(e.body, "lifecycle", "create_before_destroy") != true {
			broken = append(broken, e.String()+": deleted while a database uses it")
		}
	}
	for _, e := range p.resources("aws_db_instance", "aws_rds_cluster") {
		if e.body["replicate_source_db"] != nil {
			continue
		}
		database := p.settings[environment(e.stack)].Database
		inUse := e.body["snapshot_identifier"] == nil && len(database.RestoreFromSnapshots) == 0
		if n := len(database.RestoreFromSnapshots); n > 0 {
			inUse = e.body["snapshot_identifier"] == database.RestoreFromSnapshots[n-1]
		}
		identifier, _ := e.body["identifier"].(string)
		if identifier == "" {
			identifier, _ = e.body["cluster_identifier"].(string)
		}
		major, _, _ := strings.Cut(database.Version, ".")
		group := groups[e.stack+" "+identifier+"-"+major]
		if group == nil {
			broken = append(broken, e.String()+": has no parameter group of its own")
			continue
		}
		for what, ignored := range map[string]bool{
			"version": slices.Contains(strs(dig(e.body, "lifecycle", "ignore_changes")), "engine_version"),
			"family":  slices.Contains(strs(dig(group, "lifecycle", "ignore_changes")), "family"),
		} {
			if ignored == inUse {
				broken = append(broken, fmt.Sprintf("%s: in use is %v, and its %s is kept: %v", e, inUse, what, ignored))
			}
		}
	}
	return broken
}
