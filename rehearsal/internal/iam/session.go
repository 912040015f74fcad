package iam

import "maps"

// Error is a refusal, in AWS's words.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Session is a role that somebody has assumed. A nil one is the account's administrator, who may
// do everything.
type Session struct {
	// RoleARN is the role's own, ARN the session's.
	RoleARN, ARN, Account string
	// Identity are the role's policies, and Boundary limits them, unless it is nil.
	Identity []*Document
	Boundary *Document
	// Tags are the role's.
	Tags map[string]string
}

// Complete adds to a request what is known of the caller.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (s *Session) Complete(r Request) Request {
	context := maps.Clone(r.Context)
	if context == nil {
		context = map[string][]string{}
	}
	if s != nil {
		context["aws:PrincipalArn"] = []string{s.RoleARN}
		context["aws:PrincipalAccount"] = []string{s.Account}
		context["aws:PrincipalType"] = []string{"AssumedRole"}
		for key, value := range s.Tags {
			context["aws:PrincipalTag/"+key] = []string{value}
		}
	}
	for key, value := range map[string]string{"aws:SecureTransport": "true", "aws:ViaAWSService": "false", "aws:PrincipalIsAWSService": "false"} {
		if context[key] == nil {
			context[key] = []string{value}
		}
	}
	r.Context = context
	return r
}

// Authorize refuses, as an *Error, what the session may not do.
func (s *Session) Authorize(r Request) error {
	if s == nil {
		return nil
	}
	decision := Evaluate(s.Complete(r), s.Identity, s.Boundary)
	if decision.Allowed {
		return nil
	}
	return s.Denied(r, decision)
}

// Denied words a decision against the session.
func (s *Session) Denied(r Request, d Decision) error {
	return &Error{"AccessDenied", "User: " + s.ARN + " is not authorized to perform: " + r.Action + " on resource: " + r.Resource + " " + d.Reason}
}
