package providers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/synthesized"
)

var (
	h1 = "h1:" + strings.Repeat("A", 43) + "="
	zh = "zh:" + strings.Repeat("0", 64)
)

// block is what Terraform writes of a provider.
func block(address, version string, checksums ...string) string {
	text := fmt.Sprintf("provider %q {\n  version     = %q\n  constraints = %[2]q\n", address, version)
	if len(checksums) > 0 {
		text += "  hashes = [\n    \"" + strings.Join(checksums, "\",\n    \"") + "\",\n  ]\n"
	}
	return text + "}\n"
}

// whole has all that the stacks of the tests require, of Terraform's registry.
var whole = "# This file is maintained automatically by \"terraform init\".\n\n" +
	block("registry.terraform.io/hashicorp/aws", "5.99.1", h1, zh) + "\n" +
	block("registry.terraform.io/hashicorp/helm", "3.1.1", h1) + "\n" +
	block("registry.terraform.io/hashicorp/kubernetes", "2.38.0", zh)

// fakeTerraform only tells what it is.
func fakeTerraform(t *testing.T, says string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "terraform")
	assert.NilError(t, os.WriteFile(program, []byte("#!/bin/sh\ntest \"$*\" = version && echo '"+says+"'\n"), 0o700))
	t.Setenv("TERRAFORM_BINARY_NAME", program)
	t.Setenv("TERRAFORM_LOCK_FILE", "")
	t.Setenv(initArguments, "")
}

func TestUse(t *testing.T) {
	aws := object{"aws": three["aws"]}
	const again = ". Record the checksums again: ./plinth lock"
	for name, test := range map[string]struct {
		program string // Terraform without
		lock    string // the project's
		args    string
		network string // that of the stack then
		err     string // %s is the project's
	}{
		"as Terraform writes it":     {"", whole, "", block("registry.terraform.io/hashicorp/aws", "5.99.1", h1, zh), ""},
		"from Windows":               {"", strings.ReplaceAll(whole, "\n", "\r\n"), "", block("registry.terraform.io/hashicorp/aws", "5.99.1", h1, zh), ""},
		"with other constraints":     {"", strings.Replace(whole, `constraints = "5.99.1"`, `constraints = ">= 5.0.0, < 5.99.0"`, 1), "", block("registry.terraform.io/hashicorp/aws", "5.99.1", h1, zh), ""},
		"without constraints":        {"", strings.Replace(whole, "  version     = \"5.99.1\"\n  constraints = \"5.99.1\"\n", "  version = \"5.99.1\"\n", 1), "", block("registry.terraform.io/hashicorp/aws", "5.99.1", h1, zh), ""},
		"OpenTofu's":                 {"OpenTofu v1.10.5", strings.ReplaceAll(whole, "terraform.io", "opentofu.org"), "", block("registry.opentofu.org/hashicorp/aws", "5.99.1", h1, zh), ""},
		"both":                       {"OpenTofu v1.10.5", whole + strings.ReplaceAll(whole, "terraform.io", "opentofu.org"), "", block("registry.opentofu.org/hashicorp/aws", "5.99.1", h1, zh), ""},
		"arguments of the user's":    {"", whole, "-reconfigure -upgrade=false", block("registry.terraform.io/hashicorp/aws", "5.99.1", h1, zh), ""},
		"of the other program":       {"OpenTofu v1.10.5", whole, "", "", "%s has no checksums of registry.opentofu.org/hashicorp/aws 5.99.1, which dev-network requires" + again},
		"and the other way round":    {"", strings.ReplaceAll(whole, "terraform.io", "opentofu.org"), "", "", "%s has no checksums of registry.terraform.io/hashicorp/aws 5.99.1, which dev-network requires" + again},
		"another version":            {"", strings.ReplaceAll(whole, "5.99.1", "5.98.0"), "", "", "%s has version 5.98.0 of registry.terraform.io/hashicorp/aws, but not 5.99.1, which dev-network requires" + again},
		"a longer version":           {"", strings.ReplaceAll(whole, "5.99.1", "5.99.10"), "", "", "%s has version 5.99.10 of registry.terraform.io/hashicorp/aws, but not 5.99.1, which dev-network requires" + again},
		"none of a provider":         {"", strings.Replace(whole, "hashicorp/aws", "hashicorp/awss", 1), "", "", "%s has no checksums of registry.terraform.io/hashicorp/aws 5.99.1, which dev-network requires" + again},
		"no checksums of a provider": {"", block("registry.terraform.io/hashicorp/aws", "5.99.1"), "", "", "%s: line 1 is not as Terraform writes it" + again},
		"empty":                      {"", "", "", "", "%s has no checksums of registry.terraform.io/hashicorp/aws 5.99.1, which dev-network requires" + again},
		"cut":                        {"", whole[:200], "", "", "%s: line 3 is not as Terraform writes it" + again},
		"a merge's":                  {"", "<<<<<<< HEAD\n" + whole, "", "", "%s: line 1 is not as Terraform writes it" + again},
		"a checksum cut":             {"", strings.Replace(whole, h1, h1[:40], 1), "", "", "%s: line 3 is not as Terraform writes it" + again},
		"a checksum of another kind": {"", strings.Replace(whole, h1, "md5:00", 1), "", "", "%s: line 3 is not as Terraform writes it" + again},
		"a provider twice":           {"", whole + block("registry.terraform.io/hashicorp/aws", "5.99.1", zh), "", "", "%s: line 27 is not as Terraform writes it" + again},
		"a version twice":            {"", strings.Replace(whole, "  hashes", "  version     = \"1.0.0\"\n  hashes", 1), "", "", "%s: line 3 is not as Terraform writes it" + again},
		"something in between":       {"", strings.Replace(whole, "  hashes", "  module = 1\n  hashes", 1), "", "", "%s: line 3 is not as Terraform writes it" + again},
		"-upgrade":                   {"", whole, "-input=false -upgrade", "", "TF_CLI_ARGS_init has -upgrade, but %s is only read. Unset it. For another version of a provider, see docs/upgrades.md."},
		"--upgrade=true":             {"", whole, "'--upgrade=true'", "", "TF_CLI_ARGS_init has -upgrade, but %s is only read. Unset it. For another version of a provider, see docs/upgrades.md."},
	} {
		t.Run(name, func(t *testing.T) {
			root := project(t, map[string]object{"dev-network": aws, "dev-app": three})
			fakeTerraform(t, "Terraform v1.11.4")
			if test.program != "" {
				fakeTerraform(t, test.program)
			}
			t.Setenv(initArguments, test.args)
			file := filepath.Join(root, lockName)
			write(t, file, test.lock)
			network := named(t, root, "dev-network")
			variables, err := Use(t.Context(), root, network)
			own, _ := os.ReadFile(filepath.Join(filepath.Dir(network.File), lockName))
			if test.err != "" {
				assert.Error(t, err, strings.Replace(test.err, "%s", file, 1))
				assert.Equal(t, string(own), "", "it is written all the same")
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, string(own), "# Checksums of the providers' packages: ./plinth lock records them.\n\n"+test.network)
			assert.DeepEqual(t, variables, []string{strings.TrimSpace("TF_CLI_ARGS_init=" + strings.TrimSpace(test.args+" -lockfile=readonly")), "CDKTF_SKIP_PROVIDER_LOCK=true"})
			left, err := os.ReadFile(file)
			assert.NilError(t, err)
			assert.Equal(t, string(left), test.lock, "the project's is changed")
		})
	}
}

