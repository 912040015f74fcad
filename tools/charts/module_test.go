package charts

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A module is a Go module whose source holds a chart. Helm's own repositories serve the same charts;
// a module has a checksum that everyone who fetches it can verify.
type module struct {
	path, version string
	// sum is the module's hash as go.sum would have it.
	sum string
}

var (
	metricsServer   = module{"sigs.k8s.io/metrics-server", "v0.9.0", "h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w="}
	externalSecrets = module{"github.com/external-secrets/external-secrets", "v1.3.2", "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ="}
)

// fetch returns the folder of the module's source, which the go command downloads once.
func (m module) fetch(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", m.path+"@"+m.version)
	// Outside any module, so that no go.mod has a say in it and no go.sum is written.
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var info struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(out, &info); err != nil || jsonErr != nil {
		t.Fatalf("go mod download %s@%s: %v %s%s", m.path, m.version, err, info.Error, stderr.String())
	}
	if info.Sum != m.sum {
		t.Fatalf("%s@%s has checksum %s, pinned is %s", m.path, m.version, info.Sum, m.sum)
	}
	return info.Dir
}

func (m module) file(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.fetch(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
