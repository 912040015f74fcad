package settings

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// renamedKeys are the keys of earlier versions with their new names. The error about an old key names the
// new one.
var renamedKeys = map[string]string{
	"ci.sessionMinutes":                        "ci.maxSessionMinutes",
	"ci.sharesProvider":                        "ci.useExistingOIDCProvider",
	"cluster.access":                           "cluster.accessEntries",
	"database.backup":                          "database.awsBackup",
	"database.backup.copyKeepDays":             "database.awsBackup.copyRetentionDays",
	"database.backup.copyVaultARN":             "database.awsBackup.crossRegionVaultARN",
	"database.backup.enabled":                  "database.awsBackup.enabled",
	"database.backup.keepDays":                 "database.awsBackup.retentionDays",
	"database.restores":                        "database.restoreFromSnapshots",
	"database.retired":                         "database.deletedDatabases",
	"network.bastion.idleMinutes":              "network.bastion.idleTimeoutMinutes",
	"network.bastion.maxMinutes":               "network.bastion.maxSessionMinutes",
	"network.sharesRangeWith":                  "network.allowOverlapWith",
	"network.vpn.sessionHours":                 "network.vpn.sessionTimeoutHours",
	"observability.alarms.errorLogs":           "observability.alarms.errorLogsPer5Minutes",
	"observability.alarms.errorPercent":        "observability.alarms.errorRatePercent",
	"observability.alarms.latencyMilliseconds": "observability.alarms.p95LatencyMilliseconds",
	"observability.budget.percent":             "observability.budget.thresholdPercent",
	"observability.prometheus.scrapeSeconds":   "observability.prometheus.scrapeIntervalSeconds",
	"registry.keepImages":                      "registry.maxTaggedImages",
	"registry.untaggedDays":                    "registry.untaggedRetentionDays",
	"state.logBucket":                          "state.accessLogBucket",
	"state.oldVersionDays":                     "state.noncurrentVersionRetentionDays",
}

// removedKeys are keys of earlier versions without a successor. The value says what to do.
var removedKeys = map[string]string{
	"ci.audience": "is gone: a job's token has the audience <project>-<environment>-plan, -deploy or -push; remove it",
}

// renamedTo returns the message about the old name of a key or a variable.
func renamedTo(now string) string { return "is now " + now + "; rename it" }

// renamed reports an old key, or the keys of an old section, and returns whether it was one. It marks the
// new key as invalid, so that its absence is not reported too.
func (d decoder) renamed(key, value *yaml.Node, path string) bool {
	if path == "app" {
		d.invalid = append(d.invalid, "apps")
		d.reportAt(d.locate(key), path, "is now apps, which has an entry for each application; write apps: %s", newForm(value))
		return true
	}
	if remedy, ok := removedKeys[path]; ok {
		d.reportAt(d.locate(key), path, "%s", remedy)
		return true
	}
	now, ok := renamedKeys[path]
	if !ok {
		return false
	}
	d.invalid = append(d.invalid, now)
	before := len(d.problems)
	if value.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(value.Content); i += 2 {
			d.renamed(value.Content[i], value.Content[i+1], join(path, value.Content[i].Value))
		}
	}
	if len(d.problems) == before {
		d.reportAt(d.locate(key), path, "%s", renamedTo(now))
	}
	return true
}

// outdated returns the message about the variable of a key of an earlier version, or "".
func outdated(variable string, environments []string) string {
	for _, environment := range environments {
		for _, leaf := range leaves() {
			setting, ok := strings.CutPrefix(leaf.path, "apps."+anyKey+".")
			if ok && Variable(environment, "app."+strings.TrimPrefix(setting, "web.")) == variable {
				return "is now " + Variable(environment, "apps.<application>."+setting) + ", with the application's name; rename it"
			}
		}
		for old, remedy := range removedKeys {
			if Variable(environment, old) == variable {
				return remedy
			}
		}
		for _, leaf := range leaves() {
			for old, now := range renamedKeys {
				if now == leaf.path && Variable(environment, old) == variable {
					return renamedTo(Variable(environment, now))
				}
			}
		}
	}
	return ""
}

// newForm returns the entry of apps for the section app of an earlier version, which was one web process.
func newForm(section *yaml.Node) string {
	name, entry, web := "app", mapping(), mapping()
	if section.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(section.Content); i += 2 {
			key, value := section.Content[i], section.Content[i+1]
			into := web
			switch {
			case key.Value == "name" && rules()["appname"].holds(value.Value):
				name = value.Value
				continue
			case key.Value == "image" || key.Value == "parameters":
				into = entry
			}
			into.Content = append(into.Content, key, value)
		}
	}
	entry.Content = append(entry.Content, scalar("web"), web)
	apps := mapping(scalar(name), entry)
	return flow(apps)
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

func mapping(content ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: content}
}

// flow writes YAML on one line, without its comments.
func flow(node *yaml.Node) string {
	var plain func(*yaml.Node) *yaml.Node
	plain = func(node *yaml.Node) *yaml.Node {
		copied := &yaml.Node{Kind: node.Kind, Value: node.Value, Tag: node.Tag, Style: node.Style &^ yaml.LiteralStyle &^ yaml.FoldedStyle}
		if node.Kind != yaml.ScalarNode {
			copied.Tag, copied.Style = "", yaml.FlowStyle
		}
		for _, child := range node.Content {
			copied.Content = append(copied.Content, plain(child))
		}
		return copied
	}
	text, err := yaml.Marshal(plain(node))
	if err != nil {
		return "{app: {…}}"
	}
	return strings.Join(strings.Fields(string(bytes.TrimSpace(text))), " ")
}
