// Package sentence puts names into messages.
package sentence

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// List joins items as in a sentence: a, b and c.
func List(items []string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// Nearest returns the name that somebody may have meant, the first one of several. It panics without names.
func Nearest(meant string, names []string) string {
	return slices.MinFunc(names, func(a, b string) int {
		return levenshtein.ComputeDistance(meant, a) - levenshtein.ComputeDistance(meant, b)
	})
}
