package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"plinth/cli/internal/synthesized"
)

// push is the command ./plinth push. It can be repeated, and overwrites no tag.
func (s *Session) push(ctx context.Context) error {
	a, err := s.built()
	if a == nil || err != nil {
		return err
	}
	c, err := s.commit(ctx)
	if err != nil {
		return err
	}
	if err := c.clean(); err != nil {
		return err
	}
	t, err := s.target(ctx, *a)
	if err != nil {
		return err
	}
	reference := t.repository.Tag(c.version).String()
	found, err := t.find(c.version)
	switch {
	case err != nil:
		return err
	case found != nil && found.revision == c.revision:
		s.say("%s exists already, built from this commit.", reference)
		return s.deployment(*a, found.digest)
	case found != nil:
		return fmt.Errorf("%s: exists already, built from %s; tags are immutable, and this is commit %s: give it its own Git tag",
			reference, origin(found.revision), c.revision)
	}
	image, err := s.imageOf(ctx, *a, c)
	if err != nil {
		return err
	}
	digest, err := t.push(c.version, image)
	if err != nil {
		return err
	}
	s.say("%s is pushed.", reference)
	return s.deployment(*a, digest)
}

func origin(revision string) string {
	if revision == "" {
		return "an image that names no commit"
	}
	return "commit " + revision
}

// deployment prints the digest and how to deploy it, and writes it to --dotenv for the next job.
func (s *Session) deployment(a synthesized.Application, digest string) error {
	fmt.Fprintln(s.Stdout, digest)
	a.Environment = s.Env // empty with --repository
	variable := a.ImageVariable("digest")
	if s.Dotenv != "" {
		file := s.Dotenv
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.Dir, file)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(variable+"="+digest+"\n"), 0o644)); err != nil {
			return err
		}
	}
	if s.Repository != "" {
		return nil
	}
	s.say("Deploy it:\n  %s=%s ./plinth deploy %s\nTo keep it, set %s instead of %s in environments/%s.yaml", variable, digest, a.Stack,
		a.ImageSetting("digest"), a.ImageSetting("tag"), s.Env)
	return nil
}
