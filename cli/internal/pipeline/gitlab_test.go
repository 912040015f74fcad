package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"plinth/cli/internal/worktree"
)

// repository is the repository's folder.
const repository = "../../.."

// installGitlab installs gitlab-ci-local, which reads a pipeline as GitLab does.
var installGitlab = sync.OnceValue(func() error {
	command := exec.Command("make", "--no-print-directory", "ci/node_modules/.package-lock.json")
	command.Dir, command.Env = repository, worktree.WithoutMake(os.Environ())
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("gitlab-ci-local cannot be installed: %w\n%s", err, out)
	}
	return nil
})

// gitlab returns a call of gitlab-ci-local in a folder. It runs on the pinned Node.js, and copies
// artifacts with a fake rsync.
func gitlab(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	root, err := filepath.Abs(repository)
	if err := errors.Join(err, installGitlab()); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(root, "ci", "node_modules", ".bin", "gitlab-ci-local"), append(args, "--force-shell-executor", "--variable", "CI_IMAGE=none")...)
	command.Dir = dir
	command.Env = append(worktree.WithoutMake(os.Environ()), "PATH="+strings.Join([]string{
		filepath.Join(root, "node_modules", ".bin"), filepath.Join(root, "cli", "internal", "pipeline", "testdata", "bin"), os.Getenv("PATH"),
	}, string(filepath.ListSeparator)))
	return command
}

// checkout returns a folder with the files of the pipeline, including those that are generated for an
// event.
func checkout(t *testing.T, getenv func(string) string) string {
	t.Helper()
	dir := project(t, dev(), prod())
	if err := Run(dir, getenv, t.Output()); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(repository, "ci", "*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join(repository, ".gitlab-ci.yml")) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(repository, file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range []string{
		"init --quiet --initial-branch main", "add --all", "-c user.name=a -c user.email=a@b commit --quiet --message x",
		"remote add origin https://gitlab.example.com/group/plinth.git", "update-ref refs/remotes/origin/main HEAD",
		"symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main",
	} {
		command := exec.Command("git", strings.Fields(args)...)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	return dir
}

// ask runs gitlab-ci-local with the option --<what> on one of the checkout's pipelines.
func ask(t *testing.T, dir, file, what string, variables ...string) []byte {
	t.Helper()
	command := gitlab(t, dir, "--"+what, "--file", file, "--state-dir", ".state-"+strings.ReplaceAll(file, "/", "-")+what,
		"--ignore-predefined-vars",
		"CI_PIPELINE_SOURCE,CI_MERGE_REQUEST_IID,FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR,FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR",
		"--variable", "CI_MERGE_REQUEST_IID=7", fmt.Sprintf("--json-schema-validation=%t", what != "preview"))
	for _, variable := range variables {
		command.Args = append(command.Args, "--variable", variable)
	}
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("gitlab-ci-local %s: %v\n%s%s", file, err, out, stderr.String())
	}
	return out
}

