package settings

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Trust describes the tokens that may assume a role. A token must have the audience, one of the subjects
// and, unless Refs is empty, one of the refs.
type Trust struct {
	Audience string
	// Subjects and Refs may contain stars. A star stands for any part.
	Subjects []string
	// Refs are values of GitHub's claim ref.
	Refs []string
}

// The verbs: what a job does. Its token opens only the roles for that.
const (
	planVerb   = "plan"
	deployVerb = "deploy"
	pushVerb   = "push"
)

// audiences returns the audiences of the environment's tokens.
func (e *Environment) audiences() []string {
	return []string{e.ResourceName(deployVerb), e.ResourceName(planVerb), e.ResourceName(pushVerb)}
}

// DeployTrust is the trust of the roles that deploy stacks: tokens of the branches and tags that may deploy.
func (e *Environment) DeployTrust() Trust { return e.deployTrust(deployVerb) }

// PushTrust is the trust of the role that pushes images: tokens of the same branches and tags.
func (e *Environment) PushTrust() Trust { return e.deployTrust(pushVerb) }

func (e *Environment) deployTrust(verb string) Trust {
	trust := Trust{Audience: e.ResourceName(verb)}
	if e.CI.Provider != CIGitHub {
		trust.Subjects = e.CI.subjects(e.CI.Branches, e.CI.Tags)
		return trust
	}
	// The jobs are in GitHub's environment and wait for its reviewers. Their tokens' subject names the
	// environment instead of a branch.
	for _, project := range e.CI.projects() {
		trust.Subjects = append(trust.Subjects, "repo:"+project+":environment:"+e.Name)
	}
	// Security: a job of any branch can name an environment, unless GitHub's rules for it forbid that. In
	// tokens of GitHub's own issuer, AWS can check the branch too.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
	if e.issuer() == issuers[CIGitHub] {
		for _, branch := range e.CI.Branches {
			trust.Refs = append(trust.Refs, "refs/heads/"+branch)
		}
		for _, tag := range e.CI.Tags {
			trust.Refs = append(trust.Refs, "refs/tags/"+tag)
		}
	}
	return trust
}

// PlanTrust is the trust of the roles that plan stacks: tokens of the branches and tags that may deploy, and
// of the branches that may plan. In a merge request, GitLab's token names the source branch. In a fork's, it
// names the fork's project, which the role does not trust.
func (e *Environment) PlanTrust() Trust {
	trust, ci := Trust{Audience: e.ResourceName(planVerb)}, e.CI
	if !slices.Contains(ci.PlanBranches, everyBranch) {
		branches := slices.Clone(ci.Branches)
		for _, branch := range ci.PlanBranches {
			if !slices.Contains(branches, branch) {
				branches = append(branches, branch)
			}
		}
		trust.Subjects = ci.subjects(branches, ci.Tags)
		return trust
	}
	trust.Subjects = ci.subjects([]string{"*"}, []string{"*"})
	if ci.Provider == CIGitHub {
		for _, project := range ci.projects() {
			trust.Subjects = append(trust.Subjects, "repo:"+project+":pull_request")
		}
	}
	return trust
}

// projects returns the project's paths that tokens may contain.
func (ci CI) projects() []string {
	if ci.PreviousProject == "" {
		return []string{ci.Project}
	}
	return []string{ci.Project, ci.PreviousProject}
}

// subjects returns the token subjects of branches and tags.
//
// https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
// https://docs.github.com/en/actions/reference/security/oidc
func (ci CI) subjects(branches, tags []string) []string {
	project, branch, tag := "project_path:", ":ref_type:branch:ref:", ":ref_type:tag:ref:"
	if ci.Provider == CIGitHub {
		project, branch, tag = "repo:", ":ref:refs/heads/", ":ref:refs/tags/"
	}
	var subjects []string
	for _, path := range ci.projects() {
		for _, name := range branches {
			subjects = append(subjects, project+path+branch+name)
		}
		for _, name := range tags {
			subjects = append(subjects, project+path+tag+name)
		}
	}
	return subjects
}

// everyBranch in ci.planBranches is every branch, tag and merge request of the project.
const everyBranch = "*"

// refs returns the branches and tags that may deploy, and the branches that may plan too, with defaults.
// Pushing to main must not be enough to change a protected environment.
func (e *Environment) refs() (branches, tags, plan []string) {
	branches, tags, plan = e.CI.Branches, e.CI.Tags, e.CI.PlanBranches
	if branches == nil && !e.Protected {
		branches = []string{"main"}
	}
	if tags == nil && e.Protected && len(branches) == 0 {
		tags = []string{"v*"}
	}
	switch {
	case plan == nil && e.Protected:
		plan = []string{"main"}
	case plan == nil:
		plan = []string{everyBranch}
	}
	return branches, tags, plan
}

// trustPolicySize is IAM's default limit on the characters of a role's trust policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const trustPolicySize = 2048

// trustPolicy returns a role's trust policy exactly as IAM gets it.
func (e *Environment) trustPolicy(t Trust) string {
	provider := strings.TrimPrefix(e.issuer(), "https://")
	conditions := map[string]map[string]any{"StringEquals": {provider + ":aud": t.Audience}}
	for claim, values := range map[string][]string{"sub": t.Subjects, "ref": t.Refs} {
		test, value := "StringEquals", any(values)
		if strings.Contains(strings.Join(values, ""), "*") {
			test = "StringLike"
		}
		switch {
		case len(values) == 0:
			continue
		case len(values) == 1:
			value = values[0]
		}
		if conditions[test] == nil {
			conditions[test] = map[string]any{}
		}
		conditions[test][provider+":"+claim] = value
	}
	content, _ := json.Marshal(conditions) // strings only: cannot fail
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"` +
		e.AccountARN("oidc-provider/"+provider) + `"},"Condition":` + string(content) + `}]}`
}

// checkTrustPolicies refuses a trust policy that is too long for IAM, and names the longest list.
func (d *document) checkTrustPolicies() {
	if !d.isValid("ci", "project", "protected") {
		return
	}
	env := *d.env
	env.deriveCI()
	for _, role := range []struct {
		kind  string
		trust Trust
		lists map[string][]string
	}{
		{"deploy", env.DeployTrust(), map[string][]string{"ci.branches": env.CI.Branches, "ci.tags": env.CI.Tags}},
		{"plan", env.PlanTrust(), map[string][]string{"ci.branches": env.CI.Branches, "ci.tags": env.CI.Tags, "ci.planBranches": env.CI.PlanBranches}},
	} {
		size := len(env.trustPolicy(role.trust))
		if size <= trustPolicySize {
			continue
		}
		longest := slices.MaxFunc(slices.Sorted(maps.Keys(role.lists)), func(a, b string) int {
			return len(strings.Join(role.lists[a], " ")) - len(strings.Join(role.lists[b], " "))
		})
		d.report(longest, "makes the trust policy of the %s roles %d characters long, IAM allows %d; name fewer, or several at once with *", role.kind, size, trustPolicySize)
		return
	}
}

// providerAudiences returns the audiences of all environments with the same account and issuer. They share
// one provider, and IAM refuses a token whose audience the provider does not list.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
func (e *Environment) providerAudiences(all []*document) []string {
	var audiences []string
	for _, d := range all {
		// An environment that is not selected is not validated.
		if d.env.Account == e.Account && d.env.issuer() == e.issuer() && rules()["project"].holds(d.env.Project) {
			audiences = append(audiences, d.env.audiences()...)
		}
	}
	slices.Sort(audiences)
	return audiences
}
