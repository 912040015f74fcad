package permissions

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Boundary returns the permissions boundary of a role with the given statements: the
// most it can ever do, whatever other policy it gets.
//
// Security: it allows only the actions of the statements, on any resource. Two exceptions are as
// narrow as the statements: S3 buckets, the state bucket among them, and IAM roles. No IAM action is
// allowed on the protected ARNs, so a role can change neither itself nor another role of the
// bootstrap stack. [RolesBoundary] limits the roles that it creates. If the boundary exceeds the size of
// a policy, it allows all Describe actions of a service instead of each.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func Boundary(statements []Statement, protected ...string) []Statement {
	var buckets, others []Statement
	identity := map[permission]*Statement{}
	for _, statement := range statements {
		switch {
		case strings.HasPrefix(statement.Actions[0], "iam:"):
			merge(identity, statement)
		case slices.Contains(statement.RequiredBy, forState), strings.HasPrefix(statement.Actions[0], "s3:"):
			buckets = append(buckets, statement)
		default:
			others = append(others, statement)
		}
	}
	var ceiling []Statement
	if len(others) > 0 {
		ceiling = append(ceiling, Statement{Actions: actions(others), Resources: []string{"*"}, Reason: "a boundary grants nothing: the policies name the resources"})
	}
	gathered := map[permission]*Statement{}
	for key, statement := range identity {
		key.conditions = fmt.Sprint(statement.Conditions)
		gathered[key] = statement
	}
	ceiling = slices.Concat(ceiling, withoutRedundant(buckets, actions(others)), statementsOf(gathered))
	if len(identity) > 0 {
		ceiling = append(ceiling, Statement{Deny: true, Actions: []string{"iam:*"}, Resources: protected})
	}
	if len(others) > 0 && characters(document(ceiling)) > PolicySize {
		ceiling[0].Actions = withWildcards(ceiling[0].Actions)
	}
	return ceiling
}

// withoutRedundant shortens statements, since a boundary must fit into one policy. It removes the
// actions in anyhow, which are allowed on every resource, and the conditions on the states' names.
func withoutRedundant(buckets []Statement, anyhow []string) (all []Statement) {
	for _, s := range buckets {
		s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(action string) bool { return slices.Contains(anyhow, action) })
		s.Conditions = withoutKeys(namesStates, s.Conditions)
		if len(s.Actions) > 0 {
			all = append(all, s)
		}
	}
	return all
}

var namesStates = regexp.MustCompile(`^(s3:prefix|kms:EncryptionContext:aws:s3:arn)$`)

// withoutKeys returns the conditions on other keys.
func withoutKeys(keys *regexp.Regexp, all []Condition) (others []Condition) {
	for _, c := range all {
		if !keys.MatchString(c.Key) {
			others = append(others, c)
		}
	}
	return others
}

var describes = regexp.MustCompile(`:Describe.*`)

// withWildcards replaces the Describe actions of a service with one that has a wildcard.
func withWildcards(all []string) []string {
	var short []string
	for _, action := range all {
		short = append(short, describes.ReplaceAllString(action, ":Describe*"))
	}
	return slices.Compact(short)
}

// ownersTags are left to the policies, to save space: the boundary limits roles by their names and by
// their own boundary.
var ownersTags = regexp.MustCompile(`Tag/(project|environment|stack)$`)

// impliedByName are the owner's tags that a new role's name implies. Its stack is not implied: a role
// cannot create one with another stack's tag.
var impliedByName = regexp.MustCompile(`Tag/(project|environment)$`)

// mergeable are the keys whose values are merged from several statements into one. Otherwise the
// boundary would be as long as the policies.
var mergeable = []string{"iam:PolicyARN", "iam:PassedToService"}

// serviceName is left to the policies: the ARN of a service-linked role names its service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
var serviceName = regexp.MustCompile(`^iam:AWSServiceName$`)

func merge(byPermission map[permission]*Statement, statement Statement) {
	if !strings.Contains(statement.Resources[0], ":role/") {
		statement.Conditions = nil // OIDC providers and instance profiles: the policy's conditions suffice
	}
	implied := ownersTags
	if slices.Equal(statement.Actions, []string{"iam:CreateRole"}) {
		implied = impliedByName
	}
	statement.Conditions = withoutKeys(serviceName, withoutKeys(implied, statement.Conditions))
	var keys []string
	for _, c := range statement.Conditions {
		if slices.Contains(mergeable, c.Key) {
			c.Values = nil
		}
		keys = append(keys, fmt.Sprint(c))
	}
	for _, resource := range statement.Resources {
		for _, action := range statement.Actions {
			at := permission{action, resource, strings.Join(keys, " ")}
			known := byPermission[at]
			if known == nil {
				byPermission[at] = &Statement{Conditions: slices.Clone(statement.Conditions), Reason: statement.Reason}
				continue
			}
			for i, c := range known.Conditions {
				if slices.Contains(mergeable, c.Key) {
					c.Values = slices.Concat(c.Values, statement.Conditions[i].Values)
					slices.Sort(c.Values)
					c.Values = slices.Compact(c.Values)
					known.Conditions[i] = c
				}
			}
		}
	}
}
