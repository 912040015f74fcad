package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"plinth/cli/internal/synthesized"
)

// certificates is the bundle of RDS's certificate authorities, in app/ and in the build context.
const certificates = "rds-global-bundle.pem"

const dockerfile = "app/Dockerfile"

// noImage is the message when there is nothing to build.
const noImage = "There is no " + dockerfile + ", so there is no image here: app.image, in environments/, names one that other tools have pushed."

// holds reports whether app/ has a file that matches the pattern.
func (s *Session) holds(pattern string) bool {
	root, err := synthesized.Root(s.Dir)
	if err != nil {
		return false
	}
	found, err := filepath.Glob(filepath.Join(root, "app", pattern))
	return err == nil && len(found) > 0
}

// inGo reports whether this package compiles the program with Go. If not, the Dockerfile builds it,
// with app/ as its context.
func (s *Session) inGo() bool { return s.holds("*.go") }

// empty reports whether app/ has neither Go files nor a Dockerfile.
func (s *Session) empty() bool { return !s.inGo() && !s.holds("Dockerfile") }

// tags leave out HTTP/2, which the application does not need: the load balancer sends HTTP/1.1.
const tags = "nethttpomithttp2"

// image is the command ./plinth image.
func (s *Session) image(ctx context.Context) error {
	if s.empty() {
		s.say(noImage)
		return nil
	}
	c, err := s.commit(ctx)
	if err != nil {
		return err
	}
	_, err = s.makeImage(ctx, c)
	return err
}

// recipe returns how to build the commit's image.
func (s *Session) recipe(c *commit) (recipe, error) {
	root, err := synthesized.Root(s.Dir)
	folder := "app"
	if s.inGo() {
		folder = "build/image/context"
	}
	return recipe{
		root:       root,
		dockerfile: dockerfile,
		context:    folder,
		tag:        "app:" + c.version,
		commit:     c,
		archive:    "build/image/app.tar",
	}, err
}

// imageOf returns the commit's image to push. It builds one unless it exists already, from an earlier
// job of a pipeline for example.
func (s *Session) imageOf(ctx context.Context, c *commit) (v1.Image, error) {
	r, err := s.recipe(c)
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
	return s.makeImage(ctx, c)
}

// makeImage builds the image and returns it.
func (s *Session) makeImage(ctx context.Context, c *commit) (v1.Image, error) {
	r, err := s.recipe(c)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, r); err != nil {
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
func (s *Session) fill(ctx context.Context, r recipe) error {
	made, folder := filepath.Join(r.root, "build", "image"), filepath.Join(r.root, r.context)
	if err := errors.Join(os.RemoveAll(made), os.MkdirAll(made, 0o755)); err != nil || !s.inGo() {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	program := filepath.Join(folder, "app")
	// The same flags on every machine build the same program. Go's own stamp of the repository is off:
	// the version comes from git describe.
	_, err := s.output(ctx, filepath.Join(r.root, "app"),
		[]string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOFLAGS=", "GOWORK=off"},
		"go", "build", "-tags", tags, "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+r.commit.version, "-o", program, ".")
	if err != nil {
		return err
	}
	bundle, err := os.ReadFile(filepath.Join(r.root, "app", certificates))
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
