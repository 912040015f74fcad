package rename

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/worktree"
	"plinth/settings"
)

var renamedFlag = flag.Bool("renamed", false, "synthesize and rehearse with other names")

// TestRenamed sets up the project as a user would: with other names, accounts and regions, and
// accepted golden files. The tests of the stacks pass, and dev is rehearsed.
func TestRenamed(t *testing.T) {
	if !*renamedFlag {
		t.Skip("make test-renamed does it: it takes a minute")
	}
	// Always the same folder, so that Go's build cache works. Hidden, or make bindings would read its
	// imports too.
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "build", ".renamed"))
	assert.NilError(t, err)
	assert.NilError(t, os.RemoveAll(root))
	assert.NilError(t, worktree.Copy(filepath.Join("..", "..", ".."), root, func(file string) bool {
		return strings.HasPrefix(file, "app/") // the sample contains none of the names
	}))
	assert.NilError(t, Rename(root, Options{Project: "acme", App: "shop", Module: "example.com/acme/platform"}.to(io.Discard)))
	moved(t, root)
	for _, line := range []string{"go test -count=1 ./wholeapp ./settings -run Golden|Permissions|Schema|Properties|Terraform -update", "make rehearse"} {
		args := strings.Fields(line)
		command := exec.Command(args[0], args[1:]...)
		command.Dir, command.Env = root, worktree.WithoutMake(os.Environ())
		out, err := command.CombinedOutput()
		assert.NilError(t, err, "%s: %s", line, out)
		t.Log(line)
	}
}

// moved gives each environment another account and another region.
func moved(t *testing.T, root string) {
	t.Helper()
	folder := filepath.Join(root, environments)
	all, err := settings.Load(folder, nil)
	assert.NilError(t, err)
	for _, env := range all {
		region := "us-east-1" // it has the most zones
		if env.Region == region {
			region = "us-west-2"
		}
		account := strings.Map(func(digit rune) rune { return '9' - digit + '0' }, env.Account)
		file := filepath.Join(folder, env.Name+".yaml")
		content, err := os.ReadFile(file)
		assert.NilError(t, err)
		text := strings.NewReplacer(env.Region, region, env.Account, account).Replace(string(content))
		assert.NilError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	after, err := settings.Load(folder, nil)
	assert.NilError(t, err)
	for i, env := range after {
		assert.Assert(t, env.Account != all[i].Account && env.Region != all[i].Region, fmt.Sprint(env.Account, env.Region))
	}
}
