package permissions

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// RolesBoundary returns the permissions boundary of the roles that a stack creates: what their inline
// and AWS managed policies allow together, on the same resources and under the same conditions. It is
// empty without roles. If no role has a policy, it denies everything, since a role's boundary must
// exist.
//
// Security: whoever deploys the stack can give its roles any policy and let anybody assume them. So
// the boundary, not the policy, is what such a role can do, and it allows nothing of another stack's
// that the stack's own roles do not need.
func RolesBoundary(s Stack) ([]Statement, error) {
	byPermission := map[permission]*Statement{}
	made := false
	for _, e := range s.blocks() {
		var err error
		switch e.kind {
		case "aws_iam_role":
			made = true
		case "aws_iam_role_policy_attachment":
			err = s.addManaged(byPermission, e)
		case "aws_iam_role_policy":
			err = s.addInline(byPermission, e)
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case len(byPermission) == 0 && made:
		return []Statement{{
			Deny: true, Actions: []string{"*"}, Resources: []string{"*"}, RequiredBy: []string{"aws_iam_role"},
			Reason: "no role has a policy",
		}}, nil
	case len(byPermission) == 0:
		return nil, nil
	}
	return fit(statementsOf(byPermission))
}

// fit shortens a boundary that exceeds a policy's size.
func fit(statements []Statement) ([]Statement, error) {
	conditional := func(s Statement) bool { return len(s.Conditions) > 0 }
	for _, shorten := range []func([]Statement) []Statement{
		func(all []Statement) []Statement { return joinServices(all, conditional) },
		func(all []Statement) []Statement { return joinDescribes(all, "elasticloadbalancing") },
		func(all []Statement) []Statement { return joinServices(all, func(Statement) bool { return true }) },
		func(all []Statement) []Statement { return joinDescribes(all, "ec2") },
	} {
		if characters(document(statements)) > PolicySize {
			statements = shorten(statements)
		}
	}
	if n := characters(document(statements)); n > PolicySize {
		return nil, fmt.Errorf("permissions: the boundary of the roles that a stack makes has %d characters, IAM allows %d in a policy", n, PolicySize)
	}
	return statements, nil
}

// joinServices joins statements of different services that have the same conditions. It allows nothing
// more: an action is about the ARNs of its own service.
func joinServices(statements []Statement, which func(Statement) bool) (joined []Statement) {
	for _, s := range statements {
		i := slices.IndexFunc(joined, func(other Statement) bool {
			return which(s) && fmt.Sprint(s.Conditions) == fmt.Sprint(other.Conditions) && apart(s, other) && apart(other, s)
		})
		if i < 0 {
			joined = append(joined, s)
			continue
		}
		joined[i].Actions = slices.Concat(joined[i].Actions, s.Actions)
		joined[i].Resources = slices.Concat(joined[i].Resources, s.Resources)
	}
	return joined
}

// joinDescribes replaces the Describe actions of a service by one pattern. What it adds for Elastic Load Balancing
// reads settings of load balancers and no data. For EC2, the last resort, it adds instances' user data, where
// Plinth has no secret. The roles' own policies still list the actions.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
func joinDescribes(statements []Statement, service string) []Statement {
	joined := slices.Clone(statements)
	for i, s := range joined {
		if !slices.Equal(s.Resources, []string{"*"}) {
			continue
		}
		var short []string
		for _, action := range s.Actions {
			if strings.HasPrefix(action, service+":") {
				action = withWildcards([]string{action})[0]
			}
			short = append(short, action)
		}
		joined[i].Actions = slices.Compact(short)
	}
	return joined
}

// apart reports whether no action of one statement is of a service in the other's ARNs.
func apart(s, other Statement) bool {
	return !slices.ContainsFunc(s.Actions, func(action string) bool {
		service, _, _ := strings.Cut(action, ":")
		return slices.ContainsFunc(other.Resources, func(arn string) bool {
			return !strings.HasPrefix(arn, "arn:aws:") || strings.HasPrefix(arn, "arn:aws:"+service+":")
		})
	})
}

func (s Stack) addManaged(byPermission map[permission]*Statement, e block) error {
	arn, _ := e.attributes["policy_arn"].(string)
	name := strings.TrimPrefix(arn, "arn:aws:iam::aws:policy/")
	grants, known := managed[name]
	if !known {
		return fmt.Errorf("permissions: stack %s-%s attaches %s: add what its role needs of it to permissions/managed.go", s.Environment, s.Name, cmp.Or(name, arn))
	}
	for _, grant := range grants {
		if err := s.add(byPermission, block{"aws_iam_role", e.attributes}, grant); err != nil {
			return err
		}
	}
	return nil
}

func (s Stack) addInline(byPermission map[permission]*Statement, e block) error {
	statements, err := s.inline(e)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		for _, resource := range statement.Resources {
			bounded, conditions, err := s.bounded(resource)
			if err != nil {
				return err
			}
			for _, c := range statement.Conditions {
				values := make([]string, len(c.Values))
				for i, value := range c.Values {
					if values[i], _, err = s.bounded(value); err != nil {
						return err
					}
				}
				conditions = append(conditions, Condition{c.Test, c.Key, values})
			}
			for _, action := range statement.Actions {
				key := permission{action, bounded, fmt.Sprint(conditions)}
				byPermission[key] = &Statement{Conditions: conditions, RequiredBy: []string{"aws_iam_role"}, Reason: "as the roles' own policies"}
			}
		}
	}
	return nil
}

