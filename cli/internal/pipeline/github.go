package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
)

// githubSteps is how many steps .github/workflows/environment.yml has for deployments: GitHub cannot run a
// workflow that a job has written.
const githubSteps = 8

// hosted is the label of GitHub's runner for jobs of environments without runners.
var hosted = []string{"ubuntu-24.04"}

// githubEnvironment is an element of the matrix in plinth.yml: the jobs of one environment.
type githubEnvironment struct {
	Environment string `json:"environment"`
	// Plans are the jobs that plan its stacks. Steps are those that deploy them, a step's jobs in
	// parallel; none if the event does not deploy.
	Plans []githubJob   `json:"plans"`
	Steps [][]githubJob `json:"steps"`
}

// githubJob plans, compares or deploys one stack.
type githubJob struct {
	Environment string   `json:"environment"`
	Stack       string   `json:"stack"`
	Role        string   `json:"role"`
	Audience    string   `json:"audience"`
	Region      string   `json:"region"`
	Runner      []string `json:"runner"`
	// Application is set if the job deploys an application's stack.
	Application string `json:"application,omitempty"`
	// PushRole and PushAudience are set if the job pushes the application's image first.
	PushRole     string `json:"push_role,omitempty"`
	PushAudience string `json:"push_audience,omitempty"`
	// Verify is set if the job checks the application's health afterwards.
	Verify bool `json:"verify,omitempty"`
}

// onGitHub returns the event that GitHub's variables describe. The token of a pull request names no
// branch. So the plan roles trust all pull requests, or none.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
func onGitHub(getenv func(string) string) event {
	kind := getenv("GITHUB_EVENT_NAME")
	e := event{mergeRequest: kind == "pull_request", scheduled: kind == "schedule"}
	if getenv("GITHUB_REF_TYPE") == "tag" {
		e.tag = getenv("GITHUB_REF_NAME")
	} else {
		e.branch = getenv("GITHUB_REF_NAME")
	}
	return e
}

// github returns the files for the workflows in .github, by name: the jobs of the environments whose
// roles trust GitHub, and the applications whose images these jobs push.
func github(all []*environment, on event) (map[string][]byte, error) {
	environments, drift, images := []githubEnvironment{}, []githubJob{}, []string{}
	for _, e := range all {
		if e.Provider != githubProvider {
			continue
		}
		plans := e.githubPlans()
		drift = append(drift, plans...)
		if on.scheduled || !on.plans(e) {
			continue
		}
		found := githubEnvironment{Environment: e.Name, Plans: plans, Steps: [][]githubJob{}}
		if on.deploys(e) {
			found.Steps = e.githubSteps()
		}
		if n := len(found.Steps); n > githubSteps {
			return nil, fmt.Errorf("%s: its stacks need each other in %d steps, and .github/workflows/environment.yml has %d: add a job step-%d there, and raise githubSteps in cli/internal/pipeline/github.go",
				e.Name, n, githubSteps, githubSteps+1)
		}
		environments = append(environments, found)
		for _, j := range slices.Concat(found.Steps...) {
			if j.PushRole != "" && !slices.Contains(images, j.Application) {
				images = append(images, j.Application)
			}
		}
	}
	files := map[string][]byte{}
	for name, value := range map[string]any{"github.json": environments, "github-drift.json": drift, "github-images.json": images} {
		content, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		files[name] = append(content, '\n')
	}
	return files, nil
}

// githubPlans returns a job that plans each stack.
func (e *environment) githubPlans() []githubJob {
	var plans []githubJob
	for _, stack := range e.stacks {
		plans = append(plans, e.githubJob(stack, e.PlanRoles, e.Audiences.Plan, e.PlanRunnerTags))
	}
	return plans
}

func (e *environment) githubJob(stack string, roles map[string]string, audience string, runners []string) githubJob {
	if len(runners) == 0 {
		runners = hosted
	}
	return githubJob{Environment: e.Name, Stack: stack, Role: roles[stack], Audience: audience, Region: e.Region, Runner: runners}
}

// githubSteps returns a job that deploys each stack, one step after the last stack that it needs.
func (e *environment) githubSteps() [][]githubJob {
	var steps [][]githubJob
	at := map[string]int{}
	for _, stack := range e.stacks {
		for _, need := range e.needs[stack] {
			at[stack] = max(at[stack], at[need]+1)
		}
		j := e.githubJob(stack, e.DeployRoles, e.Audiences.Deploy, e.RunnerTags)
		if a, is := e.applications[stack]; is {
			j.Application, j.Verify = a.Name, a.Web
			if e.pushes(a) {
				j.PushRole, j.PushAudience = e.PushRole, e.Audiences.Push
			}
		}
		if at[stack] == len(steps) { // stacks are in deployment order
			steps = append(steps, nil)
		}
		steps[at[stack]] = append(steps[at[stack]], j)
	}
	return steps
}
