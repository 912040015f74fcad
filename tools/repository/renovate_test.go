package repository

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// renovate is what matters here of renovate.json.
type renovate struct {
	EnabledManagers []string
	CustomManagers  []struct {
		ManagerFilePatterns, MatchStrings []string
		DatasourceTemplate                string
	}
}

func readRenovate(t *testing.T) renovate {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "renovate.json"))
	if err != nil {
		t.Fatal(err)
	}
	var config renovate
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	return config
}

// builtIn are the files of Renovate's own managers.
// https://docs.renovatebot.com/modules/manager/
var builtIn = map[string]*regexp.Regexp{
	"dockerfile":     regexp.MustCompile(`(^|/)Dockerfile$`),
	"github-actions": regexp.MustCompile(`(^|/)\.github/(workflows|actions)/.+\.ya?ml$`),
	"gomod":          regexp.MustCompile(`(^|/)go\.mod$`),
	"npm":            regexp.MustCompile(`(^|/)package\.json$`),
}

// updates returns the places, as file:line, whose version a custom manager updates, each with the
// version.
func (c renovate) updates(t *testing.T, file string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, manager := range c.CustomManagers {
		if !slices.ContainsFunc(manager.ManagerFilePatterns, func(pattern string) bool {
			return regexp.MustCompile(strings.Trim(pattern, "/")).MatchString(file)
		}) {
			continue
		}
		for _, text := range manager.MatchStrings {
			expression := regexp.MustCompile(text)
			for _, at := range expression.FindAllSubmatchIndex(content, -1) {
				group := func(name string) (value string, start int) {
					if i := expression.SubexpIndex(name); i > 0 && at[2*i] >= 0 {
						return string(content[at[2*i]:at[2*i+1]]), at[2*i]
					}
					return "", 0
				}
				version, start := group("currentValue")
				datasource, _ := group("datasource")
				if name, _ := group("depName"); name == "" || version == "" || manager.DatasourceTemplate+datasource == "" {
					t.Errorf("%s: %q has no name, version or data source", file, content[at[0]:at[1]])
				}
				found[fmt.Sprintf("%s:%d", file, strings.Count(string(content[:start]), "\n")+1)] = version
			}
		}
	}
	return found
}

// TestRenovateImages checks that Renovate updates every version that ./plinth images lists.
func TestRenovateImages(t *testing.T) {
	if testing.Short() {
		t.Skip("it synthesizes and renders")
	}
	config := readRenovate(t)
	command := exec.Command(filepath.Join(root, "plinth"), "images", "--output", "json")
	command.Env = append(os.Environ(), "IMAGES_LOCK_FILE="+filepath.Join(t.TempDir(), "none"))
	var complaint strings.Builder
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaint.String())
	}
	type pin struct{ Image, Name, Version, Pinned string }
	var list struct{ Images, Charts []pin }
	if err := json.Unmarshal(output, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Images) < 10 || len(list.Charts) < 8 {
		t.Fatalf("there are %d images and %d charts only", len(list.Images), len(list.Charts))
	}
	for _, p := range slices.Concat(list.Images, list.Charts) {
		file, _, found := strings.Cut(p.Pinned, ":")
		switch {
		case strings.HasPrefix(p.Pinned, "database.version of "): // people upgrade a database, and psql goes with it
		case !found:
			t.Errorf("%s%s: is pinned in %q, which is no line of a file", p.Image, p.Name, p.Pinned)
		case builtIn["dockerfile"].MatchString(file):
			if !slices.Contains(config.EnabledManagers, "dockerfile") {
				t.Errorf("%s: Renovate's manager dockerfile is off", p.Pinned)
			}
		case config.updates(t, file)[p.Pinned] == "":
			t.Errorf("%s%s: Renovate does not find its version at %s", p.Image, p.Name, p.Pinned)
		}
	}
}

// TestRenovate checks that Renovate reads every file with versions.
func TestRenovate(t *testing.T) {
	t.Parallel()
	config := readRenovate(t)
	out, err := exec.Command("git", "-C", root, "ls-files").Output()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for file := range strings.FieldsSeq(string(out)) {
		for manager, files := range builtIn {
			if files.MatchString(file) {
				counts[manager]++
			}
		}
	}
	for manager := range builtIn {
		if counts[manager] == 0 || !slices.Contains(config.EnabledManagers, manager) {
			t.Errorf("Renovate's manager %s is off, or has no file", manager)
		}
	}
	if !slices.Contains(config.EnabledManagers, "custom.regex") {
		t.Error("Renovate's custom managers are off")
	}

	// The lines with a version, which must each be found.
	for file, line := range map[string]*regexp.Regexp{
		"ci/Dockerfile":                       regexp.MustCompile(`^ARG \w+_VERSION=(.+)$`),
		".github/actions/setup/action.yml":    regexp.MustCompile(`[-_]version: "(.+)"$`),
		"charts/pod-logs/Chart.yaml":          regexp.MustCompile(`^appVersion: "?([^"]+)"?$`),
		"charts/postgres/Chart.yaml":          regexp.MustCompile(`^appVersion: "?([^"]+)"?$`),
		"tools/charts/published/published.go": regexp.MustCompile(`Repository: .* Version: "([^"]+)"`),
		"tools/modules/main.go":               regexp.MustCompile(`@(v[0-9][^"]*)"$`),
	} {
		content, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		updates, versions := config.updates(t, file), 0
		for i, text := range strings.Split(string(content), "\n") {
			want := line.FindStringSubmatch(text)
			if want == nil {
				continue
			}
			versions++
			if place := fmt.Sprintf("%s:%d", file, i+1); updates[place] != want[1] {
				t.Errorf("%s: Renovate finds version %q, not %s", place, updates[place], want[1])
			}
		}
		if versions == 0 {
			t.Errorf("%s has no versions", file)
		}
	}
}

// TestRenovateDigests checks the expression for images.lock.yaml, which this repository does not have.
func TestRenovateDigests(t *testing.T) {
	t.Parallel()
	config := readRenovate(t)
	manager := config.CustomManagers[len(config.CustomManagers)-1]
	expression := regexp.MustCompile(manager.MatchStrings[0])
	digest := "sha256:" + strings.Repeat("0", 64)
	content := "# Comment\nkeda 2.20.2:\n  ghcr.io/kedacore/keda:2.20.2: " + digest + "\n  registry.example.com:5000/a/b:v1: " + digest + "\n"
	var got []string
	for _, m := range expression.FindAllStringSubmatch(content, -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	if want := []string{"ghcr.io/kedacore/keda 2.20.2 " + digest, "registry.example.com:5000/a/b v1 " + digest}; !slices.Equal(got, want) {
		t.Errorf("found %q, not %q", got, want)
	}
}

// TestJobsImage checks that the image of the pipeline's jobs ends as a user that is not root, by number.
func TestJobsImage(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, "ci", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	users := regexp.MustCompile(`(?m)^USER (.+)$`).FindAllStringSubmatch(string(content), -1)
	if len(users) == 0 || !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(users[len(users)-1][1]) {
		t.Fatalf("ci/Dockerfile: the last USER is %v, not the numbers of a user that is not root", users)
	}
	if strings.Contains(string(content), "/root") {
		t.Error("ci/Dockerfile: uses root's home folder")
	}
}
