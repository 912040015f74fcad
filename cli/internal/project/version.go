package project

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// version is a commit of the project, whose program is built in a folder of its own.
type version struct {
	*Project
	// ref is how the user named it, commit its hash, epoch its time in Unix seconds.
	ref, commit, epoch string
}

// versions returns the folder for the versions of an environment, each named by its commit. Neither Go nor
// the generator of the bindings look for code in a folder whose name begins with a dot.
func (p *Project) versions(env string) string { return p.Path("build", ".versions", env) }

// version finds a commit, which must have the settings of an environment.
func (p *Project) version(ctx context.Context, ref, env string) (*version, error) {
	if err := p.hasHistory(ctx); err != nil {
		return nil, err
	}
	found, err := p.git(ctx, "rev-parse", "--verify", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return nil, fmt.Errorf("--from %s: there is no such commit, branch or tag. The server may have it: git fetch --tags%s", ref, p.unshallow(ctx))
	}
	v := &version{ref: ref, commit: strings.TrimSpace(found)}
	if short := v.commit[:12]; strings.HasPrefix(v.commit, ref) {
		v.ref = short
	} else {
		v.ref += " (" + short + ")"
	}
	file := "environments/" + env + ".yaml"
	if _, err := p.git(ctx, "cat-file", "-e", v.commit+":"+file); err != nil {
		return nil, fmt.Errorf("--from %s: has no %s. Choose a commit that has the environment", ref, file)
	}
	if v.epoch, err = p.git(ctx, "show", "--no-patch", "--format=%ct", v.commit); err != nil {
		return nil, err
	}
	v.epoch = strings.TrimSpace(v.epoch)
	at := *p
	at.Root = filepath.Join(p.versions(env), v.commit)
	v.Project = &at
	return v, nil
}

func (p *Project) hasHistory(ctx context.Context) error {
	if _, err := exec.LookPath("git"); err != nil {
		return errors.New("git is not on PATH: it finds the version to rehearse from")
	}
	if _, err := p.git(ctx, "rev-parse", "--git-dir"); err != nil {
		return fmt.Errorf("%s is not a clone with Git's history, in which a version could be found: %w", p.Root, err)
	}
	return nil
}

// unshallow returns the argument that completes a shallow clone. Git refuses it in another.
func (p *Project) unshallow(ctx context.Context) string {
	if shallow, err := p.git(ctx, "rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(shallow) == "true" {
		return " --unshallow"
	}
	return ""
}

// lastRelease returns the nearest tag v* that HEAD contains, empty if there is none.
func (p *Project) lastRelease(ctx context.Context) (string, error) {
	if err := p.hasHistory(ctx); err != nil {
		return "", err
	}
	found, err := p.git(ctx, "tag", "--list", "v*", "--merged", "HEAD")
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(found) == "" {
		p.Say("There is no release yet: no tag v* is on this commit or before it.")
		return "", nil
	}
	found, err = p.git(ctx, "describe", "--tags", "--abbrev=0", "--match", "v*")
	return strings.TrimSpace(found), err
}

func (p *Project) git(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", args...)
	command.Dir, command.Env = p.Root, p.Environ
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if exit, ended := Ended(err); ended { // not wrapped: its exit code is not this command's
		err = fmt.Errorf("git %s: exit code %d: %s", args[0], exit.ExitCode(), strings.TrimSpace(said.String()))
	}
	return string(out), err
}

// checkOut writes the commit's files into its folder, unless they are there, and builds its program.
func (v *version) checkOut(ctx context.Context, from *Project) error {
	if err := v.writeFiles(ctx, from); err != nil {
		return err
	}
	borrows, err := v.borrow(from)
	if err != nil {
		return err
	}
	// With the bindings of the working tree, which are enough unless the old version imports others, it takes
	// seconds.
	var quiet bytes.Buffer
	alike := *v.Project
	alike.Stdout, alike.Stderr = &quiet, &quiet
	if borrows && alike.build(ctx, ".", synth, ".") == nil {
		return nil
	}
	v.Say("Preparing the bindings of %s, which takes a minute", v.ref)
	if err := v.program(ctx); err != nil {
		return fmt.Errorf("%s cannot be built: %w", v.ref, err)
	}
	return nil
}

