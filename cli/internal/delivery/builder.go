package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// recipe is the input of a builder.
type recipe struct {
	// root is the folder that the other paths are relative to: a builder gives commas and colons in a
	// path a meaning.
	root                string
	dockerfile, context string
	// tag is the image's name and tag on this machine.
	tag    string
	commit *commit
	// archive is the file that the image is written to, as `docker load` reads it.
	archive string
}

// arguments returns the options for both builders.
func (r recipe) arguments() []string {
	args := []string{"--platform", "linux/amd64", "--file", r.dockerfile, "--tag", r.tag} // EKS Fargate has no Arm
	for _, argument := range []struct{ name, value string }{
		{"VERSION", r.commit.version},
		{"REVISION", r.commit.revision},
		{"CREATED", r.commit.date.Format("2006-01-02T15:04:05Z")},
		{"SOURCE", r.commit.source},
	} {
		args = append(args, "--build-arg", argument.name+"="+argument.value)
	}
	return args
}

func (r recipe) epoch() string { return strconv.FormatInt(r.commit.date.Unix(), 10) }

// builders are the programs that build images, the more common one first.
var builders = []struct {
	name string
	// unusable returns why it cannot be used on this machine, or nil.
	unusable func(*Session, context.Context) error
	build    func(*Session, context.Context, recipe) error
}{
	{"docker", (*Session).dockerUnusable, (*Session).buildWithDocker},
	{"buildah", (*Session).buildahUnusable, (*Session).buildWithBuildah},
}

// build builds with the chosen builder, or else with the first that works, and returns its name.
func (s *Session) build(ctx context.Context, r recipe) (string, error) {
	var names, why []string
	for _, builder := range builders {
		names = append(names, builder.name)
		if s.Builder != "" && s.Builder != builder.name {
			continue
		}
		err := builder.unusable(s, ctx)
		if err == nil {
			return builder.name, builder.build(s, ctx, r)
		}
		if s.Builder != "" {
			return "", err
		}
		why = append(why, err.Error())
	}
	if s.Builder != "" {
		return "", fmt.Errorf("BUILDER=%s: unknown; use %s", s.Builder, strings.Join(names, " or "))
	}
	return "", errors.New("image: install one of these to build it\n" + indent(strings.Join(why, "\n")))
}

// dockerUnusable checks that the daemon answers: the client alone cannot build.
func (s *Session) dockerUnusable(ctx context.Context) error {
	_, err := s.output(ctx, s.Dir, nil, "docker", "version", "--format", "{{.Server.Version}}")
	if words(err) != "" {
		return errors.New("docker: cannot reach its daemon; start it\n" + indent(words(err)))
	}
	return err
}

// buildWithDocker also leaves the image in the daemon, to run it from there.
func (s *Session) buildWithDocker(ctx context.Context, r recipe) error {
	build := []string{"build"}
	// A builder in a container keeps the image without --load, and a provenance attestation turns it
	// into an index. Debian's Docker has no buildx, and so neither problem.
	if _, err := s.output(ctx, s.Dir, nil, "docker", "buildx", "version"); err == nil {
		build = []string{"buildx", "build", "--load", "--provenance=false"}
	}
	args := append(append(build, r.arguments()...), r.context)
	if _, err := s.output(ctx, r.root, []string{"SOURCE_DATE_EPOCH=" + r.epoch()}, "docker", args...); err != nil {
		return err
	}
	_, err := s.output(ctx, r.root, nil, "docker", "save", "--output", r.archive, r.tag)
	return err
}

func (s *Session) buildahUnusable(context.Context) error {
	_, err := s.find("buildah")
	return err
}

// buildWithBuildah stores its layers in a temporary folder with the driver vfs. So it works for root
// in a container and without root, whatever storage the user's own images are in. Only the archive is
// left. The Dockerfile runs nothing, so there is nothing to isolate.
func (s *Session) buildWithBuildah(ctx context.Context, r recipe) (err error) {
	store, err := os.MkdirTemp("", "plinth-image-")
	if err != nil {
		return err
	}
	global := []string{"--root", store + "/root", "--runroot", store + "/run"}
	if !s.has("STORAGE_DRIVER") {
		global = append(global, "--storage-driver", "vfs")
	}
	defer func() { err = errors.Join(err, s.removeStore(ctx, store)) }()
	build := append(slices.Clone(global), "build", "--timestamp", r.epoch(), "--identity-label=false")
	if !s.has("BUILDAH_ISOLATION") {
		build = append(build, "--isolation", "chroot")
	}
	args := append(append(build, r.arguments()...), r.context)
	if _, err := s.output(ctx, r.root, nil, "buildah", args...); err != nil {
		return err
	}
	_, err = s.output(ctx, r.root, nil, "buildah", append(global, "push", r.tag, "docker-archive:"+r.archive+":"+r.tag)...)
	return err
}

// removeStore removes the folder. Without root, the layers can belong to another user ID, which only
// buildah unshare can become.
func (s *Session) removeStore(ctx context.Context, store string) error {
	err := os.RemoveAll(store)
	if err != nil {
		_, err = s.output(context.WithoutCancel(ctx), s.Dir, nil, "buildah", "unshare", "rm", "-rf", store)
	}
	return err
}

// has reports whether a variable of the environment is set and not empty.
func (s *Session) has(name string) bool {
	return slices.ContainsFunc(s.Environ, func(v string) bool {
		return strings.HasPrefix(v, name+"=") && v != name+"="
	})
}
