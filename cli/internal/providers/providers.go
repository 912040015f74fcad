// Package providers lets Terraform run only the providers that the stacks pin. It refuses a state that
// names another one, and a package whose checksum is not in the project's lock file.
package providers

import (
	"maps"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
)

// The default registries of Terraform and OpenTofu.
// https://developer.hashicorp.com/terraform/language/providers/requirements#hostname
// https://opentofu.org/docs/language/providers/requirements/#hostname
const (
	terraformHost = "registry.terraform.io"
	openTofuHost  = "registry.opentofu.org"
)

// Refusal is an error in whole sentences for the person who typed the command.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// provider is one that a stack requires.
type provider struct {
	// source is as in hashicorp/aws. It has a host only if the stack names one.
	source string
	// version is the version that the stack pins.
	version string
}

// address returns the full address, with a default host.
func (p provider) address(host string) string {
	if strings.Count(p.source, "/") == 2 {
		return p.source
	}
	return host + "/" + p.source
}

// required returns the providers that a stack requires, sorted by source.
func required(stack synthesized.Stack) ([]provider, error) {
	var file struct {
		Terraform struct {
			Required map[string]struct {
				Source  string `json:"source"`
				Version string `json:"version"`
			} `json:"required_providers"`
		} `json:"terraform"`
	}
	if err := stack.Decode(&file); err != nil {
		return nil, err
	}
	var found []provider
	for _, name := range slices.Sorted(maps.Keys(file.Terraform.Required)) {
		p := file.Terraform.Required[name]
		if p.Source == "" {
			p.Source = name
		}
		if !strings.Contains(p.Source, "/") {
			p.Source = "hashicorp/" + p.Source
		}
		found = append(found, provider{p.Source, p.Version})
	}
	slices.SortFunc(found, func(a, b provider) int { return strings.Compare(a.source, b.source) })
	return found, nil
}
