// Package worktree copies the repository as it is now, for tests that change it.
package worktree

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Copy creates folder, which must not exist, as a repository with one commit: all files at root but
// the ignored ones, the bindings, and a link to node_modules. skip, unless it is nil, reports which
// paths to leave out; the bindings' is .gen. Files keep their times, which make compares.
func Copy(root, folder string, skip func(file string) bool) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	files, err := Files(root)
	if err != nil {
		return err
	}
	for _, file := range files {
		if file == "node_modules" || skip != nil && skip(file) { // in a copy it is a link that Git lists
			continue
		}
		if err := copyFile(filepath.Join(root, file), filepath.Join(folder, file)); err != nil {
			return err
		}
	}
	const bindings = ".gen"
	if skip == nil || !skip(bindings) {
		if err := copyFolder(filepath.Join(root, bindings), filepath.Join(folder, bindings)); err != nil {
			return err
		}
	}
	if err := os.Symlink(filepath.Join(root, "node_modules"), filepath.Join(folder, "node_modules")); err != nil {
		return err
	}
	for _, args := range []string{
		"init --quiet --initial-branch main", "add --all", "-c user.name=plinth -c user.email=plinth@example.com commit --quiet --message copy",
	} {
		if _, err := Git(folder, strings.Fields(args)...); err != nil {
			return err
		}
	}
	return nil
}

// Files returns the existing files below root that Git tracks or would add.
func Files(root string) ([]string, error) {
	out, err := Git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
	if err != nil {
		return nil, err
	}
	files := strings.Split(strings.Trim(out, "\x00"), "\x00")
	return slices.DeleteFunc(files, func(file string) bool {
		_, err := os.Lstat(filepath.Join(root, file))
		return err != nil
	}), nil
}

// Git runs git in a folder, and returns what it prints.
func Git(folder string, args ...string) (string, error) {
	command := exec.Command("git", args...)
	command.Dir = folder
	out, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = errors.New("git " + args[0] + ": " + strings.TrimSpace(string(failed.Stderr)))
	}
	return string(out), err
}

func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(to, below))
	})
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, content, info.Mode().Perm()); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// WithoutMake returns an environment without the variables that make sets for the tests it runs.
func WithoutMake(environ []string) []string {
	return slices.DeleteFunc(environ, func(variable string) bool {
		return strings.HasPrefix(variable, "MAKE") || strings.HasPrefix(variable, "MFLAGS=")
	})
}
