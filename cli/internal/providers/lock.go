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

// File is the project's lock file, which may not be there. A rehearsal, whose providers are simulators,
// has one of its own.
func File(root string) string {
	return cmp.Or(os.Getenv("TERRAFORM_LOCK_FILE"), filepath.Join(root, lockName))
}

const initArguments = "TF_CLI_ARGS_init"

// Use puts into the folder of each stack what the project's lock file has of the providers that the
// stack requires, and returns the variables with which Terraform, also when cdktf runs it, only reads
// that. Without such a file it does nothing.
//
// Of other providers the stack's file must have none, or Terraform would take it for changed.
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
		"CDKTF_SKIP_PROVIDER_LOCK=true", // or cdktf itself would change it, with OpenTofu
	}, nil
}

const again = "Record the checksums again: ./plinth lock"

// pick returns what a lock file has of the providers that are needed.
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

// upgrades says that arguments of terraform init would have it choose versions anew.
func upgrades(arguments string) bool {
	return slices.ContainsFunc(strings.Fields(arguments), func(argument string) bool {
		name, value, _ := strings.Cut(strings.Trim(argument, `'"`), "=")
		return strings.TrimLeft(name, "-") == "upgrade" && !slices.Contains([]string{"false", "f", "F", "FALSE", "False", "0"}, value)
	})
}

// give writes a file unless it is the same already.
func give(file, content string) error {
	if before, err := os.ReadFile(file); err == nil && string(before) == content {
		return nil
	}
	return os.WriteFile(file, []byte(content), 0o644)
}

// host is that of the program which cdktf would run: what it calls itself tells.
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
