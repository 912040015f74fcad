package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"plinth/tools/internal/find"
)

// stack is one stack as cdktf has synthesized it.
type stack struct {
	Name         string   `json:"name"`
	Dependencies []string `json:"dependencies"`
	// File is the path of its cdk.tf.json, in the manifest relative to cdktf.out.
	File string `json:"synthesizedStackPath"`
}

// load reads the stacks of the project that dir is in, in the order they are deployed.
func load(dir string) (stacks, error) {
	root, err := projectRoot(dir)
	if err != nil {
		return nil, err
	}
	// Where cdktf itself looks; a rehearsal that goes on by hand sets it.
	out := cmp.Or(os.Getenv("CDKTF_OUTPUT"), "cdktf.out")
	if !filepath.IsAbs(out) {
		out = filepath.Join(root, out)
	}
	content, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refusal(out + " holds no stacks. Synthesize them first: make synth")
	} else if err != nil {
		return nil, err
	}
	var manifest struct {
		Stacks map[string]stack `json:"stacks"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, fmt.Errorf("%s: %w. Write it again: make synth", filepath.Join(out, "manifest.json"), err)
	}
	for name, s := range manifest.Stacks {
		s.File = filepath.Join(out, filepath.FromSlash(s.File))
		manifest.Stacks[name] = s
	}
	return inOrder(manifest.Stacks)
}

// projectRoot returns the nearest folder, dir or one above it, that holds cdktf.json.
func projectRoot(dir string) (string, error) {
	root, start, err := find.Above(dir, "cdktf.json")
	if err == nil && root == "" {
		err = refusal(fmt.Sprintf("There is no cdktf.json in %s or a folder above it. Run this in the repository.", start))
	}
	return root, err
}

// decode reads the stack's cdk.tf.json, as much of it as into has fields for.
func (s stack) decode(into any) error {
	content, err := os.ReadFile(s.File)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	return nil
}

// backend returns a Terraform file with the place of the stack's state and nothing else:
// no provider, no module, so that terraform init has nothing to install.
func (s stack) backend() ([]byte, error) {
	type terraform struct {
		Backend map[string]json.RawMessage `json:"backend"`
	}
	var file struct {
		Terraform terraform `json:"terraform"`
	}
	if err := s.decode(&file); err != nil {
		return nil, err
	}
	if len(file.Terraform.Backend) == 0 {
		return nil, fmt.Errorf("%s: terraform.backend is missing", s.File)
	}
	// Its path would mean another file in the temporary folder, and a state that is not
	// found looks like a stack that is not deployed.
	if _, local := file.Terraform.Backend["local"]; local {
		return nil, fmt.Errorf("%s: terraform.backend is a local file, but only remote states can be checked", s.File)
	}
	// Indented, since Terraform quotes the line at fault.
	return json.MarshalIndent(map[string]terraform{"terraform": file.Terraform}, "", "  ")
}
