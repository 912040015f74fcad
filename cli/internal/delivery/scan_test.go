package delivery

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

func TestScan(t *testing.T) {
	t.Parallel()
	const unreachable = "govulncheck: fetching vulnerabilities: Get \"https://vuln.go.dev/index/modules.json.gz\": dial tcp: no such host\nexit status 1\n"
	for name, test := range map[string]struct {
		answer   answer
		pipeline string
		said     string
		err      string
	}{
		"nothing found":             {answer{Stdout: "No vulnerabilities found.\n"}, "", "found no vulnerability", ""},
		"found":                     {answer{Stdout: "Vulnerability #1: GO-2026-0001\n", Stderr: "exit status 3\n", Code: 1}, "", "", "build/image/app/app: has known vulnerabilities\n  Vulnerability #1: GO-2026-0001"},
		"unreachable":               {answer{Stderr: unreachable, Code: 1}, "GITLAB_CI=false", "NOT scanned", ""},
		"unreachable from a GitLab": {answer{Stderr: unreachable, Code: 1}, "GITLAB_CI=true", "", "scan: govulncheck failed\n  govulncheck: fetching vulnerabilities"},
		"unreachable from a GitHub": {answer{Stderr: unreachable, Code: 1}, "GITHUB_ACTIONS=true", "", "scan: govulncheck failed\n  govulncheck: fetching vulnerabilities"},
		"mirror":                    {answer{Args: " -db https://vuln.example.com build/image/app/app", Stdout: "No vulnerabilities found.\n"}, "GOVULNDB=https://vuln.example.com", "found no vulnerability", ""},
		"broken":                    {answer{Stderr: "no Go program", Code: 1}, "", "", "scan: govulncheck failed\n  no Go program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			d.write("app/go.mod", "module example.com/app")
			d.write("app/Dockerfile", "FROM scratch")
			if test.answer.Args == "" {
				test.answer.Args = " build/image/app/app"
			}
			test.answer.Args = "run " + govulncheck + " -mode binary" + test.answer.Args
			d.can("go", test.answer)
			d.Environ = append(d.Environ, test.pipeline)
			contains(t, d.fails("scan"), "build it first: ./plinth image")
			d.write("build/image/app/app", "program")
			if test.err != "" {
				contains(t, d.fails("scan"), test.err)
				return
			}
			d.succeeds("scan")
			contains(t, d.stderr.String(), test.said)
		})
	}
}

// TestScanReal scans a real program with the real govulncheck and a database made for the test.
func TestScanReal(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	database := filepath.Join(d.folder, "database")
	d.Environ = append(os.Environ(), "GOVULNDB=file://"+filepath.ToSlash(database))
	d.synthesize("dev")
	d.write("app/go.mod", "module example.com/app")
	d.write("app/Dockerfile", "FROM scratch")
	d.write("go.mod", "module example.com/app\n\ngo 1.26\n")
	d.write("main.go", "package main\n\nimport \"net/url\"\n\nfunc main() {\n\t_, _ = url.Parse(\"/\")\n}\n")
	build := exec.Command("go", "build", "-o", filepath.Join("build", "image", "app", "app"), ".")
	build.Dir, build.Env = d.Dir, append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	assert.NilError(t, err, "%s", output)

	// The format: https://go.dev/doc/security/vuln/database#api
	const id = "GO-2026-0001"
	describe := func(modules, function string) {
		for name, content := range map[string]string{
			"index/db.json":      `{"modified": "2026-11-01T00:00:00Z"}`,
			"index/modules.json": modules,
			"ID/" + id + ".json": fmt.Sprintf(`{
				"schema_version": "1.3.1", "id": %q, "modified": "2026-11-01T00:00:00Z", "published": "2026-11-01T00:00:00Z",
				"summary": "made for a test", "database_specific": {"url": "https://pkg.go.dev/vuln/"},
				"affected": [{
					"package": {"name": "stdlib", "ecosystem": "Go"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
					"ecosystem_specific": {"imports": [{"path": "net/url", "symbols": [%q]}]}
				}]
			}`, id, function),
		} {
			file := filepath.Join(database, filepath.FromSlash(name))
			assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
		}
	}
	const affected = `[{"path": "stdlib", "vulns": [{"id": "` + id + `", "modified": "2026-11-01T00:00:00Z"}]}]`
	for _, test := range []struct{ name, modules, function, err string }{
		{"none is known", "[]", "Parse", ""},
		{"in what is not called", affected, "JoinPath", ""},
		{"in what is called", affected, "Parse", "has known vulnerabilities\n  === Symbol Results ===\n  \n  Vulnerability #1: " + id + "\n      made for a test"},
	} {
		describe(test.modules, test.function)
		d.stderr.Reset()
		err := d.run(t.Context(), "scan")
		if test.err == "" {
			assert.NilError(t, err, test.name)
			contains(t, d.stderr.String(), "found no vulnerability")
			continue
		}
		assert.Assert(t, err != nil, test.name)
		contains(t, err.Error(), test.err)
	}
}
