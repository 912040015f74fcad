package pipeline

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"gotest.tools/v3/golden"
)

// ofGitHub returns an environment that GitHub deploys.
func ofGitHub(name, account string, more object) synthesizedEnvironment {
	all := object{"provider": "github"}
	for key, value := range more {
		all[key] = value
	}
	return anEnvironment(name, account, five, all)
}

// onGitHubMain and the rest are GitHub's variables.
var (
	onGitHubMain     = on("GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push", "GITHUB_REF_TYPE=branch", "GITHUB_REF_NAME=main")
	onGitHubTag      = on("GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push", "GITHUB_REF_TYPE=tag", "GITHUB_REF_NAME=v1.0.0")
	onPullRequest    = on("GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_REF_TYPE=branch", "GITHUB_REF_NAME=7/merge", "GITHUB_HEAD_REF=main")
	onGitHubSchedule = on("GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=schedule", "GITHUB_REF_TYPE=branch", "GITHUB_REF_NAME=main")
)

// TestGitHub has an environment that GitHub deploys: GitLab has no job for it.
func TestGitHub(t *testing.T) {
	t.Parallel()
	files := generated(t, project(t, prod(), ofGitHub("dev", "111111111111", nil)), onMain)
	if strings.Contains(files["child.yml"], "dev") {
		t.Errorf("GitLab has jobs for it:\n%s", files["child.yml"])
	}
	golden.Assert(t, indented(t, files["github.json"]), "github.json")
	golden.Assert(t, indented(t, files["github-drift.json"]), "github-drift.json")
	if files["github-images.json"] != `["app"]`+"\n" {
		t.Errorf("the images are %s", files["github-images.json"])
	}
	for file, content := range generated(t, project(t, dev()), onMain) {
		if strings.HasPrefix(file, "github") && content != "[]\n" {
			t.Errorf("without one, %s is %s", file, content)
		}
	}
}

func indented(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(content) + "\n"
}

// TestGitHubEvents checks which environments each event plans and deploys.
func TestGitHubEvents(t *testing.T) {
	t.Parallel()
	dir := project(t, ofGitHub("dev", "111111111111", nil),
		ofGitHub("prod", "333333333333", object{"protected": true, "branches": []string{}, "tags": []string{"v*"}, "plan_branches": []string{"main"}}))
	for name, test := range map[string]struct {
		on             func(string) string
		plans, deploys []string
		compared       int // stacks
	}{
		"main":         {onGitHubMain, []string{"dev", "prod"}, []string{"dev"}, 10},
		"tag":          {onGitHubTag, []string{"dev", "prod"}, []string{"prod"}, 10},
		"pull request": {onPullRequest, []string{"dev"}, nil, 10},
		"schedule":     {onGitHubSchedule, nil, nil, 10},
	} {
		var all []struct {
			Environment string
			Plans       []githubJob
			Steps       [][]githubJob
		}
		files := generated(t, dir, test.on)
		if err := json.Unmarshal([]byte(files["github.json"]), &all); err != nil {
			t.Fatal(err)
		}
		var plans, deploys []string
		for _, e := range all {
			if len(e.Plans) > 0 {
				plans = append(plans, e.Environment)
			}
			if len(e.Steps) > 0 {
				deploys = append(deploys, e.Environment)
			}
		}
		if !slices.Equal(plans, test.plans) || !slices.Equal(deploys, test.deploys) {
			t.Errorf("%s: plans %v and deploys %v, not %v and %v", name, plans, deploys, test.plans, test.deploys)
		}
		var compared []githubJob
		if err := json.Unmarshal([]byte(files["github-drift.json"]), &compared); err != nil || len(compared) != test.compared {
			t.Errorf("%s: compares %d stacks, not %d: %v", name, len(compared), test.compared, err)
		}
	}
}

// TestGitHubSteps: each stack is deployed after those that it needs, up to the workflow's number of steps.
func TestGitHubSteps(t *testing.T) {
	t.Parallel()
	stacks := map[string][]string{"a": nil}
	for i := 1; i <= githubSteps; i++ {
		stacks[string(rune('a'+i))] = []string{string(rune('a' + i - 1))}
	}
	err := Run(project(t, anEnvironment("dev", "111111111111", stacks, object{"provider": "github"})), onGitHubMain, t.Output())
	if err == nil || err.Error() != "dev: its stacks need each other in 9 steps, and .github/workflows/environment.yml has 8: add a job step-9 there, and raise githubSteps in cli/internal/pipeline/github.go" {
		t.Error(err)
	}
}

