// Package rename renames the project, its application and its Go module.
package rename

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"plinth/cli/internal/worktree"
)

// Options are the new names. An empty name changes nothing.
type Options struct {
	// Project is the new value of project in every environment's settings.
	Project string
	// App is the application's new name. With several applications it is old=new.
	App string
	// Module is the new path of the root's Go module. The paths of the other modules begin with it.
	Module string
	// Dirty allows uncommitted changes. They are then mixed with those of the renaming.
	Dirty bool
	// Out gets a list of the changes.
	Out io.Writer
}

// Rename edits the files of the repository at root. If it returns an error, it has changed nothing.
func Rename(root string, o Options) error {
	if o.Project == "" && o.App == "" && o.Module == "" {
		return errors.New("nothing to rename: give a project, an application or a module")
	}
	if !o.Dirty {
		if err := clean(root); err != nil {
			return err
		}
	}
	changed := map[string][]byte{}
	said, err := settingsFiles(root, o, changed)
	if err != nil {
		return err
	}
	if o.Module != "" {
		more, err := moduleFiles(root, o.Module, changed)
		if err != nil {
			return err
		}
		said = append(said, more...)
	}
	if err := write(root, changed); err != nil {
		return err
	}
	switch {
	case len(changed) == 0:
		said = []string{"Everything is called so already."}
	case o.Project != "" || o.App != "":
		said = append(said, "To accept the new names in golden files: make golden",
			"What is deployed under the old names stays, and is nobody's any more: destroy it first.")
	}
	_, err = fmt.Fprintln(o.Out, strings.Join(said, "\n"))
	return err
}

// clean returns an error if there are uncommitted changes.
func clean(root string) error {
	out, err := worktree.Git(root, "status", "--porcelain", "--", ".")
	if err != nil {
		return fmt.Errorf("%w; without Git nobody could see what was renamed", err)
	}
	if changes := strings.Split(strings.TrimRight(out, "\n"), "\n"); changes[0] != "" {
		const most = 5
		if more := len(changes) - most; more > 0 {
			changes = append(changes[:most:most], fmt.Sprintf("and %d more", more))
		}
		return errors.New("work tree: has changes, from which the new names could not be told; commit or stash these first, or rename with --dirty\n  " +
			strings.Join(changes, "\n  "))
	}
	return nil
}

// goFiles returns the repository's own go.mod and Go files.
func goFiles(root string) (mods, sources []string, err error) {
	files, err := worktree.Files(root)
	for _, file := range files {
		switch {
		case filepath.Base(file) == "go.mod":
			mods = append(mods, file)
		case filepath.Ext(file) == ".go":
			sources = append(sources, file)
		}
	}
	return mods, sources, err
}

// write writes all files or, if one fails, none.
func write(root string, contents map[string][]byte) error {
	before := map[string][]byte{}
	for _, file := range slices.Sorted(maps.Keys(contents)) {
		path := filepath.Join(root, file)
		old, err := os.ReadFile(path)
		if err == nil && bytes.Equal(old, contents[file]) {
			delete(contents, file)
			continue
		}
		if err == nil {
			before[path] = old
			err = os.WriteFile(path, contents[file], 0o644) // keeps the mode of an existing file
		}
		if err != nil {
			for path, content := range before {
				err = errors.Join(err, os.WriteFile(path, content, 0o644))
			}
			return err
		}
	}
	return nil
}
