package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A stackFile is the part of a stack's Terraform JSON that this program needs.
type stackFile struct {
	id        string // <environment>-<stack>
	resources []resource
	outputs   map[string]string // the text of each output's value
	elsewhere string            // the text of the providers, which belong to no construct
	before    []string          // ids of the stacks that must be deployed first, by cdktf's manifest if there is one
}

// A resource is a Terraform resource, or a data source if data is set.
type resource struct {
	kind string   // aws_subnet
	name string   // Terraform's name for it, which CDKTF generates
	path []string // the construct tree below the stack: network, private-a
	text string   // its arguments, as JSON
	data bool
}

// address is the address of r in Terraform's expressions.
func (r resource) address() string {
	if r.data {
		return "data." + r.kind + "." + r.name
	}
	return r.kind + "." + r.name
}

// ending is the suffix of the golden files of stacks.
const ending = ".tf.json"

// bootstrap is the prefix of the id of the stack that an administrator deploys before the others.
const bootstrap = "bootstrap-"

// fullest returns the environment to draw: the one with the largest files.
func fullest(folder string) (string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil {
		return "", err
	}
	sizes, most := map[string]int64{}, ""
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		environment, _, _ := strings.Cut(filepath.Base(path), "-")
		if environment+"-" != bootstrap {
			sizes[environment] += info.Size()
		}
	}
	for _, environment := range slices.Sorted(maps.Keys(sizes)) {
		if sizes[environment] > sizes[most] {
			most = environment
		}
	}
	if most == "" {
		return "", fmt.Errorf("%s: no *%s there", folder, ending)
	}
	return most, nil
}

// readEnvironment reads every stack of one environment from folder. It also reads a copy of
// cdktf.out's manifest, if there is one: only the manifest has an order that no value enforces.
func readEnvironment(folder, environment string) ([]stackFile, error) {
	paths, err := filepath.Glob(filepath.Join(folder, environment+"-*"+ending))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no %s-*%s there", folder, environment, ending)
	}
	manifest, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	first := filepath.Join(folder, bootstrap+environment+ending)
	if _, err := os.Stat(first); err == nil {
		paths = append([]string{first}, paths...)
	}
	before, err := parseManifest(manifest)
	if err != nil {
		return nil, fmt.Errorf("%s: manifest.json: %w", folder, err)
	}
	var files []stackFile
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		id := strings.TrimSuffix(filepath.Base(path), ending)
		file, err := parseStack(id, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		file.before = before[id]
		if paths[0] == first && path != first && len(file.before) == 0 {
			file.before = []string{bootstrap + environment} // no value implies this
		}
		files = append(files, file)
	}
	return files, nil
}

// parseManifest returns each stack's dependencies, none without a manifest.
func parseManifest(data []byte) (map[string][]string, error) {
	if data == nil {
		return nil, nil
	}
	var manifest struct {
		Stacks map[string]struct {
			Dependencies []string `json:"dependencies"`
		} `json:"stacks"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, err
	}
	before := make(map[string][]string)
	for id, stack := range manifest.Stacks {
		before[id] = stack.Dependencies
	}
	return before, nil
}

func parseStack(id string, data []byte) (stackFile, error) {
	type section map[string]map[string]json.RawMessage
	var document struct {
		Resource section                    `json:"resource"`
		Data     section                    `json:"data"`
		Provider json.RawMessage            `json:"provider"`
		Output   map[string]json.RawMessage `json:"output"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		return stackFile{}, err
	}
	file := stackFile{id: id, outputs: make(map[string]string), elsewhere: string(document.Provider)}
	for name, output := range document.Output {
		file.outputs[name] = string(output)
	}
	for _, s := range []struct {
		section section
		data    bool
	}{{document.Resource, false}, {document.Data, true}} {
		for kind, named := range s.section {
			for name, raw := range named {
				r, err := parseResource(kind, name, raw)
				if err != nil {
					return stackFile{}, fmt.Errorf("%s.%s: %w", kind, name, err)
				}
				if r.path == nil {
					continue // made by CDKTF itself, such as a terraform_remote_state
				}
				r.data = s.data
				file.resources = append(file.resources, r)
			}
		}
	}
	slices.SortFunc(file.resources, func(a, b resource) int {
		return cmp.Compare(a.address(), b.address())
	})
	return file, nil
}

func parseResource(kind, name string, raw json.RawMessage) (resource, error) {
	var body struct {
		Comment struct {
			Metadata struct {
				Path string `json:"path"`
			} `json:"metadata"`
		} `json:"//"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return resource{}, err
	}
	r := resource{kind: kind, name: name, text: string(raw)}
	if _, below, found := strings.Cut(body.Comment.Metadata.Path, "/"); found {
		r.path = strings.Split(below, "/")
	}
	return r, nil
}
