package integration

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/synthesized"
)

// githubJob is a job in build/pipeline/github.json.
type githubJob struct {
	Environment string `json:"environment"`
	Stack       string `json:"stack"`
	Role        string `json:"role"`
	Audience    string `json:"audience"`
	Region      string `json:"region"`
}

// TestGitHubPipeline runs the commands of GitHub's workflows for a repository whose tokens have ids. It plans
// a pull request, and deploys a stack from main and from a branch that may not deploy.
func TestGitHubPipeline(t *testing.T) {
	t.Parallel()
	overrides := []string{"PLINTH_DEV_CI_PROVIDER=github", "PLINTH_DEV_CI_ISSUER=https://token.actions.githubusercontent.com", "PLINTH_DEV_CI_PROJECT=acme@123456/plinth@456789"}
	r := start(t, "dev", overrides...)
	p := newPipeline(t, r)
	p.variables = overrides
	p.plinth("bootstrap", "dev", "--auto-approve")
	release := r.App.Pipeline.Release()

	plans, _ := p.github(synthesized.Review)
	p.job(plans[0], synthesized.Review, synthesized.Plan, commandOf(t, "environment.yml", "plan"))
	p.contains(p.read("build/plan/dev-network/summary.md"), "#### dev-network\n\n", " to add.\n")

	_, steps := p.github(release)
	assert.Equal(t, steps[0][0].Stack, "dev-network")
	deploy := commandOf(t, "deploy.yml", "deploy")
	out, err := p.tryJob(steps[0][0], synthesized.Ref{Name: "my-change"}, synthesized.Deploy, deploy)
	assert.Assert(t, err != nil, "%s", out)
	p.contains(oneLine(string(out)), "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	assert.Equal(t, len(r.inNetwork()), 0)
	p.job(steps[0][0], release, synthesized.Deploy, deploy)
	p.contains(p.read("build/outputs/dev-network.json"), `"dev-network"`, `"vpc-`)
}

// github returns the plans and the steps that a workflow for a branch or a pull request reads.
func (p pipeline) github(ref synthesized.Ref) (plans []githubJob, steps [][]githubJob) {
	p.t.Helper()
	event := "push"
	if ref.Review {
		event = "pull_request"
	}
	for name, value := range map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": ref.Name} {
		p.variables = append(p.variables, name+"="+value)
	}
	p.plinth("pipeline")
	var all []struct {
		Plans []githubJob   `json:"plans"`
		Steps [][]githubJob `json:"steps"`
	}
	assert.NilError(p.t, json.Unmarshal([]byte(p.read("build/pipeline/github.json")), &all))
	assert.Equal(p.t, len(all), 1)
	assert.Equal(p.t, len(all[0].Steps) > 0, !ref.Review)
	return all[0].Plans, all[0].Steps
}

// commandOf returns the command of a workflow that assumes a role for a verb.
func commandOf(t *testing.T, file, verb string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".github", "workflows", file))
	assert.NilError(t, err)
	found := regexp.MustCompile(`(?m)run: (ci/as-role \./plinth ` + verb + ` .*)$`).FindStringSubmatch(string(content))
	assert.Assert(t, found != nil, "%s: has no %s", file, verb)
	return found[1]
}

func (p pipeline) job(j githubJob, ref synthesized.Ref, verb synthesized.Verb, command string) {
	p.t.Helper()
	out, err := p.tryJob(j, ref, verb, command)
	assert.NilError(p.t, err, "%s", out)
}

// tryJob runs a command as a job does: GitHub issues a token for the audience that the job requests.
func (p pipeline) tryJob(j githubJob, ref synthesized.Ref, verb synthesized.Verb, command string) ([]byte, error) {
	p.t.Helper()
	of := p.App.Pipeline
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := iam.NewToken(iam.Claims{
			Issuer: of.Issuer, Subject: of.Subject(ref, verb), Ref: of.Claim(ref), Audience: []string{r.URL.Query().Get("audience")}, Expires: time.Now().Add(5 * time.Minute),
		})
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token})
	}))
	defer github.Close()
	environ := slices.DeleteFunc(append(os.Environ(), append(p.Variables(), p.Overrides()...)...), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return name == "AWS_ACCESS_KEY_ID" || name == "AWS_SECRET_ACCESS_KEY" || fromMake(variable)
	})
	c := exec.CommandContext(p.t.Context(), "bash", "-c", command)
	c.Dir, c.Env = p.folder, append(append(environ, p.variables...), "GOFLAGS=-trimpath", "ENV="+j.Environment, "STACK="+j.Stack, "AWS_ROLE_ARN="+j.Role, "AWS_AUDIENCE="+j.Audience, "AWS_REGION="+j.Region,
		"ACTIONS_ID_TOKEN_REQUEST_URL="+github.URL+"/?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=of-the-job")
	return c.CombinedOutput()
}
