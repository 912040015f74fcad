package settings

import (
	"maps"
	"slices"
	"testing"
)

// TestChanges: each setting has a row, and each row is a setting's.
func TestChanges(t *testing.T) {
	var paths []string
	for _, leaf := range leaves() {
		paths = append(paths, leaf.path)
	}
	slices.Sort(paths)
	if rows := slices.Sorted(maps.Keys(changes)); !slices.Equal(rows, paths) {
		t.Errorf("rows are of\n%q\nsettings are\n%q", rows, paths)
	}
}
