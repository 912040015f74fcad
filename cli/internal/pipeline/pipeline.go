// Package pipeline writes child pipelines for the synthesized stacks to build/pipeline:
//
//	child.yml          a bridge for each environment and operation: plan, deploy, destroy or drift
//	dev-plan.yml       a job for each stack of dev
//	dev-deploy.yml     a job for each stack, after its dependencies; jobs for the image and the health
//	dev-destroy.yml    a job for each stack, in reverse order
//	github.json        the stacks of environments that trust GitHub, for its workflow's matrix
//
// The jobs extend the templates in ci/, and only add names, needs, tags and variables. The commit's
// branch, tag or merge request, from GitLab's variables, decides which bridges there are. Every
// commit is planned. It is deployed if the roles of bootstrap-<environment> trust its branch or tag.
package pipeline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"plinth/cli/internal/synthesized"
)

// folder is where the pipelines are written, relative to the repository.
const folder = "build/pipeline"

// Run writes the pipelines in the project that contains dir. getenv returns GitLab's variables.
func Run(dir string, getenv func(string) string, out io.Writer) error {
	root, err := synthesized.Root(dir)
	if err != nil {
		return err
	}
	stacks, err := synthesized.Read(dir)
	if err != nil {
		return err
	}
	all, err := environments(stacks, root)
	if err != nil {
		return err
	}
	written := filepath.Join(root, filepath.FromSlash(folder))
	// This also removes the files of environments that no longer exist.
	if err := errors.Join(os.RemoveAll(written), os.MkdirAll(written, 0o755)); err != nil {
		return err
	}
	on := onGitLab(getenv)
	if getenv("GITHUB_ACTIONS") == "true" {
		on = onGitHub(getenv)
	}
	for name, p := range generate(all, on) {
		content, err := p.yaml()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(written, name), content, 0o644); err != nil {
			return err
		}
	}
	matrices, err := github(all, on)
	if err != nil {
		return err
	}
	for name, content := range matrices {
		if err := os.WriteFile(filepath.Join(written, name), content, 0o644); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%s has the pipelines for a merge request, or for the branch in CI_COMMIT_BRANCH or the tag in CI_COMMIT_TAG\n", folder)
	return err
}
