package settings

import (
	"reflect"
	"strings"
	"testing"
)

// TestTrust checks which tokens may assume which roles.
func TestTrust(t *testing.T) {
	const gitlab, github = "project_path:group/project:ref_type:", "repo:group/project:"
	for _, test := range []struct {
		name         string
		edit         edit
		deploy, plan []string // subjects
	}{
		{"by default", all(), []string{gitlab + "branch:ref:main"}, []string{gitlab + "branch:ref:*", gitlab + "tag:ref:*"}},
		{"branches and tags", under("ci", "branches: [main, release/*]", "tags: [v*]"),
			[]string{gitlab + "branch:ref:main", gitlab + "branch:ref:release/*", gitlab + "tag:ref:v*"},
			[]string{gitlab + "branch:ref:*", gitlab + "tag:ref:*"}},
		{"protected", all(top("protected: true"), closed), []string{gitlab + "tag:ref:v*"},
			[]string{gitlab + "branch:ref:main", gitlab + "tag:ref:v*"}},
		{"protected, with branches", all(top("protected: true"), closed, under("ci", "branches: [main, release]")),
			[]string{gitlab + "branch:ref:main", gitlab + "branch:ref:release"},
			[]string{gitlab + "branch:ref:main", gitlab + "branch:ref:release"}},
		{"protected, with branches and tags", all(top("protected: true"), closed, under("ci", "branches: [release]", "tags: [r*]")),
			[]string{gitlab + "branch:ref:release", gitlab + "tag:ref:r*"},
			[]string{gitlab + "branch:ref:release", gitlab + "branch:ref:main", gitlab + "tag:ref:r*"}},
		{"protected, planned from everywhere", all(top("protected: true"), closed, under("ci", "planBranches: ['*']")),
			[]string{gitlab + "tag:ref:v*"}, []string{gitlab + "branch:ref:*", gitlab + "tag:ref:*"}},
		{"protected, planned by who deploys", all(top("protected: true"), closed, under("ci", "planBranches: []")),
			[]string{gitlab + "tag:ref:v*"}, []string{gitlab + "tag:ref:v*"}},
		{"planned from some branches", under("ci", "planBranches: [feature/*]"),
			[]string{gitlab + "branch:ref:main"}, []string{gitlab + "branch:ref:main", gitlab + "branch:ref:feature/*"}},
		{"tags alone", under("ci", "branches: []", "tags: [v*]"), []string{gitlab + "tag:ref:v*"}, []string{gitlab + "branch:ref:*", gitlab + "tag:ref:*"}},
		{"a project that was renamed", under("ci", "previousProject: old/path"),
			[]string{gitlab + "branch:ref:main", "project_path:old/path:ref_type:branch:ref:main"},
			[]string{gitlab + "branch:ref:*", gitlab + "tag:ref:*", "project_path:old/path:ref_type:branch:ref:*", "project_path:old/path:ref_type:tag:ref:*"}},
		{"GitHub", under("ci", "provider: github", "tags: [v*]"), []string{github + "environment:dev"},
			[]string{github + "ref:refs/heads/*", github + "ref:refs/tags/*", github + "pull_request"}},
		{"GitHub, protected", all(top("protected: true"), closed, under("ci", "provider: github")), []string{github + "environment:dev"},
			[]string{github + "ref:refs/heads/main", github + "ref:refs/tags/v*"}},
		{"GitHub, with ids", all(under("ci", "provider: github"), swap("group/project", "acme@123456/plinth@456789")),
			[]string{"repo:acme@123456/plinth@456789:environment:dev"},
			[]string{"repo:acme@123456/plinth@456789:ref:refs/heads/*", "repo:acme@123456/plinth@456789:ref:refs/tags/*", "repo:acme@123456/plinth@456789:pull_request"}},
		{"GitHub, on the way to ids", all(top("protected: true"), closed, under("ci", "provider: github", "previousProject: acme/plinth"), swap("group/project", "acme@123456/plinth@456789")),
			[]string{"repo:acme@123456/plinth@456789:environment:dev", "repo:acme/plinth:environment:dev"},
			[]string{
				"repo:acme@123456/plinth@456789:ref:refs/heads/main", "repo:acme@123456/plinth@456789:ref:refs/tags/v*",
				"repo:acme/plinth:ref:refs/heads/main", "repo:acme/plinth:ref:refs/tags/v*",
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": test.edit(base)})
			if err != nil {
				t.Fatal(err)
			}
			env := environments[0]
			for _, check := range []struct {
				got  Trust
				want Trust
			}{
				{env.DeployTrust(), Trust{Audience: "plinth-dev-deploy", Subjects: test.deploy}},
				{env.PlanTrust(), Trust{Audience: "plinth-dev-plan", Subjects: test.plan}},
				{env.PushTrust(), Trust{Audience: "plinth-dev-push", Subjects: test.deploy}},
			} {
				check.got.Refs = nil // see TestRefs
				if !reflect.DeepEqual(check.got, check.want) {
					t.Errorf("got %v, want %v", check.got, check.want)
				}
			}
		})
	}
}

