package synthesized

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Pipeline is the bootstrap stack's output pipeline, for CI.
type Pipeline struct {
	Environment string `json:"environment"`
	Account     string `json:"account"`
	Region      string `json:"region"`
	// Provider is gitlab or github. Issuer signs its tokens for Project and Audience.
	Provider string `json:"provider"`
	Issuer   string `json:"issuer"`
	Project  string `json:"project"`
	Audience string `json:"audience"`
	// Branches and Tags may deploy. They may contain wildcards.
	Branches []string `json:"branches"`
	Tags     []string `json:"tags"`
	// The ARNs of the roles. Those of stacks are by the stack's name.
	PushRole    string            `json:"push_role"`
	PlanRoles   map[string]string `json:"plan_roles"`
	DeployRoles map[string]string `json:"deploy_roles"`
}

// pipeline reads that output from the stack's document. A value known only after the deployment
// is an error.
func (s *Stack) pipeline() (*Pipeline, error) {
	p := &Pipeline{}
	value := s.file.Output["pipeline"].Value
	if err := json.Unmarshal(value, p); err != nil || p.Issuer == "" || len(p.DeployRoles) == 0 {
		return nil, fmt.Errorf("%s: its output pipeline must tell issuer, project and roles as literals, and is %s", s.Name, value)
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

// Release is a branch, or else a tag, that may deploy.
func (p *Pipeline) Release() Ref {
	some := func(pattern string) string { return strings.ReplaceAll(pattern, "*", "1") }
	if len(p.Branches) > 0 {
		return Ref{Name: some(p.Branches[0])}
	}
	return Ref{Name: some(p.Tags[0]), Tag: true}
}

// Subject is the subject of a job's token.
//
// https://docs.gitlab.com/ci/secrets/id_token_authentication/
// https://docs.github.com/en/actions/reference/security/oidc
func (p *Pipeline) Subject(ref Ref) string {
	kind, of := "branch", "heads"
	if ref.Tag {
		kind, of = "tag", "tags"
	}
	switch {
	case p.Provider == "github" && ref.Review:
		return "repo:" + p.Project + ":pull_request"
	case p.Provider == "github":
		return "repo:" + p.Project + ":ref:refs/" + of + "/" + ref.Name
	}
	return "project_path:" + p.Project + ":ref_type:" + kind + ":ref:" + ref.Name
}
