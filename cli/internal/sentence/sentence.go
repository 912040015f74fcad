// Package sentence puts names into messages.
package sentence

import "strings"

// List joins items as in a sentence: a, b and c.
func List(items []string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
