package main

import (
	"testing"
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
		"nothing found":             {answer{Stdout: "No vulnerabilities found.\n"}, "", "knows of no vulnerability", ""},
		"found":                     {answer{Stdout: "Vulnerability #1: GO-2026-0001\n", Stderr: "exit status 3\n", Code: 1}, "", "", "build/image/context/app: has known vulnerabilities\n  Vulnerability #1: GO-2026-0001"},
		"unreachable":               {answer{Stderr: unreachable, Code: 1}, "GITLAB_CI=false", "NOT looked through", ""},
		"unreachable from a GitLab": {answer{Stderr: unreachable, Code: 1}, "GITLAB_CI=true", "", "scan: govulncheck failed\n  govulncheck: fetching vulnerabilities"},
		"unreachable from a GitHub": {answer{Stderr: unreachable, Code: 1}, "GITHUB_ACTIONS=true", "", "scan: govulncheck failed\n  govulncheck: fetching vulnerabilities"},
		"mirror":                    {answer{Args: " -db https://vuln.example.com build/image/context/app", Stdout: "No vulnerabilities found.\n"}, "GOVULNDB=https://vuln.example.com", "knows of no vulnerability", ""},
		"broken":                    {answer{Stderr: "no Go program", Code: 1}, "", "", "scan: govulncheck failed\n  no Go program"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if test.answer.Args == "" {
				test.answer.Args = " build/image/context/app"
			}
			test.answer.Args = "run " + govulncheck + " -mode binary" + test.answer.Args
			d.can("go", test.answer)
			d.environ = append(d.environ, test.pipeline)
			contains(t, d.fails("scan"), "build it first: make image")
			d.write("build/image/context/app", "program")
			if test.err != "" {
				contains(t, d.fails("scan"), test.err)
				return
			}
			d.succeeds("scan")
			contains(t, d.stderr.String(), test.said)
		})
	}
}
