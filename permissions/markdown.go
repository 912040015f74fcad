package permissions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Markdown returns a table of the actions that each type needs.
func (t Table) Markdown() string {
	var b strings.Builder
	b.WriteString("| Type | Create | Read | Update | Delete | Tag |\n|---|---|---|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(t)) {
		row := t[kind]
		if row.Source == "" {
			continue // it needs no IAM permissions
		}
		fmt.Fprintf(&b, "| [`%s`](%s) |", kind, row.Source)
		for _, grants := range [][]Grant{row.Create, row.Read, row.Update, row.Delete, row.Tag} {
			var list []string
			for _, grant := range grants {
				list = append(list, grant.Actions...)
			}
			slices.Sort(list)
			fmt.Fprintf(&b, " %s |", code(slices.Compact(list)))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Markdown returns a table of statements.
func Markdown(statements []Statement) string {
	var b strings.Builder
	b.WriteString("| Actions | Resources | Conditions | Required by |\n|---|---|---|---|\n")
	for _, s := range statements {
		may := code(s.Actions)
		if s.Deny {
			may = "**Deny** " + may
		}
		on := code(s.Resources)
		if s.Resources[0] == "*" {
			on += " " + s.Reason
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", may, on, conditions(s.Conditions), code(s.RequiredBy))
	}
	return b.String()
}

func conditions(all []Condition) string {
	var parts []string
	for _, c := range all {
		is := map[string]string{"StringEquals": "is", "ArnEquals": "is", "Bool": "is"}[c.Test]
		parts = append(parts, fmt.Sprintf("`%s` %s %s", c.Key, cmp.Or(is, c.Test), code(c.Values)))
	}
	return strings.Join(parts, ",<br/>")
}

func code(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "`" + word + "`"
	}
	return strings.Join(quoted, "<br/>")
}
