// Package find finds folders, so that the programs here run from anywhere in the repository.
package find

import (
	"os"
	"path/filepath"
)

// Above returns the nearest folder, dir or one above it, that has a file with one of the names.
// found is empty if there is none. start is dir's absolute path, for messages.
func Above(dir string, names ...string) (found, start string, err error) {
	start, err = filepath.Abs(dir)
	if err != nil {
		return "", "", err
	}
	for at := start; ; at = filepath.Dir(at) {
		for _, name := range names {
			if _, err := os.Stat(filepath.Join(at, name)); err == nil {
				return at, start, nil
			}
		}
		if at == filepath.Dir(at) {
			return "", start, nil
		}
	}
}
