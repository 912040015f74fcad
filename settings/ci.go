package settings

import (
	"regexp"
	"slices"
	"strings"
)

// issuers are the OIDC issuers of gitlab.com and github.com.
//
// https://docs.gitlab.com/ci/cloud_services/aws/
// https://docs.github.com/en/actions/reference/security/oidc
var issuers = map[CIProvider]string{
	CIGitLab: "https://gitlab.com",
	CIGitHub: "https://token.actions.githubusercontent.com",
}

// checkCI checks the settings of ci.
func (d *document) checkCI(all []*document, selected []string) {
	ci := d.env.CI
	d.checkUnique("ci.branches", ci.Branches)
	d.checkUnique("ci.tags", ci.Tags)
	d.checkUnique("ci.planBranches", ci.PlanBranches)
	branches, tags, _ := d.env.refs()
	if d.isValid("ci.branches", "ci.tags", "protected") && len(branches)+len(tags) == 0 {
		d.report("ci.branches", "must name a branch that may deploy, or ci.tags a tag")
	}
	d.checkRunners()
	d.checkProjects()
	d.checkIssuer()
	d.checkTrustPolicies()
	if d.isValid("ci", "account") {
		d.checkIdentityProvider(all, selected)
		d.checkAudiences(all)
	}
}

// checkIssuer checks that the issuer is one of the provider's: roles with another's would trust no
// pipeline. The issuer of GitHub Enterprise Server is a path of the server's own URL.
//
// https://docs.gitlab.com/ci/yaml/#tags
func (d *document) checkRunners() {
	ci := d.env.CI
	if !d.isValid("ci.runnerTags", "ci.planRunnerTags", "ci.planBranches", "protected") || len(ci.RunnerTags) == 0 {
		return
	}
	lacks := func(tag string) bool { return !slices.Contains(ci.RunnerTags, tag) }
	switch {
	case len(ci.PlanRunnerTags) > 0 && !slices.ContainsFunc(ci.PlanRunnerTags, lacks):
		d.report("ci.planRunnerTags", "must have a tag that ci.runnerTags (%s) lacks: a runner that deploys takes these jobs too", list(ci.RunnerTags, "and"))
	case d.env.Protected && slices.Contains(ci.PlanBranches, everyBranch) && ci.PlanRunnerTags == nil:
		d.report("ci.planBranches", "must not be [*] for a protected environment on the runners of ci.runnerTags: any branch's code would run where deployments do; set ci.planRunnerTags")
	}
}

// projectIDs matches the ids of an owner and a repository.
var projectIDs = regexp.MustCompile(`@[0-9]+`)

// githubProject matches a repository's path in the subject of its tokens, with both ids or with none.
//
// https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
var githubProject = regexp.MustCompile(`^([^/@]+/[^/@]+|[^/@]+@[0-9]+/[^/@]+@[0-9]+)$`)

// checkProjects refuses a path that no token of the provider has. A role for it would trust nobody.
func (d *document) checkProjects() {
	if !d.isValid("ci.provider") {
		return
	}
	ci := d.env.CI
	for _, setting := range []struct{ path, project string }{{"ci.project", ci.Project}, {"ci.previousProject", ci.PreviousProject}} {
		switch {
		case setting.project == "" || !d.isValid(setting.path):
		case ci.Provider == CIGitHub && !githubProject.MatchString(setting.project):
			d.report(setting.path, "must be owner/repository or owner@id/repository@id for ci.provider github, is %s", quote(setting.project))
		case ci.Provider != CIGitHub && strings.Contains(setting.project, "@"):
			d.report(setting.path, "must be a path without ids for ci.provider %s, is %s; write %s", ci.Provider, quote(setting.project), projectIDs.ReplaceAllString(setting.project, ""))
		}
	}
	if d.isValid("ci.project", "ci.previousProject") && ci.PreviousProject != "" && ci.PreviousProject == ci.Project {
		d.report("ci.previousProject", "must differ from ci.project (%s); remove it", ci.Project)
	}
}

// githubIssuer matches GitHub's own issuer, an enterprise's below it, those of tenants with data residency,
// and that of a GitHub Enterprise Server, below the server's address.
//
// https://docs.github.com/en/enterprise-cloud@latest/actions/reference/security/oidc
// https://docs.github.com/en/enterprise-server/admin/configuring-settings/hardening-security-for-your-enterprise/about-security-hardening-with-openid-connect
var githubIssuer = regexp.MustCompile(`^https://(token\.actions\.(githubusercontent\.com|[a-z0-9-]+\.ghe\.com)(/.*)?|.*/_services/token)$`)

// checkIssuer: an issuer left over from another provider would make roles that trust nobody.
func (d *document) checkIssuer() {
	if !d.isValid("ci.issuer", "ci.provider") || d.env.CI.Issuer == "" {
		return
	}
	issuer := d.env.CI.Issuer
	if githubIssuer.MatchString(issuer) != (d.env.CI.Provider == CIGitHub) {
		d.report("ci.issuer", "must be an issuer of ci.provider (%s), is %s; leave it out for %s", d.env.CI.Provider, quote(issuer), issuers[d.env.CI.Provider])
	}
}

// issuer returns ci.issuer or its default. It also works before derive has run.
func (e *Environment) issuer() string {
	if e.CI.Issuer != "" {
		return e.CI.Issuer
	}
	return issuers[e.CI.Provider]
}

// mostAudiences is the number of audiences of an OIDC provider in IAM.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
const mostAudiences = 100

// checkAudiences checks that the provider of the account can have the audiences of all environments that
// share it. The last of them by name report it.
func (d *document) checkAudiences(all []*document) {
	audiences := d.env.providerAudiences(all)
	if most := mostAudiences / len(d.env.audiences()); len(audiences) > mostAudiences {
		earlier := 0
		for _, other := range all {
			if other.env.Account == d.env.Account && other.env.issuer() == d.env.issuer() && other.env.Name < d.env.Name {
				earlier++
			}
		}
		if earlier >= most {
			d.report("account", "must not be shared by more than %d environments with the same ci.issuer, is shared by %d: IAM allows %d audiences for an OIDC provider; use another account",
				most, len(audiences)/len(d.env.audiences()), mostAudiences)
		}
	}
}

// checkIdentityProvider checks that one of the environments with the same account and issuer creates the
// OIDC provider. If two do, and Load returns both, it reports the later one.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
func (d *document) checkIdentityProvider(all []*document, selected []string) {
	for _, other := range all {
		if other == d || other.env.Account != d.env.Account || other.env.issuer() != d.env.issuer() {
			continue
		}
		later := slices.Contains(selected, other.env.Name) && other.env.Name > d.env.Name
		if !later && !d.env.CI.UseExistingOIDCProvider && !other.env.CI.UseExistingOIDCProvider {
			d.report("ci.useExistingOIDCProvider", "must be true: %s creates the OIDC provider for %s in the same account, which can have only one", other.env.Name, d.env.issuer())
			return
		}
	}
}
