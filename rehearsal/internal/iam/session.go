package iam

import "maps"

// Error is a refusal in AWS's words.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Session is the session of an assumed role. A nil session is the account's administrator, who may
// do everything.
type Session struct {
	// RoleARN is the ARN of the role, ARN that of the session.
	RoleARN, ARN, Account string
	// Identity are the role's policies. Boundary is its permissions boundary, nil for none.
	Identity []*Document
	Boundary *Document
	// Tags are the role's tags.
	Tags map[string]string
}

// Complete adds the caller's condition keys to a request.
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

// Authorize returns an *Error for a request that the session may not make.
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

// Denied returns the error for a decision against the session.
func (s *Session) Denied(r Request, d Decision) error {
	return &Error{"AccessDenied", "User: " + s.ARN + " is not authorized to perform: " + r.Action + " on resource: " + r.Resource + " " + d.Reason}
}
