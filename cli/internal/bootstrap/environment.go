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

// prefix is the prefix of the stack's name.
const prefix = "bootstrap-"

// environment is an environment's bootstrap stack as synthesized.
type environment struct {
	name, stack string
	synthesized synthesized.Stack
	// folder is the stack's, where Terraform runs.
	folder string
	// account and region are where it is deployed; tags are on all its resources.
	account, region string
	tags            map[string]string
	// backend is the configuration of Terraform's S3 backend.
	backend     map[string]any
	bucket, key string
	// makesBucket is false with the user's own S3 server, where the bucket must exist before.
	makesBucket bool
	// resources are the arguments of each resource, by type and name.
	resources map[string]map[string]map[string]any
	pipeline  pipeline
	provider  oidcProvider
}

// pipeline is the part of the stack's output that the message about the next step needs.
type pipeline struct {
	Provider string   `json:"provider"`
	Project  string   `json:"project"`
	Branches []string `json:"branches"`
	Tags     []string `json:"tags"`
}

// oidcProvider is the account's OIDC provider for the pipelines' tokens.
type oidcProvider struct {
	Arn string `json:"arn"`
	// Created reports whether this stack creates it. Audiences are those that it must list.
	Created   bool     `json:"created"`
	Audiences []string `json:"audiences"`
}

// readEnvironment reads the bootstrap stack of an environment in the project that contains dir.
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
			Provider struct {
				Value oidcProvider `json:"value"`
			} `json:"oidc_provider"`
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
		name: name, stack: stack.Name, synthesized: stack, folder: filepath.Dir(stack.File),
		account: aws[0].Accounts[0], region: aws[0].Region, tags: aws[0].DefaultTags[0].Tags,
		backend: file.Terraform.Backend.S3, resources: file.Resource, provider: file.Output.Provider.Value,
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

// object returns the URL of the state in the bucket.
func (e *environment) object() string { return "s3://" + e.bucket + "/" + e.key }

// command returns the command that continues the deployment.
func (e *environment) command() string { return "./plinth bootstrap " + e.name }
