package permissions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Missing is an error: the types without a row, each with the stacks that contain it.
//
// Security: a role that lacks a permission fails with half of a stack deployed, and a role that has
// every permission is worse. So synthesis writes nothing.
type Missing map[string][]string

// Add adds the types of a stack's Terraform JSON that have no row.
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
