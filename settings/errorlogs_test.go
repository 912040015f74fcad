package settings

import (
	"encoding/json"
	"path"
	"strconv"
	"strings"
	"testing"
)

// TestErrorLogs decides for lines, as the log router writes them, whether an application's filter counts them. It
// evaluates the filter as AWS's page describes it; AWS itself is not asked.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
func TestErrorLogs(t *testing.T) {
	const plain = `{"log": "2026-11-30 12:00:00 ERROR payments: refused", `
	const standard = "" // the default
	for _, test := range []struct {
		name, condition, line, namespace string
		counts                           bool
	}{
		{"JSON of level ERROR", standard, `{"level": "ERROR", "msg": "refused", `, "app", true},
		{"JSON of another level", standard, `{"level": "INFO", "msg": "no ERROR at all", `, "app", false},
		{"JSON of a level in small letters", standard, `{"level": "error", "msg": "refused", `, "app", false},
		{"plain text with ERROR", standard, plain, "app", true},
		{"plain text that is nothing else", standard, `{"log": "ERROR", `, "app", true},
		{"plain text without it", standard, `{"log": "2026-11-30 12:00:00 INFO payments: 0 errors", `, "app", false},
		{"another application's JSON", standard, `{"level": "ERROR", "msg": "refused", `, "app-2", false},
		{"another application's plain text", standard, plain, "shop", false},
		{"small letters, where they are meant", `$.level = "error"`, `{"level": "error", "msg": "refused", `, "app", true},
		{"numbers of Node.js", "$.level >= 50", `{"level": 50, "msg": "refused", `, "app", true},
		{"smaller numbers", "$.level >= 50", `{"level": 40, "msg": "refused", `, "app", false},
		{"another application's numbers, with an or", "$.level >= 50 || $.level = FATAL", `{"level": 60, "msg": "refused", `, "shop", false},
		{"a field in a field", `$.log.level = "error" && $.tags[1] = "b*"`, `{"log": {"level": "error"}, "tags": ["a", "bc"], `, "app", true},
		{"all and any", `$.a = 1 || $.b = 2 && $.c = 3`, `{"a": 1, `, "app", true},
		{"all and any in parentheses", `($.a = 1 || $.b = 2) && $.c = 3`, `{"a": 1, `, "app", false},
		{"an exception", "$.error NOT EXISTS", `{"msg": "fine", `, "app", true},
		{"a flag", "$.failed IS TRUE", `{"failed": true, `, "app", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := base
			if test.condition != standard {
				file = ofApp("errorLogs: '" + test.condition + "'")(base)
			}
			environments, err := loadFiles(map[string]string{"dev": file})
			if err != nil {
				t.Fatal(err)
			}
			pattern := environments[0].Apps["app"].ErrorLogPattern()
			if len(pattern) > 1024 {
				t.Errorf("the pattern has %d characters", len(pattern))
			}
			var line any
			if err := json.Unmarshal([]byte(test.line+`"stream": "stdout", "kubernetes": {"namespace_name": "`+test.namespace+`"}}`), &line); err != nil {
				t.Fatal(err)
			}
			condition, err := parseLogCondition(strings.Trim(pattern, "{ }"))
			if err != nil {
				t.Fatal(err)
			}
			if got := condition.holds(line); got != test.counts {
				t.Errorf("%s: it counts %v: %v", pattern, line, got)
			}
		})
	}
}

// TestErrorLogPatternFits: the longest condition of the longest name is no longer than AWS allows a filter.
func TestErrorLogPatternFits(t *testing.T) {
	app := App{Name: strings.Repeat("a", 20), ErrorLogs: strings.Repeat("a", longestLogCondition)}
	if n := len(app.ErrorLogPattern()); n > 1024 {
		t.Errorf("it has %d characters", n)
	}
}

// holds evaluates a condition for a line.
func (c logCondition) holds(line any) bool {
	for _, part := range c.all {
		if !part.holds(line) {
			return false
		}
	}
	for _, part := range c.any {
		if part.holds(line) {
			return true
		}
	}
	if c.field == "" {
		return len(c.all) > 0
	}
	value, there := at(line, c.field)
	switch c.operator {
	case "NOT":
		return !there
	case "IS":
		return there && (c.value == "TRUE" && value == true || c.value == "FALSE" && value == false || c.value == "NULL" && value == nil)
	}
	want := strings.Trim(c.value, `"`)
	switch value := value.(type) {
	case float64:
		number, err := strconv.ParseFloat(want, 64)
		compared := map[string]bool{"=": value == number, "!=": value != number, "<": value < number, ">": value > number, "<=": value <= number, ">=": value >= number}
		return err == nil && compared[c.operator]
	case string:
		// A star stands for any text before or after another. It matches slashes too.
		same, _ := path.Match(strings.ReplaceAll(want, "/", "\x00"), strings.ReplaceAll(value, "/", "\x00"))
		return c.operator == "=" && same || c.operator == "!=" && !same
	}
	return false // the field is not there, or holds no value
}

// at returns what a path such as $.users[0].id leads to.
func at(value any, selector string) (any, bool) {
	for _, key := range strings.FieldsFunc(strings.TrimPrefix(selector, "$"), func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch inside := value.(type) {
		case map[string]any:
			there := false
			if value, there = inside[key]; !there {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(inside) {
				return nil, false
			}
			value = inside[i]
		default:
			return nil, false
		}
	}
	return value, true
}
