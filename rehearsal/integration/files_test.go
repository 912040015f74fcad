package integration

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

// readFiles returns the contents of all small files below a folder, except those named but.
func readFiles(t *testing.T, folder, but string) map[string]string {
	t.Helper()
	files := map[string]string{}
	assert.NilError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || entry.Name() == but {
			return err
		}
		if info, err := entry.Info(); err != nil || info.Size() > 10<<20 {
			return err // a program
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}))
	return files
}
