package bootstrap

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
)

// prefix begins the name of the stack.
const prefix = "bootstrap-"

// environment is its stack, as it is synthesized.
type environment struct {
	name, stack string
	// folder is the stack's, where Terraform runs.
	folder string
	// account and region are where it is deployed, tags are on all that it makes.
	account, region string
	tags            map[string]string
	// backend is the place of the state, in Terraform's words.
	backend     map[string]any
	bucket, key string
	// makesBucket is false with a server of the user's own, which is there before.
	makesBucket bool
	// resources are the arguments of each, by type and name.
	resources map[string]map[string]map[string]any
	pipeline  pipeline
}

// pipeline is, of the stack's output, what a person needs for the next step.
type pipeline struct {
	Provider string   `json:"provider"`
	Project  string   `json:"project"`
	Branches []string `json:"branches"`
	Tags     []string `json:"tags"`
}

// readEnvironment reads the stack of an environment in the project that dir is in.
func readEnvironment(dir, name string) (*environment, error) {
	stacks, err := synthesized.Read(dir)
	if err != nil {
		return nil, err
	}
	stack, known := stacks[prefix+name]
	if !known {
		var names []string
		for _, s := range slices.Sorted(maps.Keys(stacks)) {
			if env, ok := strings.CutPrefix(s, prefix); ok {
				names = append(names, env)
			}
		}
		return nil, fmt.Errorf("There is no environment %s. There are: %s", name, strings.Join(names, ", ")) //nolint:staticcheck // a person reads it as sentences
	}
	var file struct {
		Terraform struct {
			Backend struct {
				S3 map[string]any `json:"s3"`
			} `json:"backend"`
		} `json:"terraform"`
		Provider struct {
			AWS []struct {
				Region      string   `json:"region"`
				Accounts    []string `json:"allowed_account_ids"`
				DefaultTags []struct {
					Tags map[string]string `json:"tags"`
				} `json:"default_tags"`
			} `json:"aws"`
		} `json:"provider"`
		Resource map[string]map[string]map[string]any `json:"resource"`
		Output   struct {
			Pipeline struct {
				Value json.RawMessage `json:"value"`
			} `json:"pipeline"`
		} `json:"output"`
	}
	if err := stack.Decode(&file); err != nil {
		return nil, err
	}
	aws := file.Provider.AWS
	if len(aws) != 1 || len(aws[0].Accounts) != 1 || len(aws[0].DefaultTags) != 1 || file.Terraform.Backend.S3 == nil {
		return nil, fmt.Errorf("%s: must have its state in S3 and one AWS provider, with one account and default tags", stack.File)
	}
	e := &environment{
		name: name, stack: stack.Name, folder: filepath.Dir(stack.File),
		account: aws[0].Accounts[0], region: aws[0].Region, tags: aws[0].DefaultTags[0].Tags,
		backend: file.Terraform.Backend.S3, resources: file.Resource,
	}
	e.bucket, _ = e.backend["bucket"].(string)
	e.key, _ = e.backend["key"].(string)
	e.makesBucket = e.backend["endpoints"] == nil
	if len(file.Output.Pipeline.Value) > 0 {
		if err := json.Unmarshal(file.Output.Pipeline.Value, &e.pipeline); err != nil {
			return nil, fmt.Errorf("%s: output.pipeline: %w", stack.File, err)
		}
	}
	return e, nil
}

// object is where the state belongs.
func (e *environment) object() string { return "s3://" + e.bucket + "/" + e.key }

// command is what a person types to go on.
func (e *environment) command() string { return "./plinth bootstrap " + e.name }
