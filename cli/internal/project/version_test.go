package project

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// repository is a project with a commit of files, and its hash.
func repository(t *testing.T, files map[string]string) (*Project, string) {
	t.Helper()
	p := &Project{Root: t.TempDir(), Environ: os.Environ(), Stdin: strings.NewReader(""), Stdout: t.Output(), Stderr: t.Output()}
	inRepository(t, p, "init --quiet --initial-branch main")
	return p, commit(t, p, files)
}

func inRepository(t *testing.T, p *Project, args string) string {
	t.Helper()
	out, err := p.git(t.Context(), strings.Fields(args)...)
	assert.NilError(t, err)
	return strings.TrimSpace(out)
}

func commit(t *testing.T, p *Project, files map[string]string) string {
	t.Helper()
	for name, content := range files {
		assert.NilError(t, os.MkdirAll(filepath.Dir(p.Path(name)), 0o755))
		assert.NilError(t, os.WriteFile(p.Path(name), []byte(content), 0o700))
	}
	inRepository(t, p, "add --all")
	inRepository(t, p, "-c user.name=a -c user.email=a@b commit --quiet --message x")
	return inRepository(t, p, "rev-parse HEAD")
}

func TestVersion(t *testing.T) {
	p, old := repository(t, map[string]string{"environments/dev.yaml": "a"})
	head := commit(t, p, map[string]string{"environments/dev.yaml": "b", "environments/prod.yaml": "b"})
	inRepository(t, p, "tag v1 "+old)
	for ref, want := range map[string][2]string{
		"HEAD": {head, "HEAD (" + head[:12] + ")"}, "HEAD^": {old, "HEAD^ (" + old[:12] + ")"}, "v1": {old, "v1 (" + old[:12] + ")"}, old: {old, old[:12]}, old[:8]: {old, old[:12]},
	} {
		v, err := p.version(t.Context(), ref, "dev")
		assert.NilError(t, err, ref)
		assert.Equal(t, v.commit, want[0], ref)
		assert.Equal(t, v.ref, want[1], ref)
		assert.Equal(t, v.epoch, inRepository(t, p, "show --no-patch --format=%ct "+want[0]))
		assert.Equal(t, v.Root, p.Path("build", ".versions", "dev", want[0]))
	}
	release, err := p.lastRelease(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, release, "v1")
	inRepository(t, p, "tag v2 "+head)
	release, err = p.lastRelease(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, release, "v2", "a tag on HEAD counts too")
	inRepository(t, p, "tag -d v1 v2")
	release, err = p.lastRelease(t.Context())
	assert.NilError(t, err)
	assert.Equal(t, release, "")
	_, err = (&Project{Root: t.TempDir(), Environ: p.Environ}).lastRelease(t.Context())
	assert.ErrorContains(t, err, "is not a clone with Git's history")
	inRepository(t, p, "tag v1 "+old)
	refused := func(want, ref, env string) {
		t.Helper()
		_, err := p.version(t.Context(), ref, env)
		assert.ErrorContains(t, err, want)
		assert.Assert(t, !strings.Contains(err.Error(), "\n"), err)
	}
	refused("--from v9: there is no such commit, branch or tag. The server may have it: git fetch --tags", "v9", "dev")
	_, err = p.version(t.Context(), "v9", "dev")
	assert.Assert(t, !strings.Contains(err.Error(), "unshallow"), "Git refuses it in a complete clone")
	complete := p.Root
	p.Root = filepath.Join(t.TempDir(), "shallow")
	inRepository(t, &Project{Root: complete}, "clone --quiet --depth 1 file://"+complete+" "+p.Root)
	refused("git fetch --tags --unshallow", "v9", "dev")
	p.Root = complete
	refused("--from --all: there is no such commit", "--all", "dev")
	refused("--from v1: has no environments/prod.yaml. Choose a commit that has the environment", "v1", "prod")
	p.Root = t.TempDir()
	refused(p.Root+" is not a clone with Git's history", "HEAD", "dev")
	t.Setenv("PATH", "")
	refused("git is not on PATH: it finds the version to rehearse from", "HEAD", "dev")
}

