package settings

import "slices"

// issuers are the public services' own.
//
// https://docs.gitlab.com/ci/cloud_services/aws/
// https://docs.github.com/en/actions/reference/security/oidc
var issuers = map[CIProvider]string{
	CIGitLab: "https://gitlab.com",
	CIGitHub: "https://token.actions.githubusercontent.com",
}

// checkCI looks at who deploys the environment.
func (d *document) checkCI(all []*document, chosen []string) {
	ci := d.env.CI
	d.checkUnique("ci.branches", ci.Branches)
	d.checkUnique("ci.tags", ci.Tags)
	if d.sound("ci.branches", "ci.tags") && len(ci.Branches)+len(ci.Tags) == 0 {
		d.report("ci.branches", "must name a branch, or ci.tags a tag, that may deploy")
	}
	if d.sound("ci", "account") {
		d.checkIdentityProvider(all, chosen)
	}
}

// issuer is the issuer that counts, before anything is derived.
func (e *Environment) issuer() string {
	if e.CI.Issuer != "" {
		return e.CI.Issuer
	}
	return issuers[e.CI.Provider]
}

// checkIdentityProvider: of the environments with one account and issuer, one makes the
// provider. Of two that Load returns the later one is at fault.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
func (d *document) checkIdentityProvider(all []*document, chosen []string) {
	for _, other := range all {
		if other == d || other.env.Account != d.env.Account || other.env.issuer() != d.env.issuer() {
			continue
		}
		later := slices.Contains(chosen, other.env.Name) && other.env.Name > d.env.Name
		if !later && !d.env.CI.SharesProvider && !other.env.CI.SharesProvider {
			d.report("ci.sharesProvider", "must be true: %s makes the provider for %s in the same account, and there can be one", other.env.Name, d.env.issuer())
			return
		}
	}
}