// TestUseOfSeveral gives each stack what is its own.
func TestUseOfSeveral(t *testing.T) {
	root := project(t, map[string]object{"dev-network": {"aws": three["aws"]}, "dev-app": three})
	fakeTerraform(t, "Terraform v1.11.4")
	write(t, filepath.Join(root, lockName), whole)
	stacks := []synthesized.Stack{named(t, root, "dev-network"), named(t, root, "dev-app")}
	// What terraform init has written before gives way.
	write(t, filepath.Join(filepath.Dir(stacks[0].File), lockName), whole)
	_, err := Use(t.Context(), root, stacks...)
	assert.NilError(t, err)
	for i, want := range []int{1, 3} {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(stacks[i].File), lockName))
		assert.NilError(t, err)
		all, err := parse(string(content))
		assert.NilError(t, err)
		assert.Equal(t, len(all), want)
	}
}

// TestUseOfNone does nothing where there is no lock file, not even look for Terraform.
func TestUseOfNone(t *testing.T) {
	root := project(t, map[string]object{"dev-network": three})
	t.Setenv("TERRAFORM_LOCK_FILE", "")
	t.Setenv("TERRAFORM_BINARY_NAME", "no-such-program")
	network := named(t, root, "dev-network")
	own := filepath.Join(filepath.Dir(network.File), lockName)
	write(t, own, "terraform init's")
	variables, err := Use(t.Context(), root, network)
	assert.NilError(t, err)
	assert.Equal(t, len(variables), 0)
	content, err := os.ReadFile(own)
	assert.NilError(t, err)
	assert.Equal(t, string(content), "terraform init's")

	write(t, filepath.Join(root, lockName), whole)
	_, err = Use(t.Context(), root, network)
	assert.Error(t, err, "no-such-program is not on PATH. Install Terraform 1.11 or later.")
	t.Setenv("TERRAFORM_LOCK_FILE", filepath.Join(root, "another"))
	_, err = Use(t.Context(), root, network)
	assert.NilError(t, err)
}
