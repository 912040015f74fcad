package main

import (
	"context"
	"fmt"
	"strings"
)

// push is the command. It can be repeated, and overwrites nothing.
func (s *session) push(ctx context.Context) error {
	c, err := s.commit(ctx)
	if err != nil {
		return err
	}
	if err := c.clean(); err != nil {
		return err
	}
	t, err := s.target(ctx)
	if err != nil {
		return err
	}
	reference := t.repository.Tag(c.version).String()
	found, err := t.find(c.version)
	switch {
	case err != nil:
		return err
	case found != nil && found.revision == c.revision:
		s.say("%s is there already, of this very commit.", reference)
		s.deployment(found.digest)
		return nil
	case found != nil:
		return fmt.Errorf("%s: is there already, of %s, and is not overwritten: this is commit %s; give it a Git tag of its own",
			reference, origin(found.revision), c.revision)
	}
	image, err := s.makeImage(ctx, c)
	if err != nil {
		return err
	}
	digest, err := t.push(c.version, image)
	if err != nil {
		return err
	}
	s.say("%s is pushed.", reference)
	s.deployment(digest)
	return nil
}

func origin(revision string) string {
	if revision == "" {
		return "an image that names no commit"
	}
	return "commit " + revision
}

// deployment prints the digest, and how it is deployed.
func (s *session) deployment(digest string) {
	fmt.Fprintln(s.stdout, digest)
	if s.repository != "" {
		return
	}
	variable := "PLINTH_" + strings.ToUpper(strings.ReplaceAll(s.env, "-", "_")) + "_APP_IMAGE_DIGEST"
	s.say("Deploy it:\n  %s=%s make deploy STACK=%s-app\nOr keep it: app.image.digest, instead of app.image.tag, in environments/%s.yaml", variable, digest, s.env, s.env)
}
