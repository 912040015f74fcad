package release

import (
	"reflect"
	"regexp"
	"strings"
)

// quoteValues escapes all strings in value for string literals of Terraform's language, because cdktf
// does not escape them.
// https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
func quoteValues(value any) any {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.String:
		return quote(v.String())
	case reflect.Map:
		all := make(map[string]any, v.Len())
		for _, key := range v.MapKeys() {
			all[key.String()] = quoteValues(v.MapIndex(key).Interface())
		}
		return all
	case reflect.Slice:
		all := make([]any, v.Len())
		for i := range all {
			all[i] = quoteValues(v.Index(i).Interface())
		}
		return all
	case reflect.Pointer:
		if text, ok := value.(*string); ok && text != nil {
			return quote(*text)
		}
	}
	return value
}

var (
	marks = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	// The first alternative matches cdktf's own references, the only ones to keep.
	expressions = regexp.MustCompile(`\$\{TfToken\[[^\]]*\]\}|[$%]\{`)
)

func quote(text string) string {
	return expressions.ReplaceAllStringFunc(marks.Replace(text), func(start string) string {
		switch start {
		case "${":
			return `\u0024{`
		case "%{":
			return `\u0025{`
		}
		return start
	})
}
