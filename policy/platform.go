package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// platform is all synthesized stacks, with the limits.
type platform struct {
	stacks []*stack
	limits Limits
}

// stack is one Terraform configuration.
type stack struct {
	id string
	// file is the path of its cdk.tf.json, shown the path in messages.
	file, shown string
	document    object
}

// readPlatform reads the stacks in a folder such as cdktf.out. It reads those in the manifest, since
// cdktf does not delete the files of former stacks.
func readPlatform(root, out string) (*platform, error) {
	limits, err := readLimits(root)
	if err != nil {
		return nil, err
	}
	p := &platform{limits: limits}
	content, err := os.ReadFile(filepath.Join(root, out, "manifest.json"))
	if err != nil {
		return nil, fmt.Errorf("%w. Synthesize the stacks first: ./plinth synth", err)
	}
	var manifest struct {
		Stacks map[string]struct {
			Path string `json:"synthesizedStackPath"`
		} `json:"stacks"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, fmt.Errorf("%s/manifest.json: %w", out, err)
	}
	for _, id := range slices.Sorted(maps.Keys(manifest.Stacks)) {
		shown := filepath.Join(out, filepath.FromSlash(manifest.Stacks[id].Path))
		s := &stack{id: id, file: filepath.Join(root, shown), shown: shown}
		content, err := os.ReadFile(s.file)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(content, &s.document); err != nil {
			return nil, fmt.Errorf("%s: %w", s.shown, err)
		}
		p.stacks = append(p.stacks, s)
	}
	if len(p.stacks) == 0 {
		return nil, fmt.Errorf("%s holds no stacks. Synthesize them first: ./plinth synth", out)
	}
	return p, nil
}

// element is a resource, a data source or a provider of a stack.
type element struct {
	stack      *stack
	mode       string
	kind, name string
	body       object
}

// address returns the element's address in Terraform.
func (e element) address() string {
	switch e.mode {
	case "resource":
		return e.kind + "." + e.name
	case "provider":
		return "provider." + e.kind
	}
	return e.mode + "." + e.kind + "." + e.name
}

// elements returns the elements of one mode: resource, data or provider.
func (s *stack) elements(mode string) (all []element) {
	kinds, _ := s.document[mode].(object)
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if mode == "provider" {
			for _, body := range list(kinds[kind]) {
				all = append(all, element{s, mode, kind, "", asObject(body)})
			}
			continue
		}
		names := asObject(kinds[kind])
		for _, name := range slices.Sorted(maps.Keys(names)) {
			all = append(all, element{s, mode, kind, name, asObject(names[name])})
		}
	}
	return all
}

// resources returns the resources of all stacks, of the given kinds or of any.
func (p *platform) resources(kinds ...string) (all []element) {
	for _, s := range p.stacks {
		for _, e := range s.elements("resource") {
			if len(kinds) == 0 || slices.Contains(kinds, e.kind) {
				all = append(all, e)
			}
		}
	}
	return all
}

const bootstrap = "bootstrap-"

// environment returns the name of the stack's environment.
func (s *stack) environment() string {
	if name, ok := strings.CutPrefix(s.id, bootstrap); ok {
		return name
	}
	name, _, _ := strings.Cut(s.id, "-")
	return name
}

// protected reports whether an environment is protected, from the output of its bootstrap stack.
// Without that, an environment with a resource that must not be destroyed is protected.
func (p *platform) protected(environment string) bool {
	for _, s := range p.stacks {
		if s.id == bootstrap+environment {
			if protected, said := dig(s.document, "output", "pipeline", "value", "protected").(bool); said {
				return protected
			}
		}
	}
	return slices.ContainsFunc(p.resources(), func(e element) bool {
		return e.stack.environment() == environment && !strings.HasPrefix(e.stack.id, bootstrap) &&
			dig(e.body, "lifecycle", "prevent_destroy") == true
	})
}

// dig returns the value below the keys, also through lists of one element. It returns nil if there is
// none.
func dig(value any, keys ...string) any {
	for _, key := range keys {
		if items, ok := value.([]any); ok && len(items) == 1 {
			value = items[0]
		}
		value = asObject(value)[key]
	}
	return value
}

func asObject(value any) object { o, _ := value.(object); return o }

// list returns a list's values, or a single value as a list.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// texts returns the strings in a list, or a single string as a list.
func texts(value any) (found []string) {
	for _, item := range list(value) {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}
