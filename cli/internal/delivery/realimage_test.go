package delivery

import (
	"archive/tar"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"gotest.tools/v3/assert"

	"plinth/cli/internal/synthesized"
)

var realImage = flag.Bool("image", false, "build the real image with the docker or buildah of this machine")

// most is the maximum size of the image, both compressed and uncompressed, in bytes.
const most = 15_000_000

// TestRealImage pushes the image of app/ as it is now. It commits a copy of app/ to a new repository,
// since a developer's clone has uncommitted changes.
func TestRealImage(t *testing.T) {
	if !*realImage {
		t.Skip("make test-image does it: it needs docker or buildah")
	}
	root, err := synthesized.Root(".")
	assert.NilError(t, err)
	if _, err := os.Stat(filepath.Join(root, "app", "Dockerfile")); err != nil {
		t.Skip("the sample is gone")
	}
	d := newRealDesk(t, root)
	revision := d.commitAll("first")
	_, err = d.output(t.Context(), d.Dir, nil, "git", "tag", "v1.2.3")
	assert.NilError(t, err)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/app"
	push := "push -repository " + repository
	d.succeeds(push)
	digest := strings.TrimSpace(d.stdout.String())
	t.Log(d.stderr.String())

	tag, err := name.NewTag(repository + ":v1.2.3")
	assert.NilError(t, err)
	image, err := remote.Image(tag)
	assert.NilError(t, err)
	pulled, err := image.Digest()
	assert.NilError(t, err)
	assert.Equal(t, pulled.String(), digest)

	t.Run("its configuration", func(t *testing.T) { checkConfiguration(t, image, revision) })
	t.Run("its files", func(t *testing.T) { checkFiles(t, image, d.Dir) })
	t.Run("its program", func(t *testing.T) { assert.Equal(t, runProgram(t, unpack(t, image), "-version"), "v1.2.3\n") })
	t.Run("pushed again", func(t *testing.T) {
		d.succeeds(push)
		assert.Equal(t, strings.TrimSpace(d.stdout.String()), digest)
		contains(t, d.stderr.String(), "exists already, built from this commit")
	})
	t.Run("built again, in another folder, later", func(t *testing.T) {
		time.Sleep(1100 * time.Millisecond) // times in archives and images are whole seconds
		other := newRealDesk(t, d.Dir)
		assert.Equal(t, other.commitAll("first"), revision)
		_, err := other.output(t.Context(), other.Dir, nil, "git", "tag", "v1.2.3")
		assert.NilError(t, err)
		other.succeeds(push + "-again")
		assert.Equal(t, strings.TrimSpace(other.stdout.String()), digest)
	})
	t.Run("another commit by the same tag", func(t *testing.T) {
		d.write("app/rds-global-bundle.pem", "another")
		d.commitAll("second")
		_, err := d.output(t.Context(), d.Dir, nil, "git", "tag", "--force", "v1.2.3")
		assert.NilError(t, err)
		contains(t, d.fails(push), ":v1.2.3: exists already, built from commit "+revision+"; tags are immutable")
		now, err := remote.Head(tag)
		assert.NilError(t, err)
		assert.Equal(t, now.Digest.String(), digest)
	})
}

// newRealDesk returns a desk with this machine's programs and another project's app/.
func newRealDesk(t *testing.T, root string) *desk {
	t.Helper()
	d := newDesk(t)
	d.Environ = os.Environ()
	d.synthesize("dev")
	assert.NilError(t, os.CopyFS(filepath.Join(d.Dir, "app"), os.DirFS(filepath.Join(root, "app"))))
	return d
}

func checkConfiguration(t *testing.T, image v1.Image, revision string) {
	file, err := image.ConfigFile()
	assert.NilError(t, err)
	assert.Equal(t, file.OS+"/"+file.Architecture, "linux/amd64")
	assert.Assert(t, file.Created.Equal(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)), file.Created)
	config := file.Config
	assert.Equal(t, config.User, "65532:65532")
	assert.DeepEqual(t, config.Entrypoint, []string{"/app"})
	assert.Equal(t, len(config.Cmd)+len(config.Shell), 0)
	assert.DeepEqual(t, config.ExposedPorts, map[string]struct{}{"8080/tcp": {}, "9090/tcp": {}})
	for _, variable := range config.Env { // a builder may set PATH
		assert.Assert(t, strings.HasPrefix(variable, "PATH="), variable)
	}
	const prefix = "org.opencontainers.image."
	assert.DeepEqual(t, config.Labels, map[string]string{
		prefix + "title":       "app",
		prefix + "description": "Plinth's sample service",
		prefix + "licenses":    "Apache-2.0",
		prefix + "version":     "v1.2.3",
		prefix + "revision":    revision,
		prefix + "created":     "2026-11-24T12:00:00Z",
		prefix + "source":      "",
	})
}

// checkFiles checks all files in the image: there is no shell, root owns every file, and nobody else
// may write one.
func checkFiles(t *testing.T, image v1.Image, root string) {
	bundle, err := os.ReadFile(filepath.Join(root, "app", certificates))
	assert.NilError(t, err)
	found := map[string]string{}
	size := int64(0)
	eachFile(t, image, func(header *tar.Header, content io.Reader) {
		found[strings.Trim(header.Name, "/")] = fmt.Sprintf("%c %o %d:%d", header.Typeflag, header.Mode&0o7777, header.Uid, header.Gid)
		size += header.Size
		if strings.HasSuffix(header.Name, certificates) {
			text, err := io.ReadAll(content)
			assert.NilError(t, err)
			assert.Equal(t, string(text), string(bundle))
		}
	})
	const folder, file, program = "5 755 0:0", "0 644 0:0", "0 755 0:0"
	assert.DeepEqual(t, found, map[string]string{
		"app": program, "etc": folder, "etc/ssl": folder, "etc/ssl/certs": folder, "etc/ssl/certs/" + certificates: file,
	})
	packed, err := compressed(image)
	assert.NilError(t, err)
	t.Logf("%.2f MB packed, %.2f MB unpacked", float64(packed)/1e6, float64(size)/1e6)
	assert.Assert(t, packed < most && size < most, "the image has %d bytes packed and %d unpacked, and must have less than %d", packed, size, most)
}

func eachFile(t *testing.T, image v1.Image, do func(*tar.Header, io.Reader)) {
	t.Helper()
	layers := mutate.Extract(image)
	defer layers.Close()
	for files := tar.NewReader(layers); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		assert.NilError(t, err)
		do(header, files)
	}
}

// unpack writes the image's files into a new folder.
func unpack(t *testing.T, image v1.Image) string {
	t.Helper()
	folder := t.TempDir()
	eachFile(t, image, func(header *tar.Header, content io.Reader) {
		path := filepath.Join(folder, header.Name)
		if header.Typeflag == tar.TypeDir {
			assert.NilError(t, os.MkdirAll(path, 0o755))
			return
		}
		assert.NilError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, header.FileInfo().Mode())
		assert.NilError(t, err)
		_, err = io.Copy(file, content)
		assert.NilError(t, errors.Join(err, file.Close()))
	})
	return folder
}
