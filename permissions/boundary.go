package permissions

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Ceiling returns the permissions boundary of a role that may do what the statements say: the
// most it could ever do, whatever policy it is given besides.
//
// Security: it allows no action that the stack has no use for, and leaves open on what. With
// two exceptions: buckets, the states' too, and roles are as narrow as in the policy, and what is
// in protected is out of reach for whatever IAM can do. So a role can neither change itself, nor
// the others of the bootstrap, nor make one that can do more. Where it would not fit into one
// policy, it also allows what else there is to describe in a service that the stack looks at.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func Ceiling(statements []Statement, protected ...string) []Statement {
	var buckets, others []Statement
	identity := map[grant]*Statement{}
	for _, statement := range statements {
		switch {
		case strings.HasPrefix(statement.Actions[0], "iam:"):
			gather(identity, statement)
		case slices.Contains(statement.For, forState), strings.HasPrefix(statement.Actions[0], "s3:"):
			buckets = append(buckets, statement)
		default:
			others = append(others, statement)
		}
	}
	var ceiling []Statement
	if len(others) > 0 {
		ceiling = append(ceiling, Statement{Actions: actions(others), Resources: []string{"*"}, Why: "a boundary allows nothing by itself: the policies say on what"})
	}
	gathered := map[grant]*Statement{}
	for key, statement := range identity {
		key.conditions = fmt.Sprint(statement.Conditions)
		gathered[key] = statement
	}
	ceiling = slices.Concat(ceiling, brief(buckets, actions(others)), together(gathered))
	if len(identity) > 0 {
		ceiling = append(ceiling, Statement{Deny: true, Actions: []string{"iam:*"}, Resources: protected})
	}
	if len(others) > 0 && characters(document(ceiling)) > PolicySize {
		ceiling[0].Actions = starred(ceiling[0].Actions)
	}
	return ceiling
}

// brief leaves out what makes no difference, since a boundary has to fit into one policy: what is
// allowed on everything anyhow, and which names of states may be listed or decrypted.
func brief(buckets []Statement, anyhow []string) (all []Statement) {
	for _, s := range buckets {
		s.Actions = slices.DeleteFunc(slices.Clone(s.Actions), func(action string) bool { return slices.Contains(anyhow, action) })
		s.Conditions = besides(namesStates, s.Conditions)
		if len(s.Actions) > 0 {
			all = append(all, s)
		}
	}
	return all
}

var namesStates = regexp.MustCompile(`^(s3:prefix|kms:EncryptionContext:aws:s3:arn)$`)

// besides are the conditions on other keys.
func besides(keys *regexp.Regexp, all []Condition) (others []Condition) {
	for _, c := range all {
		if !keys.MatchString(c.Key) {
			others = append(others, c)
		}
	}
	return others
}

var describes = regexp.MustCompile(`:Describe.*`)

// starred puts together the actions by which one looks at what a service has.
func starred(all []string) []string {
	var short []string
	for _, action := range all {
		short = append(short, describes.ReplaceAllString(action, ":Describe*"))
	}
	return slices.Compact(short)
}

// toldByName are the tags that the name of a role begins with, so that a boundary need not ask.
var toldByName = regexp.MustCompile(`Tag/(project|environment)$`)

// listable are the keys of which a boundary allows together what a policy allows one by one, or it
// would be as long as the policies are.
var listable = []string{"iam:PolicyARN", "iam:PassedToService", "iam:AWSServiceName"}

func gather(grants map[grant]*Statement, statement Statement) {
	if !strings.Contains(statement.Resources[0], ":role/") {
		statement.Conditions = nil // OIDC and instance profiles, which are no more than the policy says
	}
	statement.Conditions = besides(toldByName, statement.Conditions)
	var keys []string
	for _, c := range statement.Conditions {
		if slices.Contains(listable, c.Key) {
			c.Values = nil
		}
		keys = append(keys, fmt.Sprint(c))
	}
	for _, resource := range statement.Resources {
		for _, action := range statement.Actions {
			at := grant{action, resource, strings.Join(keys, " ")}
			known := grants[at]
			if known == nil {
				grants[at] = &Statement{Conditions: slices.Clone(statement.Conditions), Why: statement.Why}
				continue
			}
			for i, c := range known.Conditions {
				if slices.Contains(listable, c.Key) {
					c.Values = slices.Concat(c.Values, statement.Conditions[i].Values)
					slices.Sort(c.Values)
					c.Values = slices.Compact(c.Values)
					known.Conditions[i] = c
				}
			}
		}
	}
}

// Roles returns the permissions boundary of the roles that a stack makes: all that any of them
// may do, by its inline policies and AWS's own. There is none where there are no roles; where they
// may do nothing, it says so, since a role cannot be made with a boundary that is not there.
func Roles(s Stack) ([]Statement, error) {
	var found []string
	made := false
	for _, e := range s.elements() {
		switch e.kind {
		case "aws_iam_role":
			made = true
		case "aws_iam_role_policy_attachment":
			arn, _ := e.attributes["policy_arn"].(string)
			name := strings.TrimPrefix(arn, "arn:aws:iam::aws:policy/")
			list, known := managed[name]
			if !known {
				return nil, fmt.Errorf("permissions: stack %s-%s attaches %s, whose actions are not known: add them to permissions/managed.go", s.Environment, s.Name, cmp.Or(name, arn))
			}
			found = append(found, list...)
		case "aws_iam_role_policy":
			list, err := s.inline(e)
			if err != nil {
				return nil, err
			}
			found = append(found, list...)
		}
	}
	switch {
	case len(found) == 0 && made:
		return []Statement{{
			Deny: true, Actions: []string{"*"}, Resources: []string{"*"}, For: []string{"aws_iam_role"},
			Why: "no role has a policy",
		}}, nil
	case len(found) == 0:
		return nil, nil
	}
	slices.Sort(found)
	return []Statement{{
		Actions: slices.Compact(found), Resources: []string{"*"}, For: []string{"aws_iam_role"},
		Why: "a boundary allows nothing by itself: the roles' policies say on what",
	}}, nil
}

// inline are the actions of an inline policy, which is a document of the stack or JSON.
func (s Stack) inline(e element) ([]string, error) {
	text, _ := e.attributes["policy"].(string)
	name, isDocument := strings.CutPrefix(text, "${data.aws_iam_policy_document.")
	if !isDocument {
		var policy struct{ Statement []struct{ Action []string } }
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return nil, fmt.Errorf("permissions: stack %s-%s has a policy that is neither a document nor JSON: %w", s.Environment, s.Name, err)
		}
		var all []string
		for _, statement := range policy.Statement {
			all = append(all, statement.Action...)
		}
		return all, nil
	}
	name = strings.TrimSuffix(name, path.Ext(name)) // .json}
	data, _ := s.Document["data"].(map[string]any)
	documents, _ := data["aws_iam_policy_document"].(map[string]any)
	document, _ := documents[name].(map[string]any)
	statements, _ := document["statement"].([]any)
	var all []string
	for _, statement := range statements {
		fields, _ := statement.(map[string]any)
		list, _ := fields["actions"].([]any)
		for _, action := range list {
			all = append(all, fmt.Sprint(action))
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("permissions: stack %s-%s: policy %s allows nothing", s.Environment, s.Name, name)
	}
	return all, nil
}
