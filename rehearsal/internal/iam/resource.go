package iam

import "slices"

// Grant is what the policy of a resource, such as a bucket, does for a caller of its own account.
type Grant int

// The grants. A grant to an account lets the account's own policies decide.
const (
	NoGrant Grant = iota
	// ToRole is to all sessions of a role, whose boundary limits it.
	ToRole
	// ToSession is to a session itself, or to everybody.
	ToSession
	Denied
)

// Resource returns what the policy of a resource says of a caller's request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
func (d *Document) Resource(r Request, p Principal) (grant Grant) {
	context := newValues(r.Context).in(d)
	for _, s := range d.Statements {
		if !s.names(r, context) || !s.trusts(p) || !s.meets(context) {
			continue
		}
		of := s.Principals[p.Kind]
		switch {
		case !s.Allow:
			return Denied
		case s.Principals["*"] != nil, slices.Contains(of, "*"), p.Session != "" && slices.Contains(of, p.Session):
			grant = ToSession
		case slices.Contains(of, p.Name):
			grant = max(grant, ToRole)
		}
	}
	return grant
}

// ByResource decides by the policy of a resource, unless it leaves that to the caller's own: then it is
// not final. needed says that it must do so in so many words, as the policy of a KMS key must. The
// session of the account's administrator is nil.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func ByResource(r Request, p Principal, s *Session, policy *Document, needed bool) (d Decision, final bool) {
	own, bounded := Decision{}, true
	if s != nil {
		own = Evaluate(r, s.Identity, s.Boundary)
		bounded = s.Boundary == nil || Evaluate(r, []*Document{s.Boundary}, nil).Allowed
	}
	switch grant := policy.Resource(r, p); {
	case grant == Denied:
		return Decision{Explicit: true, Reason: "with an explicit deny in a resource-based policy"}, true
	case own.Explicit, grant == ToRole && !bounded:
		return Decision{}, false
	case grant != NoGrant:
		return Decision{Allowed: true}, true
	case needed:
		if d = EvaluateTrust(policy, p, r.Action, r.Context); !d.Allowed {
			return d, true
		}
	}
	return Decision{}, false
}
