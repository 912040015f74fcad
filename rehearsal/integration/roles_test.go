package integration

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/synthesized"
)

// TestRoles runs the same command under roles and with tokens that do not match.
func TestRoles(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	assert.NilError(t, r.Bootstrap(t.Context()))
	network := r.stack("network")
	p := r.App.Pipeline
	before := r.made()
	plan := r.Terraform(network, "plan", "-input=false")
	r.do(r.As(r.Terraform(network, "init", "-input=false"), p.DeployRoles[network], p.Release()))

	for name, test := range map[string]struct {
		role string
		ref  synthesized.Ref
		want string
	}{
		"a branch that nobody protects": {p.DeployRoles[network], synthesized.Review, "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"no such role":                  {p.DeployRoles[network] + "2", p.Release(), "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"another stack's role":          {p.DeployRoles[r.stack("app")], p.Release(), "dev/network.tfstate.tflock"},
	} {
		t.Run(name, func(*testing.T) {
			r.contains(r.refused(r.As(plan, test.role, test.ref)), test.want)
		})
	}
	// A token for another verb opens no role either, whatever its branch or tag.
	for name, test := range map[string]struct {
		role string
		verb synthesized.Verb
	}{
		"a deploy role, with a token to plan":   {p.DeployRoles[network], synthesized.Plan},
		"a deploy role, with a token to push":   {p.DeployRoles[network], synthesized.Push},
		"a plan role, with a token to deploy":   {p.PlanRoles[network], synthesized.Deploy},
		"the push role, with a token to deploy": {p.PushRole, synthesized.Deploy},
	} {
		t.Run(name, func(*testing.T) {
			file, err := r.Token(p.Release(), test.verb, time.Hour)
			assert.NilError(t, err)
			c := r.With(plan, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_ROLE_ARN="+test.role, "AWS_WEB_IDENTITY_TOKEN_FILE="+file)
			r.contains(r.refused(c), "Not authorized to perform sts:AssumeRoleWithWebIdentity")
		})
	}
	// A plan role only reads. It may not lock the state either.
	r.contains(r.refused(r.As(plan, p.PlanRoles[network], synthesized.Review)), "dev/network.tfstate.tflock", "not authorized to perform: s3:PutObject")
	unlocked := r.Terraform(network, "plan", "-input=false", "-lock=false")
	for _, ref := range []synthesized.Ref{synthesized.Review, {Name: "v1.0", Tag: true}} {
		r.contains(r.do(r.As(unlocked, p.PlanRoles[network], ref)), "to add, 0 to change, 0 to destroy.")
	}
	// A command for several stacks has no credentials for a stack without a role.
	several, err := r.Under(plan, map[string]string{r.stack("data"): p.DeployRoles[r.stack("data")]}, p.Release())
	assert.NilError(t, err)
	several.Program = r.Path("bin", "terraform-under-roles")
	r.contains(r.refused(several), "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	assert.DeepEqual(t, r.made(), before)
	r.unlocked()

	// Only the administrator can read the bootstrap's state.
	bootstrap := r.App.Bootstrap.Name
	refused := r.As(r.Terraform(bootstrap, "plan", "-input=false", "-lock=false"), p.DeployRoles[network], p.Release())
	r.contains(r.refused(refused), "403")
	r.contains(r.do(r.Terraform(bootstrap, "plan", "-input=false")), "No changes.")
}

// TestGitHubRoles checks which of GitHub's jobs may deploy and plan: with both forms of the repository's
// path, from which branches and tags, and in which of GitHub's environments.
func TestGitHubRoles(t *testing.T) {
	t.Parallel()
	r := start(t, "dev", "PLINTH_DEV_CI_PROVIDER=github", "PLINTH_DEV_CI_ISSUER=https://token.actions.githubusercontent.com",
		"PLINTH_DEV_CI_PROJECT=acme@123456/plinth@456789", "PLINTH_DEV_CI_PREVIOUS_PROJECT=acme/plinth", "PLINTH_DEV_CI_PLAN_BRANCHES=[]")
	assert.NilError(t, r.Bootstrap(t.Context()))
	network := r.stack("network")
	p := *r.App.Pipeline
	for name, test := range map[string]struct {
		role             string
		project, another string // instead of the trusted ones
		ref              synthesized.Ref
		may              bool
	}{
		"deploys from main":               {role: p.DeployRoles[network], ref: p.Release(), may: true},
		"deploys as before":               {role: p.DeployRoles[network], project: "acme/plinth", ref: p.Release(), may: true},
		"another branch":                  {role: p.DeployRoles[network], ref: synthesized.Ref{Name: "my-main"}},
		"a pull request":                  {role: p.DeployRoles[network], ref: synthesized.Review},
		"another repository of that name": {role: p.DeployRoles[network], project: "acme@123456/plinth@999999", ref: p.Release()},
		"another environment":             {role: p.DeployRoles[network], another: "prod", ref: p.Release()},
		"plans from main":                 {role: p.PlanRoles[network], ref: p.Release(), may: true},
		"plans a pull request":            {role: p.PlanRoles[network], ref: synthesized.Review},
	} {
		t.Run(name, func(t *testing.T) {
			of := p
			of.Project, of.Environment = cmp.Or(test.project, p.Project), cmp.Or(test.another, p.Environment)
			verb := p.Verb(test.role)
			token := iam.NewToken(iam.Claims{
				Issuer: p.Issuer, Subject: of.Subject(test.ref, verb), Audience: []string{p.Audiences[verb]}, Ref: of.Claim(test.ref), Expires: time.Now().Add(time.Hour),
			})
			var err error
			assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
				_, err = w.AssumeRoleWithWebIdentity(test.role, token, "github", time.Now())
				return nil
			}))
			assert.Equal(t, err == nil, test.may, "%v", err)
		})
	}
	// The real Terraform works with such tokens too.
	r.do(r.As(r.Terraform(network, "init", "-input=false"), p.DeployRoles[network], p.Release()))
	r.contains(r.do(r.As(r.Terraform(network, "plan", "-input=false"), p.DeployRoles[network], p.Release())), "to add, 0 to change, 0 to destroy.")
}

