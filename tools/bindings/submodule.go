package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// submodule is one resource, data source or provider within a package.
type submodule struct {
	name   string // in the assembly: vpcSecurityGroupIngressRule
	folder string // under lib: vpc-security-group-ingress-rule
}

// goPackage returns the name jsii-pacmak gives to the submodule's Go package.
func (s submodule) goPackage() string {
	return strings.ToLower(notAlphanumeric.ReplaceAllString(s.name, ""))
}

var (
	notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)
	submoduleExport = regexp.MustCompile(`(?m)^exports\.(\w+) = require\("\./([\w.-]+)"\);$`)
)

// readSubmodules returns a package's submodules by Go package name, as listed
// in its lib/index.js. That file is small; the assembly is not.
func readSubmodules(packageDir string) (map[string]submodule, error) {
	path := filepath.Join(packageDir, "lib", "index.js")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, remedy)
	}
	all := map[string]submodule{}
	for _, match := range submoduleExport.FindAllStringSubmatch(string(content), -1) {
		s := submodule{name: match[1], folder: match[2]}
		all[s.goPackage()] = s
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s exports no submodules: %s", path, remedy)
	}
	return all, nil
}

// resolve finds the submodules that the imports need, by provider and sorted
// by Go package. An import of a package that does not exist is a mistake.
func resolve(root string, providers []provider, imports []providerImport) (map[string][]submodule, mistakes, error) {
	wanted := map[string][]submodule{}
	var wrong mistakes
	for _, p := range providers {
		all, err := readSubmodules(p.dir(root))
		if err != nil {
			return nil, nil, err
		}
		for _, i := range imports {
			if i.provider != p.name {
				continue
			}
			s, ok := all[i.pkg]
			if !ok {
				wrong.addf("%s: %s %s has no package %q, nearest: %s",
					i.position, p.npm(), p.version, i.pkg, strings.Join(nearest(i.pkg, all), ", "))
				continue
			}
			if !slices.Contains(wanted[p.name], s) {
				wanted[p.name] = append(wanted[p.name], s)
			}
		}
		slices.SortFunc(wanted[p.name], func(a, b submodule) int {
			return strings.Compare(a.goPackage(), b.goPackage())
		})
	}
	return wanted, wrong, nil
}

// nearest returns the three existing package names that differ least from
// name.
func nearest(name string, all map[string]submodule) []string {
	type candidate struct {
		name     string
		distance int
	}
	var candidates []candidate
	for existing := range all {
		candidates = append(candidates, candidate{existing, levenshtein.ComputeDistance(strings.ToLower(name), existing)})
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.name, b.name)
	})
	var names []string
	for _, c := range candidates[:min(3, len(candidates))] {
		names = append(names, c.name)
	}
	return names
}
