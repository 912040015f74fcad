package order

import (
	"encoding/json"
	"fmt"

	"plinth/cli/internal/synthesized"
)

// stack is one stack as cdktf has synthesized it.
type stack struct{ synthesized.Stack }

// load reads the stacks of the project that dir is in, in the order they are deployed.
func load(dir string) (stacks, error) {
	found, err := synthesized.Read(dir)
	if err != nil {
		return nil, err
	}
	byName := map[string]stack{}
	for name, s := range found {
		byName[name] = stack{s}
	}
	return inOrder(byName)
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
	if err := s.Decode(&file); err != nil {
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
