package published

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestTable holds the table of charts in docs/upgrades.md against the charts of the stacks.
func TestTable(t *testing.T) {
	t.Setenv("EXTERNAL_SECRETS_SOURCE", "")
	content, err := os.ReadFile("../../../docs/upgrades.md")
	assert.NilError(t, err)
	_, section, found := strings.Cut(string(content), "\n## Charts\n")
	assert.Assert(t, found)
	section, _, _ = strings.Cut(section, "\n### ")
	rows := map[string][]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| (.*) \|$`).FindAllStringSubmatch(section, -1) {
		cells := strings.Split(row[1], " | ")
		rows[cells[0]] = cells
	}
	for _, c := range All() {
		row := rows[c.Name]
		delete(rows, c.Name)
		if len(row) != 4 {
			t.Errorf("the table has no row of %s with 4 cells: %v", c.Name, row)
			continue
		}
		assert.Check(t, row[1] == c.Version, "%s: the table has version %s, the stacks have %s", c.Name, row[1], c.Version)
		rendered := "yes"
		if c.Rendered() != c.Version {
			rendered = "no: " + c.Rendered() + " in its place"
		}
		assert.Check(t, row[3] == rendered, "%s: is rendered by a test: the table has %q, want %q", c.Name, row[3], rendered)
	}
	delete(rows, "chart")
	assert.Equal(t, len(rows), 0, "no stack has these charts: %v", rows)
}

// TestStandIn renders an older version of External Secrets in place of the one that no module has.
func TestStandIn(t *testing.T) {
	for name, test := range map[string]struct{ source, rendered, says string }{
		"no checkout":    {"", "1.3.1", ""},
		"its checkout":   {checkout(t, "2.9.0", "v2.9.0"), "2.9.0", ""},
		"an older one":   {checkout(t, "2.8.0", "v2.8.0"), "2.9.0", "has version 2.8.0 of the chart, want 2.9.0"},
		"another image":  {checkout(t, "2.9.0", "v2.9.1"), "2.9.0", "installs v2.9.1, tools/charts/published has v2.9.0"},
		"another folder": {t.TempDir(), "2.9.0", "/deploy/charts/external-secrets"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("EXTERNAL_SECRETS_SOURCE", test.source)
			assert.Equal(t, ExternalSecrets.Rendered(), test.rendered)
			assert.Equal(t, MetricsServer.Rendered(), MetricsServer.Version)
			c, err := ExternalSecrets.Load(t.Context())
			folder := filepath.Join(t.TempDir(), "chart")
			if test.says != "" {
				assert.ErrorContains(t, err, test.says)
				assert.ErrorContains(t, ExternalSecrets.Package(t.Context(), folder), test.says)
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, c.Metadata.Version, "2.9.0")
			assert.Equal(t, c.AppVersion(), "v2.9.0")
			assert.NilError(t, ExternalSecrets.Package(t.Context(), folder))
			content, err := os.ReadFile(filepath.Join(folder, "Chart.yaml"))
			assert.NilError(t, err)
			assert.Assert(t, strings.Contains(string(content), "\nversion: 2.9.0\n"), "%s", content)
		})
	}
}

// checkout is a repository of External Secrets with next to nothing in it.
func checkout(t *testing.T, version, appVersion string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range map[string]string{
		"deploy/charts/external-secrets/Chart.yaml":         "apiVersion: v2\nname: external-secrets\nversion: " + version + "\nappVersion: " + appVersion + "\n",
		"deploy/charts/external-secrets/templates/none.txt": "",
		"deploy/crds/bundle.yaml":                           "",
	} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	return folder
}