// TestGraph parses every pipeline with gitlab-ci-local, and checks its jobs: their stages, when they
// run and what they wait for.
func TestGraph(t *testing.T) {
	t.Parallel()
	first := []string{
		"check lint on_success", "check settings on_success", "check policy on_success",
		"test test on_success", "test test-renamed on_success", "test test-cluster on_success", "test test-image on_success",
		"test upgrade on_success", "synth synth on_success", "environments environments on_success",
	}
	plans := []string{
		"plan plan-dev-network on_success", "plan plan-dev-cluster on_success", "plan plan-dev-data on_success",
		"plan plan-dev-addons on_success", "plan plan-dev-app on_success",
	}
	for name, test := range map[string]struct {
		on    func(string) string
		files map[string][]string
	}{
		"schedule": {onSchedule, map[string][]string{
			".gitlab-ci.yml":           {"test test-changes on_success", "test test-terraform on_success", "test test-cdktn on_success", "synth synth on_success", "environments environments on_success"},
			"build/pipeline/child.yml": {"files files on_success", "drift drift-dev on_success files", "drift drift-prod on_success files"},
			"build/pipeline/dev-drift.yml": {
				"drift drift-dev-network on_success", "drift drift-dev-cluster on_success", "drift drift-dev-data on_success",
				"drift drift-dev-addons on_success", "drift drift-dev-app on_success",
			},
		}},
		"merge request": {onMergeRequest, map[string][]string{
			".gitlab-ci.yml":              first,
			"build/pipeline/child.yml":    {"files files on_success", "image build-app on_success", "plan plan-dev on_success files"},
			"build/pipeline/dev-plan.yml": append(slices.Clone(plans), "note note-dev always plan-dev-network plan-dev-cluster plan-dev-data plan-dev-addons plan-dev-app"),
		}},
		"main": {onMain, map[string][]string{
			"build/pipeline/child.yml": {
				"files files on_success", "image build-app on_success", "plan plan-dev on_success files", "deploy deploy-dev on_success files plan-dev build-app", "destroy destroy-dev manual files",
				"plan plan-prod on_success files",
			},
			"build/pipeline/dev-plan.yml": plans,
			"build/pipeline/dev-deploy.yml": {
				"deploy deploy-dev-network on_success", "deploy deploy-dev-cluster on_success deploy-dev-network",
				"deploy deploy-dev-data on_success deploy-dev-network", "deploy deploy-dev-addons on_success deploy-dev-cluster deploy-dev-network",
				"deploy push-dev-app on_success deploy-dev-data",
				"deploy deploy-dev-app on_success deploy-dev-addons deploy-dev-cluster deploy-dev-data push-dev-app", "verify verify-dev-app on_success deploy-dev-app",
			},
			"build/pipeline/dev-destroy.yml": {
				"destroy destroy-dev-app on_success", "destroy destroy-dev-addons on_success destroy-dev-app", "destroy destroy-dev-data on_success destroy-dev-app",
				"destroy destroy-dev-cluster on_success destroy-dev-addons destroy-dev-app",
				"destroy destroy-dev-network on_success destroy-dev-cluster destroy-dev-data destroy-dev-addons",
			},
		}},
		"tag": {onTag, map[string][]string{
			"build/pipeline/child.yml": {
				"files files on_success", "image build-app on_success", "plan plan-dev on_success files", "plan plan-prod on_success files", "deploy deploy-prod manual files plan-prod build-app",
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := checkout(t, test.on)
			for file, want := range test.files {
				var jobs []struct {
					Name  string `json:"name"`
					Stage string `json:"stage"`
					When  string `json:"when"`
					Needs []struct {
						Job      string `json:"job"`
						Pipeline string `json:"pipeline"`
					} `json:"needs"`
				}
				var source []string
				switch name {
				case "schedule":
					source = []string{"CI_PIPELINE_SOURCE=schedule"}
				case "merge request":
					source = []string{"CI_PIPELINE_SOURCE=merge_request_event"}
				}
				out := ask(t, dir, file, "list-json", source...)
				if err := json.Unmarshal(out, &jobs); err != nil {
					t.Fatalf("%s: %v\n%s", file, err, out)
				}
				var got []string
				for _, j := range jobs {
					if j.When == "never" {
						continue
					}
					line := j.Stage + " " + j.Name + " " + j.When
					for _, need := range j.Needs {
						if need.Pipeline == "" {
							line += " " + need.Job
						}
					}
					got = append(got, line)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s has\n  %s\nnot\n  %s", file, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				}
			}
		})
	}
}

// expanded is a job with its templates applied.
type expanded struct {
	Script        []string          `yaml:"script"`
	Variables     map[string]string `yaml:"variables"`
	When          string            `yaml:"when"`
	ResourceGroup string            `yaml:"resource_group"`
	Interruptible *bool             `yaml:"interruptible"`
	Environment   struct {
		Name   string `yaml:"name"`
		Action string `yaml:"action"`
	} `yaml:"environment"`
	Tokens  map[string]map[string]string `yaml:"id_tokens"`
	Trigger struct {
		Strategy string `yaml:"strategy"`
	} `yaml:"trigger"`
	Artifacts struct {
		Paths []string `yaml:"paths"`
	} `yaml:"artifacts"`
}

// audienceOf returns the audience of each kind of job.
var audienceOf = map[string]string{"plan": "plan", "drift": "plan", "deploy": "deploy", "destroy": "deploy", "push": "push"}

// TestJobs checks every job of every pipeline, with its templates applied.
func TestJobs(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	help, err := os.ReadFile(filepath.Join(repository, "help"))
	if err != nil {
		t.Fatal(err)
	}
	// Security: a variable is quoted, so that it is one argument whatever its value.
	script := regexp.MustCompile(`^(?:make ([a-z-]+)|(?:ci/as-role )?\./plinth ([a-z]+)(?: "\$[A-Z]+"| --[a-z-]+| build/push\.env)*|ls build/pipeline)$`)
	// The kinds of jobs that need a role, with the action of their GitLab environment. Those with "-"
	// change nothing; the others must not be interruptible.
	roles := map[string]string{"deploy": "", "push": "prepare", "destroy": "access", "plan": "-", "drift": "-"}
	for name, getenv := range map[string]func(string) string{"merge request": onMergeRequest, "main": onMain, "tag": onTag, "schedule": onSchedule} {
		dir := checkout(t, getenv)
		files, err := filepath.Glob(filepath.Join(dir, folder, "*.yml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range append(files, filepath.Join(dir, ".gitlab-ci.yml")) {
			relative, err := filepath.Rel(dir, file)
			if err != nil {
				t.Fatal(err)
			}
			for job, j := range jobsOf(t, ask(t, dir, relative, "preview")) {
				at := name + ": " + relative + ": " + job
				for _, line := range j.Script {
					parts := script.FindStringSubmatch(line)
					switch {
					case parts == nil:
						t.Errorf("%s: runs %q, which is neither a make target nor a command alone", at, line)
					case parts[1] != "" && !regexp.MustCompile(`(?m)^[a-z ]*\b`+parts[1]+`\b[a-z ]*:`).Match(makefile):
						t.Errorf("%s: runs %q, and the Makefile has no such target", at, line)
					case parts[2] != "" && !regexp.MustCompile(`(?m)^  `+parts[2]+` `).Match(help):
						t.Errorf("%s: runs %q, and ./plinth has no such command", at, line)
					}
				}
				bridge := j.Trigger.Strategy != ""
				kind, _, _ := strings.Cut(job, "-")
				action, needsRole := roles[kind]
				needsRole = needsRole && !bridge
				if got := j.Tokens["AWS_ID_TOKEN"]["aud"] == "$AWS_AUDIENCE" && strings.HasPrefix(j.Script[0], "ci/as-role "); got != needsRole {
					t.Errorf("%s: has a token and a role: %v", at, got)
				}
				if needsRole && !strings.HasPrefix(j.Variables["AWS_ROLE_ARN"], "arn:aws:iam::") {
					t.Errorf("%s: has no role", at)
				}
				// Security: a token is only for the job's verb and environment.
				if want := "plinth-" + j.Variables["ENV"] + "-" + audienceOf[kind]; needsRole && j.Variables["AWS_AUDIENCE"] != want {
					t.Errorf("%s: its token is for %s, not %s", at, j.Variables["AWS_AUDIENCE"], want)
				}
				if needsRole && action != "-" && (j.Environment.Name != "$ENV" || j.Environment.Action != action || j.Interruptible == nil || *j.Interruptible) {
					t.Errorf("%s: is of environment %+v, and may be broken off: %v", at, j.Environment, j.Interruptible)
				}
				_, env, _ := strings.Cut(job, "-")
				if locked := bridge && (kind == "deploy" || kind == "destroy"); locked && (j.ResourceGroup != env || j.Trigger.Strategy != "depend") {
					t.Errorf("%s: holds the lock %q with strategy %q", at, j.ResourceGroup, j.Trigger.Strategy)
				}
				if manual := bridge && (kind == "destroy" || job == "deploy-prod"); manual != (j.When == "manual") {
					t.Errorf("%s: runs when %q", at, j.When)
				}
				for variable := range j.Variables {
					if strings.HasPrefix(variable, "PLINTH_") {
						t.Errorf("%s: sets %s, which is a setting", at, variable)
					}
				}
			}
		}
	}
}

// jobsOf returns the jobs of a pipeline from the preview of gitlab-ci-local.
func jobsOf(t *testing.T, preview []byte) map[string]expanded {
	t.Helper()
	var document map[string]yaml.Node
	if err := yaml.Unmarshal(preview, &document); err != nil {
		t.Fatalf("%v\n%s", err, preview)
	}
	var global map[string]string
	if node, ok := document["variables"]; ok {
		if err := node.Decode(&global); err != nil {
			t.Fatal(err)
		}
	}
	jobs := map[string]expanded{}
	for name, node := range document {
		if strings.HasPrefix(name, ".") || slices.Contains([]string{"default", "include", "stages", "variables", "workflow"}, name) {
			continue
		}
		var j expanded
		if err := node.Decode(&j); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all := maps.Clone(global)
		maps.Copy(all, j.Variables)
		j.Variables = all
		jobs[name] = j
	}
	return jobs
}