// bounded returns what a value of a role's policy may be, with what is known of its references, and
// the conditions that replace what is not.
func (s Stack) bounded(value string) (pattern string, conditions []Condition, err error) {
	pattern = token.ReplaceAllStringFunc(value, func(reference string) string {
		to, found := s.referent(reference)
		if !found {
			err = fmt.Errorf("permissions: a role of stack %s-%s refers to %s, which is not known before apply", s.Environment, s.Name, reference)
			return ""
		}
		is, more, wrong := to.pattern()
		if wrong != nil {
			err = wrong
		}
		conditions = append(conditions, more...)
		return is
	})
	return pattern, conditions, err
}

// inline returns the statements of an inline policy, which is a document of the stack or JSON.
func (s Stack) inline(e block) (all []Statement, err error) {
	text, _ := e.attributes["policy"].(string)
	name, isDocument := strings.CutPrefix(text, "${data.aws_iam_policy_document.")
	if !isDocument {
		var policy struct {
			Statement []struct {
				Effect    string
				Action    []string
				Resource  []string
				Condition map[string]map[string][]string
			}
		}
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return nil, fmt.Errorf("permissions: stack %s-%s has a policy that is neither a policy document nor JSON: %w", s.Environment, s.Name, err)
		}
		for _, from := range policy.Statement {
			statement := Statement{Actions: from.Action, Resources: from.Resource}
			for _, test := range slices.Sorted(maps.Keys(from.Condition)) {
				for _, key := range slices.Sorted(maps.Keys(from.Condition[test])) {
					statement.Conditions = append(statement.Conditions, Condition{test, key, from.Condition[test][key]})
				}
			}
			if from.Effect != "Deny" { // a boundary may allow what a policy denies
				all = append(all, statement)
			}
		}
		return all, nil
	}
	name = strings.TrimSuffix(name, path.Ext(name)) // .json}
	data, _ := s.Document["data"].(map[string]any)
	documents, _ := data["aws_iam_policy_document"].(map[string]any)
	document, _ := documents[name].(map[string]any)
	statements, _ := document["statement"].([]any)
	for _, value := range statements {
		fields, _ := value.(map[string]any)
		statement := Statement{Actions: texts(fields["actions"]), Resources: texts(fields["resources"])}
		conditions, _ := fields["condition"].([]any)
		for _, value := range conditions {
			condition, _ := value.(map[string]any)
			test, _ := condition["test"].(string)
			key, _ := condition["variable"].(string)
			statement.Conditions = append(statement.Conditions, Condition{test, key, texts(condition["values"])})
		}
		if fields["effect"] != "Deny" {
			all = append(all, statement)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("permissions: stack %s-%s: policy %s allows nothing", s.Environment, s.Name, name)
	}
	return all, nil
}

// texts are the strings of a JSON list.
func texts(value any) (all []string) {
	list, _ := value.([]any)
	for _, item := range list {
		all = append(all, fmt.Sprint(item))
	}
	return all
}
