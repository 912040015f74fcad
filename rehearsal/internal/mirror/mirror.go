// Package mirror has Terraform, or OpenTofu, take its providers from a folder of this machine
// and from nowhere else.
package mirror

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	terraform "github.com/hashicorp/terraform-registry-address"
	tofu "github.com/opentofu/registry-address"

	"plinth/rehearsal/internal/shell"
)

// Provider is one that a configuration asks for, such as hashicorp's aws at 5.99.1.
type Provider struct{ Namespace, Name, Version string }

// programs is the folder, in that of a mirror, with one program under the name of each provider.
const programs = "programs"

// Write fills a folder with one program under the name of each provider, for both of
// Terraform's and OpenTofu's registry. It replaces nothing.
//
// What Terraform finds is a script that becomes the program: of a provider's package it computes
// the checksum in every command, which of the program itself would take it a tenth of a second.
func Write(folder, program string, providers []Provider) error {
	for _, p := range providers {
		name := "terraform-provider-" + p.Name + "_v" + p.Version
		linked := filepath.Join(folder, programs, name)
		if err := Link(program, linked); err != nil {
			return err
		}
		script := "#!/bin/sh\nexec " + shell.Quote(linked) + " \"$@\"\n"
		for _, host := range []string{string(terraform.DefaultProviderRegistryHost), string(tofu.DefaultProviderRegistryHost)} {
			of := filepath.Join(folder, host, p.Namespace, p.Name, p.Version, runtime.GOOS+"_"+runtime.GOARCH)
			if err := os.MkdirAll(of, 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(of, name), []byte(script), 0o755); err != nil {
				return err
			}
		}
	}
	return nil
}

// Link makes a program known under another name: as a hard link, which takes no space, or
// across file systems as a copy. The name is what the program sees, other than with a
// symbolic link.
func Link(program, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if os.Link(program, name) == nil {
		return nil
	}
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755) //nolint:gosec // a program is run
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// Configuration is a Terraform CLI configuration that knows no other place for providers than
// the folder. Terraform reads it instead of the user's own where TF_CLI_CONFIG_FILE names it.
// https://developer.hashicorp.com/terraform/cli/config/config-file#explicit-installation-method-configuration
func Configuration(folder string) string {
	return fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", folder)
}
