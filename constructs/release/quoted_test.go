package release

import (
	"testing"

	"gotest.tools/v3/assert"
)

func TestQuoted(t *testing.T) {
	text := `a "b"`
	for _, test := range []struct {
		name        string
		value, want any
	}{
		{"plain", "a b", "a b"},
		{"quotes", `[{"HTTP": 80}]`, `[{\"HTTP\": 80}]`},
		{"backslash", `\d`, `\\d`},
		{"what looks like a reference", "${1} %{if}", `\u0024{1} \u0025{if}`},
		{"reference of cdktf's", "at ${TfToken[TOKEN.1]}/x", "at ${TfToken[TOKEN.1]}/x"},
		{"dollars", "$1 $__file{/x}", "$1 $__file{/x}"},
		{"pointer", &text, `a \"b\"`},
		{"sections", map[string]any{"a": map[string]string{"b": `"`}, "c": []string{`"`}}, map[string]any{"a": map[string]any{"b": `\"`}, "c": []any{`\"`}}},
		{"no text", map[string]any{"a": 1, "b": true, "c": nil}, map[string]any{"a": 1, "b": true, "c": nil}},
	} {
		t.Run(test.name, func(t *testing.T) { assert.DeepEqual(t, quoteValues(test.value), test.want) })
	}
}
