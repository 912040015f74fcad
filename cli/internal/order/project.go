package order

import (
	"encoding/json"
	"fmt"

	"plinth/cli/internal/synthesized"
)

// stack is one stack as cdktf has synthesized it.
type stack struct{ synthesized.Stack }

// load reads the stacks of the project that contains dir, in deployment order.
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

// backend returns a Terraform file with the stack's backend and nothing else, and the state's object in
// S3 for messages. Without providers and modules, terraform init has nothing to install.
func (s stack) backend() (content []byte, object string, err error) {
	type terraform struct {
		Backend map[string]json.RawMessage `json:"backend"`
	}
	var file struct {
		Terraform terraform `json:"terraform"`
	}
	if err := s.Decode(&file); err != nil {
		return nil, "", err
	}
	if len(file.Terraform.Backend) == 0 {
		return nil, "", fmt.Errorf("%s: terraform.backend is missing", s.File)
	}
	// In the temporary folder a relative path would name another file, and a missing state looks like
	// a stack that is not deployed.
	if _, local := file.Terraform.Backend["local"]; local {
		return nil, "", fmt.Errorf("%s: terraform.backend is a local file, but only remote states can be checked", s.File)
	}
	var s3 struct{ Bucket, Key string }
	if place, is := file.Terraform.Backend["s3"]; is {
		if err := json.Unmarshal(place, &s3); err != nil {
			return nil, "", fmt.Errorf("%s: terraform.backend.s3: %w", s.File, err)
		}
	}
	// Indented, since Terraform quotes the wrong line.
	content, err = json.MarshalIndent(map[string]terraform{"terraform": file.Terraform}, "", "  ")
	return content, "s3://" + s3.Bucket + "/" + s3.Key, err
}
