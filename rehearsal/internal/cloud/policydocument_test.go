package cloud

import (
	"encoding/json"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// decoded parses a configuration as Terraform passes it.
func decoded(t *testing.T, config string) Attributes {
	t.Helper()
	var a Attributes
	assert.NilError(t, json.Unmarshal([]byte(config), &a))
	return a
}

func TestPolicyDocument(t *testing.T) {
	result, err := policyDocument(decoded(t, `{
		"policy_id": "logs",
		"version": null,
		"statement": [
			{
				"sid": "Write",
				"actions": ["logs:CreateLogStream", "logs:PutLogEvents"],
				"resources": ["arn:aws:logs:*:*:log-group:/&{aws:username}", "arn:aws:logs:*:*:log-group:b>a"],
				"condition": [
					{"test": "StringLike", "variable": "aws:PrincipalTag/team", "values": ["b", "", "a-&{aws:userid}"]},
					{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["111111111111"]}
				]
			},
			{
				"effect": "Deny", "not_actions": ["logs:*"], "not_resources": ["*"],
				"not_principals": [{"type": "AWS", "identifiers": ["arn:aws:iam::111111111111:root"]}]
			},
			{"actions": ["a:*"], "principals": [{"type": "AWS", "identifiers": ["*"]}, {"type": "Service", "identifiers": ["a.amazonaws.com", "b.amazonaws.com"]}]},
			{"actions": ["a:*"], "principals": [{"type": "*", "identifiers": ["*"]}]}
		]
	}`))
	assert.NilError(t, err)
	assert.Equal(t, result["json"], `{
  "Version": "2012-10-17",
  "Id": "logs",
  "Statement": [
    {
      "Sid": "Write",
      "Effect": "Allow",
      "Action": [
        "logs:PutLogEvents",
        "logs:CreateLogStream"
      ],
      "Resource": [
        "arn:aws:logs:*:*:log-group:b\u003ea",
        "arn:aws:logs:*:*:log-group:/${aws:username}"
      ],
      "Condition": {
        "StringEquals": {
          "aws:SourceAccount": "111111111111"
        },
        "StringLike": {
          "aws:PrincipalTag/team": [
            "b",
            "",
            "a-${aws:userid}"
          ]
        }
      }
    },
    {
      "Effect": "Deny",
      "NotAction": "logs:*",
      "NotResource": "*",
      "NotPrincipal": {
        "AWS": "arn:aws:iam::111111111111:root"
      }
    },
    {
      "Effect": "Allow",
      "Action": "a:*",
      "Principal": {
        "AWS": "*",
        "Service": [
          "b.amazonaws.com",
          "a.amazonaws.com"
        ]
      }
    },
    {
      "Effect": "Allow",
      "Action": "a:*",
      "Principal": "*"
    }
  ]
}`)

	// The result as a source renders to the same document.
	again, err := policyDocument(Attributes{"source_policy_documents": []any{result["json"], nil}})
	assert.NilError(t, err)
	assert.DeepEqual(t, again, result)
}

func TestPolicyDocumentMerge(t *testing.T) {
	for _, test := range []struct{ name, config, want string }{
		{"nothing", `{}`, `{"Version":"2012-10-17"}`},
		{"the newest version wins",
			`{"version": "2008-10-17", "source_policy_documents": ["{\"Version\":\"2012-10-17\",\"Id\":\"theirs\"}"]}`,
			`{"Version":"2012-10-17","Id":"theirs"}`},
		{"one's own statement replaces a source's, an override both",
			`{"source_policy_documents": ["{\"Statement\":[{\"Sid\":\"a\",\"Effect\":\"Deny\"},{\"Sid\":\"b\"},{\"Effect\":\"Deny\"}]}"],
			  "statement": [{"sid": "a", "actions": ["own:a"]}, {"sid": "c", "actions": ["own:c"]}],
			  "override_policy_documents": ["{\"Statement\":[{\"Sid\":\"c\",\"Action\":[\"over:c\"]}]}"]}`,
			`{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"own:a"},{"Sid":"b"},{"Effect":"Deny"},{"Sid":"c","Action":["over:c"]}]}`},
		{"a source's conditions and principals",
			`{"source_policy_documents": ["{\"Statement\":[{\"Principal\":{\"AWS\":[\"1\",\"2\"]},\"Condition\":{\"Bool\":{\"aws:SecureTransport\":[\"false\"],\"b\":true},\"NumericEquals\":{\"n\":1}}}]}"]}`,
			`{"Version":"2012-10-17","Statement":[{"Principal":{"AWS":["2","1"]},"Condition":{"Bool":{"aws:SecureTransport":"false","b":"true"}}}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			result, err := policyDocument(decoded(t, test.config))
			assert.NilError(t, err)
			assert.Equal(t, result["minified_json"], test.want)
		})
	}
}

func TestPolicyDocumentMistakes(t *testing.T) {
	for _, test := range []struct{ name, config, want string }{
		{"a Sid twice", `{"statement": [{"sid": "a"}, {"sid": "a"}]}`, "duplicate Sid (a)"},
		{"a Sid twice in sources", `{"source_policy_documents": ["{\"Statement\":[{\"Sid\":\"a\"}]}", "{\"Statement\":[{\"Sid\":\"a\"}]}"]}`,
			"merging source document 1: duplicate Sid (a) in source_policy_documents (statement 0)"},
		{"a source that is no JSON", `{"source_policy_documents": ["{"]}`, "merging source document 0: unexpected end of JSON input"},
		{"an override that is no policy", `{"override_policy_documents": ["{\"Statement\":[{\"Principal\":1}]}"]}`, "merging override document 0: the principal is a float64"},
		{"a Sid with a space", `{"statement": [{"sid": "a b"}]}`, "statement.0: invalid value for sid"},
		{"an effect in small letters", `{"statement": [{"effect": "allow"}]}`, `expected effect to be one of ["Allow" "Deny"], got allow`},
		{"a version of today", `{"version": "2026-11-24"}`, "expected version to be one of"},
		{"a variable in an old document", `{"version": "2008-10-17", "statement": [{"resources": ["&{aws:username}"]}]}`, "reading resources: found &{ sequence in (&{aws:username})"},
		{"what is not used any more", `{"source_json": "{}"}`, `expected "source_json" to be an empty string`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := policyDocument(decoded(t, test.config))
			assert.Assert(t, err != nil && strings.Contains(err.Error(), test.want), "%v", err)
		})
	}
}
