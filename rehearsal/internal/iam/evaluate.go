package iam

import (
	"fmt"
	"slices"
	"strings"
)

// Request is one action on one resource.
type Request struct {
	// Action is an action such as ec2:CreateVpc.
	Action string `json:"action"`
	// Resource is an ARN, or * if the action takes no resource. The ARN of a resource without an id
	// yet ends with *, as in AWS's own messages.
	Resource string `json:"resource"`
	// Context are the request's condition keys with their values.
	Context map[string][]string `json:"context,omitempty"`
}

// Decision on a request.
type Decision struct {
	Allowed bool
	// Explicit says that a statement denies it, not that none allows it.
	Explicit bool
	// Reason says in AWS's words why the request is denied.
	Reason string
}

// Evaluate decides by an identity's policies and its permissions boundary, nil for none. A deny in
// either denies. An allow must be in both.
func Evaluate(r Request, identity []*Document, boundary *Document) Decision {
	context := newValues(r.Context)
	allowed := false
	for _, document := range identity {
		allows, denies := document.decide(r, context)
		if denies {
			return Decision{Explicit: true, Reason: "with an explicit deny in an identity-based policy"}
		}
		allowed = allowed || allows
	}
	bounded := boundary == nil
	if boundary != nil {
		allows, denies := boundary.decide(r, context)
		if denies {
			return Decision{Explicit: true, Reason: "with an explicit deny in a permissions boundary"}
		}
		bounded = allows
	}
	switch {
	case !allowed:
		return Decision{Reason: fmt.Sprintf("because no identity-based policy allows the %s action", r.Action)}
	case !bounded:
		return Decision{Reason: fmt.Sprintf("because no permissions boundary allows the %s action", r.Action)}
	}
	return Decision{Allowed: true}
}

func (d *Document) decide(r Request, context values) (allows, denies bool) {
	context = context.in(d)
	for _, s := range d.Statements {
		if s.Allow && allows || !s.names(r, context) || !s.meets(context) {
			continue
		}
		if !s.Allow {
			return false, true
		}
		allows = true
	}
	return allows, false
}

// names reports whether a statement covers a request's action and resource.
func (s Statement) names(r Request, context values) bool {
	if !s.acts(r.Action) {
		return false
	}
	match := func(pattern string) bool {
		filled, ok := context.fill(pattern)
		return ok && matchResource(filled, r.Resource)
	}
	if s.NotResources != nil {
		return !slices.ContainsFunc(s.NotResources, match)
	}
	return slices.ContainsFunc(s.Resources, match)
}

func (s Statement) acts(action string) bool {
	match := func(pattern string) bool { return wild(strings.ToLower(pattern), strings.ToLower(action)) }
	if s.NotActions != nil {
		return !slices.ContainsFunc(s.NotActions, match)
	}
	return slices.ContainsFunc(s.Actions, match)
}

func (s Statement) meets(context values) bool {
	return !slices.ContainsFunc(s.Conditions, func(c Condition) bool { return !c.holds(context) })
}

// matchResource compares ARNs part by part. The last part of a shorter pattern also matches the rest.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func matchResource(pattern, resource string) bool {
	if pattern == "*" {
		return true
	}
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(resource, ":", 6)
	if len(parts) != 6 {
		return wild(pattern, resource)
	}
	for i, p := range patterns {
		if !wild(p, parts[i]) {
			return false
		}
	}
	return true
}

// Principal is who assumes a role or uses a resource. Its name is the provider's ARN for Federated,
// the service's name for Service, or a role's ARN for AWS, with the session's if there is one.
type Principal struct{ Kind, Name, Session string }

// is reports whether a policy's principal is this one itself.
func (p Principal) is(name string) bool {
	return name == p.Name || p.Session != "" && name == p.Session
}

// EvaluateTrust decides by a role's trust policy or a key's policy. claims are the condition keys.
func EvaluateTrust(trust *Document, p Principal, action string, claims map[string][]string) Decision {
	context := newValues(claims).in(trust)
	allowed := false
	for _, s := range trust.Statements {
		if !s.acts(action) || !s.trusts(p) || !s.meets(context) {
			continue
		}
		if !s.Allow {
			return Decision{Explicit: true, Reason: "with an explicit deny in a resource-based policy"}
		}
		allowed = true
	}
	if !allowed {
		return Decision{Reason: fmt.Sprintf("because no resource-based policy allows the %s action", action)}
	}
	return Decision{Allowed: true}
}

// trusts: a principal must be named in full, or by *. An account includes all its principals.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (s Statement) trusts(p Principal) bool {
	among := func(all map[string][]string) bool {
		return len(all["*"]) > 0 || slices.ContainsFunc(all[p.Kind], func(name string) bool {
			if p.Kind == "AWS" {
				account := strings.TrimSuffix(strings.TrimPrefix(name, "arn:aws:iam::"), ":root")
				if parts := strings.SplitN(p.Name, ":", 6); len(parts) == 6 && parts[4] == account {
					return true
				}
			}
			return name == "*" || p.is(name)
		})
	}
	if s.NotPrincipals != nil {
		return !among(s.NotPrincipals)
	}
	return among(s.Principals)
}
