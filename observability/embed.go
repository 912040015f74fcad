// Package observability holds what Prometheus, Amazon Managed Prometheus (AMP) and Grafana are told:
// what to scrape, rules and dashboards. It knows nothing of Terraform.
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

// Rules returns AMP's rule files by their name, which serves as the name of their namespace. Those of a
// file need no other file's.
func Rules() map[string]string {
	rules := map[string]string{}
	for name, content := range read("rules") {
		rules[strings.TrimSuffix(name, ".yaml")] = string(content)
	}
	return rules
}

// read returns the files of a folder by their name. An error would be one of the compiler's.
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
