// Package observability has the input of Prometheus, Amazon Managed Prometheus (AMP) and Grafana: what
// to scrape, rules and dashboards. It does not depend on Terraform.
//
// tools/observability has its tests, which need Prometheus' own parser.
package observability

import (
	"embed"
	"path"
	"strings"
)

//go:embed rules/*.yaml dashboards/*.json
var files embed.FS

const (
	// appRules need the metrics of applications. absentRules have a group for each application that has
	// metrics.
	appRules    = "app"
	absentRules = "absent"
	// containerRules need the metrics of containers.
	containerRules = "containers"
)

// placeholder stands for an application's name in absentRules.
const placeholder = "APPLICATION"

// Rules returns AMP's rule files by name, which is also the name of their namespace. Rules of a file
// do not use other files' rules. apps are the applications that have metrics. containers reports
// whether there are metrics of containers.
func Rules(apps []string, containers bool) map[string]string {
	rules := map[string]string{}
	for name, content := range read("rules") {
		rules[strings.TrimSuffix(name, ".yaml")] = string(content)
	}
	// Prometheus cannot know which applications should have metrics and have none.
	head, group, _ := strings.Cut(rules[absentRules], "groups:\n")
	groups := make([]string, len(apps))
	for i, app := range apps {
		groups[i] = strings.ReplaceAll(group, placeholder, app)
	}
	rules[absentRules] = head + "groups:\n" + strings.Join(groups, "")
	if len(apps) == 0 {
		delete(rules, appRules)
		delete(rules, absentRules)
	}
	if !containers {
		delete(rules, containerRules)
	}
	return rules
}

// read returns the files of a folder by name. They are embedded, so reading them cannot fail.
func read(folder string) map[string][]byte {
	entries, err := files.ReadDir(folder)
	if err != nil {
		panic(err)
	}
	contents := map[string][]byte{}
	for _, entry := range entries {
		content, err := files.ReadFile(path.Join(folder, entry.Name()))
		if err != nil {
			panic(err)
		}
		contents[entry.Name()] = content
	}
	return contents
}
