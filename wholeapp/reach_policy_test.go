package wholeapp

import (
	"regexp"
	"slices"
	"strings"
)

// principal is somebody who can use AWS: a role, or any role that somebody could make.
type principal struct {
	// name is for people: deploy-network, role flow-logs, any role of deploy-network's making.
	name, arn string
	// stack is whose it is.
	stack string
	// rules are its policies', boundary those of its permissions boundary; nil bounds nothing.
	rules, boundary []rule
	// trusts are the services and service accounts that may assume it.
	services, accounts []string
}

// may reports whether a principal can have an action done on a thing, whatever it puts into the
// request. It errs on the side of yes: a condition that depends on the request holds.
func (a *awsAccount) may(p *principal, action string, t thing) bool {
	// Who changes an alias needs as much on its key.
	// https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
	if t.also != nil && !a.may(p, action, *t.also) {
		return false
	}
	for _, rules := range [][]rule{p.rules, p.boundary, a.resources[bucketOf(t.arn)]} { // not copied: this runs very often
		if slices.ContainsFunc(rules, func(r rule) bool { return r.deny && r.names(action, t) && r.certain(p, t) }) {
			return false
		}
	}
	return allows(p.rules, p, action, t) && (p.boundary == nil || allows(p.boundary, p, action, t))
}

func allows(rules []rule, p *principal, action string, t thing) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return !r.deny && r.names(action, t) && r.possible(p, action, t) })
}

// bucketOf is the ARN of a bucket for its objects' ARNs, and others as they are.
func bucketOf(arn string) string {
	if !strings.HasPrefix(arn, "arn:aws:s3:::") {
		return arn
	}
	bucket, _, _ := strings.Cut(arn, "/")
	return bucket
}

// names reports whether a rule is about an action on a thing.
func (r rule) names(action string, t thing) bool {
	if !slices.ContainsFunc(r.actions, func(pattern string) bool { return wild(pattern, action) }) {
		return false
	}
	// What has no resource-level permissions is about all things of the service.
	if slices.Contains(r.resources, "*") {
		_, rest, _ := strings.Cut(t.arn, "arn:aws:")
		return strings.HasPrefix(rest, service(action)+":")
	}
	return r.isAbout(t)
}

// isAbout reports whether a rule is about a thing, whatever is done to it.
func (r rule) isAbout(t thing) bool {
	return slices.ContainsFunc(r.resources, func(pattern string) bool {
		return wild(pattern, t.arn) || strings.Contains(t.arn, ":log-group:") && wild(pattern, t.arn+":x")
	})
}

// service is the service in the ARNs of what an action is about.
func service(action string) string {
	name, _, _ := strings.Cut(action, ":")
	return name
}

// wild matches with * and ?, as IAM does.
func wild(pattern, text string) bool {
	star, mark := -1, 0
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// creates matches actions that make something new, which may have tags.
var creates = regexp.MustCompile(`:(Create[A-SU-Z]|Allocate|Run|Request|Authorize)`) // not ec2:CreateTags

// possible reports whether a rule's conditions can hold for a thing that exists. One that is about the
// tags of what is to be made is about nothing that exists.
func (r rule) possible(p *principal, action string, t thing) bool {
	has := func(key string) bool {
		return slices.ContainsFunc(r.conditions, func(c condition) bool { return strings.HasPrefix(c.key, key) })
	}
	if !t.isNew && creates.MatchString(action) && has("aws:RequestTag/") && !has("aws:ResourceTag/") {
		return false
	}
	return !slices.ContainsFunc(r.conditions, func(c condition) bool {
		value, decided := decides(c, p, action, t)
		return decided && !c.holds(value)
	})
}

// certain reports whether a rule's conditions hold for a thing whatever is in the request.
func (r rule) certain(p *principal, t thing) bool {
	return !slices.ContainsFunc(r.conditions, func(c condition) bool {
		value, decided := decides(c, p, "", t)
		return !decided || !c.holds(value)
	})
}

// decides returns what the thing or the caller has for a condition's key; "" is nothing. Others are up
// to the request.
func decides(c condition, p *principal, action string, t thing) (value string, decided bool) {
	switch {
	case strings.HasPrefix(c.key, "aws:ResourceTag/"):
		return t.keys[c.key], true
	// New roles are not among the things, and a new boundary is the request's.
	case c.key == "iam:PermissionsBoundary" && action != "iam:PutRolePermissionsBoundary":
		return t.keys[c.key], true
	case c.key == "aws:PrincipalArn":
		return p.arn, true
	// It is set while something is being made. What exists is not.
	case c.key == "ec2:CreateAction" || c.key == "elasticloadbalancing:CreateAction":
		return "", true
	}
	return "", false
}

// holds evaluates the operators that Plinth's policies have for what a thing decides.
func (c condition) holds(value string) bool {
	test, ifExists := strings.CutSuffix(c.test, "IfExists")
	if ifExists && value == "" {
		return true
	}
	negated := strings.Contains(test, "Not")
	matches := slices.ContainsFunc(c.values, func(pattern string) bool {
		if strings.HasPrefix(test, "String") && !strings.Contains(test, "Like") {
			return value == pattern
		}
		return value != "" && wild(pattern, value)
	})
	if test == "Null" {
		return c.values[0] == "true" == (value == "")
	}
	return matches != negated
}
