// Package pipeline writes GitLab's child pipelines of what is synthesized, to build/pipeline:
//
//	child.yml          a bridge for each environment and what is done to it
//	dev-plan.yml       a job for each stack of dev
//	dev-deploy.yml     the same, each after those that it needs, the image, and a look at health
//	dev-destroy.yml    the same in reverse order
//	github.json        the plans of environments that GitHub deploys, for its workflow's matrix
//
// The jobs extend the templates in ci/, and have names, needs and variables only. Which bridges
// there are is decided by the commit's branch, tag or merge request, as GitLab's variables tell:
// all that happens may be planned, and what bootstrap-<environment> trusts may be deployed.
package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"plinth/cli/internal/synthesized"
)

// folder is where the pipelines are written, in the repository.
const folder = "build/pipeline"

// Run writes them in the project that dir is in. getenv has GitLab's variables.
func Run(dir string, getenv func(string) string, out io.Writer) error {
	root, err := synthesized.Root(dir)
	if err != nil {
		return err
	}
	stacks, err := synthesized.Read(dir)
	if err != nil {
		return err
	}
	all, err := environments(stacks)
	if err != nil {
		return err
	}
	_, missing := os.Stat(filepath.Join(root, "app", "Dockerfile"))
	for _, e := range all {
		e.builds = missing == nil
	}
	written := filepath.Join(root, filepath.FromSlash(folder))
	// Also of an environment that is gone.
	if err := errors.Join(os.RemoveAll(written), os.MkdirAll(written, 0o755)); err != nil {
		return err
	}
	for name, p := range generate(all, event{
		branch:       getenv("CI_COMMIT_BRANCH"),
		tag:          getenv("CI_COMMIT_TAG"),
		mergeRequest: getenv("CI_MERGE_REQUEST_IID") != "",
		scheduled:    getenv("CI_PIPELINE_SOURCE") == "schedule",
	}) {
		content, err := p.yaml()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(written, name), content, 0o644); err != nil {
			return err
		}
	}
	plans, err := json.Marshal(githubPlans(all))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(written, "github.json"), append(plans, '\n'), 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s has the pipelines for a merge request, or for the branch in CI_COMMIT_BRANCH or the tag in CI_COMMIT_TAG\n", folder)
	return err
}
