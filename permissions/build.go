package permissions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Deploy returns the permissions of the role that deploys and destroys a stack. The error is a
// [Missing] if the table has no row for a type in the stack.
func (t Table) Deploy(s Stack) ([]Statement, error) {
	statements, err := t.statements(s, func(row Type) [][]Grant {
		return [][]Grant{row.Create, row.Read, row.Update, row.Delete, row.Tag}
	})
	return append(statements, s.state(true)...), err
}

// Plan returns the permissions of the role that plans a stack: read its resources and the states. It
// may not lock its state. Errors are as for Deploy.
func (t Table) Plan(s Stack) ([]Statement, error) {
	statements, err := t.statements(s, func(row Type) [][]Grant { return [][]Grant{row.Read} })
	return append(statements, s.state(false)...), err
}

// permission is one action on one resource under some conditions.
type permission struct{ action, resource, conditions string }

// statements collects the grants of all blocks of the stack, in as few statements as possible.
func (t Table) statements(s Stack, of func(Type) [][]Grant) ([]Statement, error) {
	missing := Missing{}
	missing.Add(t, s.Environment+"-"+s.Name, s.Document)
	if len(missing) > 0 {
		return nil, missing
	}
	byPermission := map[permission]*Statement{}
	for _, e := range s.blocks() {
		row, _ := t.row(e)
		for _, grants := range of(row) {
			for _, grant := range grants {
				if err := s.add(byPermission, e, grant); err != nil {
					return nil, err
				}
			}
		}
	}
	return statementsOf(byPermission), nil
}

func (s Stack) add(byPermission map[permission]*Statement, e block, grant Grant) error {
	conditions, err := s.conditions(e, grant.Conditions)
	if err != nil {
		return err
	}
	for _, short := range grant.Resources {
		resource, err := s.arn(e, short)
		if err != nil {
			return err
		}
		for _, action := range grant.Actions {
			key := permission{action, resource, fmt.Sprint(conditions)}
			if byPermission[key] == nil {
				byPermission[key] = &Statement{Conditions: conditions, Reason: grant.Reason}
			}
			if !slices.Contains(byPermission[key].RequiredBy, e.kind) {
				byPermission[key].RequiredBy = append(byPermission[key].RequiredBy, e.kind)
			}
		}
	}
	return nil
}

// statementsOf merges permissions: actions with the same conditions and resources share a statement.
func statementsOf(byPermission map[permission]*Statement) []Statement {
	type subject struct{ action, conditions string }
	resources := map[subject][]string{}
	for key := range byPermission {
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
			from := byPermission[permission{of.action, resource, of.conditions}]
			statement.Conditions = from.Conditions
			// Of several reasons keep one, always the same.
			if statement.Reason == "" || from.Reason != "" && from.Reason < statement.Reason {
				statement.Reason = from.Reason
			}
			statement.RequiredBy = append(statement.RequiredBy, from.RequiredBy...)
		}
	}
	all := make([]Statement, 0, len(joined))
	for _, statement := range joined {
		slices.Sort(statement.Actions)
		slices.Sort(statement.RequiredBy)
		statement.RequiredBy = slices.Compact(statement.RequiredBy)
		all = append(all, *statement)
	}
	slices.SortFunc(all, func(a, b Statement) int {
		return cmp.Or(
			strings.Compare(a.Actions[0], b.Actions[0]), strings.Compare(strings.Join(a.Resources, " "), strings.Join(b.Resources, " ")),
			strings.Compare(fmt.Sprint(a.Conditions), fmt.Sprint(b.Conditions)))
	})
	return all
}

// actions returns the actions of all statements, sorted.
func actions(statements []Statement) []string {
	found := map[string]bool{}
	for _, s := range statements {
		for _, action := range s.Actions {
			found[action] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