// TestExpiredToken: a job that waits too long cannot assume its role any more.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	assert.NilError(t, r.Bootstrap(t.Context()))
	network := r.stack("network")
	file, err := r.Token(r.App.Pipeline.Release(), synthesized.Deploy, -time.Minute)
	assert.NilError(t, err)
	assert.Equal(t, filepath.Dir(file), r.Path("tokens"))
	c := r.Terraform(network, "init", "-input=false")
	c = r.With(c, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_ROLE_ARN="+r.App.Pipeline.DeployRoles[network], "AWS_WEB_IDENTITY_TOKEN_FILE="+file)
	r.contains(r.refused(c), "ExpiredTokenException")
}

// TestWidened gives a role a policy that allows everything: its boundary still limits it.
func TestWidened(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	assert.NilError(t, r.Bootstrap(t.Context()))
	p := r.App.Pipeline
	role := p.DeployRoles[r.stack("network")]
	account, region := r.account()
	first := r.name("deploy", "network", "1")
	var session *iam.Session
	assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error {
		w.Each(func(_, _ string, policy *cloud.Thing) bool {
			if policy.Attributes["name"] == first {
				policy.Attributes["policy"] = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
			}
			return true
		}, "aws_iam_policy")
		file, err := r.Token(p.Release(), synthesized.Deploy, time.Hour)
		if err != nil {
			return err
		}
		token, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		session, err = w.AssumeRoleWithWebIdentity(role, string(token), "widened", time.Now())
		return err
	}))
	boundary := map[string][]string{"iam:PermissionsBoundary": {"arn:aws:iam::" + account + ":policy/" + r.name("roles", "network")}}
	tagged := func(stack string) map[string][]string {
		context := maps.Clone(boundary)
		for key, value := range map[string]string{"project": r.project(), "environment": "dev", "stack": stack} {
			context["aws:RequestTag/"+key] = []string{value}
		}
		return context
	}
	iamARN := "arn:aws:iam::" + account + ":"
	for name, test := range map[string]struct {
		request iam.Request
		may     bool
	}{
		"what its stack holds":             {iam.Request{Action: "ec2:CreateVpc", Resource: "arn:aws:ec2:" + region + ":" + account + ":vpc/*"}, true},
		"what its stack does not hold":     {iam.Request{Action: "rds:CreateDBInstance", Resource: "arn:aws:rds:" + region + ":" + account + ":db:x"}, false},
		"a role with the boundary":         {iam.Request{Action: "iam:CreateRole", Resource: iamARN + "role/" + r.name("x"), Context: tagged("network")}, true},
		"a role without":                   {iam.Request{Action: "iam:CreateRole", Resource: iamARN + "role/" + r.name("x")}, false},
		"a role of another stack":          {iam.Request{Action: "iam:CreateRole", Resource: iamARN + "role/" + r.name("x"), Context: tagged("data")}, false},
		"a role of another name":           {iam.Request{Action: "iam:CreateRole", Resource: iamARN + "role/x", Context: tagged("network")}, false},
		"more rights for itself":           {iam.Request{Action: "iam:PutRolePolicy", Resource: role, Context: boundary}, false},
		"no boundary for itself":           {iam.Request{Action: "iam:DeleteRolePermissionsBoundary", Resource: role, Context: boundary}, false},
		"another version of its policy":    {iam.Request{Action: "iam:CreatePolicyVersion", Resource: iamARN + "policy/" + first}, false},
		"another trust of the plan's role": {iam.Request{Action: "iam:UpdateAssumeRolePolicy", Resource: p.PlanRoles[r.stack("network")], Context: boundary}, false},
		"another stack's state":            {iam.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::" + r.App.Bootstrap.Bucket + "/dev/data.tfstate"}, false},
		"the bootstrap's state":            {iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::" + r.App.Bootstrap.Bucket + "/dev/bootstrap.tfstate"}, false},
		"the bucket's policy":              {iam.Request{Action: "s3:PutBucketPolicy", Resource: "arn:aws:s3:::" + r.App.Bootstrap.Bucket}, false},
		"another role":                     {iam.Request{Action: "sts:AssumeRole", Resource: p.DeployRoles[r.stack("data")]}, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := session.Authorize(test.request)
			assert.Equal(t, err == nil, test.may, "%v", err)
		})
	}
}
