package iam

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestResource(t *testing.T) {
	const account, role = "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/r"
	document := func(effect, principal, resource string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"` + resource + `"}}`
	}
	for name, test := range map[string]struct {
		policy         string
		allows, denies bool
	}{
		"by name":           {document("Allow", `{"AWS":"`+role+`"}`, "arn:aws:s3:::b/*"), true, false},
		"everybody":         {document("Allow", `"*"`, "arn:aws:s3:::b/*"), true, false},
		"the account":       {document("Allow", `{"AWS":"`+account+`"}`, "arn:aws:s3:::b/*"), false, false},
		"another":           {document("Allow", `{"AWS":"`+role+`2"}`, "arn:aws:s3:::b/*"), false, false},
		"another's object":  {document("Allow", `"*"`, "arn:aws:s3:::c/*"), false, false},
		"denied by account": {document("Deny", `{"AWS":"`+account+`"}`, "arn:aws:s3:::b/*"), false, true},
		"denied to all":     {document("Deny", `"*"`, "arn:aws:s3:::b/*"), false, true},
		"denied to another": {document("Deny", `{"AWS":"`+role+`2"}`, "arn:aws:s3:::b/*"), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := Parse(test.policy)
			assert.NilError(t, err)
			allows, denies := d.Resource(Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k"}, Principal{Kind: "AWS", Name: role})
			assert.Equal(t, allows, test.allows)
			assert.Equal(t, denies, test.denies)
		})
	}
}
