package simulate

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/iam"
)

// TestDifferences has the two decide otherwise, and explanations that do and do not fit.
func TestDifferences(t *testing.T) {
	const unneeded = explanationsFile + ": "
	of := func(action string) Call {
		return Call{Request: iam.Request{Action: action, Resource: "*", Context: map[string][]string{"kms:EncryptionContext:a": {"b"}, "aws:x": {"y"}}}}
	}
	decides := func(decision string) func(Call) string { return func(Call) string { return decision } }
	byKey := func(key string) func(Call) string {
		return func(c Call) string {
			if c.Context[key] == nil {
				return Implicitly
			}
			return Allowed
		}
	}
	ignored := Verdict{Decision: Implicitly, Ignored: []string{"kms:EncryptionContext:a"}}
	for name, test := range map[string]struct {
		call    Call
		verdict Verdict
		ours    func(Call) string
		explain []Explanation
		want    string // of the one message
	}{
		"alike":                             {of("s3:GetObject"), Verdict{Decision: Allowed}, decides(Allowed), nil, ""},
		"otherwise":                         {of("s3:GetObject"), Verdict{Decision: Allowed}, decides(Implicitly), nil, "s3:GetObject: 1 of 1 calls are not decided alike"},
		"denied otherwise":                  {of("s3:GetObject"), Verdict{Decision: Explicitly}, decides(Implicitly), nil, "package iam says ImplicitlyDenied, iam-simulate ExplicitlyDenied"},
		"an error":                          {of("s3:GetObject"), Verdict{Decision: Allowed, Error: "e"}, decides(Allowed), nil, "s3:GetObject: e: 1 of 1"},
		"an error explained":                {of("s3:GetObject"), Verdict{Decision: Allowed, Error: "e: x"}, decides(Allowed), []Explanation{{Error: "e", Actions: []string{"s3:*"}}}, ""},
		"an error, and otherwise":           {of("s3:GetObject"), Verdict{Decision: Allowed, Error: "e"}, decides(Implicitly), []Explanation{{Error: "e"}}, "s3:GetObject: e: 1 of 1"},
		"another error":                     {of("s3:GetObject"), Verdict{Decision: Allowed, Error: "f"}, decides(Allowed), []Explanation{{Error: "e"}}, "s3:GetObject: f: 1 of 1"},
		"another action":                    {of("s3:GetObject"), Verdict{Decision: Allowed, Error: "e"}, decides(Allowed), []Explanation{{Error: "e", Actions: []string{"s3:GetObjectVersion"}}}, "s3:GetObject: e: 1 of 1"},
		"a key that is ignored":             {of("kms:Decrypt"), ignored, byKey("kms:EncryptionContext:a"), []Explanation{{Ignores: "kms:EncryptionContext:"}}, ""},
		"another key decides":               {of("kms:Decrypt"), ignored, byKey("aws:x"), []Explanation{{Ignores: "kms:EncryptionContext:"}}, "; iam-simulate ignores kms:EncryptionContext:a"},
		"a feature":                         {Call{Feature: "f"}, Verdict{Decision: Allowed}, decides(Implicitly), []Explanation{{Feature: "f"}}, ""},
		"another feature":                   {Call{Feature: "f"}, Verdict{Decision: Allowed}, decides(Implicitly), []Explanation{{Feature: "g"}}, "f: 1 of 1"},
		"an explanation that is not needed": {of("s3:GetObject"), Verdict{Decision: Allowed}, decides(Allowed), []Explanation{{Error: "e"}}, unneeded + "e: nothing needs this any more"},
	} {
		t.Run(name, func(t *testing.T) {
			messages := strings.Join(Differences([]Call{test.call}, []Verdict{test.verdict}, test.ours, test.explain), "\n")
			if test.want == "" {
				assert.Equal(t, messages, "")
			}
			assert.Assert(t, strings.Contains(messages, test.want), messages)
		})
	}
}

// TestExplained reads the project's own.
func TestExplained(t *testing.T) {
	e, err := Explained("../../../..")
	assert.NilError(t, err)
	assert.Assert(t, len(e.Generated) > 0 && len(e.Recorded) > 0)
}
