package integration

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/iam/simulate"
)

// sessions are those of roles, with the policies that they have now.
func (r rehearsal) sessions(roles map[string]string) map[string]*iam.Session {
	r.t.Helper()
	world, err := r.Cloud().View()
	assert.NilError(r.t, err)
	all := map[string]*iam.Session{}
	for stack, role := range roles {
		all[stack], err = world.Renew(&iam.Session{RoleARN: role, ARN: "arn:aws:sts::" + world.Account + ":assumed-role" + role[strings.LastIndex(role, "/"):] + "/plinth"})
		assert.NilError(r.t, err)
	}
	return all
}

// volatile is what AWS makes up.
var volatile = regexp.MustCompile(`[0-9a-fA-F-]{8,}`)

// decidedAlike has npm's iam-simulate decide every call of the lives, and those that change something for
// the stack's plan role and for another stack's role as well, which are mostly denied them.
func decidedAlike(t *testing.T, lives []recorded) {
	var calls []simulate.Call
	seen := map[string]bool{}
	add := func(session *iam.Session, call cloud.Call, once string) {
		context := maps.Clone(call.Context)
		maps.DeleteFunc(context, func(key string, _ []string) bool { return strings.HasPrefix(key, "aws:PrincipalTag/") })
		c := simulate.Call{
			Request:   session.Complete(iam.Request{Action: call.Action, Resource: call.Resource, Context: context}),
			Principal: session.ARN, Identity: session.Identity, Boundary: session.Boundary,
		}
		if strings.HasPrefix(call.Action, "kms:") { // which asks a key's policy first
			c.Policy = leftToAccount(t, session.Account)
		}
		if once == "" {
			assert.Equal(t, simulate.Ours(c) == simulate.Allowed, call.Allowed, "%s: it was decided otherwise in the rehearsal", c)
			content, err := json.Marshal(c.Request)
			assert.NilError(t, err)
			once = volatile.ReplaceAllString(string(content), "")
		}
		if once = session.RoleARN + once; !seen[once] {
			seen[once] = true
			calls = append(calls, c)
		}
	}
	for _, life := range lives {
		names := slices.Sorted(maps.Keys(life.deployers))
		for _, call := range life.calls {
			i := slices.IndexFunc(names, func(stack string) bool { return life.deployers[stack].RoleARN == call.Role })
			if i < 0 {
				continue
			}
			add(life.deployers[names[i]], call, "")
			if !looking.MatchString(call.Action) {
				once := call.Type + call.Action
				add(life.planners[names[i]], call, once)
				add(life.deployers[names[(i+1)%len(names)]], call, once)
			}
		}
	}
	theirs, err := simulate.Decide(root, calls)
	assert.NilError(t, err)
	explained, err := simulate.Explained(root)
	assert.NilError(t, err)
	for _, difference := range simulate.Differences(calls, theirs.Verdicts, simulate.Ours, explained.Recorded) {
		t.Error(difference)
	}
	decided, several := map[string]int{}, map[string]bool{}
	for i, c := range calls {
		decided[theirs.Verdicts[i].Decision]++
		for key := range c.Context {
			several[key] = slices.Contains(theirs.Multivalued, key)
		}
	}
	for key, is := range several {
		assert.Check(t, is == iam.Multivalued(key), "multivalued, in rehearsal/internal/iam/condition.go, is wrong about %s: may it have several values, by AWS's reference? %t", key, is)
	}
	t.Log(len(calls), decided)
	assert.Assert(t, decided[simulate.Allowed] > 1000 && decided[simulate.Implicitly] > 1000, "%v", decided)
}

// leftToAccount is the policy of a key that lets its account's own policies decide.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func leftToAccount(t *testing.T, account string) *iam.Document {
	t.Helper()
	document, err := iam.Parse(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}}`)
	assert.NilError(t, err)
	return document
}
