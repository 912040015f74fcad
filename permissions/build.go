package permissions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Deploy returns what the role that deploys and destroys a stack may do. It is an error when
// the stack holds a type that the table has no row for: see [Missing].
func (t Table) Deploy(s Stack) ([]Statement, error) {
	statements, err := t.statements(s, func(row Type) [][]Need {
		return [][]Need{row.Create, row.Read, row.Update, row.Delete, row.Tag}
	})
	return append(statements, s.state(true)...), err
}

// Plan returns what the role that plans a stack may do: read what is there, and the states, and
// hold the state's lock meanwhile.
func (t Table) Plan(s Stack) ([]Statement, error) {
	statements, err := t.statements(s, func(row Type) [][]Need { return [][]Need{row.Read} })
	return append(statements, s.state(false)...), err
}

// grant is one action on one resource under some conditions.
type grant struct{ action, resource, conditions string }

// statements gathers the needs of all that the stack holds, and puts together what can be said
// together.
func (t Table) statements(s Stack, of func(Type) [][]Need) ([]Statement, error) {
	missing := Missing{}
	missing.Add(t, s.Environment+"-"+s.Name, s.Document)
	if len(missing) > 0 {
		return nil, missing
	}
	grants := map[grant]*Statement{}
	for _, e := range s.elements() {
		row, _ := t.row(e)
		for _, needs := range of(row) {
			for _, need := range needs {
				if err := s.grant(grants, e, need); err != nil {
					return nil, err
				}
			}
		}
	}
	return together(grants), nil
}

func (s Stack) grant(grants map[grant]*Statement, e element, need Need) error {
	conditions, err := s.conditions(e, need.When)
	if err != nil {
		return err
	}
	for _, short := range need.On {
		resource, err := s.arn(e, short)
		if err != nil {
			return err
		}
		for _, action := range need.Actions {
			key := grant{action, resource, fmt.Sprint(conditions)}
			if grants[key] == nil {
				grants[key] = &Statement{Conditions: conditions, Why: need.Why}
			}
			if !slices.Contains(grants[key].For, e.kind) {
				grants[key].For = append(grants[key].For, e.kind)
			}
		}
	}
	return nil
}

// together makes statements: actions with the same conditions and the same resources are one.
func together(grants map[grant]*Statement) []Statement {
	type subject struct{ action, conditions string }
	resources := map[subject][]string{}
	for key := range grants {
		of := subject{key.action, key.conditions}
		resources[of] = append(resources[of], key.resource)
	}
	joined := map[string]*Statement{}
	for of, on := range resources {
		slices.Sort(on)
		key := of.conditions + strings.Join(on, " ")
		if joined[key] == nil {
			joined[key] = &Statement{Resources: on}
		}
		statement := joined[key]
		statement.Actions = append(statement.Actions, of.action)
		for _, resource := range on {
			from := grants[grant{of.action, resource, of.conditions}]
			statement.Conditions = from.Conditions
			// Of several reasons one is enough, and always the same.
			if statement.Why == "" || from.Why != "" && from.Why < statement.Why {
				statement.Why = from.Why
			}
			statement.For = append(statement.For, from.For...)
		}
	}
	all := make([]Statement, 0, len(joined))
	for _, statement := range joined {
		slices.Sort(statement.Actions)
		slices.Sort(statement.For)
		statement.For = slices.Compact(statement.For)
		all = append(all, *statement)
	}
	slices.SortFunc(all, func(a, b Statement) int {
		return cmp.Or(
			strings.Compare(a.Actions[0], b.Actions[0]), strings.Compare(strings.Join(a.Resources, " "), strings.Join(b.Resources, " ")),
			strings.Compare(fmt.Sprint(a.Conditions), fmt.Sprint(b.Conditions)))
	})
	return all
}

// actions are those of all statements, in order.
func actions(statements []Statement) []string {
	found := map[string]bool{}
	for _, s := range statements {
		for _, action := range s.Actions {
			found[action] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
