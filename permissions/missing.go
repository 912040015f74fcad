package permissions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Missing are types that have no row, each with the stacks that hold one. It is an error.
//
// Security: a role without what a type takes is refused while it deploys, with half of a stack
// made; and one that is given everything is worse. So nothing is synthesized.
type Missing map[string][]string

// Add looks at a stack's Terraform JSON.
func (m Missing) Add(t Table, stack string, document map[string]any) {
	for _, e := range (Stack{Document: document}).blocks() {
		if _, known := t[e.kind]; !known && !slices.Contains(m[e.kind], stack) {
			m[e.kind] = append(m[e.kind], stack)
		}
	}
}

func (m Missing) Error() string {
	var b strings.Builder
	b.WriteString("permissions: which actions do these types take?\n")
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "  %s (%s)\n", kind, strings.Join(slices.Sorted(slices.Values(m[kind])), ", "))
	}
	b.WriteString("No role could deploy them, so nothing is written. Add each to permissions/own.go: make missing shows how")
	return b.String()
}
