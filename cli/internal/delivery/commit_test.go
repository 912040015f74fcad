package delivery

import (
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestImageTag(t *testing.T) {
	t.Parallel()
	valid := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	for described, want := range map[string]string{
		"v1.2.3":                         "v1.2.3",
		"v1.2.3-4-g0123456789ab":         "v1.2.3-4-g0123456789ab",
		"0123456789ab":                   "0123456789ab",
		"release/1.2+linux-dirty":        "release-1.2-linux-dirty",
		"$(touch${IFS}x);`id`|'\"&&x":    "touch-IFS-x-id-x",
		"--help":                         "help",
		".hidden":                        "hidden",
		"é":                              "commit-",
		"latest":                         "commit-latest",
		strings.Repeat("a", 130) + "-gb": strings.Repeat("a", 125) + "-gb",
		strings.Repeat("-", 300):         "commit-",
	} {
		got := imageTag(described)
		assert.Equal(t, got, want)
		assert.Assert(t, valid.MatchString(got), got)
	}
}

func TestSourceURL(t *testing.T) {
	t.Parallel()
	const want = "https://example.com/team/plinth"
	for _, remote := range []string{
		"git@example.com:team/plinth.git", "ssh://git@example.com:22/team/plinth.git",
		"https://example.com/team/plinth", "https://user:token@example.com/team/plinth.git/", "example.com:team/plinth",
	} {
		assert.Equal(t, sourceURL(remote), want, remote)
	}
	for _, remote := range []string{"", "/srv/plinth.git", "../plinth", "file:///srv/plinth.git", "C:/plinth", "https://%zz"} {
		assert.Equal(t, sourceURL(remote), "", remote)
	}
}
