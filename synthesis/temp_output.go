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

// A tempOutput is a temporary folder inside the output folder. CDKTF writes one stack after another;
// a mistake in a later one must leave the previous output complete.
type tempOutput struct {
	folder, result string
	manifest       manifest
}

// A manifest is CDKTF's list of stacks, by their ids.
type manifest struct {
	Stacks  map[string]json.RawMessage `json:"stacks"`
	Version string                     `json:"version"`
}

// newTempOutput creates the folder, and an app's config that uses it.
func newTempOutput() (*tempOutput, *cdktf.AppConfig, error) {
	// The same default as CDKTF's.
	o := tempOutput{result: cmp.Or(os.Getenv("CDKTF_OUTDIR"), "cdktf.out")}
	config := cdktf.AppConfig{Outdir: &o.folder}
	if os.Getenv("CDKTF_CONTEXT_JSON") == "" {
		// Without the cdktf CLI, read cdktf.json as the CLI does.
		project, err := readProject("cdktf.json")
		if err != nil {
			return nil, nil, err
		}
		config.Context = &project.Context
	}
	if err := os.MkdirAll(o.result, 0o755); err != nil {
		return nil, nil, err
	}
	var err error
	if o.folder, err = os.MkdirTemp(o.result, ".staging-"); err != nil {
		return nil, nil, err
	}
	return &o, &config, nil
}

// A project is the content of cdktf.json.
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

// mergeManifest lists the stacks of all apps so far in the manifest. CDKTF lists those of the last
// app only.
func (o *tempOutput) mergeManifest() error {
	file := filepath.Join(o.folder, "manifest.json")
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	// Unmarshal keeps the map's earlier entries.
	if err := json.Unmarshal(content, &o.manifest); err != nil {
		return err
	}
	var entries []string
	for _, id := range slices.Sorted(maps.Keys(o.manifest.Stacks)) {
		entries = append(entries, fmt.Sprintf("    %q: %s", id, o.manifest.Stacks[id]))
	}
	return os.WriteFile(file, fmt.Appendf(nil, "{\n  \"stacks\": {\n%s\n  },\n  \"version\": %q\n}", strings.Join(entries, ",\n"), o.manifest.Version), 0o644)
}

// publish moves every file to the output folder. It leaves other files there: Terraform keeps its
// providers beside a stack's file.
func (o *tempOutput) publish() error {
	return filepath.WalkDir(o.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(o.folder, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(o.result, name), 0o755)
		}
		return os.Rename(path, filepath.Join(o.result, name))
	})
}

// remove deletes the folder.
func (o *tempOutput) remove() { _ = os.RemoveAll(o.folder) }
