package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// assembly is a jsii assembly reduced to some of its submodules. Values stay the
// text they were read from: nothing here needs to understand them.
type assembly struct {
	header     map[string]json.RawMessage
	submodules map[string]json.RawMessage
	types      map[string]json.RawMessage
}

// readAssembly reads the parts of a .jsii file that the wanted submodules
// need. The AWS provider's file is 120 MB, so it is read as a stream, one value
// at a time.
func readAssembly(r io.Reader, name string, wanted []submodule) (*assembly, error) {
	keep := map[string]bool{}
	for _, s := range wanted {
		keep[s.name] = true
	}
	// A fully qualified name is <assembly>.<submodule>.<type>.
	isWanted := func(fqn string) bool {
		rest, _ := strings.CutPrefix(fqn, name+".")
		namespace, _, _ := strings.Cut(rest, ".")
		return keep[namespace]
	}
	a := &assembly{
		header:     map[string]json.RawMessage{},
		submodules: map[string]json.RawMessage{},
		types:      map[string]json.RawMessage{},
	}
	d := json.NewDecoder(r)
	err := eachMember(d, func(key string) error {
		switch key {
		case "submodules":
			return filterMembers(d, a.submodules, isWanted)
		case "types":
			return filterMembers(d, a.types, isWanted)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		a.header[key] = value
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, s := range wanted {
		if _, ok := a.submodules[name+"."+s.name]; !ok {
			return nil, fmt.Errorf("submodule %s is exported by lib/index.js but not described", s.name)
		}
	}
	// The package's front page would become the Go module's; the fingerprint
	// is that of the whole assembly.
	delete(a.header, "readme")
	delete(a.header, "fingerprint")
	return a, nil
}

// eachMember calls read for each key of the next object. read must consume the
// value.
func eachMember(d *json.Decoder, read func(key string) error) error {
	opening, err := d.Token()
	if err != nil {
		return err
	}
	if opening != json.Delim('{') {
		return fmt.Errorf("an object is expected at offset %d, not %v", d.InputOffset(), opening)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if err := read(key.(string)); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func filterMembers(d *json.Decoder, into map[string]json.RawMessage, isWanted func(string) bool) error {
	var value json.RawMessage
	return eachMember(d, func(key string) error {
		if err := d.Decode(&value); err != nil {
			return err
		}
		if isWanted(key) {
			into[key] = bytes.Clone(value)
		}
		return nil
	})
}

// documented returns the assembly for generating the Go code: its documentation
// becomes comments, which editors show.
func (a *assembly) documented() ([]byte, error) {
	whole := map[string]any{}
	for key, value := range a.header {
		whole[key] = value
	}
	submodules := map[string]any{}
	for name := range a.submodules {
		submodules[name] = struct{}{} // its only other content is a front page
	}
	whole["submodules"] = submodules
	whole["types"] = a.types
	return json.Marshal(whole)
}

// runtime returns the assembly that is embedded in the Go code. Node.js parses it
// whenever a program starts: without documentation and references to source files
// it has 40 % of the size.
func (a *assembly) runtime() ([]byte, error) {
	documented, err := a.documented()
	if err != nil {
		return nil, err
	}
	var whole map[string]any
	d := json.NewDecoder(bytes.NewReader(documented))
	d.UseNumber()
	if err := d.Decode(&whole); err != nil {
		return nil, err
	}
	for _, key := range []string{"author", "contributors", "description", "homepage", "keywords", "repository"} {
		delete(whole, key)
	}
	stripDocumentation(whole)
	return json.Marshal(whole)
}

// stripDocumentation removes, at any depth, what only generators read. An assembly
// lists members as objects with a name, so these keys are never a member's
// name.
func stripDocumentation(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range []string{"docs", "locationInModule", "symbolId"} {
			delete(value, key)
		}
		for _, member := range value {
			stripDocumentation(member)
		}
	case []any:
		for _, element := range value {
			stripDocumentation(element)
		}
	}
}
