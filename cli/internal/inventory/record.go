package inventory

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"plinth/images"
)

// Record asks the registries for the digests of all images, those of their manifest lists if they have
// them, and returns the new content of images.lock.yaml. It uses the user's own logins, as docker and
// crane do.
func (i *Inventory) Record(ctx context.Context) (images.Lock, error) {
	lock, known := images.Lock{}, map[string]string{}
	for _, image := range i.Images {
		if image.section == "" {
			continue
		}
		if known[image.Image] == "" {
			digest, err := digestOf(ctx, image.Image)
			if err != nil {
				return nil, fmt.Errorf("%s, pinned in %s: %w. Nothing is recorded", image.Image, image.Pinned, err)
			}
			known[image.Image] = digest
		}
		if lock[image.section] == nil {
			lock[image.section] = map[string]string{}
		}
		lock[image.section][image.Image] = known[image.Image]
	}
	return lock, nil
}

func digestOf(ctx context.Context, image string) (string, error) {
	reference, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)}
	// Some registries limit how often an image may be downloaded. HEAD does not count.
	if head, err := remote.Head(reference, options...); err == nil {
		return head.Digest.String(), nil
	}
	found, err := remote.Get(reference, options...)
	if err != nil {
		return "", err
	}
	return found.Digest.String(), nil
}