// workflow is a workflow of GitHub Actions.
type workflow struct {
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Needs       any               `yaml:"needs"`
		If          string            `yaml:"if"`
		Uses        string            `yaml:"uses"`
		Permissions map[string]string `yaml:"permissions"`
		Environment any               `yaml:"environment"`
		Concurrency struct {
			Group  string `yaml:"group"`
			Cancel any    `yaml:"cancel-in-progress"`
		} `yaml:"concurrency"`
		Strategy struct {
			FailFast *bool          `yaml:"fail-fast"`
			Matrix   map[string]any `yaml:"matrix"`
		} `yaml:"strategy"`
		Steps []struct {
			Uses string         `yaml:"uses"`
			Run  string         `yaml:"run"`
			With map[string]any `yaml:"with"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	all := map[string]workflow{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(content, &w); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[filepath.Base(file)] = w
	}
	return all
}

// TestWorkflows: actions are pinned, only jobs that assume a role can get a token for AWS, no shell runs a
// value that others choose, and deployments are in GitHub's environment, one run at a time.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^(\./\.github/(actions/setup|workflows/[a-z-]+\.yml)|[a-z-]+/[a-z-]+@[0-9a-f]{40})$`)
	for file, w := range workflows(t) {
		if w.Permissions["contents"] != "read" || len(w.Permissions) != 1 {
			t.Errorf("%s: its jobs may %v", file, w.Permissions)
		}
		for name, j := range w.Jobs {
			at := file + ": " + name
			takesRole := strings.HasPrefix(j.Uses, "./")
			for _, step := range j.Steps {
				if step.Uses != "" && !pinned.MatchString(step.Uses) {
					t.Errorf("%s: %s is not pinned", at, step.Uses)
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: keeps GitHub's token", at)
				}
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: a shell runs what it is given: %s", at, step.Run)
				}
				takesRole = takesRole || strings.HasPrefix(step.Run, "ci/as-role ")
			}
			if j.Uses != "" && !pinned.MatchString(j.Uses) {
				t.Errorf("%s: %s is not pinned", at, j.Uses)
			}
			if asks := j.Permissions["id-token"] == "write"; asks != takesRole {
				t.Errorf("%s: may ask for a token: %v, takes a role: %v", at, asks, takesRole)
			}
		}
	}
}

// TestDeployment checks the workflows that deploy.
func TestDeployment(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	environment, job := all["environment.yml"], all["deploy.yml"].Jobs["deploy"]
	for i := 1; i <= githubSteps; i++ {
		name := "step-" + string(rune('0'+i))
		step, there := environment.Jobs[name]
		before := "plan"
		if i > 1 {
			before = "step-" + string(rune('0'+i-1))
		}
		index := "[" + string(rune('0'+i-1)) + "]"
		if !there || step.Needs != before || step.Uses != "./.github/workflows/deploy.yml" || !strings.Contains(step.If, index) ||
			!strings.Contains(step.If, "!failure() && !cancelled()") || !strings.Contains(step.Strategy.Matrix["job"].(string), index) {
			t.Errorf("%s: %+v", name, step)
		}
	}
	if len(environment.Jobs) != githubSteps+1 {
		t.Errorf("environment.yml has %d jobs", len(environment.Jobs))
	}
	named, _ := job.Environment.(map[string]any)
	if named["name"] != "${{ fromJSON(inputs.job).environment }}" {
		t.Errorf("a deployment is in %v", job.Environment)
	}
	if j := all["plinth.yml"].Jobs["environments"]; !strings.HasPrefix(j.Concurrency.Group, "${{ matrix.environment.steps[0] && format('deploy-{0}'") || j.Concurrency.Cancel != false || j.Strategy.FailFast == nil || *j.Strategy.FailFast {
		t.Errorf("environments: %+v", j)
	}
	var ran []string
	for _, step := range job.Steps {
		if step.Run != "" {
			ran = append(ran, step.Run)
		}
	}
	// The same commands as GitLab's jobs.
	want := []string{
		`ci/as-role ./plinth push "$ENV" "$APPLICATION" --dotenv build/push.env`, `cat build/push.env >> "$GITHUB_ENV"`,
		`ci/as-role ./plinth deploy "$STACK" --auto-approve`, `./plinth verify "$ENV" "$APPLICATION"`,
	}
	if !slices.Equal(ran, want) {
		t.Errorf("a deployment runs\n  %s\nnot\n  %s", strings.Join(ran, "\n  "), strings.Join(want, "\n  "))
	}
}
