package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// generate generates the providers' Go modules and puts them into the store. One
// run of jsii-pacmak makes all of them in a temporary folder. They move into the
// store only if all succeed: a failure leaves the store unchanged.
func generate(root string, store *store, pins pins, providers []provider, wanted map[string][]submodule) error {
	temp, err := store.tempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	var packages []string
	for _, p := range providers {
		dest := filepath.Join(temp, "npm", p.name)
		if err := writeSlim(p.dir(root), dest, p, wanted[p.name]); err != nil {
			return err
		}
		packages = append(packages, dest)
	}
	modules := filepath.Join(temp, "go")
	if err := pacmak(root, store.logFile(), packages, modules); err != nil {
		return err
	}
	for _, p := range providers {
		names := []string{}
		for _, s := range wanted[p.name] {
			names = append(names, s.goPackage())
		}
		if err := store.put(p, pins.of(p), names, filepath.Join(modules, p.name), temp); err != nil {
			return err
		}
	}
	return nil
}

// pacmak runs jsii-pacmak for Go on slim packages. The packages are in a folder
// below root, so it finds cdktf and constructs in root/node_modules. The whole
// output goes to logFile, its gist into the error.
func pacmak(root, logFile string, packages []string, dest string) error {
	args := []string{
		filepath.Join(root, "node_modules", "jsii-pacmak", "bin", "jsii-pacmak"),
		"--targets", "go", "--code-only", "--no-npmignore", "--no-fingerprint",
		"--outdir", dest, "--no-force-subdirectory",
		// The tarball exists already, and is smaller than npm's.
		"--pack-command", "echo " + tarballName,
		"--rosetta-unknown-snippets", "verbatim",
	}
	// JSII_NODE names the program that jsii itself starts at run time.
	cmd := exec.Command(cmp.Or(os.Getenv("JSII_NODE"), filepath.Join(root, "node_modules", ".bin", "node")), append(args, packages...)...)
	cmd.Dir = root
	// A compile cache is not worth it: this runs only when imports or versions change.
	cmd.Env = append(os.Environ(), "NODE_DISABLE_COMPILE_CACHE=1")
	output, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("cannot start Node.js (%w): run make setup, which installs it", err)
	}
	if logErr := os.WriteFile(logFile, output, 0o644); logErr != nil {
		return logErr
	}
	if err != nil {
		return fmt.Errorf("jsii-pacmak failed (%w): %s\nthe whole output is in %s; if node_modules may be damaged, %s",
			err, gist(output), logFile, remedy)
	}
	return nil
}

// gist returns the lines of a Node.js program's output that say what went
// wrong: at most five, without stack frames and source excerpts.
func gist(output []byte) string {
	var told []string
	for line := range bytes.Lines(output) {
		text := strings.TrimSpace(string(line))
		if text == "" || strings.HasPrefix(text, "at ") || strings.HasPrefix(text, "Node.js v") {
			continue
		}
		if strings.Contains(text, "Error") || strings.Contains(text, "ERR") {
			told = append(told, text)
		}
	}
	if len(told) == 0 {
		return "it gave no reason"
	}
	return strings.Join(told[:min(5, len(told))], "\n  ")
}
