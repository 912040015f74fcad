package integration

import (
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/run"
)

// TestApplications deploys, changes, rolls back and destroys five applications of different shapes in one
// environment, each stack under its own role.
func TestApplications(t *testing.T) {
	t.Parallel()
	r := start(t, shapes)
	assert.NilError(t, r.Bootstrap(t.Context()))
	under := func(stack string, args ...string) run.Command {
		return r.As(r.Terraform(stack, args...), r.App.Pipeline.DeployRoles[stack], r.App.Pipeline.Release())
	}
	apply := func(stack string) []run.Command {
		return []run.Command{under(stack, "apply", "-auto-approve", "-input=false")}
	}
	r.each(r.App.Needs, func(stack string) []run.Command {
		return append([]run.Command{under(stack, "init", "-input=false")}, apply(stack)...)
	})
	noSecrets(r)
	applications := []string{"app", "billing", "handbook", "search-index", "shop"}
	for _, name := range applications {
		needs := slices.DeleteFunc(slices.Clone(r.App.Needs(r.stack(name))), func(stack string) bool {
			return !slices.Contains(applications, strings.TrimPrefix(stack, r.Env+"-"))
		})
		assert.Equal(t, len(needs), 0, "%s waits for %v", name, needs)
		assert.Equal(t, r.deployed(name), 1.0, name)
	}

	// A change of one application changes no stack of another.
	r.synth(r.Variable("APPS_SHOP_IMAGE_TAG")+"=1.5.0", r.Variable("APPS_SHOP_WORKERS_MAILER_REPLICAS_MAX")+"=9",
		r.Variable("APPS_SHOP_JOBS_NIGHTLY_REPORT_SCHEDULE")+"=0 3 * * *")
	said := r.each(r.App.Needs, apply)
	assert.Equal(t, strings.Count(said, "No changes."), len(r.App.Names())-1, said)
	assert.Equal(t, r.deployed("shop"), 2.0)
	assert.Equal(t, r.deployed("billing"), 1.0)
	// Back to the image before.
	r.synth()
	r.each(r.App.Needs, apply)
	assert.Equal(t, r.deployed("shop"), 3.0)

	// One application goes, the others stay.
	r.do(under(r.stack("search-index"), "destroy", "-auto-approve", "-input=false"))
	assert.Equal(t, r.deployed("search-index"), 0.0)
	assert.Equal(t, r.deployed("shop"), 3.0)
	r.each(r.App.NeededBy, func(stack string) []run.Command {
		return []run.Command{under(stack, "destroy", "-auto-approve", "-input=false")}
	})
	for _, stack := range r.App.Names() {
		assert.Equal(t, len(r.inStates(stack)), 0, "%s has %v", stack, r.inStates(stack))
	}
}

// deployed is the revision of an application's release, 0 for none.
func (r rehearsal) deployed(application string) (revision float64) {
	r.t.Helper()
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		if t.Attributes["name"] == application && t.Attributes["namespace"] == application {
			revision, _ = t.Attributes["metadata"].(map[string]any)["revision"].(float64)
		}
		return true
	}, "helm_release")
	return revision
}
