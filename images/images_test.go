package images

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

var one, two = "sha256:" + strings.Repeat("1", 64), "sha256:" + strings.Repeat("2", 64)

func write(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "images.lock.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestLoad(t *testing.T) {
	lock, err := Load(filepath.Join(t.TempDir(), "images.lock.yaml"))
	assert.NilError(t, err)
	assert.Assert(t, lock == nil)

	file := filepath.Join(t.TempDir(), "images.lock.yaml")
	want := Lock{
		"keda 2.20.2":   {"ghcr.io/kedacore/keda:2.20.2": one, "ghcr.io/kedacore/keda-metrics-apiserver:2.20.2": two},
		"postgres 17":   {"127.0.0.1:5000/docker/library/postgres:17-bookworm": one},
		"ci/Dockerfile": {"docker.io/library/debian:12-slim": two},
	}
	assert.NilError(t, want.Write(file))
	lock, err = Load(file)
	assert.NilError(t, err)
	assert.DeepEqual(t, lock, want)
}

// TestBroken: each mistake has one message, with the file, the value and the remedy.
func TestBroken(t *testing.T) {
	for name, test := range map[string]struct{ content, says string }{
		"no YAML":          {"keda: [", "images.lock.yaml: yaml: line 1: "},
		"a list":           {"[keda]", "images.lock.yaml: yaml: unmarshal errors:"},
		"twice":            {"a 1:\n  x.io/a:1: " + one + "\n  x.io/a:1: " + one + "\n", "already defined at line 2"},
		"a merge":          {"<<<<<<< HEAD\na 1:\n  x.io/a:1: " + one, "images.lock.yaml: yaml: "},
		"no digest":        {"a 1:\n  x.io/a:1: latest\n", `images.lock.yaml: a 1: x.io/a:1: must be sha256: and 64 hexadecimal digits, is "latest". `},
		"a short digest":   {"a 1:\n  x.io/a:1: sha256:12\n", `is "sha256:12". `},
		"an empty one":     {"a 1:\n  x.io/a:1:\n", `is "". `},
		"a digest in caps": {"a 1:\n  x.io/a:1: sha256:" + strings.Repeat("A", 64) + "\n", `is "sha256:AAA`},
		"no tag":           {"a 1:\n  x.io/a: " + one + "\n", `images.lock.yaml: a 1: must be images with registry and tag, has "x.io/a". `},
		"no registry":      {"a 1:\n  a:1: " + one + "\n", `has "a:1". `},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, test.content))
			assert.ErrorContains(t, err, test.says)
			assert.Assert(t, strings.HasSuffix(err.Error(), ". Record the digests again: ./plinth images --record"), err)
		})
	}
}

func TestFind(t *testing.T) {
	lock := Lock{"a 1": {"x.io/p/a:1": one, "x.io/p/b:1": two}}
	for name, test := range map[string]struct{ chart, path, tag, says string }{
		"there":           {"a 1", "p/a", "", ""},
		"with its tag":    {"a 1", "p/a", "1", ""},
		"another version": {"a 2", "p/a", "", "images.lock.yaml: has no images of a 2. "},
		"another image":   {"a 1", "p/c", "", "images.lock.yaml: a 1: has no digest of p/c. "},
		"another tag":     {"a 1", "p/a", "2", "images.lock.yaml: a 1: has no digest of p/a:2. "},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := lock.Find(test.chart, test.path, test.tag)
			if test.says == "" {
				assert.NilError(t, err)
				assert.Equal(t, found, Image{"p/a", "1", one})
				return
			}
			var missing Missing
			assert.Assert(t, errors.As(err, &missing))
			assert.Equal(t, err.Error(), test.says+"Record the digests again: ./plinth images --record")
		})
	}
}

func TestHas(t *testing.T) {
	lock := Lock{"a 1": {"x.io/p/a:1": one}}
	for image, want := range map[string]bool{
		"x.io/p/a:1@" + one:                       true,
		"x.io/p/a@" + one:                         true,
		"registry:5000/mirror/p/a:1@" + one:       true,
		"x.io/p/a:2@" + one:                       false,
		"x.io/p/a:1@" + two:                       false,
		"x.io/p/a:1":                              false,
		"x.io/p/other:1@" + one:                   false,
		"registry:5000/mirror/other-p/a:1@" + one: false,
	} {
		assert.Equal(t, lock.Has(image), want, image)
	}
}

func TestCanonical(t *testing.T) {
	for image, want := range map[string]string{
		"postgres":             "docker.io/library/postgres:latest",
		"debian:12-slim":       "docker.io/library/debian:12-slim",
		"grafana/loki:3":       "docker.io/grafana/loki:3",
		"quay.io/a/b:1":        "quay.io/a/b:1",
		"localhost:5000/a:1":   "localhost:5000/a:1",
		"quay.io/a/b:1@" + one: "quay.io/a/b:1",
		"quay.io/a/b@" + one:   "quay.io/a/b",
		"127.0.0.1:5000/a/b":   "127.0.0.1:5000/a/b:latest",
	} {
		got, digest := Canonical(image)
		assert.Equal(t, got, want, image)
		assert.Equal(t, digest != "", strings.Contains(image, "@"), image)
	}
}
