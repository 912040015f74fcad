package permissions

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// blocks returns everything in the stack that needs permissions, by type and name.
func (s Stack) blocks() []block {
	var all []block
	for _, mode := range []string{"resource", "data", "ephemeral"} {
		kinds, _ := s.Document[mode].(map[string]any)
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			names, _ := kinds[kind].(map[string]any)
			for _, name := range slices.Sorted(maps.Keys(names)) {
				attributes, _ := names[name].(map[string]any)
				called := kind
				if mode != "resource" {
					called = mode + "." + kind
				}
				all = append(all, block{called, attributes})
			}
		}
	}
	return all
}

// global are the services whose ARNs have no region.
var global = []string{"iam", "budgets", "chatbot"}

// arn completes the short form of a resource.
func (s Stack) arn(e block, short string) (string, error) {
	if short == "*" {
		return short, nil
	}
	filled, err := s.fill(e, short)
	if err != nil {
		return "", err
	}
	service, resource, _ := strings.Cut(filled, ":")
	if service == "arn" {
		return filled, nil
	}
	where := s.Region
	if slices.Contains(global, service) {
		where = ""
	}
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, where, s.Account, resource), nil
}

var braces = regexp.MustCompile(`\{=?[a-z_.]+\}`)

// fill replaces the names in braces with their values.
func (s Stack) fill(e block, template string) (string, error) {
	var wrong error
	filled := braces.ReplaceAllStringFunc(template, func(name string) string {
		switch name {
		case account:
			return s.Account
		case region:
			return s.Region
		case project:
			return s.Project
		case environment:
			return s.Environment
		case stack:
			return s.Name
		case boundary:
			return s.Boundary
		case hostedZone:
			return s.hostedZone(e)
		}
		value, ok := e.attributes[strings.Trim(name, "{=}")].(string)
		if !ok {
			wrong = fmt.Errorf("permissions: %s in stack %s has no %s, which its row %q needs", e.kind, s.Name, name, template)
		}
		if !strings.HasPrefix(name, "{=") {
			return s.pattern(value)
		}
		value, whole := s.known(value)
		if !whole {
			wrong = fmt.Errorf("permissions: %s in stack %s: only %s is known before apply, but row %q needs the whole %s", e.kind, s.Name, value, template, name)
		}
		return value
	})
	return filled, wrong
}

// reference matches a reference to an attribute of another resource of the stack.
var reference = regexp.MustCompile(`\$\{(aws_[a-z0-9_]+)\.([A-Za-z0-9_-]+)\.([a-z_]+)\}`)

// token matches any other expression, whose value only Terraform knows.
var token = regexp.MustCompile(`\$\{[^}]*\}`)

// names are the attributes that name a resource and are part of its ARN.
var names = []string{"name", "identifier", "cluster_identifier", "bucket"}

// validationRecord are references to the record that proves control of a domain to ACM: a CNAME whose
// name is the domain after a label that ACM chooses.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
var validationRecord = []struct {
	reference *regexp.Regexp
	is        string
}{
	{validationRecordPart("name"), `_*.$${$1.domain_name}`},
	{validationRecordPart("type"), "CNAME"},
}

func validationRecordPart(part string) *regexp.Regexp {
	return regexp.MustCompile(`\$\{tolist\((aws_acm_certificate\.[A-Za-z0-9_-]+)\.domain_validation_options\)\.0\.resource_record_` + part + `\}`)
}

// known returns value as far as it is known before apply, and whether that is all of it. A reference
// becomes the name of its resource, an unknown part becomes a star.
func (s Stack) known(value string) (text string, whole bool) {
	for _, p := range validationRecord {
		value = p.reference.ReplaceAllString(value, p.is)
	}
	value = s.resolve(value, maxReferences)
	return token.ReplaceAllString(value, "*"), !token.MatchString(value)
}

// pattern returns the pattern of a value in an ARN.
//
// A name that begins with the environment's, such as plinth-dev-postgres-replica-1, is cut after
// that, to plinth-dev-*. With the full name a role could not delete a resource that the stack no
// longer has, and another replica would need an administrator.
func (s Stack) pattern(value string) string {
	value, _ = s.known(value)
	prefix := s.Project + "-" + s.Environment + "-"
	if i := strings.Index(value, prefix); i >= 0 {
		value = value[:i+len(prefix)] + "*"
	}
	return value
}

// maxReferences is how many references resolve follows, one after another.
const maxReferences = 5

// resolve replaces references with the values that they lead to, and keeps those that lead nowhere.
func (s Stack) resolve(value string, times int) string {
	return reference.ReplaceAllStringFunc(value, func(found string) string {
		parts := reference.FindStringSubmatch(found)
		resources, _ := s.Document["resource"].(map[string]any)
		kind, _ := resources[parts[1]].(map[string]any)
		attributes, _ := kind[parts[2]].(map[string]any)
		for _, name := range append([]string{parts[3]}, names...) {
			if known, ok := attributes[name].(string); ok && times > 0 {
				return s.resolve(known, times-1)
			}
		}
		return found
	})
}

// crossStackReference matches a reference to a resource of another stack of the environment.
var crossStackReference = regexp.MustCompile(`cross-stack-reference-input-[a-z0-9]+-([a-z0-9-]+)`)

// conditions fills in the values of a grant's conditions.
func (s Stack) conditions(e block, all []Condition) ([]Condition, error) {
	var filled []Condition
	for _, c := range all {
		if c.Key == taggedAsOwnerKey {
			filled = append(filled, s.owner(e, c.Values[0])...)
			continue
		}
		done := Condition{Test: c.Test, Key: c.Key}
		for _, value := range c.Values {
			value, err := s.fill(e, value)
			if err != nil {
				return nil, err
			}
			done.Values = append(done.Values, value)
		}
		filled = append(filled, done)
	}
	return filled, nil
}

// owner returns conditions on the tags of the resource that an attribute refers to.
// https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
func (s Stack) owner(e block, attribute string) []Condition {
	value, _ := e.attributes[attribute].(string)
	if strings.Contains(value, "cluster_security_group_id") {
		return when("StringEquals", "aws:ResourceTag/aws:eks:cluster-name", s.Project+"-"+s.Environment)
	}
	owner := s
	if found := crossStackReference.FindStringSubmatch(value); found != nil {
		owner.Name = found[1]
	}
	filled, _ := owner.conditions(e, resourceTagged) // names no attribute
	return filled
}
