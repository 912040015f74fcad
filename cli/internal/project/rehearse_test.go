package project

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestRehearseReport: nothing is built before the report's place is known to be a file, and nothing but a file is
// removed there.
func TestRehearseReport(t *testing.T) {
	t.Parallel()
	p, _ := repository(t, map[string]string{"environments/dev.yaml": "a", "docs/a.md": "a"})
	err := p.Rehearse(t.Context(), Rehearsal{Env: "dev", From: []string{"HEAD"}, Report: p.Path("docs")})
	assert.Error(t, err, "--report "+p.Path("docs")+": is a folder; name a file")
	_, err = os.Stat(p.Path("docs", "a.md"))
	assert.NilError(t, err)

	// The report of an earlier rehearsal would be taken for this one's.
	err = p.Rehearse(t.Context(), Rehearsal{Env: "dev", From: []string{"HEAD"}, Report: p.Path("docs", "a.md")})
	assert.ErrorContains(t, err, "exit status", "there is no tools/requirements.sh")
	_, err = os.Stat(p.Path("docs", "a.md"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

// TestNothingToRehearseFrom: the last release alone, before there is one.
func TestNothingToRehearseFrom(t *testing.T) {
	t.Parallel()
	p, _ := repository(t, map[string]string{"environments/dev.yaml": "a"})
	var said strings.Builder
	p.Stderr = &said
	report := p.Path("build", "upgrade", "dev.md")
	assert.NilError(t, p.Rehearse(t.Context(), Rehearsal{Env: "dev", FromRelease: true, Report: report}))
	const nothing = "Nothing to rehearse from: there is no release yet.\n"
	assert.Equal(t, said.String(), "There is no release yet: no tag v* is on this commit or before it.\n"+nothing)
	text, err := os.ReadFile(report)
	assert.NilError(t, err)
	assert.Equal(t, string(text), nothing)
}

// TestNotRehearsed: the report names a version that cannot be built, beside those that are rehearsed.
func TestNotRehearsed(t *testing.T) {
	t.Parallel()
	p, broken := repository(t, map[string]string{
		".gitignore": "/build/\n/node_modules/\n/.gen/\n", "environments/dev.yaml": "a", "package.json": "{}", "package-lock.json": "{}", "tools/requirements.sh": "exit 3\n",
	})
	good := commit(t, p, map[string]string{"go.mod": "module example.com/a\n", "main.go": "package main\n\nfunc main() {}\n"})
	for name, content := range map[string]string{
		"node_modules/.package-lock.json": "", ".gen/a": "", "build/programs/rehearsal": "#!/bin/sh\nwhile [ \"$1\" != -ref ]; do shift; done\necho \"rehearsed from $2\" >> report.md\n",
	} {
		assert.NilError(t, os.MkdirAll(filepath.Dir(p.Path(name)), 0o755))
		assert.NilError(t, os.WriteFile(p.Path(name), []byte(content), 0o700))
	}
	var from []*version
	for _, ref := range []string{broken, good} {
		v, err := p.version(t.Context(), ref, "dev")
		assert.NilError(t, err)
		from = append(from, v)
	}
	assert.ErrorContains(t, p.rehearseFrom(t.Context(), from, Rehearsal{Env: "dev", Report: p.Path("report.md")}, nil), broken[:12]+" cannot be built")
	text, err := os.ReadFile(p.Path("report.md"))
	assert.NilError(t, err)
	assert.Equal(t, string(text), "#### dev, deployed from "+broken[:12]+"\n\n**Not rehearsed**: "+broken[:12]+" cannot be built: exit status 3\n\nrehearsed from "+good[:12]+"\n")
}
