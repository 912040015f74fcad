package sample

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/worktree"
)

// TestDeleted deletes app/ from a copy of the repository: the rest builds, and synthesizes the same
// stacks.
func TestDeleted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the whole repository")
	}
	root := filepath.Join(t.TempDir(), "copy")
	assert.NilError(t, worktree.Copy(filepath.Join("..", "..", ".."), root, func(file string) bool {
		return strings.HasPrefix(file, "app/")
	}))
	run := func(line string, environ ...string) string {
		t.Helper()
		args := strings.Fields(line)
		command := exec.Command(args[0], args[1:]...)
		command.Dir, command.Env = root, append(worktree.WithoutMake(os.Environ()), environ...)
		out, err := command.CombinedOutput()
		assert.NilError(t, err, "%s: %s", line, out)
		return string(out)
	}
	// Every module finds what it imports and embeds.
	modules := run("find . -name go.mod -not -path ./.gen/* -not -path ./node_modules/*")
	assert.Assert(t, strings.Count(modules, "\n") > 7, modules)
	for mod := range strings.FieldsSeq(modules) {
		run("go -C " + filepath.Dir(mod) + " list -deps -test ./...")
	}
	// These targets skip the sample's modules.
	for _, target := range []string{"golden", "load", "test-image"} {
		assert.Assert(t, !sample.MatchString(run("make --dry-run "+target)), "make %s needs the sample", target)
	}
	run("go test ./wholeapp ./settings -run Golden|Permissions|Schema", "GOFLAGS=-trimpath") // compiled once for all copies
	run("go -C tools/charts test . -run Golden|Readme")
	run("go -C tools/observability test . -run Properties")
}

// sample matches commands that run in the sample's modules.
var sample = regexp.MustCompile(`-C '?app\b`)
