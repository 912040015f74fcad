// Package synthesized reads the stacks that cdktf has synthesized.
package synthesized

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Stack is one stack as cdktf's manifest lists it.
type Stack struct {
	Name         string   `json:"name"`
	Dependencies []string `json:"dependencies"`
	// File is the absolute path of its cdk.tf.json.
	File string `json:"synthesizedStackPath"`
}

// Read returns, by name, the stacks of the project that contains dir.
func Read(dir string) (map[string]Stack, error) {
	root, err := Root(dir)
	if err != nil {
		return nil, err
	}
	out := Folder(root)
	content, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New(out + " has no stacks. Synthesize first: ./plinth synth")
	} else if err != nil {
		return nil, err
	}
	var manifest struct {
		Stacks map[string]Stack `json:"stacks"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, fmt.Errorf("%s: %w. Synthesize again: ./plinth synth", filepath.Join(out, "manifest.json"), err)
	}
	for name, s := range manifest.Stacks {
		s.File = filepath.Join(out, filepath.FromSlash(s.File))
		manifest.Stacks[name] = s
	}
	return manifest.Stacks, nil
}

// Folder returns the folder that cdktf itself reads: CDKTF_OUTPUT, or cdktf.out. The user of a
// rehearsal that was kept sets the variable.
func Folder(root string) string {
	out := cmp.Or(os.Getenv("CDKTF_OUTPUT"), "cdktf.out")
	if !filepath.IsAbs(out) {
		out = filepath.Join(root, out)
	}
	return out
}

// Root returns the nearest folder that contains cdktf.json: dir or one above it.
func Root(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for at := start; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "cdktf.json")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("There is no cdktf.json in %s or a folder above it. Run this in the repository.", start) //nolint:staticcheck // a person reads it as sentences
		}
	}
}

// Decode decodes the stack's cdk.tf.json into a struct with the fields that the caller needs.
func (s Stack) Decode(into any) error {
	content, err := os.ReadFile(s.File)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", s.File, err)
	}
	return nil
}
