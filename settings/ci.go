package settings

import (
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
	if d.isValid("ci.branches", "ci.tags") && len(ci.Branches)+len(ci.Tags) == 0 {
		d.report("ci.branches", "must name a branch that may deploy, or ci.tags a tag")
	}
	d.checkIssuer()
	if d.isValid("ci", "account") {
		d.checkIdentityProvider(all, selected)
	}
}

// checkIssuer checks that the issuer is one of the provider's: roles with another's would trust no
// pipeline. The issuer of GitHub Enterprise Server is a path of the server's own URL.
//
// https://docs.github.com/en/enterprise-server/admin/configuring-settings/hardening-security-for-your-enterprise/about-security-hardening-with-openid-connect
func (d *document) checkIssuer() {
	if !d.isValid("ci.issuer", "ci.provider") || d.env.CI.Issuer == "" {
		return
	}
	issuer := d.env.CI.Issuer
	github := strings.HasPrefix(issuer, issuers[CIGitHub]) || strings.HasSuffix(issuer, "/_services/token")
	if github != (d.env.CI.Provider == CIGitHub) {
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

// checkIdentityProvider checks that one of the environments with the same account and issuer creates the
// OIDC provider. If two do, and Load returns both, it reports the later one.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
func (d *document) checkIdentityProvider(all []*document, selected []string) {
	for _, other := range all {
		if other == d || other.env.Account != d.env.Account || other.env.issuer() != d.env.issuer() {
			continue
		}
		if d.env.CI.Audience != other.env.CI.Audience && d.env.Name > other.env.Name {
			d.report("ci.audience", "must be that of %s (%s), is %s: both use the account's one OIDC provider for %s",
				other.env.Name, other.env.CI.Audience, quote(d.env.CI.Audience), d.env.issuer())
			return
		}
		later := slices.Contains(selected, other.env.Name) && other.env.Name > d.env.Name
		if !later && !d.env.CI.UseExistingOIDCProvider && !other.env.CI.UseExistingOIDCProvider {
			d.report("ci.useExistingOIDCProvider", "must be true: %s creates the OIDC provider for %s in the same account, which can have only one", other.env.Name, d.env.issuer())
			return
		}
	}
}
