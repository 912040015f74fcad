package providers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// File returns the path of the project's lock file, which may not exist. A rehearsal has a file of its
// own, because its providers are simulators.
func File(root string) string {
	return cmp.Or(os.Getenv("TERRAFORM_LOCK_FILE"), filepath.Join(root, lockName))
}

const initArguments = "TF_CLI_ARGS_init"

// Use writes a lock file into the folder of each stack: the entries of the project's lock file for the
// providers that the stack requires. It returns the variables that make Terraform only read it, also when
// cdktf runs Terraform. Without a lock file in the project it does nothing.
//
// An entry for another provider would make Terraform report a changed file.
func Use(ctx context.Context, root string, stacks ...synthesized.Stack) (variables []string, err error) {
	file := File(root)
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	all, err := parse(string(content))
	if err != nil {
		return nil, Refusal(fmt.Sprintf("%s: %s is not as Terraform writes it. %s", file, err, again))
	}
	arguments := os.Getenv(initArguments)
	if upgrades(arguments) {
		return nil, Refusal(fmt.Sprintf("%s has -upgrade, but %s is only read. Unset it. For another version of a provider, see docs/upgrades.md.", initArguments, file))
	}
	host, err := host(ctx)
	if err != nil {
		return nil, err
	}
	for _, stack := range stacks {
		needed, err := required(stack)
		if err != nil {
			return nil, err
		}
		own, err := pick(all, needed, host)
		if err != nil {
			return nil, Refusal(fmt.Sprintf("%s %s, which %s requires. %s", file, err, stack.Name, again))
		}
		if err := give(filepath.Join(filepath.Dir(stack.File), lockName), render(own)); err != nil {
			return nil, err
		}
	}
	return []string{
		initArguments + "=" + strings.TrimSpace(arguments+" -lockfile=readonly"),
		"CDKTF_SKIP_PROVIDER_LOCK=true", // otherwise cdktf changes the file, with OpenTofu
	}, nil
}

const again = "Record the checksums again: ./plinth lock"

// pick returns the entries of a lock file for the needed providers.
func pick(all []locked, needed []provider, host string) ([]locked, error) {
	var own []locked
	for _, p := range needed {
		address := p.address(host)
		at := slices.IndexFunc(all, func(l locked) bool { return l.address == address })
		switch {
		case at < 0:
			return nil, fmt.Errorf("has no checksums of %s %s", address, p.version)
		case all[at].version != p.version:
			return nil, fmt.Errorf("has version %s of %s, but not %s", all[at].version, address, p.version)
		}
		own = append(own, all[at])
	}
	return own, nil
}

// upgrades reports whether arguments of terraform init make it choose new versions.
func upgrades(arguments string) bool {
	return slices.ContainsFunc(strings.Fields(arguments), func(argument string) bool {
		name, value, _ := strings.Cut(strings.Trim(argument, `'"`), "=")
		return strings.TrimLeft(name, "-") == "upgrade" && !slices.Contains([]string{"false", "f", "F", "FALSE", "False", "0"}, value)
	})
}

// give writes a file unless it has this content already.
func give(file, content string) error {
	if before, err := os.ReadFile(file); err == nil && string(before) == content {
		return nil
	}
	return os.WriteFile(file, []byte(content), 0o644)
}

// host returns the default registry of the program that cdktf would run, Terraform or OpenTofu.
func host(ctx context.Context) (string, error) {
	program, err := terraform.Find()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, program, "version")
	command.Env = terraform.Environment(os.Environ())
	said, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s version: %w", program, err)
	}
	if strings.HasPrefix(string(said), "OpenTofu") {
		return openTofuHost, nil
	}
	return terraformHost, nil
}
