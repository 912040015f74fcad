package run

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Kept shares synthesized stacks, by environment and overridden settings: of several rehearsals that
// need the same stacks, one synthesizes them. The settings and the program must not change
// meanwhile.
type Kept struct {
	folder string
	mutex  sync.Mutex
	made   map[string]func() (string, error)
}

// Keep returns a Kept that stores them in a folder.
func Keep(folder string) *Kept {
	return &Kept{folder: folder, made: map[string]func() (string, error){}}
}

// copy copies the stacks of a key into a folder. The first caller with a key synthesizes them.
func (k *Kept) copy(folder string, key []string, synthesize func(folder string) error) error {
	k.mutex.Lock()
	name := strings.Join(key, "\x00")
	made := k.made[name]
	if made == nil {
		kept := filepath.Join(k.folder, fmt.Sprint(len(k.made)))
		made = sync.OnceValues(func() (string, error) { return kept, synthesize(kept) })
		k.made[name] = made
	}
	k.mutex.Unlock()
	kept, err := made()
	if err != nil {
		return err
	}
	return copyFolder(kept, folder)
}

// copyFolder copies files, and overwrites those with the same name.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, below), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, below), content, 0o600)
	})
}