func (v *version) writeFiles(ctx context.Context, from *Project) error {
	const complete = ".complete"
	if _, err := os.Stat(v.Path(complete)); err == nil {
		return nil
	}
	if err := os.RemoveAll(v.Root); err != nil {
		return err
	}
	archive, err := from.git(ctx, "archive", "--format=tar", v.commit)
	if err != nil {
		return err
	}
	if err := extract(strings.NewReader(archive), v.Root); err != nil {
		return err
	}
	return os.WriteFile(v.Path(complete), nil, 0o600)
}

// borrow links the installed packages of another folder, and copies its bindings, if both pin the same
// packages.
func (v *version) borrow(from *Project) (borrows bool, err error) {
	packages, alike := v.Path("node_modules"), true
	info, err := os.Lstat(packages)
	if err == nil && info.IsDir() { // it has installed its own
		return false, nil
	}
	linked := err == nil
	for _, name := range []string{"package.json", "package-lock.json"} {
		ours, ourErr := os.ReadFile(from.Path(name))
		theirs, theirErr := os.ReadFile(v.Path(name))
		if err := errors.Join(ourErr, theirErr); err != nil {
			return false, err
		}
		alike = alike && bytes.Equal(ours, theirs)
		// Not newer than what is installed: Setup would install again, into the other's folder.
		if err := os.Chtimes(v.Path(name), time.Time{}, time.Unix(0, 0)); err != nil {
			return false, err
		}
	}
	if linked == alike {
		return alike, nil
	}
	if !alike { // any more: the working tree has other packages now
		return false, errors.Join(os.Remove(packages), os.RemoveAll(v.Path(".gen")))
	}
	if err := os.RemoveAll(v.Path(".gen")); err != nil { // of an interrupted run
		return false, err
	}
	if err := os.CopyFS(v.Path(".gen"), os.DirFS(from.Path(".gen"))); err != nil { // a copy, which Setup may change
		return false, err
	}
	return true, os.Symlink(from.Path("node_modules"), packages)
}

// keepOnly removes the folders of other versions: each may have packages of a gigabyte.
func keepOnly(folder string, versions []*version) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if !slices.ContainsFunc(versions, func(v *version) bool { return v.commit == entry.Name() }) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(folder, entry.Name())))
		}
	}
	return err
}

// extract extracts a tar archive of Git's, without packages and bindings. Security: names and links that lead out
// of the folder are errors. os.Root refuses to follow such a link, but not to make it.
func extract(archive io.Reader, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	links := map[string]string{}
	for r := tar.NewReader(archive); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return inside(root, links)
		} else if err != nil {
			return err
		}
		name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
		// Such as a link that somebody has committed: Setup would install into the folder that it names.
		if top, _, _ := strings.Cut(header.Name, "/"); top == "node_modules" || top == ".gen" {
			continue
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeReg:
			err = writeFile(root, name, header.FileInfo().Mode().Perm(), r)
		case tar.TypeSymlink:
			links[name] = header.Linkname
			err = root.Symlink(header.Linkname, name)
		}
		if err != nil {
			return err
		}
	}
}

// inside returns an error if a link leads out of the folder, if only by way of another link.
func inside(root *os.Root, links map[string]string) error {
	for name, target := range links {
		leaves := filepath.IsAbs(target) || !filepath.IsLocal(filepath.Join(filepath.Dir(name), target))
		if _, err := root.Stat(name); err != nil {
			var broken syscall.Errno // such as a link to nothing; that it leads out of the root is none
			leaves = leaves || !errors.As(err, &broken)
		}
		if leaves {
			return fmt.Errorf("%s: links to %s, outside the commit", name, target)
		}
	}
	return nil
}

func writeFile(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
