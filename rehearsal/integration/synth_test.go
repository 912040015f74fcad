package integration

import (
	"maps"
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// TestSynth checks that cdktf synthesizes what Plinth's program writes alone in all other tests.
func TestSynth(t *testing.T) {
	t.Parallel()
	start(t, "dev").synthesizesTheSame()
}

// synthesizesTheSame compares every file that cdktf synth writes with what Plinth's program writes alone.
func (r rehearsal) synthesizesTheSame() {
	t := r.t
	t.Helper()
	folder := t.TempDir()
	r.do(r.CDKTFSynth(folder))
	theirs, ours := readFiles(t, folder, ""), readFiles(t, r.Path("cdktf.out"), "")
	assert.Assert(t, len(theirs) > len(r.App.Names()))
	relative := func(files map[string]string, folder string) map[string]string {
		all := map[string]string{}
		for path, content := range files {
			all[path[len(folder):]] = content
		}
		return all
	}
	theirs, ours = relative(theirs, folder), relative(ours, r.Path("cdktf.out"))
	assert.DeepEqual(t, slices.Sorted(maps.Keys(theirs)), slices.Sorted(maps.Keys(ours)))
	for name, content := range theirs {
		assert.Equal(t, ours[name], content, name)
	}
}
