package command

import (
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"gotest.tools/v3/assert"
)

// TestImages lists an image, records its digest from a registry on this machine, and lists it again.
func TestImages(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	image := strings.TrimPrefix(server.URL, "http://") + "/p/keda:2.20.2"
	f := newFake(t)
	f.write("build/images.json", `{"images": [{"image": "`+image+`", "chart": "keda", "chartVersion": "2.20.2", "repository": "https://charts.example.com", "release": "dev-app/keda"}], "unknown": ["dev-app/x: is not known"]}`)
	list := func() (digest string) {
		t.Helper()
		code, said := f.run("images", "--skip-synth", "--output", "json")
		assert.Equal(t, code, done, said)
		assert.Equal(t, f.stderr.String(), "dev-app/x: is not known\n")
		var inventory struct {
			Images, Charts []struct{ Image, Digest string }
		}
		assert.NilError(t, json.Unmarshal(f.stdout.Bytes(), &inventory))
		assert.Equal(t, len(inventory.Images), 1)
		assert.Equal(t, len(inventory.Charts), 1)
		assert.Equal(t, inventory.Images[0].Image, image)
		return inventory.Images[0].Digest
	}
	assert.Equal(t, list(), "")
	_, said := f.run("images", "--skip-synth")
	assert.Assert(t, strings.Contains(said, image+"  not recorded  "), said)

	code, said := f.run("images", "--skip-synth", "--record")
	assert.Equal(t, code, failed)
	assert.Assert(t, strings.Contains(said, "Nothing is recorded"), said)
	_, err := os.Stat(f.Path("images.lock.yaml"))
	assert.Assert(t, os.IsNotExist(err))

	reference, err := name.ParseReference(image)
	assert.NilError(t, err)
	index, err := random.Index(64, 1, 2)
	assert.NilError(t, err)
	assert.NilError(t, remote.WriteIndex(reference, index))
	digest, err := index.Digest()
	assert.NilError(t, err)
	code, said = f.run("images", "--skip-synth", "--record")
	assert.Equal(t, code, done, said)
	assert.Assert(t, strings.HasSuffix(said, "The digests are in images.lock.yaml. Commit it.\n"), said)
	assert.Equal(t, list(), digest.String())

	// Recording replaces a broken file; listing refuses it.
	f.write("images.lock.yaml", "keda 2.20.2: {"+image+": latest}\n")
	code, said = f.run("images", "--skip-synth")
	assert.Equal(t, code, failed)
	assert.Assert(t, strings.Contains(said, `is "latest". Record the digests again: ./plinth images --record`), said)
	code, said = f.run("images", "--skip-synth", "--record")
	assert.Equal(t, code, done, said)
	assert.Equal(t, list(), digest.String())
}
