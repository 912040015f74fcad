package main

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// providerImport is one import, in a Go file, of a package of a provider.
type providerImport struct {
	position string // file:line:column, relative to the repository
	provider string // its short name
	pkg      string // the Go package's name, which is the last part of path
}

// findImports returns the imports of the providers' packages in all of root's
// Go files, tests included, in the order of the files. Files that do not parse
// and imports that can never be right are mistakes.
func findImports(root string, providers []provider) (found []providerImport, wrong mistakes, err error) {
	files := token.NewFileSet()
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // an editor's temporary file is gone again
		} else if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != root && skipped(entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || filepath.Ext(path) != ".go" || strings.HasPrefix(entry.Name(), ".") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.ImportsOnly)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			wrong.addf("%s", strings.ReplaceAll(err.Error(), root+string(filepath.Separator), ""))
			return nil
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the compiler's message is better
			}
			at := files.Position(spec.Pos())
			if name, err := filepath.Rel(root, at.Filename); err == nil {
				at.Filename = name
			}
			for _, p := range providers {
				if pkg, ok := p.packageOf(imported); ok {
					found = append(found, providerImport{position: at.String(), provider: p.name, pkg: pkg})
				} else if p.owns(imported) {
					wrong.addf("%s: %q is not a package of module %s, which package.json pins at %s", at, imported, p.module(), p.version)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading the repository's Go files: %w", err)
	}
	return found, wrong, nil
}

// skipped reports whether the go command, or a reader, would not look for
// source code in a folder of this name.
func skipped(folder string) bool {
	switch folder {
	case "node_modules", "cdktf.out", "vendor", "testdata":
		return true
	}
	return strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_")
}

// owns reports whether an import path belongs to the provider, in any major
// version.
func (p provider) owns(path string) bool {
	return path == p.family() || strings.HasPrefix(path, p.family()+"/")
}

// packageOf returns the name of the package with an import path, if it is in the
// pinned version of the provider's module.
func (p provider) packageOf(path string) (string, bool) {
	return strings.CutPrefix(path, p.module()+"/")
}

// wantedPackages returns the imported packages of each provider, sorted, each
// once.
func wantedPackages(imports []providerImport) map[string][]string {
	wanted := map[string][]string{}
	for _, i := range imports {
		wanted[i.provider] = append(wanted[i.provider], i.pkg)
	}
	for name, packages := range wanted {
		slices.Sort(packages)
		wanted[name] = slices.Compact(packages)
	}
	return wanted
}
