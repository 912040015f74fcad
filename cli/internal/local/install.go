package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// npmPackage is npm's package of PostgreSQL's programs for this machine. Plinth's package.json pins it.
//
// https://github.com/leinelissen/embedded-postgres
func npmPackage() string {
	return "@embedded-postgres/" + runtime.GOOS + "-" + strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
}

// Installed reports whether npm has installed PostgreSQL in a repository's folder.
func Installed(root string) bool {
	_, err := os.Stat(filepath.Join(root, "node_modules", filepath.FromSlash(npmPackage()), "package.json"))
	return err == nil
}

// install copies PostgreSQL's programs from npm's package: another user may not be able to read node_modules,
// and the package lacks its symbolic links, since Plinth runs no package's scripts.
func (s *server) install(packages, to string) error {
	from := filepath.Join(packages, filepath.FromSlash(npmPackage()))
	var about struct {
		Version string `json:"version"`
	}
	content, err := os.ReadFile(filepath.Join(from, "package.json"))
	if err == nil {
		err = json.Unmarshal(content, &about)
	}
	if err != nil || about.Version == "" {
		return fmt.Errorf("PostgreSQL, npm's package %s, is not installed. ./plinth setup installs it, if npm has it for this machine: for Linux with glibc and for macOS, on x64 and arm64", npmPackage())
	}
	s.version, _, _ = strings.Cut(about.Version, "-")
	s.programs = filepath.Join(to, about.Version, "native")
	if _, err := os.Stat(s.programs); err == nil {
		return nil
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	copied, err := os.MkdirTemp(to, "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(copied)
	err = errors.Join(os.Chmod(copied, 0o755), //nolint:gosec // see identity
		copyPrograms(filepath.Join(from, "native"), filepath.Join(copied, "native")))
	if err == nil {
		err = link(copied, filepath.Join(copied, "native", "pg-symlinks.json"))
	}
	if err == nil {
		err = os.Rename(copied, filepath.Dir(s.programs))
	}
	if _, there := os.Stat(s.programs); there == nil { // another run was faster
		return nil
	}
	return err
}

// copyPrograms copies what PostgreSQL needs at run time; the libraries' .a files are for compilers.
func copyPrograms(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case entry.IsDir():
			return os.MkdirAll(target, 0o755)
		case !info.Mode().IsRegular() || filepath.Ext(path) == ".a":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, info.Mode().Perm()|0o444)
	})
}

// link makes the symbolic links that the package lists, relative to itself.
func link(folder, list string) error {
	content, err := os.ReadFile(list)
	if errors.Is(err, os.ErrNotExist) {
		return nil // the packages for macOS have none
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(content, &links); err != nil {
		return err
	}
	for _, l := range links {
		target := filepath.Join(folder, l.Target)
		relative, err := filepath.Rel(filepath.Dir(target), filepath.Join(folder, l.Source))
		if err != nil {
			return err
		}
		if err := os.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

// nobody is the user that runs PostgreSQL for root, as whom it refuses to run.
const nobody = 65534

// identity is PostgreSQL's user; nil is the user's own.
func identity() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: nobody, Gid: nobody}
}

// give makes PostgreSQL's user the owner of paths.
func give(paths ...string) error {
	if identity() == nil {
		return nil
	}
	for _, path := range paths {
		if err := os.Lchown(path, nobody, nobody); err != nil {
			return err
		}
	}
	return nil
}

// checkFolders returns an error if PostgreSQL's user cannot enter the folders of its files.
func (s *server) checkFolders() error {
	if identity() == nil {
		return nil
	}
	for _, folder := range []string{s.state, s.programs} {
		for ; ; folder = filepath.Dir(folder) {
			info, err := os.Stat(folder)
			if err != nil {
				return err
			}
			if info.Mode()&0o001 == 0 {
				return fmt.Errorf("PostgreSQL does not run as root, and the user nobody, as whom it would run, cannot enter %s; run this as another user, or move the clone", folder)
			}
			if folder == filepath.Dir(folder) {
				break
			}
		}
	}
	return nil
}