// TestCheckOut builds the program of an older commit with the bindings of the working tree.
func TestCheckOut(t *testing.T) {
	t.Parallel()
	const program = "package main\n\nimport \"example.com/bindings\"\n\nfunc main() { print(bindings.Name) }\n"
	p, _ := repository(t, map[string]string{
		".gitignore": "/.gen/\n/node_modules/\n/build/\n", "environments/dev.yaml": "a", "package.json": "{}", "package-lock.json": "{}", "main.go": program + "// old\n",
		"go.mod": "module example.com/a\n\ngo 1.26.0\n\nrequire example.com/bindings v0.0.0\n\nreplace example.com/bindings => ./.gen/bindings\n", "tools/run.sh": "",
	})
	assert.NilError(t, os.Symlink("main.go", p.Path("link")))
	assert.NilError(t, os.Symlink(t.TempDir(), p.Path("node_modules"))) // committed
	assert.NilError(t, os.Symlink(t.TempDir(), p.Path(".gen")))
	old := commit(t, p, map[string]string{"tools/requirements.sh": "exit 3\n"})
	assert.NilError(t, errors.Join(os.Remove(p.Path("node_modules")), os.Remove(p.Path(".gen"))))
	commit(t, p, map[string]string{"environments/dev.yaml": "b", "main.go": program})
	for name, content := range map[string]string{
		"node_modules/.package-lock.json": "", ".gen/bindings/go.mod": "module example.com/bindings\n\ngo 1.26.0\n", ".gen/bindings/a.go": "package bindings\n\nconst Name = \"gen\"\n",
	} {
		assert.NilError(t, os.MkdirAll(filepath.Dir(p.Path(name)), 0o755))
		assert.NilError(t, os.WriteFile(p.Path(name), []byte(content), 0o600))
	}
	v, err := p.version(t.Context(), old, "dev")
	assert.NilError(t, err)
	assert.NilError(t, v.checkOut(t.Context(), p))
	said, err := exec.Command(v.Path("build", "synth")).CombinedOutput()
	assert.NilError(t, err)
	assert.Equal(t, string(said), "gen")
	for name, want := range map[string]string{"environments/dev.yaml": "a", "link": program + "// old\n"} {
		content, err := os.ReadFile(v.Path(name))
		assert.NilError(t, err)
		assert.Equal(t, string(content), want)
	}
	info, err := os.Stat(v.Path("tools", "run.sh"))
	assert.NilError(t, err)
	assert.Equal(t, info.Mode().Perm()&0o100, fs.FileMode(0o100))
	assert.Assert(t, !v.stale(installed, "package.json", "package-lock.json"), "npm would install into the working tree's node_modules")

	assert.NilError(t, os.WriteFile(v.Path("kept"), nil, 0o600))
	assert.NilError(t, v.checkOut(t.Context(), p))
	_, err = os.Stat(v.Path("kept"))
	assert.NilError(t, err, "it is checked out again")

	// When the working tree has other packages, what was borrowed goes.
	assert.NilError(t, os.WriteFile(p.Path("package-lock.json"), []byte("{\"newer\": 1}"), 0o600))
	borrows, err := v.borrow(p)
	assert.NilError(t, err)
	assert.Assert(t, !borrows)
	for _, name := range []string{"node_modules", ".gen"} {
		_, err = os.Lstat(v.Path(name))
		assert.ErrorIs(t, err, fs.ErrNotExist)
	}
	_, err = os.Stat(p.Path("node_modules", ".package-lock.json"))
	assert.NilError(t, err)

	// Other packages: it needs its own setup.
	other := commit(t, p, map[string]string{"package-lock.json": "{\"other\": 1}"})
	v, err = p.version(t.Context(), other, "dev")
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(p.Path("package-lock.json"), []byte("{}"), 0o600))
	assert.ErrorContains(t, v.checkOut(t.Context(), p), other[:12]+" cannot be built: exit status 3")
	_, err = os.Lstat(v.Path("node_modules"))
	assert.ErrorIs(t, err, fs.ErrNotExist)

	assert.NilError(t, keepOnly(p.versions("dev"), []*version{v}))
	entries, err := os.ReadDir(p.versions("dev"))
	assert.NilError(t, err)
	assert.Equal(t, len(entries), 1)
	assert.Equal(t, entries[0].Name(), other)
}

// TestExtract: an archive cannot write outside its folder, and none of its links leads there.
func TestExtract(t *testing.T) {
	t.Parallel()
	link := func(name, target string) *tar.Header {
		return &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777}
	}
	for name, test := range map[string]struct {
		headers []*tar.Header
		want    string // of the error
	}{
		"a file outside":     {[]*tar.Header{{Typeflag: tar.TypeReg, Name: "../outside", Mode: 0o600}}, "escapes"},
		"a link":             {[]*tar.Header{{Typeflag: tar.TypeReg, Name: "a/file", Mode: 0o600}, link("a/b/link", "../file")}, ""},
		"a link to nothing":  {[]*tar.Header{link("link", "a/file")}, ""},
		"an absolute link":   {[]*tar.Header{link("a/link", "/etc/passwd")}, "a/link: links to /etc/passwd, outside the commit"},
		"a link that leaves": {[]*tar.Header{link("a/link", "../../outside")}, "a/link: links to ../../outside, outside the commit"},
		"two that leave":     {[]*tar.Header{link("a/link", "b/../../outside"), link("a/b", "../a")}, "a/link: links to b/../../outside, outside the commit"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var archive bytes.Buffer
			w := tar.NewWriter(&archive)
			for _, header := range test.headers {
				if folder := filepath.Dir(header.Name); header.Typeflag == tar.TypeSymlink && folder != "." {
					assert.NilError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755}))
				}
				assert.NilError(t, w.WriteHeader(header))
			}
			assert.NilError(t, w.Close())
			folder := t.TempDir()
			err := extract(&archive, filepath.Join(folder, "inside"))
			if test.want == "" {
				assert.NilError(t, err)
				last := test.headers[len(test.headers)-1]
				target, err := os.Readlink(filepath.Join(folder, "inside", last.Name))
				assert.NilError(t, err)
				assert.Equal(t, target, last.Linkname)
				return
			}
			assert.ErrorContains(t, err, test.want)
			_, err = os.Stat(filepath.Join(folder, "outside"))
			assert.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}
