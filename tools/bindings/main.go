// Command bindings generates into .gen the Go code of only those Terraform
// provider resources that this repository imports.
//
// The published bindings of the AWS provider alone are 2,100 Go packages and a
// 120 MB assembly that Node.js parses in every synth. Reduced to the few resources
// that a repository uses, the same code compiles and starts in a fraction of a
// second. The resulting Terraform JSON is the same.
//
// It takes no arguments and does nothing when .gen is already right. Run it
// before the go command loads the main module, whose go.mod replaces each
// provider with a folder of .gen.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"plinth/tools/internal/find"
)

func main() {
	root, err := repositoryRoot(".")
	if err == nil {
		err = run(root, os.Stdout)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "bindings: %v\n", err)
		os.Exit(1)
	}
}

// run updates root/.gen to the imports of root's Go files. It prints one line for
// each provider that it generates, and nothing when everything is up to date.
func run(root string, out io.Writer) error {
	started := time.Now()
	pins, err := readPins(root)
	if err != nil {
		return err
	}
	providers := pins.providers()
	imports, wrong, err := findImports(root, providers)
	if err != nil {
		return err
	}
	wanted := wantedPackages(imports)

	store, err := openStore(filepath.Join(root, ".gen"), out)
	if err != nil {
		return err
	}
	defer store.close()

	var stale []provider
	for _, p := range providers {
		if !store.holds(p, pins.of(p), wanted[p.name]) {
			stale = append(stale, p)
		}
	}
	if len(stale) == 0 && len(wrong) == 0 {
		return store.tidy()
	}

	if missing := pins.checkInstalled(root, stale); len(missing) > 0 {
		return append(wrong, missing...)
	}
	submodules, unknown, err := resolve(root, stale, imports)
	if err != nil {
		return err
	}
	if err := append(wrong, unknown...).err(); err != nil {
		return err
	}
	if err := generate(root, store, pins, stale, submodules); err != nil {
		return err
	}
	for _, p := range stale {
		fmt.Fprintf(out, "bindings: %s %s: %s\n", p.name, p.version, describe(wanted[p.name]))
	}
	fmt.Fprintf(out, "bindings: generated in %.1f s\n", time.Since(started).Seconds())
	return nil
}

func describe(packages []string) string {
	switch len(packages) {
	case 0:
		return "no package imported"
	case 1:
		return "1 package"
	}
	return fmt.Sprintf("%d packages", len(packages))
}

// repositoryRoot returns the nearest folder, dir or one above it, that has
// cdktf.json or package.json.
func repositoryRoot(dir string) (string, error) {
	root, start, err := find.Above(dir, "cdktf.json", "package.json")
	if err == nil && root == "" {
		err = fmt.Errorf("neither cdktf.json nor package.json in %s or a folder above it: run this in the repository", start)
	}
	return root, err
}
