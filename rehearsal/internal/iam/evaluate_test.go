package iam

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func parse(t *testing.T, text string) *Document {
	t.Helper()
	document, err := Parse(text)
	assert.NilError(t, err, text)
	return document
}

const vpc = "arn:aws:ec2:eu-west-2:111111111111:vpc/vpc-1"

func TestEvaluate(t *testing.T) {
	all := `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`
	noneOfMany := "because no identity-based policy allows the ec2:DeleteVpc action"
	unbounded := "because no permissions boundary allows the ec2:DeleteVpc action"
	for _, test := range []struct {
		name, policy, boundary, resource, reason string
	}{
		{name: "one statement, not in a list", policy: all},
		{name: "nothing says so", policy: `{"Statement": []}`, reason: "parse"},
		{name: "another action", policy: `{"Statement": [{"Effect": "Allow", "Action": ["ec2:CreateVpc", "s3:*"], "Resource": "*"}]}`, reason: noneOfMany},
		{name: "an action in another case, with wildcards", policy: `{"Statement": [{"Effect": "Allow", "Action": "EC2:d?lete*", "Resource": "*"}]}`},
		{name: "all but one action", policy: `{"Statement": [{"Effect": "Allow", "NotAction": "ec2:DeleteVpc", "Resource": "*"}]}`, reason: noneOfMany},
		{name: "all but other actions", policy: `{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}`},
		{name: "the ARN", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "` + vpc + `"}]}`},
		{name: "another account's", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:222222222222:vpc/*"}]}`, reason: noneOfMany},
		{name: "a wildcard ends with its part of the ARN", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:vpc/*"}]}`, reason: noneOfMany},
		{name: "an ARN that ends early goes on", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*"}]}`},
		{name: "an ARN without its last parts", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2"}]}`},
		{name: "an ARN without its last parts, of another service", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:s3"}]}`, reason: noneOfMany},
		{name: "what has no id yet is not one that has", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "` + vpc + `"}]}`,
			resource: "arn:aws:ec2:eu-west-2:111111111111:vpc/*", reason: noneOfMany},
		{name: "what has no id yet, by a wildcard", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:vpc/*"}]}`,
			resource: "arn:aws:ec2:eu-west-2:111111111111:vpc/*"},
		{name: "no resource, by an ARN", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:*"}]}`, resource: "*", reason: noneOfMany},
		{name: "all but the resource", policy: `{"Statement": [{"Effect": "Allow", "Action": "ec2:*", "NotResource": "arn:aws:ec2:*:*:vpc/*"}]}`, reason: noneOfMany},
		{name: "a denial counts more", policy: `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}]}`,
			reason: "with an explicit deny in an identity-based policy"},
		{name: "a denial of something else", policy: `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}`},
		{name: "a denial on a condition", policy: `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
			{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}}]}`,
			reason: "with an explicit deny in an identity-based policy"},
		{name: "a boundary that allows it too", policy: all, boundary: all},
		{name: "a boundary that does not", policy: all, boundary: `{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`, reason: unbounded},
		{name: "a boundary gives nothing", policy: `{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`, boundary: all, reason: noneOfMany},
		{name: "a boundary that denies", policy: all, boundary: `{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"}]}`,
			reason: "with an explicit deny in a permissions boundary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			document, err := Parse(test.policy)
			if test.reason == "parse" {
				assert.ErrorContains(t, err, "there is no statement")
				return
			}
			assert.NilError(t, err)
			var boundary *Document
			if test.boundary != "" {
				boundary = parse(t, test.boundary)
			}
			if test.resource == "" {
				test.resource = vpc
			}
			r := Request{Action: "ec2:DeleteVpc", Resource: test.resource, Context: map[string][]string{"aws:RequestedRegion": {"eu-west-2"}}}
			decision := Evaluate(r, []*Document{document}, boundary)
			assert.DeepEqual(t, decision, Decision{Allowed: test.reason == "", Explicit: strings.Contains(test.reason, "explicit"), Reason: test.reason})
		})
	}
}

func TestSessionWords(t *testing.T) {
	s := &Session{RoleARN: "arn:aws:iam::111111111111:role/deploy", ARN: "arn:aws:sts::111111111111:assumed-role/deploy/plinth", Account: "111111111111"}
	err := s.Authorize(Request{Action: "ec2:CreateVpc", Resource: "arn:aws:ec2:eu-west-2:111111111111:vpc/*"})
	assert.Error(t, err, "AccessDenied: User: arn:aws:sts::111111111111:assumed-role/deploy/plinth is not authorized to perform: ec2:CreateVpc "+
		"on resource: arn:aws:ec2:eu-west-2:111111111111:vpc/* because no identity-based policy allows the ec2:CreateVpc action")
	assert.NilError(t, (*Session)(nil).Authorize(Request{Action: "ec2:CreateVpc", Resource: "*"}))
	s.Identity = []*Document{parse(t, `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}}}`)}
	assert.NilError(t, s.Authorize(Request{Action: "ec2:CreateVpc", Resource: "*"}))
}

func TestConditions(t *testing.T) {
	context := map[string][]string{
		"aws:ResourceTag/stack": {"dev-network"}, "aws:RequestTag/stack": {"dev-network"}, "aws:TagKeys": {"stack", "project"}, "aws:RequestedRegion": {"eu-west-2"},
		"aws:SecureTransport": {"true"}, "kms:ScheduleKeyDeletionPendingWindowInDays": {"30"},
		"iam:PermissionsBoundary": {"arn:aws:iam::111111111111:policy/plinth-dev-roles"}, "star": {"a*c"}, "aws:CalledVia": {"rds.amazonaws.com"},
	}
	for condition, want := range map[string]bool{
		`"StringEquals": {"aws:ResourceTag/stack": "dev-network"}`:                                            true,
		`"StringEquals": {"AWS:resourcetag/STACK": ["x", "dev-network"]}`:                                     true,
		`"StringEquals": {"aws:ResourceTag/stack": "Dev-network"}`:                                            false,
		`"StringEquals": {"aws:ResourceTag/stack": "dev-*"}`:                                                  false,
		`"StringEqualsIgnoreCase": {"aws:ResourceTag/stack": "Dev-network"}`:                                  true,
		`"StringLike": {"aws:ResourceTag/stack": "dev-*"}`:                                                    true,
		`"StringLike": {"aws:ResourceTag/stack": "dev-netwo??"}`:                                              true,
		`"StringLike": {"aws:ResourceTag/stack": "prod-*"}`:                                                   false,
		`"StringNotLike": {"aws:ResourceTag/stack": ["prod-*", "test-*"]}`:                                    true,
		`"StringNotLike": {"aws:ResourceTag/stack": ["prod-*", "dev-*"]}`:                                     false,
		`"StringNotEquals": {"aws:ResourceTag/stack": "dev-network"}`:                                         false,
		`"StringEquals": {"aws:ResourceTag/owner": "me"}`:                                                     false,
		`"StringNotEquals": {"aws:ResourceTag/owner": "me"}`:                                                  true,
		`"StringEqualsIfExists": {"aws:ResourceTag/owner": "me"}`:                                             true,
		`"StringEqualsIfExists": {"aws:ResourceTag/stack": "other"}`:                                          false,
		`"StringEquals": {"aws:ResourceTag/stack": "dev-network", "aws:ResourceTag/owner": "me"}`:             false,
		`"StringEquals": {"aws:ResourceTag/stack": "dev-network"}, "Null": {"aws:ResourceTag/owner": "true"}`: true,
		`"Null": {"aws:ResourceTag/stack": true}`:                                                             false,
		`"Null": {"aws:ResourceTag/stack": "false"}`:                                                          true,
		`"Bool": {"aws:SecureTransport": "true"}`:                                                             true,
		`"Bool": {"aws:SecureTransport": false}`:                                                              false,
		`"Bool": {"kms:GrantIsForAWSResource": true}`:                                                         false,
		`"BoolIfExists": {"kms:GrantIsForAWSResource": true}`:                                                 true,
		`"NumericEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": 30}`:                                 true,
		`"NumericGreaterThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}`:                    true,
		`"NumericGreaterThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}`:                          false,
		`"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "31"}`:                             true,
		`"NumericLessThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "29"}`:                       false,
		`"NumericNotEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "29"}`:                            true,
		`"NumericEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "many"}`:                             false,
		`"ArnEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111111111111:policy/plinth-*"}`:               true,
		`"ArnLike": {"iam:PermissionsBoundary": "arn:*:policy/plinth-dev-roles"}`:                             false,
		`"ArnNotLike": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/plinth-*"}`:                         false,
		`"ArnNotEquals": {"iam:PermissionsBoundary": "arn:aws:iam::*:policy/other"}`:                          true,
		`"ForAllValues:StringEquals": {"aws:TagKeys": ["stack", "project", "owner"]}`:                         true,
		`"ForAllValues:StringEquals": {"aws:TagKeys": ["stack"]}`:                                             false,
		`"ForAllValues:StringEquals": {"none": ["stack"]}`:                                                    true,
		`"ForAllValues:StringNotEquals": {"aws:TagKeys": ["owner"]}`:                                          true,
		`"ForAllValues:StringNotEquals": {"aws:TagKeys": ["stack"]}`:                                          false,
		`"ForAnyValue:StringEquals": {"aws:TagKeys": ["stack", "owner"]}`:                                     true,
		`"ForAnyValue:StringLike": {"aws:TagKeys": ["own*"]}`:                                                 false,
		`"ForAnyValue:StringEquals": {"none": ["stack"]}`:                                                     false,
		`"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["stack"]}`:                                           true,
		`"StringEquals": {"aws:RequestTag/stack": "${aws:ResourceTag/stack}"}`:                                true,
		`"StringEquals": {"aws:RequestTag/stack": "${aws:PrincipalTag/stack}"}`:                               false,
		`"StringEquals": {"aws:RequestTag/stack": "${aws:PrincipalTag/stack, 'dev-network'}"}`:                true,
		`"StringEquals": {"aws:RequestTag/stack": ["${aws:PrincipalTag/stack}", "dev-network"]}`:              true,
		`"StringNotEquals": {"aws:RequestTag/stack": "${aws:PrincipalTag/stack}"}`:                            false,
		`"StringNotLike": {"aws:RequestTag/stack": ["x", "${aws:PrincipalTag/stack}"]}`:                       false,
		`"StringEquals": {"aws:TagKeys": "stack"}`:                                                            false,
		`"StringNotEquals": {"aws:TagKeys": "owner"}`:                                                         false,
		`"StringEqualsIfExists": {"aws:CalledVia": "rds.amazonaws.com"}`:                                      false,
		`"ForAnyValue:StringEquals": {"aws:CalledVia": "rds.amazonaws.com"}`:                                  true,
		`"StringLike": {"star": "a${*}c"}`:                                                                    true,
		`"StringLike": {"aws:RequestedRegion": "${star}"}`:                                                    false,
	} {
		t.Run(condition, func(t *testing.T) {
			document := parse(t, `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {`+condition+`}}}`)
			decision := Evaluate(Request{Action: "ec2:DeleteVpc", Resource: vpc, Context: context}, []*Document{document}, nil)
			assert.Equal(t, decision.Allowed, want)
		})
	}
}

// TestVariables: the default version does not support variables.
func TestVariables(t *testing.T) {
	for version, want := range map[string]bool{"2012-10-17": true, "2008-10-17": false} {
		document := parse(t, `{"Version": "`+version+`", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/stack}/*"}}`)
		r := Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/network/x", Context: map[string][]string{"aws:PrincipalTag/stack": {"network"}}}
		assert.Equal(t, Evaluate(r, []*Document{document}, nil).Allowed, want)
		r.Context["aws:PrincipalTag/stack"] = []string{"*"}
		assert.Equal(t, Evaluate(r, []*Document{document}, nil).Allowed, false)
	}
}

func TestMalformed(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "unexpected",
		`{"Version": "2012-10-18", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`:                           "the version is",
		`{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}`:                                                    "not Allow or Deny",
		`{"Statement": {"Effect": "Allow", "Resource": "*"}}`:                                                                   "either Action or NotAction",
		`{"Statement": {"Effect": "Allow", "Action": "*", "Resources": "*"}}`:                                                   `unknown field "Resources"`,
		`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringIs": {"a": "b"}}}}`:             "condition StringIs: this operator is not known",
		`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForEach:StringEquals": {"a": "b"}}}}`: "there are ForAllValues and ForAnyValue",
		`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"NullIfExists": {"a": "true"}}}}`:      "NullIfExists",
		`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"a": {}}}}}`:          "is not the value of a condition",
		`{"Statement": {"Sid": "s", "Effect": "Allow", "Action": "*", "Resource": "*", "NotResource": "*"}}`:                    "exclude each other",
	} {
		_, err := Parse(text)
		assert.Assert(t, err != nil && strings.Contains(err.Error(), want), "%s: %v", text, err)
	}
}

func TestTrust(t *testing.T) {
	const github = "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com"
	const assume = "sts:AssumeRoleWithWebIdentity"
	claims := map[string][]string{
		"token.actions.githubusercontent.com:aud": {"sts.amazonaws.com"}, "token.actions.githubusercontent.com:sub": {"repo:acme/plinth:ref:refs/heads/main"},
	}
	federated := Principal{Kind: "Federated", Name: github}
	statement := func(effect, condition string) string {
		return `{"Effect": "` + effect + `", "Action": "` + assume + `", "Principal": {"Federated": "` + github + `"}, "Condition": {` + condition + `}}`
	}
	aud := `"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}`
	for _, test := range []struct {
		name, statement string
		principal       Principal
		action          string
		want            bool
	}{
		{"of the audience", statement("Allow", aud), federated, assume, true},
		{"of a branch", statement("Allow", aud+`, "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/plinth:ref:refs/heads/*"}`), federated, assume, true},
		{"of another branch", statement("Allow", aud+`, "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/plinth:ref:refs/tags/*"}`), federated, assume, false},
		{"of another provider", statement("Allow", aud), Principal{Kind: "Federated", Name: "arn:aws:iam::111111111111:oidc-provider/gitlab.com"}, assume, false},
		{"another action", statement("Allow", aud), federated, "sts:AssumeRole", false},
		{"denied", statement("Allow", aud) + "," + statement("Deny", aud), federated, assume, false},
		{"a service", `{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["a.amazonaws.com", "b.amazonaws.com"]}}`, Principal{Kind: "Service", Name: "b.amazonaws.com"}, "sts:AssumeRole", true},
		{"an account", `{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}`, Principal{Kind: "AWS", Name: "arn:aws:iam::111111111111:role/r"}, "sts:AssumeRole", true},
		{"another account", `{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "222222222222"}}`, Principal{Kind: "AWS", Name: "arn:aws:iam::111111111111:role/r"}, "sts:AssumeRole", false},
		{"everybody", `{"Effect": "Allow", "Action": "sts:*", "Principal": "*"}`, federated, assume, true},
		{"all but one", `{"Effect": "Allow", "Action": "sts:*", "NotPrincipal": {"Federated": "` + github + `"}}`, federated, assume, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			trust := parse(t, `{"Statement": [`+test.statement+`]}`)
			assert.Equal(t, EvaluateTrust(trust, test.principal, test.action, claims).Allowed, test.want)
		})
	}
}
