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

// containerRules are the rules that need the metrics of containers.
const containerRules = "containers"

// Rules returns AMP's rule files by name, which is also the name of their namespace. Rules of a file
// do not use other files' rules. containers tells whether there are metrics of containers.
func Rules(containers bool) map[string]string {
	rules := map[string]string{}
	for name, content := range read("rules") {
		rules[strings.TrimSuffix(name, ".yaml")] = string(content)
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
