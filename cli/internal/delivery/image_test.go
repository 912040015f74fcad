package delivery

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"gotest.tools/v3/assert"
)

// commitAll commits all files with real Git, in a new repository if there is none.
func (d *desk) commitAll(message string) string {
	d.t.Helper()
	git := func(args ...string) string {
		out, err := d.output(d.t.Context(), d.Dir, []string{
			"GIT_AUTHOR_DATE=2026-11-24T12:00:00Z", "GIT_COMMITTER_DATE=2026-11-24T12:00:00Z", "GIT_CONFIG_NOSYSTEM=1",
		}, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"}, args...)...)
		assert.NilError(d.t, err)
		return out
	}
	if _, err := os.Stat(filepath.Join(d.Dir, ".git")); err != nil {
		d.real("git")
		d.write(".gitignore", "/build/\n/cdktf.out/\n")
		git("init", "--quiet")
	}
	git("add", "--all")
	git("commit", "--quiet", "--allow-empty", "--message", message)
	return git("rev-parse", "HEAD")
}

// archive writes an image of a revision as a builder would, with the time of the build.
func (d *desk) archive(revision string) string {
	d.t.Helper()
	image, err := mutate.Config(empty.Image, v1.Config{Labels: map[string]string{revisionLabel: revision}})
	assert.NilError(d.t, err)
	tag, err := name.NewTag("app:anything")
	assert.NilError(d.t, err)
	file := filepath.Join(d.folder, revision+".tar")
	assert.NilError(d.t, tarball.WriteToFile(file, tag, image))
	return file
}

// newProject returns a desk with an application in a Git repository, and a fake Go.
func newProject(t *testing.T) (*desk, string) {
	t.Helper()
	d := newDesk(t)
	d.synthesize("dev")
	d.write("app/main.go", "package main")
	d.write("app/go.mod", "module example.com/app")
	d.write("app/Dockerfile", "FROM scratch")
	d.write("app/rds-global-bundle.pem", "# CN=Amazon RDS eu-west-2 Root CA RSA2048 G1\n")
	revision := d.commitAll("first")
	program := filepath.Join(d.folder, "program")
	assert.NilError(t, os.WriteFile(program, []byte("program"), 0o600))
	d.can("go", answer{Args: "build", File: program})
	return d, revision
}

func (d *desk) docker(revision string) {
	d.t.Helper()
	d.can("docker", answer{Args: "version", Stdout: "28.2.2"}, answer{Args: "buildx"}, answer{Args: "save", File: d.archive(revision)})
}

func TestImage(t *testing.T) {
	t.Parallel()
	arguments := func(revision string) string {
		return "--platform linux/amd64 --file app/Dockerfile --tag app:" + revision[:12] +
			" --build-arg VERSION=" + revision[:12] + " --build-arg REVISION=" + revision + " --build-arg CREATED=2026-11-24T12:00:00Z --build-arg SOURCE= build/image/app"
	}
	compile := func(d *desk, revision string) string {
		return "go build -tags nethttpomithttp2 -trimpath -buildvcs=false -ldflags -s -w -X main.version=" + revision[:12] + " -o " + d.Dir + "/build/image/app/app ."
	}
	t.Run("docker", func(t *testing.T) {
		t.Parallel()
		d, revision := newProject(t)
		d.docker(revision)
		d.can("buildah")
		d.succeeds("image")
		typed, _ := d.calls()
		assert.DeepEqual(t, typed, []string{
			compile(d, revision),
			"docker version --format {{.Server.Version}}",
			"docker buildx version",
			"docker buildx build --load --provenance=false " + arguments(revision),
			"docker save --output build/image/app.tar app:" + revision[:12],
		})
		for file, mode := range map[string]os.FileMode{"app": 0o755, "rds-global-bundle.pem": 0o644} {
			info, err := os.Stat(filepath.Join(d.Dir, "build/image/app", file))
			assert.NilError(t, err)
			assert.Equal(t, info.Mode(), mode, file)
		}
		contains(t, d.stderr.String(), "app:"+revision[:12]+", built by docker of commit "+revision)
	})
	t.Run("docker without buildx", func(t *testing.T) {
		t.Parallel()
		d, revision := newProject(t)
		d.docker(revision)
		d.can("docker", answer{Args: "version"}, answer{Args: "buildx", Code: 1}, answer{Args: "build"}, answer{Args: "save", File: d.archive(revision)})
		d.succeeds("image")
		typed, _ := d.calls()
		assert.Equal(t, typed[3], "docker build "+arguments(revision))
	})
	for name, variables := range map[string][]string{
		"buildah without Docker's daemon":  nil,
		"buildah as its variables have it": {"STORAGE_DRIVER=overlay", "BUILDAH_ISOLATION=rootless"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, revision := newProject(t)
			d.Environ = append(d.Environ, variables...)
			d.can("docker", answer{Args: "version", Code: 1, Stderr: "Cannot connect to the Docker daemon"})
			d.can("buildah", answer{Args: "--root ", File: d.archive(revision)})
			d.write("build/image/app.tar", "of before")
			d.succeeds("image")
			typed, _ := d.calls()
			driver, isolation := "--storage-driver vfs ", "--isolation chroot "
			if variables != nil {
				driver, isolation = "", ""
			}
			contains(t, typed[2], driver+"build --timestamp 1795521600 --identity-label=false "+isolation+arguments(revision))
			contains(t, typed[3], driver+"push app:"+revision[:12]+" docker-archive:build/image/app.tar:app:"+revision[:12])
			store := strings.Fields(typed[2])[2]
			_, err := os.Stat(filepath.Dir(store))
			assert.Assert(t, os.IsNotExist(err), store)
		})
	}
	t.Run("of a work tree that differs", func(t *testing.T) {
		t.Parallel()
		d, revision := newProject(t)
		d.write("app/new.go", "package main")
		d.docker(revision)
		d.succeeds("image")
		contains(t, d.stderr.String(), "app:"+revision[:12]+"-dirty, built by docker of commit "+revision+"-dirty")
	})
}

