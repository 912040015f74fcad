package pipeline

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// two returns the stacks of an environment with the applications app and shop.
func two() map[string][]string {
	stacks := maps.Clone(five)
	stacks["shop"] = five["app"]
	stacks["observability"] = []string{"addons", "app", "shop"}
	return stacks
}

// projectOfTwo returns a project whose environments have two applications.
func projectOfTwo(t *testing.T, more object) string {
	t.Helper()
	dir := project(t, anEnvironment("dev", "111111111111", two(), more), anEnvironment("prod", "333333333333", two(), more))
	write(t, filepath.Join(dir, "shop", "Dockerfile"), "FROM scratch")
	return dir
}

// TestApplications: an image of each application is built once, and pushed to each environment. The applications are
// deployed side by side, each after its own image.
func TestApplications(t *testing.T) {
	t.Parallel()
	dir := projectOfTwo(t, nil)
	files := generated(t, dir, onMain)
	for file, want := range map[string]map[string][]string{
		"child.yml": {
			"build-app": {}, "build-shop": {}, "plan-dev": {"files"},
			"deploy-dev": {"build-app", "build-shop", "files", "plan-dev"}, "deploy-prod": {"build-app", "build-shop", "files", "plan-prod"},
		},
		"prod-deploy.yml": {
			"push-prod-app": {"deploy-prod-data"}, "push-prod-shop": {"deploy-prod-data"},
			"deploy-prod-app":           {"deploy-prod-addons", "deploy-prod-cluster", "deploy-prod-data", "push-prod-app"},
			"deploy-prod-shop":          {"deploy-prod-addons", "deploy-prod-cluster", "deploy-prod-data", "push-prod-shop"},
			"deploy-prod-observability": {"deploy-prod-addons", "deploy-prod-app", "deploy-prod-shop"},
			"verify-prod-app":           {"deploy-prod-app"}, "verify-prod-shop": {"deploy-prod-shop"},
		},
	} {
		jobs := parse(t, files[file])
		for name, needs := range want {
			j, there := jobs[name]
			assert.Assert(t, there, "%s: has no job %s", file, name)
			assert.DeepEqual(t, slices.Sorted(slices.Values(j.needs())), append([]string(nil), needs...))
		}
	}
	for job, want := range map[string]string{
		"push-dev-shop:":   "  needs: [deploy-dev-data, {pipeline: $CHILD_PIPELINE_ID, job: build-shop}]\n  variables:\n    APPLICATION: shop\n",
		"verify-dev-shop:": "  variables:\n    APPLICATION: shop\n",
	} {
		_, after, _ := strings.Cut(files["dev-deploy.yml"], job)
		assert.Assert(t, strings.Contains(after, want), "%s\n%s", job, files["dev-deploy.yml"])
	}
}

// TestApplicationOfOthers: other tools build the image of shop, and it answers no requests.
func TestApplicationOfOthers(t *testing.T) {
	t.Parallel()
	dir := projectOfTwo(t, nil)
	worker := object{"output": object{"application": object{"value": "shop"}}}
	for _, env := range []string{"dev", "prod"} {
		write(t, filepath.Join(dir, "cdktf.out", "stacks", env+"-shop", "cdk.tf.json"), worker)
	}
	files := generated(t, dir, onMain)
	jobs := parse(t, files["dev-deploy.yml"])
	for _, name := range []string{"push-dev-shop", "verify-dev-shop"} {
		_, there := jobs[name]
		assert.Assert(t, !there, name)
	}
	assert.DeepEqual(t, jobs["deploy-dev-shop"].needs(), []string{"deploy-dev-addons", "deploy-dev-cluster", "deploy-dev-data"})
	assert.Assert(t, !strings.Contains(files["child.yml"], "build-shop"))
}

// TestApplicationsRefused has the name of an application that a shell would run.
func TestApplicationsRefused(t *testing.T) {
	t.Parallel()
	dir := projectOfTwo(t, nil)
	write(t, filepath.Join(dir, "cdktf.out", "stacks", "dev-shop", "cdk.tf.json"), anApplication("$(id)"))
	assert.ErrorContains(t, Run(dir, onMain, t.Output()), `output.application: "$(id)" is not valid`)
}

// TestGitHubApplications: GitHub's jobs are those of GitLab. Applications are deployed in the same step.
func TestGitHubApplications(t *testing.T) {
	t.Parallel()
	dir := projectOfTwo(t, object{"provider": "github"})
	files := generated(t, dir, onGitHubMain)
	assert.Equal(t, files["github-images.json"], `["app","shop"]`+"\n")
	var all []githubEnvironment
	assert.NilError(t, json.Unmarshal([]byte(files["github.json"]), &all))
	assert.Equal(t, len(all), 2)
	assert.Equal(t, len(all[0].Steps), 5)
	step := all[0].Steps[3]
	assert.Equal(t, len(step), 2)
	for i, application := range []string{"app", "shop"} {
		j := step[i]
		assert.DeepEqual(t, []string{j.Stack, j.Application, j.PushAudience}, []string{"dev-" + application, application, "plinth-dev-push"})
		assert.Assert(t, j.Verify && j.PushRole != "")
	}
	for _, j := range slices.Concat(all[0].Steps[0], all[0].Steps[4], all[0].Plans) {
		assert.Assert(t, j.Application == "" && j.PushRole == "", "%+v", j)
	}

	for _, getenv := range []func(string) string{onPullRequest, onGitHubSchedule} { // nothing is deployed
		assert.Equal(t, generated(t, dir, getenv)["github-images.json"], "[]\n")
	}
	assert.NilError(t, os.RemoveAll(filepath.Join(dir, "shop")))
	assert.Equal(t, generated(t, dir, onGitHubMain)["github-images.json"], `["app"]`+"\n")
}

// TestImages: the workflow builds each image in a job of its own, and a deployment takes its application's.
func TestImages(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	image := all["plinth.yml"].Jobs["image"]
	assert.Equal(t, image.Strategy.Matrix["application"], "${{ fromJSON(needs.synth.outputs.images) }}")
	assert.Equal(t, image.If, "needs.synth.outputs.images != '[]'")
	var artifacts []any
	for _, step := range slices.Concat(image.Steps, all["deploy.yml"].Jobs["deploy"].Steps) {
		if strings.Contains(step.Uses, "-artifact@") {
			artifacts = append(artifacts, step.With["name"], step.With["path"])
		}
	}
	assert.DeepEqual(t, artifacts, []any{
		"image-${{ matrix.application }}", "build/image/${{ matrix.application }}.tar",
		"image-${{ fromJSON(inputs.job).application }}", "build/image",
	})
}
