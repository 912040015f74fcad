package integration

import (
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

// TestInternalLoadBalancer: when apps.app.web.internal changes, the domain's record names the new load balancer after
// one deployment of the application, and the alarms after one of observability.
func TestInternalLoadBalancer(t *testing.T) {
	t.Parallel()
	set := func(internal bool) []string {
		return []string{"PLINTH_DEV_APPS_APP_WEB_DOMAIN=app.example.com", "PLINTH_DEV_APPS_APP_WEB_HOSTED_ZONE=example.com", fmt.Sprintf("PLINTH_DEV_APPS_APP_WEB_INTERNAL=%t", internal)}
	}
	r := furnished(t, "dev", set(false)...)
	r.deploy()
	old := r.balancer()
	assert.Equal(t, old.internal, false)
	for _, internal := range []bool{true, false} {
		r.synth(set(internal)...)
		r.do(r.terraform("apply", "app"))
		// The controllers have all the time that they need.
		assert.NilError(t, r.Cloud().Update(func(w *cloud.World) error { w.Reconcile(); return nil }))
		now := r.balancer()
		assert.Equal(t, now.internal, internal)
		assert.Assert(t, now.host != old.host)
		assert.DeepEqual(t, r.aliases(), []string{now.host})
		r.contains(r.do(r.terraform("plan", "app")), "No changes.")
		r.do(r.terraform("apply", "observability"))
		assert.Equal(t, r.alarmed(now.suffix), true)
		assert.Equal(t, r.alarmed(old.suffix), false)
		r.contains(r.do(r.terraform("plan", "observability")), "No changes.")
		old = now
	}
	r.consistent()
}

type balancer struct {
	host, suffix string
	internal     bool
}

// balancer is the application's load balancer, the only one with its name.
func (r rehearsal) balancer() (found balancer) {
	r.t.Helper()
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		if t.Attributes["name"] == r.name(r.application()) {
			assert.Equal(r.t, found.host, "")
			found.host, _ = t.Attributes["dns_name"].(string)
			found.suffix, _ = t.Attributes["arn_suffix"].(string)
			found.internal, _ = t.Attributes["internal"].(bool)
		}
		return true
	}, "aws_lb")
	assert.Assert(r.t, found.host != "")
	return found
}

// aliases are the targets of the records that are aliases.
func (r rehearsal) aliases() (targets []string) {
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		for _, alias := range blocks(t.Attributes["alias"]) {
			targets = append(targets, fmt.Sprint(alias["name"]))
		}
		return true
	}, "aws_route53_record")
	return targets
}

func blocks(value any) (all []map[string]any) {
	list, _ := value.([]any)
	for _, element := range list {
		if block, is := element.(map[string]any); is {
			all = append(all, block)
		}
	}
	return all
}

// alarmed reports whether an alarm watches the load balancer.
func (r rehearsal) alarmed(suffix string) (found bool) {
	r.world().Each(func(_, _ string, t *cloud.Thing) bool {
		found = found || strings.Contains(fmt.Sprint(t.Attributes), suffix)
		return !found
	}, "aws_cloudwatch_metric_alarm")
	return found
}
