package iam

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestResource(t *testing.T) {
	const account, role, session = "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/r", "arn:aws:sts::111111111111:assumed-role/r/s"
	document := func(effect, principal, resource string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"` + resource + `"}}`
	}
	for name, test := range map[string]struct {
		policy string
		want   Grant
	}{
		"by name":           {document("Allow", `{"AWS":"`+role+`"}`, "arn:aws:s3:::b/*"), ToRole},
		"the session":       {document("Allow", `{"AWS":"`+session+`"}`, "arn:aws:s3:::b/*"), ToSession},
		"another session":   {document("Allow", `{"AWS":"`+session+`2"}`, "arn:aws:s3:::b/*"), NoGrant},
		"session denied":    {document("Deny", `{"AWS":"`+session+`"}`, "arn:aws:s3:::b/*"), Denied},
		"everybody":         {document("Allow", `"*"`, "arn:aws:s3:::b/*"), ToSession},
		"the account":       {document("Allow", `{"AWS":"`+account+`"}`, "arn:aws:s3:::b/*"), NoGrant},
		"another":           {document("Allow", `{"AWS":"`+role+`2"}`, "arn:aws:s3:::b/*"), NoGrant},
		"another's object":  {document("Allow", `"*"`, "arn:aws:s3:::c/*"), NoGrant},
		"denied by account": {document("Deny", `{"AWS":"`+account+`"}`, "arn:aws:s3:::b/*"), Denied},
		"denied to all":     {document("Deny", `"*"`, "arn:aws:s3:::b/*"), Denied},
		"denied to another": {document("Deny", `{"AWS":"`+role+`2"}`, "arn:aws:s3:::b/*"), NoGrant},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Parse(test.policy)
			assert.NilError(t, err)
			assert.Equal(t, d.Resource(Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}, Principal{Kind: "AWS", Name: role, Session: session}), test.want)
		})
	}
}

// TestByResource has a resource's policy and a role's own decide, with its boundary.
func TestByResource(t *testing.T) {
	const role, session = "arn:aws:iam::111111111111:role/r", "arn:aws:sts::111111111111:assumed-role/r/s"
	own := func(effect, action string) *Document {
		return parse(t, `{"Statement":{"Effect":"`+effect+`","Action":"`+action+`","Resource":"*"}}`)
	}
	policy := func(effect, principal string) *Document {
		return parse(t, `{"Statement":{"Effect":"`+effect+`","Principal":{"AWS":"`+principal+`"},"Action":"kms:Decrypt","Resource":"*"}}`)
	}
	may, other, mayNot := own("Allow", "kms:Decrypt"), own("Allow", "s3:*"), own("Deny", "kms:*")
	bounded := func(identity, boundary *Document) *Session {
		return &Session{Identity: []*Document{identity}, Boundary: boundary}
	}
	for name, test := range map[string]struct {
		policy         *Document
		session        *Session
		needed         bool
		allowed, final bool
	}{
		"the role":                               {policy("Allow", role), bounded(other, nil), true, true, true},
		"the role, out of its boundary":          {policy("Allow", role), bounded(other, other), true, false, false},
		"the role, within its boundary":          {policy("Allow", role), bounded(other, may), true, true, true},
		"the role, which denies itself":          {policy("Allow", role), bounded(mayNot, nil), true, false, false},
		"the session, out of its boundary":       {policy("Allow", session), bounded(other, other), true, true, true},
		"the session, which its boundary denies": {policy("Allow", session), bounded(other, mayNot), true, false, false},
		"everybody, out of its boundary":         {policy("Allow", "*"), bounded(other, other), false, true, true},
		"the account":                            {policy("Allow", "111111111111"), bounded(may, nil), true, false, false},
		"another account, of a key":              {policy("Allow", "222222222222"), bounded(may, nil), true, false, true},
		"another account, of a bucket":           {policy("Allow", "222222222222"), bounded(may, nil), false, false, false},
		"denied":                                 {policy("Deny", role), bounded(may, nil), true, false, true},
		"the administrator":                      {policy("Allow", role), nil, true, true, true},
		"the administrator, denied":              {policy("Deny", role), nil, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := Request{Action: "kms:Decrypt", Resource: "arn:aws:kms:eu-west-2:111111111111:key/k"}
			d, final := ByResource(r, Principal{Kind: "AWS", Name: role, Session: session}, test.session, test.policy, test.needed)
			assert.Equal(t, d.Allowed, test.allowed)
			assert.Equal(t, final, test.final)
		})
	}
}
