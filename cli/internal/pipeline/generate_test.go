package pipeline

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"gotest.tools/v3/golden"
)

// TestGolden compares every generated file with its golden file; accept changes with -update.
func TestGolden(t *testing.T) {
	t.Parallel()
	both := project(t, dev(), prod())
	for name, getenv := range map[string]func(string) string{"merge-request": onMergeRequest, "main": onMain, "tag": onTag} {
		t.Run(name, func(t *testing.T) {
			files := generated(t, both, getenv)
			golden.Assert(t, files["child.yml"], name+"-child.yml")
			if name == "tag" {
				return
			}
			golden.Assert(t, files["dev-plan.yml"], name+"-dev-plan.yml")
			if name == "main" {
				golden.Assert(t, files["dev-deploy.yml"], "dev-deploy.yml")
				golden.Assert(t, files["dev-destroy.yml"], "dev-destroy.yml")
			}
		})
	}
}

// TestFiles checks which bridges there are for each event.
func TestFiles(t *testing.T) {
	t.Parallel()
	release := anEnvironment("dev", "111111111111", five, object{"branches": []string{"main", "release/*"}})
	dir := project(t, release, prod())
	for name, test := range map[string]struct {
		on   func(string) string
		want []string
	}{
		"merge request":  {onMergeRequest, []string{"child.yml", "dev-plan.yml"}},
		"merge of main":  {on("CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=main"), []string{"child.yml", "dev-plan.yml", "prod-plan.yml"}},
		"fork's main":    {on("CI_MERGE_REQUEST_IID=7", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=main", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=8", "CI_MERGE_REQUEST_PROJECT_ID=9"), []string{"child.yml", "dev-plan.yml"}},
		"main":           {onMain, []string{"child.yml", "dev-deploy.yml", "dev-destroy.yml", "dev-plan.yml", "prod-plan.yml"}},
		"release branch": {on("CI_COMMIT_BRANCH=release/1/x"), []string{"child.yml", "dev-deploy.yml", "dev-destroy.yml", "dev-plan.yml"}},
		"another branch": {on("CI_COMMIT_BRANCH=my-main"), []string{"child.yml", "dev-plan.yml"}},
		"schedule":       {onSchedule, []string{"child.yml", "dev-drift.yml", "prod-drift.yml"}},
		"tag":            {onTag, []string{"child.yml", "dev-plan.yml", "prod-deploy.yml", "prod-plan.yml"}},
		"another tag":    {on("CI_COMMIT_TAG=main"), []string{"child.yml", "dev-plan.yml"}},
		"by hand":        {on(), []string{"child.yml", "dev-plan.yml"}},
	} {
		test.want = append(test.want, "github.json", "github-drift.json", "github-images.json")
		slices.Sort(test.want)
		if got := slices.Sorted(maps.Keys(generated(t, dir, test.on))); !slices.Equal(got, test.want) {
			t.Errorf("%s: generates %v, not %v", name, got, test.want)
		}
	}
}

// TestImageOfOthers: if other tools build the image, there is no push job, and the settings name the image.
func TestImageOfOthers(t *testing.T) {
	t.Parallel()
	dir := project(t, dev())
	if err := os.Remove(filepath.Join(dir, "app", "Dockerfile")); err != nil {
		t.Fatal(err)
	}
	pipeline := generated(t, dir, onMain)["dev-deploy.yml"]
	if strings.Contains(pipeline, "push-dev-app") || !strings.Contains(pipeline, "deploy-dev-app:") || !strings.Contains(pipeline, "verify-dev-app:") {
		t.Errorf("dev-deploy.yml:\n%s", pipeline)
	}
}

// TestRunners checks that every job of an environment, but no bridge, has the tags of its runners.
func TestRunners(t *testing.T) {
	t.Parallel()
	for _, getenv := range []func(string) string{onTag, onMain, onSchedule} {
		for name, content := range generated(t, project(t, dev(), prod()), getenv) {
			want := map[string]string{"prod-plan.yml": "prod-plan", "prod-drift.yml": "prod-plan", "prod-deploy.yml": "prod"}[name]
			jobs := strings.Count(content, "extends:")
			if tagged := strings.Count(content, "tags: ["); want == "" && tagged > 0 || want != "" && (strings.Count(content, "tags: ["+want+"]") != jobs || tagged != jobs) {
				t.Errorf("%s: %d of %d jobs have a runner's tag, want %q", name, tagged, jobs, want)
			}
		}
	}
}

