package inventory

import (
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"gotest.tools/v3/assert"

	"plinth/images"
)

// project writes files of a project and returns its folder.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for file, content := range files {
		path := filepath.Join(root, file)
		assert.NilError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		assert.NilError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	return root
}

// sample is a project whose images are in the registry at host.
func sample(t *testing.T, host string) string {
	t.Helper()
	return project(t, map[string]string{
		"stacks/a.go": `package stacks

var a = release.Config{
	Repository: "https://charts.example.com",
	Chart:      "keda",
	Version:    "2.20.2",
}

// renovate: datasource=docker depName=` + host + `/p/own
var tag = "v1.3.2"
`,
		"charts/pod-logs/Chart.yaml": "name: pod-logs\n# renovate: datasource=docker depName=" + host + "/grafana/alloy\nappVersion: v1.21.2\n",
		"app/Dockerfile":             "# Comment\nFROM scratch\n",
		"ci/Dockerfile":              "ARG BASE=" + host + "/debian:12-slim\nFROM ${BASE}\n",
		"rendered.json": strings.ReplaceAll(`{"images": [
  {"image": "HOST/p/keda:2.20.2", "chart": "keda", "chartVersion": "2.20.2", "repository": "https://charts.example.com", "release": "prod-app/keda"},
  {"image": "HOST/p/keda:2.20.2", "chart": "keda", "chartVersion": "2.20.2", "repository": "https://charts.example.com", "release": "dev-app/keda"},
  {"image": "HOST/p/keda:2.20.2", "chart": "keda", "chartVersion": "2.20.2", "repository": "https://charts.example.com", "release": "dev-app/keda"},
  {"image": "HOST/p/own:v1.3.2", "chart": "keda", "chartVersion": "2.20.2", "repository": "https://charts.example.com", "release": "dev-app/keda"},
  {"image": "HOST/grafana/alloy:v1.21.2", "chart": "pod-logs", "chartVersion": "v1.21.2", "repository": "", "release": "dev-observability/pod-logs"},
  {"image": "HOST/postgres:17-bookworm", "chart": "postgres", "chartVersion": "17", "repository": "", "release": "dev-app/postgres"}
], "unknown": ["dev-app/x: chart x 1 is in no known Go module"]}`, "HOST", host),
	})
}

func TestRead(t *testing.T) {
	root := sample(t, "r.example.com")
	list, err := Read(root, filepath.Join(root, "rendered.json"))
	assert.NilError(t, err)
	assert.DeepEqual(t, list.Unknown, []string{"dev-app/x: chart x 1 is in no known Go module"})
	assert.DeepEqual(t, list.Charts, []Chart{{
		Name: "keda", Version: "2.20.2", Repository: "https://charts.example.com", Pinned: "stacks/a.go:6", UsedBy: []string{"dev-app/keda", "prod-app/keda"},
	}})
	var got []string
	for _, i := range list.Images {
		got = append(got, strings.Join([]string{i.Image, i.Version, i.Pinned, strings.Join(i.UsedBy, " "), i.section}, "|"))
	}
	assert.DeepEqual(t, got, []string{
		"r.example.com/debian:12-slim|12-slim|ci/Dockerfile:1|ci/Dockerfile|ci/Dockerfile",
		"r.example.com/grafana/alloy:v1.21.2|v1.21.2|charts/pod-logs/Chart.yaml:3|dev-observability/pod-logs|pod-logs v1.21.2",
		"r.example.com/p/keda:2.20.2|2.20.2|stacks/a.go:6|dev-app/keda prod-app/keda|keda 2.20.2",
		"r.example.com/p/own:v1.3.2|v1.3.2|stacks/a.go:10|dev-app/keda|keda 2.20.2",
		"r.example.com/postgres:17-bookworm|17-bookworm|database.version of dev|dev-app/postgres|postgres 17",
		"scratch||app/Dockerfile:2|app/Dockerfile|",
	})

	_, err = Read(root, filepath.Join(root, "none.json"))
	assert.ErrorContains(t, err, "Run it without --skip-synth")
}

// TestRecord asks a registry on this machine.
func TestRecord(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	root := sample(t, host)
	list, err := Read(root, filepath.Join(root, "rendered.json"))
	assert.NilError(t, err)

	_, err = list.Record(t.Context())
	assert.ErrorContains(t, err, host+"/debian:12-slim, pinned in ci/Dockerfile:1: ")
	assert.ErrorContains(t, err, ". Nothing is recorded")

	want := images.Lock{}
	for _, image := range list.Images {
		if image.section == "" {
			continue
		}
		reference, err := name.ParseReference(image.Image)
		assert.NilError(t, err)
		index, err := random.Index(64, 1, 2) // a manifest list of two platforms
		assert.NilError(t, err)
		assert.NilError(t, remote.WriteIndex(reference, index))
		digest, err := index.Digest()
		assert.NilError(t, err)
		if want[image.section] == nil {
			want[image.section] = map[string]string{}
		}
		want[image.section][image.Image] = digest.String()
	}
	lock, err := list.Record(t.Context())
	assert.NilError(t, err)
	assert.DeepEqual(t, lock, want)

	// What is written can be read, and the list then has the digests.
	file := filepath.Join(root, "images.lock.yaml")
	assert.NilError(t, lock.Write(file))
	lock, err = images.Load(file)
	assert.NilError(t, err)
	list.Compare(lock)
	var text strings.Builder
	assert.NilError(t, list.Text(&text))
	assert.Assert(t, !strings.Contains(text.String(), "not recorded"), text.String())
	for _, image := range list.Images {
		assert.Equal(t, image.Digest, want[image.section][image.Image])
	}
}
