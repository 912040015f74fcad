package integration

import (
	"path/filepath"
	"testing"
	"time"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/synthesized"
)

// TestRoles has the same command work under roles, and with tokens, that do not fit.
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
	r.contains(r.do(r.As(plan, p.PlanRoles[network], synthesized.Review)), "to add, 0 to change, 0 to destroy.")
	assert.DeepEqual(t, r.made(), before)
	r.unlocked()

	// The bootstrap itself is nobody's but the administrator's.
	bootstrap := r.App.Bootstrap.Name
	refused := r.As(r.Terraform(bootstrap, "plan", "-input=false", "-lock=false"), p.DeployRoles[network], p.Release())
	r.contains(r.refused(refused), "403")
	r.contains(r.do(r.Terraform(bootstrap, "plan", "-input=false")), "No changes.")
}

// TestExpiredToken: a job that waits too long has no role any more.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	assert.NilError(t, r.Bootstrap(t.Context()))
	network := r.stack("network")
	file, err := r.Token(r.App.Pipeline.Release(), -time.Minute)
	assert.NilError(t, err)
	assert.Equal(t, filepath.Dir(file), r.Path("tokens"))
	c := r.Terraform(network, "init", "-input=false")
	c = r.With(c, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_ROLE_ARN="+r.App.Pipeline.DeployRoles[network], "AWS_WEB_IDENTITY_TOKEN_FILE="+file)
	r.contains(r.refused(c), "ExpiredTokenException")
}
