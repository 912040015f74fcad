package synthesized

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Pipeline is the bootstrap stack's output pipeline, for CI.
type Pipeline struct {
	Environment string `json:"environment"`
	Account     string `json:"account"`
	Region      string `json:"region"`
	// Provider is gitlab or github. Issuer signs its tokens for Project, with the audience of the verb.
	Provider  string          `json:"provider"`
	Issuer    string          `json:"issuer"`
	Project   string          `json:"project"`
	Audiences map[Verb]string `json:"audiences"`
	// Audience is that of all verbs in Plinth 0.1.0.
	Audience string `json:"audience"`
	// Branches and Tags may deploy. They may contain wildcards.
	Branches []string `json:"branches"`
	Tags     []string `json:"tags"`
	// PlanBranches may plan too. * is every branch, tag and merge request.
	PlanBranches []string `json:"plan_branches"`
	// The ARNs of the roles. Those of stacks are by the stack's name.
	PushRole    string            `json:"push_role"`
	PlanRoles   map[string]string `json:"plan_roles"`
	DeployRoles map[string]string `json:"deploy_roles"`
}

// Verb is what a job does. Its token opens only the roles for that.
type Verb string

// The verbs.
const (
	Plan   Verb = "plan"
	Deploy Verb = "deploy"
	Push   Verb = "push"
)

// Verb returns the verb of the jobs that a role is for. For an unknown role that is Deploy.
func (p *Pipeline) Verb(role string) Verb {
	if role == p.PushRole {
		return Push
	}
	for _, planner := range p.PlanRoles {
		if role == planner {
			return Plan
		}
	}
	return Deploy
}

// pipeline reads that output from the stack's document. A value known only after the deployment
// is an error.
func (s *Stack) pipeline() (*Pipeline, error) {
	p := &Pipeline{}
	value := s.file.Output["pipeline"].Value
	if err := json.Unmarshal(value, p); err != nil || p.Issuer == "" || len(p.DeployRoles) == 0 {
		return nil, fmt.Errorf("%s: its output pipeline must tell issuer, project and roles as literals, and is %s", s.Name, value)
	}
	if p.Audiences == nil {
		p.Audiences = map[Verb]string{Plan: p.Audience, Deploy: p.Audience, Push: p.Audience}
	}
	return p, nil
}

// Ref is a branch or a tag.
type Ref struct {
	Name string
	Tag  bool
	// Review reports whether it is the branch of a merge request.
	Review bool
}

// Review is the branch of a merge request, which may deploy nothing.
var Review = Ref{Name: "a-change", Review: true}

// Planned returns a ref that may plan and, if possible, not deploy: a merge request if any may plan, else
// a branch of PlanBranches, else Release.
func (p *Pipeline) Planned() Ref {
	switch {
	case slices.Contains(p.PlanBranches, "*"):
		return Review
	case len(p.PlanBranches) > 0:
		return Ref{Name: some(p.PlanBranches[0])}
	}
	return p.Release()
}

// some returns a name that matches a pattern.
func some(pattern string) string { return strings.ReplaceAll(pattern, "*", "1") }

// Release is a branch, or else a tag, that may deploy.
func (p *Pipeline) Release() Ref {
	if len(p.Branches) > 0 {
		return Ref{Name: some(p.Branches[0])}
	}
	return Ref{Name: some(p.Tags[0]), Tag: true}
}

// Subject is the subject of a job's token.
//
// https://docs.gitlab.com/ci/secrets/id_token_authentication/
// https://docs.github.com/en/actions/reference/security/oidc
func (p *Pipeline) Subject(ref Ref, verb Verb) string {
	kind := "branch"
	if ref.Tag {
		kind = "tag"
	}
	switch {
	case p.Provider == github && verb != Plan:
		return "repo:" + p.Project + ":environment:" + p.Environment
	case p.Provider == github && ref.Review:
		return "repo:" + p.Project + ":pull_request"
	case p.Provider == github:
		return "repo:" + p.Project + ":ref:" + p.Claim(ref)
	}
	return "project_path:" + p.Project + ":ref_type:" + kind + ":ref:" + ref.Name
}

const github = "github"

// Claim returns the claim ref of a job's token.
func (p *Pipeline) Claim(ref Ref) string {
	switch {
	case p.Provider != github:
		return ref.Name
	case ref.Review:
		return "refs/pull/1/merge"
	case ref.Tag:
		return "refs/tags/" + ref.Name
	}
	return "refs/heads/" + ref.Name
}
