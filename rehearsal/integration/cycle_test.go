package integration

import (
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/synthesized"
)

// TestCycle deploys whole environments, deploys them again without changes, and destroys them
// without leftovers. ../main_test.go does so for dev, TestPermissions deploys and destroys those that are nightly
// under their roles.
func TestCycle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env       string
		overrides []string
		nightly   bool
	}{
		"staging": {"staging", nil, true},
		"prod":    {"prod", nil, false},
		"Aurora": {"dev", []string{
			"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.t4g.medium",
			"PLINTH_DEV_DATABASE_AUTOSCALING_MAX=3",
		}, true},
		"in the cluster": {"dev", []string{"PLINTH_DEV_DATABASE_ENGINE=in-cluster"}, true},
		"no NAT": {"dev", []string{
			"PLINTH_DEV_NETWORK_NAT=none",
			"PLINTH_DEV_NETWORK_INTERFACE_ENDPOINTS=[ecr.api, ecr.dkr, sts, logs, ec2, elasticloadbalancing, secretsmanager, eks]",
			"PLINTH_DEV_CLUSTER_IMAGE_MIRROR=111111111111.dkr.ecr.eu-west-2.amazonaws.com/mirror",
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if test.nightly {
				nightly(t)
			}
			t.Parallel()
			r := furnished(t, test.env, test.overrides...)
			r.deploy()
			r.consistent()
			if want := reached[name]; want != nil {
				assert.DeepEqual(t, r.reached(), want)
			}
			noSecrets(r)

			before := r.made()
			output := r.deploy()
			assert.Equal(t, strings.Count(output, "No changes."), len(r.App.Names()), output)
			assert.DeepEqual(t, r.made(), before)

			r.unprotect(test.overrides...)
			r.destroy()
			r.empty()
		})
	}
}

// unprotect follows docs/environments.md, so that a protected environment can be destroyed.
func (r rehearsal) unprotect(overrides ...string) {
	r.t.Helper()
	if !slices.ContainsFunc(r.App.Stacks, func(s *synthesized.Stack) bool { return len(s.Guarded) > 0 }) {
		return
	}
	if r.Env == "prod" { // cdktf too, once
		r.refused(r.alone("destroy", "data"))
	}
	r.contains(r.refused(r.terraform("destroy", "data")), "nstance cannot be destroyed", "prevent_destroy")
	r.synth(append(overrides, r.Variable("PROTECTED")+"=false", r.Variable("DATABASE_FINAL_SNAPSHOT")+"=false")...)
	r.do(r.terraform("apply", "data"))
}

// noSecrets looks for every password that the simulator has generated wherever Terraform or the
// rehearsal write: all versions of all states, the plans and the logs.
func noSecrets(r rehearsal) {
	r.t.Helper()
	passwords := r.world().Passwords()
	assert.Assert(r.t, len(passwords) > 0, "there is no password to look for")
	check := func(where, content string) {
		for _, password := range passwords {
			for _, form := range cloud.Written(password) {
				assert.Check(r.t, !strings.Contains(content, form), "a password is in %s", where)
			}
		}
	}
	keys, err := r.State().Keys()
	assert.NilError(r.t, err)
	for _, key := range keys {
		versions, err := r.State().Versions(key)
		assert.NilError(r.t, err)
		for _, version := range versions {
			content, err := r.State().ReadVersion(key, version.ID)
			assert.NilError(r.t, err)
			check(key, string(content))
		}
	}
	files := readFiles(r.t, r.Folder, "cloud.json")
	assert.Assert(r.t, len(files) > 0)
	for name, content := range files {
		check(name, content)
	}
	plan := r.do(r.Terraform(r.stack("data"), "plan", "-refresh=false", "-out=plan"))
	check("the plan's output", plan)
	check("the saved plan", r.do(r.Terraform(r.stack("data"), "show", "-json", "plan")))
}
