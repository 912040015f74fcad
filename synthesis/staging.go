package synthesis

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// A staging is a folder that apps are synthesized into, inside the one for the result. CDKTF
// writes one stack after another; so a mistake in a later one leaves the last result whole.
type staging struct {
	folder, result string
	manifest       manifest
}

// A manifest is CDKTF's list of stacks, by their ids.
type manifest struct {
	Stacks  map[string]json.RawMessage `json:"stacks"`
	Version string                     `json:"version"`
}

// stage makes the folder, and what tells an app to use it.
func stage() (*staging, *cdktf.AppConfig, error) {
	// As CDKTF itself does it.
	s := staging{result: cmp.Or(os.Getenv("CDKTF_OUTDIR"), "cdktf.out")}
	config := cdktf.AppConfig{Outdir: &s.folder}
	if os.Getenv("CDKTF_CONTEXT_JSON") == "" {
		// Without cdktf around it, the program makes the same.
		project, err := readProject("cdktf.json")
		if err != nil {
			return nil, nil, err
		}
		config.Context = &project.Context
	}
	if err := os.MkdirAll(s.result, 0o755); err != nil {
		return nil, nil, err
	}
	var err error
	if s.folder, err = os.MkdirTemp(s.result, ".staging-"); err != nil {
		return nil, nil, err
	}
	return &s, &config, nil
}

// A project is what cdktf.json says.
type project struct {
	Context map[string]any `json:"context"`
}

func readProject(file string) (p project, _ error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(content, &p); err != nil {
		return p, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// gather has the manifest list the stacks of all apps so far, and not of the last alone, as one
// app would have written it.
func (s *staging) gather() error {
	file := filepath.Join(s.folder, "manifest.json")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	// Into the same map, which keeps what it has.
	if err := json.Unmarshal(content, &s.manifest); err != nil {
		return err
	}
	var entries []string
	for _, id := range slices.Sorted(maps.Keys(s.manifest.Stacks)) {
		entries = append(entries, fmt.Sprintf("    %q: %s", id, s.manifest.Stacks[id]))
	}
	return os.WriteFile(file, fmt.Appendf(nil, "{\n  \"stacks\": {\n%s\n  },\n  \"version\": %q\n}", strings.Join(entries, ",\n"), s.manifest.Version), 0o644)
}

// publish moves every file over the result's, and leaves alone what else is there: Terraform
// keeps its providers beside a stack's file.
func (s *staging) publish() error {
	return filepath.WalkDir(s.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.folder, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(s.result, name), 0o755)
		}
		return os.Rename(path, filepath.Join(s.result, name))
	})
}

// discard removes what is left of the folder.
func (s *staging) discard() { _ = os.RemoveAll(s.folder) }