// TestRefs: the token of a job in one of GitHub's environments names the environment in its subject, and the
// branch or tag in another claim. AWS checks that claim only for GitHub's own issuer.
func TestRefs(t *testing.T) {
	for _, test := range []struct {
		name string
		edit edit
		want []string
	}{
		{"GitLab", all(), nil},
		{"GitHub", under("ci", "provider: github", "branches: [main, release/*]", "tags: [v*]"), []string{"refs/heads/main", "refs/heads/release/*", "refs/tags/v*"}},
		{"GitHub, protected", all(top("protected: true"), closed, under("ci", "provider: github")), []string{"refs/tags/v*"}},
		{"data residency", under("ci", "provider: github", "issuer: https://token.actions.acme.ghe.com"), nil},
		{"an enterprise's own issuer", under("ci", "provider: github", "issuer: https://token.actions.githubusercontent.com/acme"), nil},
		{"a server of one's own", under("ci", "provider: github", "issuer: https://github.example.com/_services/token"), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": test.edit(base)})
			if err != nil {
				t.Fatal(err)
			}
			env := environments[0]
			if deploy, push, plan := env.DeployTrust().Refs, env.PushTrust().Refs, env.PlanTrust().Refs; !reflect.DeepEqual(deploy, test.want) || !reflect.DeepEqual(push, test.want) || plan != nil {
				t.Errorf("deploys %v, pushes %v, plans %v, want %v, the same, and none", deploy, push, plan, test.want)
			}
		})
	}
}

// TestTrustPolicy checks the exact text, as the AWS provider writes it.
func TestTrustPolicy(t *testing.T) {
	for want, edit := range map[string]edit{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/gitlab.com"},` +
			`"Condition":{"StringEquals":{"gitlab.com:aud":"plinth-dev-deploy","gitlab.com:sub":"project_path:group/project:ref_type:branch:ref:main"}}}]}`: all(),
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity","Principal":{"Federated":"arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"},` +
			`"Condition":{"StringEquals":{"token.actions.githubusercontent.com:aud":"plinth-dev-deploy","token.actions.githubusercontent.com:sub":"repo:group/project:environment:dev"},` +
			`"StringLike":{"token.actions.githubusercontent.com:ref":["refs/heads/main","refs/tags/v*"]}}}]}`: under("ci", "provider: github", "tags: [v*]"),
	} {
		environments, err := loadFiles(map[string]string{"dev": edit(base)})
		if err != nil {
			t.Fatal(err)
		}
		env := environments[0]
		if got := env.trustPolicy(env.DeployTrust()); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// TestAudiencesOfAnAccount: an account's provider must list the audiences of all environments that use it.
func TestAudiencesOfAnAccount(t *testing.T) {
	qa := all(swap("10.10.0.0/16", "10.20.0.0/16"), top("project: shop"), shared)(base)
	files := map[string]string{
		"dev": base, "qa": qa,
		"prod":    withRange("333333333333", "10.30.0.0/16"),                                        // another account
		"staging": all(swap("10.10.0.0/16", "10.40.0.0/16"), under("ci", "provider: github"))(base), // another issuer
	}
	const dev, both = "plinth-dev-deploy plinth-dev-plan plinth-dev-push", "plinth-dev-deploy plinth-dev-plan plinth-dev-push shop-qa-deploy shop-qa-plan shop-qa-push"
	for _, test := range []struct {
		name  string
		edit  func(map[string]string)
		wants map[string]string
	}{
		{"all", nil, map[string]string{
			"dev": both, "qa": both, "prod": "plinth-prod-deploy plinth-prod-plan plinth-prod-push",
			"staging": "plinth-staging-deploy plinth-staging-plan plinth-staging-push",
		}},
		{"one left out", func(files map[string]string) { files["PLINTH_ENVIRONMENTS"] = "dev" }, map[string]string{"dev": both}},
		// An environment that is left out is not validated.
		{"one left out that is wrong", func(files map[string]string) {
			files["PLINTH_ENVIRONMENTS"], files["qa"] = "dev", strings.Replace(qa, "shop", `"a b"`, 1)
		}, map[string]string{"dev": dev}},
	} {
		t.Run(test.name, func(t *testing.T) {
			contents := map[string]string{}
			for name, content := range files {
				contents[name] = content
			}
			if test.edit != nil {
				test.edit(contents)
			}
			selected := contents["PLINTH_ENVIRONMENTS"]
			delete(contents, "PLINTH_ENVIRONMENTS")
			environments, err := loadFiles(contents, "PLINTH_ENVIRONMENTS="+selected)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, env := range environments {
				got[env.Name] = strings.Join(env.CI.ProviderAudiences, " ")
			}
			if !reflect.DeepEqual(got, test.wants) {
				t.Errorf("got\n%v\nwant\n%v", got, test.wants)
			}
		})
	}
}
