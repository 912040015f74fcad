package iam_test

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/iam"
	"plinth/rehearsal/internal/iam/simulate"
)

// root is the repository.
const root = "../../.."

const usualSeed = 1

var seed = flag.Uint64("seed", usualSeed, "of the generated calls")

// TestGenerated has npm's iam-simulate decide what this package decides, on calls that are made up.
func TestGenerated(t *testing.T) {
	t.Parallel()
	t.Logf("seed %d", *seed)
	calls := generated(*seed)
	theirs, err := simulate.Decide(root, calls)
	assert.NilError(t, err)
	explained, err := simulate.Explained(root)
	assert.NilError(t, err)
	for _, difference := range simulate.Differences(calls, theirs.Verdicts, simulate.Ours, explained.Generated) {
		t.Error(difference)
	}

	// What only ever allows, or only denies, tries nothing.
	decided := map[string]map[string]int{}
	for _, c := range calls {
		if decided[c.Feature] == nil {
			decided[c.Feature] = map[string]int{}
		}
		decided[c.Feature][simulate.Ours(c)]++
	}
	for feature, decisions := range decided {
		if decisions[simulate.Allowed] < each/50 || decisions[simulate.Allowed] > each-each/50 {
			t.Errorf("%s: decided as %v", feature, decisions)
		}
	}
	if *seed == usualSeed { // another may not have the one call that shows a mistake
		t.Run("notices", func(t *testing.T) { notices(t, calls, theirs.Verdicts, explained.Generated) })
	}
}

// notices has this package's decisions be wrong in some way.
func notices(t *testing.T, calls []simulate.Call, verdicts []simulate.Verdict, explained []simulate.Explanation) {
	rewritten := func(old, replacement string) func(simulate.Call) string {
		return func(c simulate.Call) string {
			rewrite := func(d *iam.Document) *iam.Document {
				if d == nil {
					return nil
				}
				changed, err := iam.Parse(strings.ReplaceAll(d.Text, old, replacement))
				assert.NilError(t, err)
				return changed
			}
			c.Boundary, c.Policy, c.Identity = rewrite(c.Boundary), rewrite(c.Policy), slices.Clone(c.Identity)
			for i, d := range c.Identity {
				c.Identity[i] = rewrite(d)
			}
			return simulate.Ours(c)
		}
	}
	for name, test := range map[string]struct {
		ours func(simulate.Call) string
		in   []string // the features that show it
	}{
		"a deny is not looked at":     {rewritten(`"Effect":"Deny"`, `"Effect":"Allow"`), []string{"several policies", "boundaries", "buckets' policies", "keys' policies", "strings", "trust"}},
		"a boundary is not looked at": {func(c simulate.Call) string { c.Boundary = nil; return simulate.Ours(c) }, []string{"boundaries", "buckets' policies"}},
		"a resource's policy is not looked at": {func(c simulate.Call) string {
			if !strings.HasPrefix(c.Action, "sts:") {
				c.Policy = nil
			}
			return simulate.Ours(c)
		}, []string{"buckets' policies", "keys' policies"}},
		"IfExists means nothing":       {rewritten(`IfExists":`, `":`), []string{"strings", "ARNs", "booleans", "numbers"}},
		"all values are any value":     {rewritten("ForAllValues:", "ForAnyValue:"), []string{"several values"}},
		"a set is not needed":          {rewritten("ForAnyValue:", ""), []string{"several values"}},
		"NotAction is Action":          {rewritten(`"NotAction"`, `"Action"`), []string{"actions"}},
		"NotResource is Resource":      {rewritten(`"NotResource"`, `"Resource"`), []string{"resources"}},
		"Like is Equals":               {rewritten("StringLike", "StringEquals"), []string{"strings", "several values", "trust"}},
		"case does not count":          {rewritten(`"StringEquals"`, `"StringEqualsIgnoreCase"`), []string{"keys' case"}},
		"ARNs are strings":             {rewritten(`"ArnLike"`, `"StringEquals"`), []string{"ARNs"}},
		"less is less or equal":        {rewritten(`"NumericLessThan"`, `"NumericLessThanEquals"`), []string{"numbers"}},
		"a default is not looked at":   {rewritten(", 'x'}", "}"), []string{"variables in resources"}},
		"a missing key is there":       {rewritten(`"Null":`, `"StringLikeIfExists":`), []string{"missing keys"}},
		"a question mark is a letter":  {rewritten("?", "x"), []string{"actions", "resources", "regional resources"}},
		"a role is its account":        {rewritten(role, "arn:aws:iam::"+account+":root"), []string{"buckets' policies", "keys' policies"}},
		"a session is its role":        {rewritten(session, role), []string{"buckets' policies"}},
		"any audience will do":         {rewritten(`:aud":"sts.amazonaws.com"`, `:aud":"other"`), []string{"trust"}},
		"variables are of any version": {rewritten(`"Version":"2008-10-17"`, `"Version":"2012-10-17"`), nil},
	} {
		t.Run(name, func(t *testing.T) {
			messages := strings.Join(simulate.Differences(calls, verdicts, test.ours, explained), "\n")
			for _, feature := range test.in {
				assert.Assert(t, strings.Contains(messages, feature+": "), "%s shows no difference, but\n%s", feature, messages)
			}
		})
	}
}
