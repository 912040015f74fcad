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

// A platform is all that was synthesized.
type platform struct {
	stacks []*stack
	limits Limits
}

// A stack is one Terraform configuration.
type stack struct {
	id string
	// file is where its cdk.tf.json is, shown how messages call it.
	file, shown string
	document    object
}

// readPlatform reads the stacks in a folder such as cdktf.out: those of its manifest, since
// cdktf leaves others behind when they are gone.
func readPlatform(root, out string) (*platform, error) {
	limits, err := readLimits(root)
	if err != nil {
		return nil, err
	}
	p := &platform{limits: limits}
	content, err := os.ReadFile(filepath.Join(root, out, "manifest.json"))
	if err != nil {
		return nil, fmt.Errorf("%w. Synthesize the stacks first: make synth", err)
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
		return nil, fmt.Errorf("%s holds no stacks. Synthesize them first: make synth", out)
	}
	return p, nil
}

// An element is a resource, a data source or a provider of a stack.
type element struct {
	stack      *stack
	mode       string
	kind, name string
	body       object
}

// address is as Terraform has it.
func (e element) address() string {
	switch e.mode {
	case "resource":
		return e.kind + "." + e.name
	case "provider":
		return "provider." + e.kind
	}
	return e.mode + "." + e.kind + "." + e.name
}

// elements are those of one mode: resource, data or provider.
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

// resources are all that Terraform makes, of some kinds or of all.
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

// environment is the one that a stack belongs to.
func (s *stack) environment() string {
	if name, ok := strings.CutPrefix(s.id, bootstrap); ok {
		return name
	}
	name, _, _ := strings.Cut(s.id, "-")
	return name
}

// protected tells whether an environment is: its bootstrap stack says so; where there is none,
// anything that must not be destroyed does.
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

// dig follows keys, through lists of one, and is nil where the way ends.
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

// list is a value, or the values of a list.
func list(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{value}
}

// texts are a value's texts.
func texts(value any) (found []string) {
	for _, item := range list(value) {
		if text, ok := item.(string); ok {
			found = append(found, text)
		}
	}
	return found
}
