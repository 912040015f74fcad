package iam

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// operator compares a request's value with a policy's value, whose variables are already filled in.
type operator struct {
	compare func(policy, request string) bool
	// negated operators hold if no value of the policy matches.
	negated bool
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = map[string]operator{
	"StringEquals":              {compare: equal},
	"StringNotEquals":           {equal, true},
	"StringEqualsIgnoreCase":    {compare: equalFold},
	"StringNotEqualsIgnoreCase": {equalFold, true},
	"StringLike":                {compare: wild},
	"StringNotLike":             {wild, true},
	// ArnEquals and ArnLike behave identically.
	"ArnEquals":    {compare: arnLike},
	"ArnLike":      {compare: arnLike},
	"ArnNotEquals": {arnLike, true},
	"ArnNotLike":   {arnLike, true},
	"Bool":         {compare: equalFold},

	"NumericEquals":            {compare: numeric(func(p, r float64) bool { return r == p })},
	"NumericNotEquals":         {numeric(func(p, r float64) bool { return r == p }), true},
	"NumericLessThan":          {compare: numeric(func(p, r float64) bool { return r < p })},
	"NumericLessThanEquals":    {compare: numeric(func(p, r float64) bool { return r <= p })},
	"NumericGreaterThan":       {compare: numeric(func(p, r float64) bool { return r > p })},
	"NumericGreaterThanEquals": {compare: numeric(func(p, r float64) bool { return r >= p })},

	"Null": {}, // tests whether the key is present: see holds
}

const (
	allValues = "ForAllValues"
	anyValue  = "ForAnyValue"
)

func (c *Condition) prepare() error {
	name := c.Operator
	if set, rest, found := strings.Cut(name, ":"); found {
		if set != allValues && set != anyValue {
			return fmt.Errorf("condition %s: there are %s and %s, not %s", c.Operator, allValues, anyValue, set)
		}
		c.set, name = set, rest
	}
	name, c.ifExists = strings.CutSuffix(name, "IfExists")
	known := false
	if c.operator, known = operators[name]; !known || name == "Null" && (c.ifExists || c.set != "") {
		return fmt.Errorf("condition %s: this operator is not known; there are %s", c.Operator, strings.Join(slices.Sorted(maps.Keys(operators)), ", "))
	}
	return nil
}

// multivalued are the keys of a rehearsal's requests that may have several values, in lower case.
var multivalued = map[string]bool{
	"acm:domainnames": true, "aws:calledvia": true, "aws:tagkeys": true, "cloudwatch:alarmactions": true,
	"eks:encryptionconfigproviderkeyarns": true, "eks:kubernetesgroups": true, "eks:namespaces": true,
	"kms:encryptioncontextkeys": true, "kms:resourcealiases": true, "route53:changeresourcerecordsetsactions": true,
	"route53:changeresourcerecordsetsnormalizedrecordnames": true, "route53:changeresourcerecordsetsrecordtypes": true,
}

// Multivalued reports whether a key may have several values. Conditions compare such a key by a set
// operator, or never hold.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func Multivalued(key string) bool { return multivalued[strings.ToLower(key)] }

// holds reports whether a request meets the condition.
func (c Condition) holds(context values) bool {
	present := context.of(c.Key)
	if c.operator.compare == nil {
		return slices.ContainsFunc(c.Values, func(null string) bool { return strings.EqualFold(null, "true") == (len(present) == 0) })
	}
	if len(present) == 0 {
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
		return c.ifExists || c.set == allValues || c.set == "" && c.operator.negated
	}
	if c.set == "" && (len(present) > 1 || Multivalued(c.Key)) {
		return false
	}
	patterns := make([]string, 0, len(c.Values))
	for _, value := range c.Values {
		if filled, ok := context.fill(value); ok {
			patterns = append(patterns, filled)
		} else if c.operator.negated {
			return false // or what nobody knows would be different from everything
		}
	}
	one := func(value string) bool {
		found := slices.ContainsFunc(patterns, func(pattern string) bool { return c.operator.compare(pattern, value) })
		return found != c.operator.negated
	}
	if c.set == allValues {
		return !slices.ContainsFunc(present, func(value string) bool { return !one(value) })
	}
	return slices.ContainsFunc(present, one)
}

func equal(policy, request string) bool { return literal(policy) == request }

func equalFold(policy, request string) bool { return strings.EqualFold(literal(policy), request) }

func numeric(compare func(policy, request float64) bool) func(policy, request string) bool {
	return func(policy, request string) bool {
		p, err := strconv.ParseFloat(policy, 64)
		if err != nil {
			return false
		}
		r, err := strconv.ParseFloat(request, 64)
		return err == nil && compare(p, r)
	}
}

// arnLike compares an ARN's six parts separately.
func arnLike(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return pattern == "*"
	}
	for i := range parts {
		if !wild(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// values are the condition keys of a request, with their values.
type values struct {
	byKey map[string][]string // in lower case: keys ignore case
	// literal says that the policy's version does not support variables.
	literal bool
}

func newValues(context map[string][]string) values {
	v := values{byKey: map[string][]string{}}
	for key, all := range context {
		v.byKey[strings.ToLower(key)] = all
	}
	return v
}

// in returns the values as a policy's version treats them.
func (v values) in(d *Document) values {
	v.literal = d.Version != newVersion
	return v
}

func (v values) of(key string) []string { return v.byKey[strings.ToLower(key)] }

// Wildcards in a variable's value are literal. These characters stand for them.
const (
	literalStar     = '\uE000'
	literalQuestion = '\uE001'
)

var (
	escape   = strings.NewReplacer("*", string(literalStar), "?", string(literalQuestion))
	unescape = strings.NewReplacer(string(literalStar), "*", string(literalQuestion), "?")
)

func literal(s string) string { return unescape.Replace(s) }

// fill replaces a pattern's variables by the request's values. It returns false if a variable has
// no value: such a pattern matches nothing.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func (v values) fill(pattern string) (string, bool) {
	if v.literal || !strings.Contains(pattern, "${") {
		return pattern, true
	}
	var filled strings.Builder
	for {
		before, rest, found := strings.Cut(pattern, "${")
		filled.WriteString(before)
		if !found {
			return filled.String(), true
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", false
		}
		pattern = after
		name, otherwise, hasDefault := strings.Cut(name, ",")
		switch value := v.of(strings.TrimSpace(name)); {
		case name == "*" || name == "?" || name == "$":
			filled.WriteString(escape.Replace(name))
		case len(value) == 1:
			filled.WriteString(escape.Replace(value[0]))
		case hasDefault && len(value) == 0:
			filled.WriteString(escape.Replace(strings.Trim(strings.TrimSpace(otherwise), "'")))
		default:
			return "", false
		}
	}
}

// wild reports whether a value matches a pattern with * and ?.
func wild(pattern, value string) bool {
	p, v := []rune(pattern), []rune(value)
	at, star, from := 0, -1, 0
	for i := 0; i < len(v); {
		switch {
		case at < len(p) && p[at] == '*':
			star, from = at, i
			at++
		case at < len(p) && (p[at] == '?' || p[at] == v[i] || p[at] == literalStar && v[i] == '*' || p[at] == literalQuestion && v[i] == '?'):
			at++
			i++
		case star >= 0:
			from++
			at, i = star+1, from
		default:
			return false
		}
	}
	for at < len(p) && p[at] == '*' {
		at++
	}
	return at == len(p)
}
