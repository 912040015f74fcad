package iam

import "slices"

// Resource evaluates the policy of a resource, such as a bucket, for a caller's request. A
// principal of the same account that it allows by name needs no policy of its own. If it allows
// only the account, the principal's own policies decide.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (d *Document) Resource(r Request, p Principal) (allows, denies bool) {
	context := newValues(r.Context).in(d)
	for _, s := range d.Statements {
		if !s.names(r, context) || !s.trusts(p) || !s.meets(context) {
			continue
		}
		if !s.Allow {
			return false, true
		}
		allows = allows || s.Principals["*"] != nil || slices.Contains(s.Principals[p.Kind], "*") || slices.Contains(s.Principals[p.Kind], p.Name)
	}
	return allows, false
}
