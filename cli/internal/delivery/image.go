package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"plinth/cli/internal/synthesized"
)

// certificates is the bundle of RDS's certificate authorities, in the folder of an application in Go.
const certificates = "rds-global-bundle.pem"

// bundleOf returns the path of an application's bundle, empty if its image is not built here. Not every
// application has the file.
func bundleOf(a synthesized.Application) string {
	if a.Build == nil {
		return ""
	}
	return path.Join(a.Build.Context, certificates)
}

// holds reports whether the repository has the file.
func (s *Session) holds(file string) bool {
	root, err := synthesized.Root(s.Dir)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(root, filepath.FromSlash(file)))
	return err == nil
}

// inGo reports whether this package compiles the program with Go. If not, the Dockerfile builds it, with the
// application's folder as its context.
func (s *Session) inGo(a synthesized.Application) bool {
	return s.holds(path.Join(a.Build.Context, "go.mod"))
}

// built returns the session's application, or the only one whose image is built here. It returns nil after it
// has said that nothing is built.
func (s *Session) built() (*synthesized.Application, error) {
	root, err := synthesized.Root(s.Dir)
	if err != nil {
		return nil, err
	}
	stacks, err := synthesized.Read(root)
	if err != nil {
		return nil, err
	}
	all, err := s.choices(stacks)
	if err != nil {
		return nil, err
	}
	if s.App != "" || len(all) == 0 {
		if _, err := synthesized.Choose(all, s.App); err != nil {
			return nil, err
		}
	}
	here := slices.DeleteFunc(slices.Clone(all), func(a synthesized.Application) bool {
		return !a.Builds(root) || s.App != "" && a.Name != s.App
	})
	if len(here) == 0 {
		for _, a := range all {
			if s.App == "" || a.Name == s.App {
				s.say("%s: %s, so there is no image here: %s, in environments/, names one that other tools have pushed.",
					a.Name, without(a), strings.TrimSuffix(a.ImageSetting(""), "."))
			}
		}
		return nil, nil
	}
	a, err := synthesized.Choose(here, s.App)
	return &a, err
}

// without returns why an application's image is not built here.
func without(a synthesized.Application) string {
	if a.Build == nil {
		return "the settings name no folder to build"
	}
	return "there is no " + a.Build.Dockerfile
}

// choices returns the applications of the session's environment. Without one it returns those of all
// environments, once each.
func (s *Session) choices(stacks map[string]synthesized.Stack) ([]synthesized.Application, error) {
	if s.Env == "" {
		return synthesized.AllApplications(stacks)
	}
	if !slices.Contains(synthesized.Environments(stacks), s.Env) {
		return nil, s.unknownEnvironment(stacks)
	}
	return synthesized.Applications(stacks, s.Env)
}

// images is the folder of what is built.
const images = "build/image"

// compiled is the build context of an application in Go.
func compiled(a synthesized.Application) string { return path.Join(images, a.Name) }

// program is the file that is compiled. Its Dockerfile copies it by this name.
const program = "app"

// tags leave out HTTP/2, which the application does not need: the load balancer sends HTTP/1.1.
const tags = "nethttpomithttp2"

// image is the command ./plinth image.
func (s *Session) image(ctx context.Context) error {
	a, err := s.built()
	if a == nil || err != nil {
		return err
	}
	c, err := s.commit(ctx)
	if err != nil {
		return err
	}
	_, err = s.makeImage(ctx, *a, c)
	return err
}

// recipe returns how to build an application's image of the commit.
func (s *Session) recipe(a synthesized.Application, c *commit) (recipe, error) {
	root, err := synthesized.Root(s.Dir)
	folder := a.Build.Context
	if s.inGo(a) {
		folder = compiled(a)
	}
	return recipe{
		root:       root,
		dockerfile: a.Build.Dockerfile,
		context:    folder,
		tag:        a.Name + ":" + c.version,
		commit:     c,
		archive:    path.Join(images, a.Name+".tar"),
	}, err
}

// imageOf returns the commit's image to push. It builds one unless it exists already, from an earlier
// job of a pipeline for example.
func (s *Session) imageOf(ctx context.Context, a synthesized.Application, c *commit) (v1.Image, error) {
	r, err := s.recipe(a, c)
	if err != nil {
		return nil, err
	}
	if image, err := open(r); err == nil {
		config, err := image.ConfigFile()
		if err == nil && config.Config.Labels[revisionLabel] == c.revision {
			s.say("%s is built from this commit already.", r.archive)
			return image, nil
		}
	}
	return s.makeImage(ctx, a, c)
}

// makeImage builds the image and returns it.
func (s *Session) makeImage(ctx context.Context, a synthesized.Application, c *commit) (v1.Image, error) {
	r, err := s.recipe(a, c)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, a, r); err != nil {
		return nil, err
	}
	builder, err := s.build(ctx, r)
	if err != nil {
		return nil, err
	}
	image, err := open(r)
	if err != nil {
		return nil, fmt.Errorf("%s: the image built by %s cannot be read: %w", r.archive, builder, err)
	}
	size, err := compressed(image)
	if err != nil {
		return nil, err
	}
	digest, err := image.Digest()
	if err != nil {
		return nil, err
	}
	s.say("%s, built by %s of commit %s: %.1f MB compressed, %s\nIn %s, for docker load or podman load", r.tag, builder, c.revision, float64(size)/1e6, digest, r.archive)
	return image, nil
}

// fill creates the build context with only the files that the Dockerfile copies. An application that
// is not in Go needs none.
func (s *Session) fill(ctx context.Context, a synthesized.Application, r recipe) error {
	folder := filepath.Join(r.root, filepath.FromSlash(compiled(a)))
	if err := errors.Join(os.RemoveAll(folder), os.RemoveAll(filepath.Join(r.root, r.archive)), os.MkdirAll(filepath.Dir(folder), 0o755)); err != nil || !s.inGo(a) {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	program := filepath.Join(folder, program)
	// The same flags on every machine build the same program. Go's own stamp of the repository is off:
	// the version comes from git describe.
	_, err := s.output(ctx, filepath.Join(r.root, filepath.FromSlash(a.Build.Context)),
		[]string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=", "GOWORK=off"},
		"go", "build", "-tags", tags, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+r.commit.version, "-o", program, ".")
	if err != nil {
		return err
	}
	bundle, err := os.ReadFile(filepath.Join(r.root, filepath.FromSlash(bundleOf(a))))
	if err != nil {
		return err
	}
	file := filepath.Join(folder, certificates)
	if err := os.WriteFile(file, bundle, 0o644); err != nil {
		return err
	}
	// Do not depend on the umask.
	return errors.Join(os.Chmod(program, 0o755), os.Chmod(file, 0o644)) //nolint:gosec // the image's user is neither owner nor group
}

// open reads the image that a builder has written. It sets all times to the commit's, in place of the
// time of the build, so that a commit always has the same image.
func open(r recipe) (v1.Image, error) {
	// No tag: each builder names an image without a registry differently.
	image, err := tarball.ImageFromPath(filepath.Join(r.root, r.archive), nil)
	if err != nil {
		return nil, err
	}
	return mutate.Time(image, r.commit.date)
}

// compressed returns the size that a node pulls, in bytes.
func compressed(image v1.Image) (int64, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size, nil
}
