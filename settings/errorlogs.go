package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// longestLogCondition leaves room for the namespace in the 1024 characters that CloudWatch Logs allows a filter.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
const longestLogCondition = 900

// ErrorLogPattern returns the filter of the application's error lines among all pods' lines. The log router adds
// the namespace to each.
func (a *App) ErrorLogPattern() string {
	return fmt.Sprintf(`{ $.kubernetes.namespace_name = %q && (%s) }`, a.Name, a.ErrorLogs)
}

// logCondition is a condition of a CloudWatch Logs filter for JSON: one comparison, or several of which all or any
// must hold.
type logCondition struct {
	all, any []logCondition
	// field is a path such as $.level. operator is a comparison, IS or NOT.
	field, operator, value string
}

// logTokens matches the parts of a condition. Regular expressions are none of them: AWS allows five in a log group,
// which all applications share.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
var logTokens = regexp.MustCompile(`^(\$(\.[A-Za-z0-9_-]+(\[[0-9]+\])*)+|&&|\|\||[<>!]=|[=<>()]|"[^"\\]*"|[A-Za-z0-9_.*+-]+)`)

// parseLogCondition parses a condition. Security: what it accepts has balanced parentheses and quotes, so that it
// stays within the namespace's condition.
func parseLogCondition(text string) (logCondition, error) {
	if len(text) > longestLogCondition {
		return logCondition{}, fmt.Errorf("it has %d characters", len(text))
	}
	var tokens []string
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		token := logTokens.FindString(rest)
		if token == "" {
			return logCondition{}, errors.New("it cannot be read from " + quote(rest))
		}
		tokens, rest = append(tokens, token), rest[len(token):]
	}
	p := logParser{tokens}
	condition, err := p.either()
	if err == nil && len(p.tokens) > 0 {
		err = p.expected("&&, || or the end")
	}
	return condition, err
}

func logConditionRemedy(text string) string {
	if text == "" {
		return ""
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		return "write it without braces"
	}
	_, err := parseLogCondition(text)
	return err.Error()
}

// logParser parses a condition's tokens. && binds more than ||.
type logParser struct{ tokens []string }

func (p *logParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// take returns the next token, and goes on behind it.
func (p *logParser) take() string {
	token := p.next()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *logParser) expected(what string) error {
	if p.next() == "" {
		return fmt.Errorf("%s is missing at its end", what)
	}
	return fmt.Errorf("%s is missing before %s", what, quote(p.next()))
}

func (p *logParser) either() (logCondition, error) {
	all, err := p.joined("||", p.both)
	return logCondition{any: all}, err
}

func (p *logParser) both() (logCondition, error) {
	all, err := p.joined("&&", p.single)
	return logCondition{all: all}, err
}

func (p *logParser) joined(by string, part func() (logCondition, error)) (parts []logCondition, err error) {
	for {
		one, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, one)
		if p.next() != by {
			return parts, nil
		}
		p.take()
	}
}

func (p *logParser) single() (logCondition, error) {
	if p.next() == "(" {
		p.take()
		inner, err := p.either()
		if err == nil && p.next() != ")" {
			err = p.expected("a closing parenthesis")
		}
		p.take()
		return inner, err
	}
	if !strings.HasPrefix(p.next(), "$") {
		return logCondition{}, p.expected("a field such as $.level")
	}
	c := logCondition{field: p.take()}
	switch c.operator = p.next(); c.operator {
	case "=", "!=", "<", ">", "<=", ">=":
		p.take()
		c.value = p.next()
		if c.value == "" || !strings.HasPrefix(c.value, `"`) && !isPlainLogValue(c.value) {
			return c, p.expected("a value")
		}
		if _, err := strconv.ParseFloat(c.value, 64); err != nil && c.operator != "=" && c.operator != "!=" {
			return c, p.expected("a number")
		}
	case "IS":
		p.take()
		if c.value = p.next(); !slices.Contains([]string{"TRUE", "FALSE", "NULL"}, c.value) {
			return c, p.expected("TRUE, FALSE or NULL")
		}
	case "NOT":
		p.take()
		if c.value = p.next(); c.value != "EXISTS" {
			return c, p.expected("EXISTS")
		}
	default:
		return c, p.expected("a comparison such as =")
	}
	p.take()
	return c, nil
}

// isPlainLogValue reports whether a token is a value without quotes.
func isPlainLogValue(token string) bool {
	return strings.IndexFunc(token, func(r rune) bool { return strings.ContainsRune("$&|<>=!()", r) }) < 0
}