// TestMore has a fourth environment and a seventh stack.
func TestMore(t *testing.T) {
	t.Parallel()
	six := maps.Clone(five)
	six["observability"] = []string{"addons"}
	seven := maps.Clone(six)
	seven["search"] = []string{"network"}
	seven["app"] = append([]string{"search"}, five["app"]...)
	dir := project(t, dev(), prod(), anEnvironment("staging", "222222222222", six, nil), anEnvironment("dev-eu", "444444444444", seven, nil))
	files := generated(t, dir, onMain)
	for file, want := range map[string]map[string][]string{
		"dev-eu-deploy.yml": {
			"deploy-dev-eu-network": {}, "deploy-dev-eu-search": {"deploy-dev-eu-network"}, "deploy-dev-eu-observability": {"deploy-dev-eu-addons"},
			"deploy-dev-eu-app": {"deploy-dev-eu-addons", "deploy-dev-eu-cluster", "deploy-dev-eu-data", "deploy-dev-eu-search", "push-dev-eu-app"},
		},
		"dev-eu-destroy.yml": {"destroy-dev-eu-network": {"destroy-dev-eu-cluster", "destroy-dev-eu-data", "destroy-dev-eu-search", "destroy-dev-eu-addons"}},
		"dev-eu-plan.yml":    {"plan-dev-eu-search": {}, "plan-dev-eu-observability": {}},
		"child.yml":          {"deploy-dev-eu": {"build-app", "files", "plan-dev-eu"}, "build-app": {}, "plan-staging": {"files"}, "plan-dev": {"files"}},
	} {
		jobs := parse(t, files[file])
		for name, needs := range want {
			j, there := jobs[name]
			if !there {
				t.Errorf("%s: has no job %s", file, name)
				continue
			}
			got := slices.Sorted(slices.Values(j.needs()))
			if !slices.Equal(got, slices.Sorted(slices.Values(needs))) {
				t.Errorf("%s: %s needs %v, not %v", file, name, got, needs)
			}
		}
	}
	if strings.Contains(files["dev-deploy.yml"], "dev-eu") {
		t.Error("dev has a stack of dev-eu")
	}
}

// TestNoScript: the generated files have no script, and no variable but the parent pipeline's id.
func TestNoScript(t *testing.T) {
	t.Parallel()
	for _, getenv := range []func(string) string{onMergeRequest, onMain, onTag, onSchedule} {
		for file, content := range generated(t, project(t, dev(), prod()), getenv) {
			if strings.Contains(content, "script") || strings.Contains(strings.NewReplacer(parent, "", child, "").Replace(content), "$") {
				t.Errorf("%s: has a script or a variable\n%s", file, content)
			}
			if strings.HasSuffix(file, ".json") {
				continue
			}
			for name, j := range parse(t, content) {
				if strings.Contains(name, bootstrap) || j.Extends == "" {
					t.Errorf("%s: %s is no job of a pipeline", file, name)
				}
			}
		}
	}
}

// TestRefused has values that GitLab or a shell would interpret, and folders with missing files.
func TestRefused(t *testing.T) {
	t.Parallel()
	with := func(more object) []synthesizedEnvironment {
		return []synthesizedEnvironment{anEnvironment("dev", "111111111111", five, more)}
	}
	stacks := maps.Clone(five)
	stacks["a$b"] = nil
	circle := maps.Clone(five)
	circle["network"] = []string{"app"}
	for name, test := range map[string]struct {
		all  []synthesizedEnvironment
		want string
	}{
		"no bootstrap": {nil, "has no stack bootstrap-<environment>"},
		"region":       {with(object{"region": "eu-$(id)"}), `output.pipeline.region: "eu-$(id)" is not valid`},
		"provider":     {with(object{"provider": ""}), `output.pipeline.provider: "" is not valid`},
		"audience": {with(object{"audiences": object{"plan": "plinth-dev-plan", "deploy": "$CI_JOB_TOKEN", "push": "plinth-dev-push"}}),
			`output.pipeline.audiences.deploy: "$CI_JOB_TOKEN" is not valid`},
		"no audience":     {with(object{"audiences": object{}}), `output.pipeline.audiences.plan: "" is not valid`},
		"runner":          {with(object{"plan_runner_tags": []string{"$HOME"}}), `output.pipeline.plan_runner_tags: "$HOME" is not valid`},
		"push role":       {with(object{"push_role": "${aws_iam_role.push.arn}"}), "output.pipeline.push_role"},
		"missing role":    {with(object{"plan_roles": object{}}), "must name its role"},
		"name of a stack": {[]synthesizedEnvironment{anEnvironment("dev", "111111111111", stacks, nil)}, "is not a stack name"},
		"circle":          {[]synthesizedEnvironment{anEnvironment("dev", "111111111111", circle, nil)}, "form a cycle"},
	} {
		if err := Run(project(t, test.all...), onMain, t.Output()); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, not %q", name, err, test.want)
		}
	}
	dir := project(t, dev())
	write(t, filepath.Join(dir, "cdktf.out", "stacks", "bootstrap-dev", "cdk.tf.json"), object{})
	if err := Run(dir, onMain, t.Output()); err == nil || !strings.Contains(err.Error(), "output.pipeline is missing") {
		t.Errorf("without the output the error is %v", err)
	}
}

// parsed is a generated job.
type parsed struct {
	Extends string `yaml:"extends"`
	Needs   []any  `yaml:"needs"`
}

// needs returns the jobs of the same pipeline that it waits for.
func (p parsed) needs() []string {
	var found []string
	for _, need := range p.Needs {
		if name, ok := need.(string); ok {
			found = append(found, name)
		}
	}
	return found
}

// parse returns a file's jobs.
func parse(t *testing.T, content string) map[string]parsed {
	t.Helper()
	var document map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(content), &document); err != nil {
		t.Fatal(err)
	}
	jobs := map[string]parsed{}
	for name, node := range document {
		if slices.Contains([]string{"include", "workflow", "stages", "variables"}, name) {
			continue
		}
		var j parsed
		if err := node.Decode(&j); err != nil {
			t.Fatal(err)
		}
		jobs[name] = j
	}
	return jobs
}
