package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const npmScope = "@cdktf/provider-"

// remedy ends every message about something missing in node_modules.
const remedy = "run `make setup` (or `npm ci`)"

// provider is one of the provider packages that package.json pins.
type provider struct {
	name    string // as in "@cdktf/provider-<name>", also its folder in .gen
	version string // exact, without a leading v
}

// npm returns the name of the npm package.
func (p provider) npm() string { return npmScope + p.name }

// dir returns the folder in which npm has installed the package.
func (p provider) dir(root string) string { return installedDir(root, p.npm()) }

// family returns the path of the Go module without its major version.
func (p provider) family() string {
	return fmt.Sprintf("github.com/cdktf/cdktf-provider-%s-go/%s", p.name, p.name)
}

// module returns the path of the Go module, as in
// "github.com/cdktf/cdktf-provider-aws-go/aws/v19".
func (p provider) module() string {
	major, _, _ := strings.Cut(p.version, ".")
	if major == "0" || major == "1" {
		return p.family()
	}
	return p.family() + "/v" + major
}

// pins are the versions in package.json, by package.
type pins map[string]string

// toolchain is the packages that generate every provider's code.
var toolchain = []string{"cdktf", "constructs", "jsii-pacmak"}

// readPins reads root/package.json. It returns an error for a range instead of a
// version where it matters: the bindings must be the same on every machine.
func readPins(root string) (pins, error) {
	var manifest struct {
		Dependencies    pins `json:"dependencies"`
		DevDependencies pins `json:"devDependencies"`
	}
	if err := readJSON(filepath.Join(root, "package.json"), &manifest); err != nil {
		return nil, err
	}
	all := pins{}
	var wrong mistakes
	for _, dependencies := range []pins{manifest.Dependencies, manifest.DevDependencies} {
		for name, version := range dependencies {
			if !slices.Contains(toolchain, name) && !strings.HasPrefix(name, npmScope) {
				continue
			}
			if !exactVersion.MatchString(version) {
				wrong.addf("package.json: %s: must be an exact version, is %q", name, version)
			}
			all[name] = version
		}
	}
	for _, name := range toolchain {
		if all[name] == "" {
			wrong.addf("package.json: %s is missing in devDependencies", name)
		}
	}
	slices.Sort(wrong)
	return all, wrong.err()
}

var exactVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

// providers returns the pinned providers, sorted by name.
func (all pins) providers() []provider {
	var providers []provider
	for name, version := range all {
		if short, ok := strings.CutPrefix(name, npmScope); ok {
			providers = append(providers, provider{name: short, version: version})
		}
	}
	slices.SortFunc(providers, func(a, b provider) int { return strings.Compare(a.name, b.name) })
	return providers
}

// of returns the pins that the provider's generated code depends on.
func (all pins) of(p provider) pins {
	some := pins{p.npm(): p.version}
	for _, name := range toolchain {
		some[name] = all[name]
	}
	return some
}

// checkInstalled checks that node_modules has what generating the providers
// needs, in the pinned versions. It does not check that the packages are intact:
// npm ci has compared them with package-lock.json.
func (all pins) checkInstalled(root string, providers []provider) mistakes {
	names := slices.Clone(toolchain)
	for _, p := range providers {
		names = append(names, p.npm())
	}
	var wrong mistakes
	for _, name := range names {
		var installed struct {
			Version string `json:"version"`
		}
		err := readJSON(filepath.Join(installedDir(root, name), "package.json"), &installed)
		switch pinned := all[name]; {
		case errors.Is(err, fs.ErrNotExist):
			wrong.addf("node_modules: %s %s is not installed: %s", name, pinned, remedy)
		case err != nil:
			wrong.addf("node_modules: %v: %s", err, remedy)
		case installed.Version != pinned:
			wrong.addf("node_modules: %s is %s, package.json pins %s: %s", name, installed.Version, pinned, remedy)
		}
	}
	return wrong
}

func installedDir(root, name string) string {
	return filepath.Join(root, "node_modules", filepath.FromSlash(name))
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
