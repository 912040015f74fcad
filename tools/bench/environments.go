package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// model is the environment that projects with many environments copy.
const model = "dev"

// newProject makes a project of n environments, e1 to en, each like the model but in its own
// account and network.
func (b *bench) newProject(n int) (string, error) {
	project := filepath.Join(b.dir, "projects", fmt.Sprintf("%d-environments", n))
	if err := os.RemoveAll(project); err != nil {
		return "", err
	}
	environments := filepath.Join(project, "environments")
	if err := os.MkdirAll(environments, 0o755); err != nil {
		return "", err
	}
	if err := b.link(project, "environments"); err != nil {
		return "", err
	}
	settings, err := os.ReadFile(filepath.Join(b.root, "environments", model+".yaml"))
	if err != nil {
		return "", err
	}
	for i := 1; i <= n; i++ {
		text, err := variant(string(settings), i)
		if err != nil {
			return "", fmt.Errorf("environments/%s.yaml: %w", model, err)
		}
		if err := os.WriteFile(filepath.Join(environments, fmt.Sprintf("e%d.yaml", i)), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	return project, nil
}

// plainProject makes a project of the repository's environments without synthesis/preload.cjs: the
// published bindings are measured with jsii as everybody has it.
func (b *bench) plainProject() (string, error) {
	project := filepath.Join(b.dir, "projects", "plain")
	if err := os.RemoveAll(project); err != nil {
		return "", err
	}
	if err := os.MkdirAll(project, 0o755); err != nil {
		return "", err
	}
	return project, b.link(project, "synthesis")
}

// link links everything of the repository into a project, except some names.
func (b *bench) link(project string, but ...string) error {
	entries, err := os.ReadDir(b.root)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		// The programs read nothing that is hidden, generated or Git's own.
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(append(but, "build", "cdktf.out"), name) {
			if err := os.Symlink(filepath.Join(b.root, name), filepath.Join(project, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	accountLine = regexp.MustCompile(`(?m)^account: .*$`)
	cidrLine    = regexp.MustCompile(`(?m)^  cidr: 10\.\d+\.`)
	modelName   = regexp.MustCompile(`\b` + model + `\b`)
)

// variant returns the i-th environment's settings, derived from the model's.
func variant(settings string, i int) (string, error) {
	for what, line := range map[string]*regexp.Regexp{"account": accountLine, "network.cidr": cidrLine} {
		if !line.MatchString(settings) {
			return "", fmt.Errorf("%s: not found where the benchmark looks for it", what)
		}
	}
	settings = accountLine.ReplaceAllString(settings, fmt.Sprintf(`account: "%d"`, 100000000000+i))
	settings = cidrLine.ReplaceAllString(settings, fmt.Sprintf("  cidr: 10.%d.", i))
	settings = modelName.ReplaceAllString(settings, fmt.Sprintf("e%d", i))
	return strings.TrimSpace(settings) + "\n", nil
}