// TestImageInAnotherLanguage: without Go files, the Dockerfile builds the image from app/.
func TestImageInAnotherLanguage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.synthesize("dev")
	d.write("app/Dockerfile", "FROM scratch")
	d.write("app/main.js", "")
	d.write("build/image/app/app", "a program of before")
	revision := d.commitAll("first")
	d.docker(revision)
	d.succeeds("image")
	typed, _ := d.calls()
	assert.Equal(t, len(typed), 4, typed)
	contains(t, typed[2], "--file app/Dockerfile ", " --build-arg REVISION="+revision+" ")
	assert.Assert(t, strings.HasSuffix(typed[2], " app"), typed[2])
	for file, there := range map[string]bool{"app/main.js": true, "build/image/app.tar": true, "build/image/app/app": false} {
		_, err := os.Stat(filepath.Join(d.Dir, file))
		assert.Equal(t, err == nil, there, file)
	}
	d.succeeds("scan")
	contains(t, d.stderr.String(), "app/ is not in Go")
}

// TestImageOfOthers: without a Dockerfile nothing is built, and no command fails.
func TestImageOfOthers(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"image", "push -env dev", "scan"} {
		d := newDesk(t)
		d.synthesize("dev")
		d.succeeds(command)
		contains(t, d.stderr.String(), "app: there is no app/Dockerfile, so there is no image here: apps.app.image, in environments/, names one that other tools have pushed.")
		typed, _ := d.calls()
		assert.Equal(t, len(typed), 0, typed)
		assert.Equal(t, d.stdout.String(), "")
	}
}

func TestImageRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*desk)
		args   string
		want   []string
	}{
		{"no builder", func(*desk) {}, "", []string{"image: install one of these to build it\n", "\n  docker: not found on PATH; install Docker", "\n  buildah: not found on PATH; install it: apt-get install buildah"}},
		{"no daemon", func(d *desk) { d.can("docker", answer{Code: 1, Stderr: "Cannot connect"}) }, "", []string{"\n  docker: cannot reach its daemon; start it\n    Cannot connect\n", "\n  buildah: not found"}},
		{"not the builder that was asked for", func(d *desk) { d.docker("x") }, "-builder buildah", []string{"buildah: not found on PATH; install it"}},
		{"a builder that is none", func(d *desk) { d.docker("x") }, "-builder kaniko", []string{"BUILDER=kaniko: unknown; use docker or buildah"}},
		{"a build that fails", func(d *desk) {
			d.can("docker", answer{Args: "version"}, answer{Args: "buildx version"}, answer{Args: "buildx build", Code: 1, Stderr: "no space left"})
		}, "", []string{"docker: failed\n  no space left"}},
		{"what cannot be read", func(d *desk) {
			d.can("docker", answer{Args: "version"}, answer{Args: "buildx"}, answer{Args: "save", File: filepath.Join(d.folder, "program")})
		}, "", []string{"build/image/app.tar: the image built by docker cannot be read: "}},
		{"no Go", func(d *desk) { _ = os.Remove(filepath.Join(d.folder, "bin/go")) }, "", []string{"go: not found on PATH; install it: https://go.dev"}},
		{"what Go refuses", func(d *desk) { d.can("go", answer{Code: 1, Stderr: "./main.go:1:1: syntax error"}) }, "", []string{"go: failed\n  ./main.go:1:1: syntax error"}},
		{"no Git", func(d *desk) { _ = os.Remove(filepath.Join(d.folder, "bin/git")) }, "", []string{"git: not found on PATH; install it"}},
		{"no repository", func(d *desk) { _ = os.RemoveAll(filepath.Join(d.Dir, ".git")) }, "", []string{"git: cannot find the commit for the image's tag:\n  fatal: not a git repository"}},
		{"no certificates", func(d *desk) { _ = os.Remove(filepath.Join(d.Dir, "app/rds-global-bundle.pem")) }, "", []string{"rds-global-bundle.pem: no such file"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, _ := newProject(t)
			test.change(d)
			contains(t, d.fails("image "+test.args), test.want...)
		})
	}
}
