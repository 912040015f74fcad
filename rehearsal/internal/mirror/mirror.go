// Package mirror makes Terraform, or OpenTofu, install its providers only from a folder of this
// machine.
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

// Provider is a required provider, such as hashicorp's aws at 5.99.1.
type Provider struct{ Namespace, Name, Version string }

// programs is the folder, inside a mirror, with one program under the name of each provider.
const programs = "programs"

// Write fills a folder with one program under the name of each provider, for both Terraform's and
// OpenTofu's registry. It replaces nothing.
//
// Terraform installs a script that execs the program. Every command computes the checksum of a
// provider's package; of the program itself that would take a tenth of a second.
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

// Link gives a program another name: as a hard link, which takes no space, or as a copy across
// file systems. The program sees the new name, which it would not with a symbolic link.
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

// Configuration returns a Terraform CLI configuration with the folder as the only source of
// providers. Terraform reads it instead of the user's own if TF_CLI_CONFIG_FILE names it.
// https://developer.hashicorp.com/terraform/cli/config/config-file#explicit-installation-method-configuration
func Configuration(folder string) string {
	return fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", folder)
}
