// Package images reads and writes images.lock.yaml, which has the digests of third-party images.
package images

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// name is the file's name in the project's folder.
const name = "images.lock.yaml"

// File returns the path of a project's file, which may not exist. The variable is for tests, whose
// settings are not the project's.
func File(root string) string {
	return cmp.Or(os.Getenv("IMAGES_LOCK_FILE"), filepath.Join(root, name))
}

// Lock is the file's content: the digests of a chart's images, by the chart with its version and the
// image with its tag.
//
//	keda 2.20.2:
//	  ghcr.io/kedacore/keda:2.20.2: sha256:…
//
// The chart's version is there because the chart decides the tag. A new version then has no digests,
// instead of its predecessor's.
type Lock map[string]map[string]string

// Missing is an error: what the file lacks, and the remedy.
type Missing string

func (m Missing) Error() string { return string(m) }

// again is the remedy for a file that is wrong or out of date.
const again = "Record the digests again: ./plinth images --record"

var (
	reference = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digest    = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Load reads a file. It returns nil if there is none.
func Load(file string) (Lock, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	shown := filepath.Base(file)
	lock := Lock{}
	if err := yaml.Unmarshal(content, &lock); err != nil {
		return nil, fmt.Errorf("%s: %s. %s", shown, strings.Join(strings.Fields(err.Error()), " "), again)
	}
	for _, chart := range slices.Sorted(maps.Keys(lock)) {
		for _, image := range slices.Sorted(maps.Keys(lock[chart])) {
			if !reference.MatchString(image) {
				return nil, fmt.Errorf("%s: %s: must be images with registry and tag, has %q. %s", shown, chart, image, again)
			}
			if d := lock[chart][image]; !digest.MatchString(d) {
				return nil, fmt.Errorf("%s: %s: %s: must be sha256: and 64 hexadecimal digits, is %q. %s", shown, chart, image, d, again)
			}
		}
	}
	return lock, nil
}

// Image is an image of a chart.
type Image struct {
	// Path is the repository's path in its registry.
	Path, Tag, Digest string
}

// Images returns the images of a chart, sorted. The error is a [Missing].
func (l Lock) Images(chart string) ([]Image, error) {
	var all []Image
	for _, image := range slices.Sorted(maps.Keys(l[chart])) {
		_, path, _ := strings.Cut(image, "/")
		path, tag, _ := strings.Cut(path, ":")
		all = append(all, Image{path, tag, l[chart][image]})
	}
	if len(all) == 0 {
		return nil, Missing(fmt.Sprintf("%s: has no images of %s. %s", name, chart, again))
	}
	return all, nil
}

// Find returns the image of a chart at a path, with the tag if there is one. The error is a [Missing].
func (l Lock) Find(chart, path, tag string) (Image, error) {
	all, err := l.Images(chart)
	if err != nil {
		return Image{}, err
	}
	for _, image := range all {
		if image.Path == path && (tag == "" || image.Tag == tag) {
			return image, nil
		}
	}
	if tag != "" {
		path += ":" + tag
	}
	return Image{}, Missing(fmt.Sprintf("%s: %s: has no digest of %s. %s", name, chart, path, again))
}

// Has reports whether an image as in a pod has a digest, and the file has it. A mirror keeps the
// image's path after its own.
func (l Lock) Has(image string) bool {
	image, digest, _ := strings.Cut(image, "@")
	repository, tag := Split(image)
	for chart := range l {
		for known, recorded := range l[chart] {
			knownRepository, knownTag := Split(known)
			_, path, _ := strings.Cut(knownRepository, "/")
			if recorded == digest && strings.HasSuffix(repository, "/"+path) && (tag == "" || tag == knownTag) {
				return true
			}
		}
	}
	return false
}

// Split returns the repository and the tag of an image. A colon may also precede a registry's port.
func Split(image string) (repository, tag string) {
	if at := strings.LastIndex(image, ":"); at > strings.LastIndex(image, "/") {
		return image[:at], image[at+1:]
	}
	return image, ""
}

// Canonical returns an image with registry and tag, as [Lock] has it, and its digest if it names one.
// Docker Hub's is the default registry.
func Canonical(image string) (reference, digest string) {
	image, digest, _ = strings.Cut(image, "@")
	first, _, found := strings.Cut(image, "/")
	switch {
	case !found:
		image = "docker.io/library/" + image
	case !strings.ContainsAny(first, ".:"):
		image = "docker.io/" + image
	}
	if repository, tag := Split(image); tag == "" && digest == "" {
		image = repository + ":latest"
	}
	return image, digest
}

// Write writes the file.
func (l Lock) Write(file string) error {
	text := strings.Builder{}
	text.WriteString("# Digests of third-party images, by chart: ./plinth images --record writes them.\n")
	for _, chart := range slices.Sorted(maps.Keys(l)) {
		fmt.Fprintf(&text, "%s:\n", chart)
		for _, image := range slices.Sorted(maps.Keys(l[chart])) {
			fmt.Fprintf(&text, "  %s: %s\n", image, l[chart][image])
		}
	}
	return os.WriteFile(file, []byte(text.String()), 0o644)
}
