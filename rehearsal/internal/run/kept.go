package run

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Kept keeps what is synthesized in a folder, by the environment and what is overridden of its
// settings: of several rehearsals that need the same stacks, one synthesizes them. The settings and the
// program must stay as they are meanwhile.
type Kept struct {
	folder string
	mutex  sync.Mutex
	made   map[string]func() (string, error)
}

// Keep keeps in a folder.
func Keep(folder string) *Kept {
	return &Kept{folder: folder, made: map[string]func() (string, error){}}
}

// copy puts what goes by a key into a folder. The first who asks for it has it made.
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

// copyFolder copies files over those that are there.
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
