package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"plinth/cli/internal/synthesized"
)

// builtIn is part of Terraform and OpenTofu: they install nothing for it.
const builtIn = "terraform.io/builtin/terraform"

// configuration matches a resource's provider in a state, with a module or an alias if it has one. Stacks
// never need the other forms that Terraform reads, such as that of versions before 0.13.
var configuration = regexp.MustCompile(`^(?:module\.[^."\[\]]+\.)*provider\["([^"\\]+)"\](?:\.[^."\[\]]+)?$`)

// CheckState refuses a stack's state if a resource in it names a provider that the stack does not require.
// terraform init would install that provider, and the next plan would run it with the caller's credentials.
// place is where the state is, for messages.
//
// Security: values are not decoded. A decoder's error, which may quote them, is not passed on.
func CheckState(stack synthesized.Stack, place string, state []byte) error {
	needed, err := required(stack)
	if err != nil || len(bytes.TrimSpace(state)) == 0 {
		return err
	}
	known := map[string]bool{builtIn: true}
	for _, p := range needed {
		known[p.address(terraformHost)], known[p.address(openTofuHost)] = true, true
	}
	var document struct {
		Resources []struct {
			Module    string `json:"module"`
			Mode      string `json:"mode"`
			Type      string `json:"type"`
			Name      string `json:"name"`
			Provider  string `json:"provider"`
			Instances []struct {
				Provider string `json:"provider"` // OpenTofu's, instead of the resource's
			} `json:"instances"`
		} `json:"resources"`
	}
	if json.Unmarshal(state, &document) != nil {
		return errors.New(place + ": it is not Terraform's JSON")
	}
	for _, r := range document.Resources {
		named := []string{r.Provider}
		for _, instance := range r.Instances {
			if instance.Provider != "" {
				named = append(named, instance.Provider)
			}
		}
		if named[0] == "" && len(named) > 1 {
			named = named[1:]
		}
		for _, name := range named {
			source := ""
			if match := configuration.FindStringSubmatch(name); match != nil {
				source = match[1]
			}
			if known[source] {
				continue
			}
			if source == "" {
				source = name
			}
			return foreign(stack.Name, place, address(r.Module, r.Mode, r.Type, r.Name), source)
		}
	}
	return nil
}

func address(module, mode, kind, name string) string {
	at := kind + "." + name
	if mode == "data" {
		at = "data." + at
	}
	if module != "" {
		at = module + "." + at
	}
	return at
}

// foreign quotes names from the state, which may contain control characters for a terminal.
func foreign(stack, place, resource, source string) Refusal {
	return Refusal(fmt.Sprintf("%s: its state %s names a provider that the stack does not require: %q has %q. "+
		"Terraform would install it and run it with your credentials; it was not installed. "+
		"Restore an earlier version of the state, and find out who wrote this one: see docs/recovery.md, \"Foreign provider in a state\".",
		stack, place, resource, source))
}
