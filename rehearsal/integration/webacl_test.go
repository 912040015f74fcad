package integration

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestWebACLSwitchedOff: apps.app.web.waf.enabled goes with apps.app.web.webACLARN: none in one deployment. Without it, the
// load balancer would keep the web ACL, which AWS then does not delete.
func TestWebACLSwitchedOff(t *testing.T) {
	nightly(t)
	t.Parallel()
	r := furnished(t, "dev", "PLINTH_DEV_APPS_APP_WEB_WAF_ENABLED=true")
	for _, layer := range []string{"network", "data", "cluster", "addons", "app"} {
		r.do(r.terraform("apply", layer))
	}
	acl := func() bool { return strings.Contains(strings.Join(r.made(), "\n"), "aws_wafv2_web_acl ") }
	assert.Assert(t, acl())
	r.synth("PLINTH_DEV_APPS_APP_WEB_WEB_ACL_ARN=none")
	r.do(r.terraform("apply", "app"))
	assert.Assert(t, !acl())
	r.contains(r.do(r.terraform("plan", "app")), "No changes.")
	r.synth()
	r.do(r.terraform("apply", "app"))
	r.consistent()
}
