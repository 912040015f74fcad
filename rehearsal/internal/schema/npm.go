package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/agnivade/levenshtein"
)

// npmPackage is one of cdktf's packages.
type npmPackage struct{ provider, folder string }

// kind is a kind of schema: its name for users, and the class that its classes extend.
type kind struct{ called, base string }

var (
	configuration = kind{"provider", "TerraformProvider"}
	resource      = kind{"resource", "TerraformResource"}
	dataSource    = kind{"data source", "TerraformDataSource"}
)

// block reads the schema of one type, and the version of its provider.
func (p *npmPackage) block(k kind, t string) (block *Block, version string, err error) {
	folder, ok := p.folderOf(k, t)
	if !ok {
		return nil, "", p.unknown(k, t)
	}
	code, err := parse(folder)
	if err != nil {
		return nil, "", err
	}
	if code.base != k.base || code.terraformType != t || code.version == "" {
		return nil, "", fmt.Errorf("%s: is a %s of type %q and version %q instead of a %s of type %s: run make setup, or teach rehearsal/internal/schema",
			folder, code.base, code.terraformType, code.version, k.base, t)
	}
	d := &derivation{generated: code, provider: p.provider}
	block, err = d.top()
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w: teach rehearsal/internal/schema this shape", folder, err)
	}
	return block, code.version, nil
}

// folderOf returns the folder of a type, such as lib/data-aws-vpc for the data source aws_vpc,
// and whether it exists.
func (p *npmPackage) folderOf(k kind, t string) (string, bool) {
	name := k.called
	if k != configuration {
		words, ok := strings.CutPrefix(t, p.provider+"_")
		if !ok {
			return "", false
		}
		name = p.prefix(k) + strings.ReplaceAll(words, "_", "-")
	}
	folder := filepath.Join(p.folder, "lib", name)
	_, err := os.Stat(folder)
	return folder, err == nil
}

// prefix is the start of the folder names of a kind.
func (p *npmPackage) prefix(k kind) string {
	if k == dataSource {
		return "data-" + p.provider + "-"
	}
	return ""
}

// unknown is the error for an unknown type. It suggests the nearest known one.
func (p *npmPackage) unknown(k kind, t string) error {
	var manifest struct{ Version string }
	content, err := os.ReadFile(filepath.Join(p.folder, "package.json"))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return fmt.Errorf("%s/package.json: %w: run make setup", p.folder, err)
	}
	lib := filepath.Join(p.folder, "lib")
	folders, err := os.ReadDir(lib)
	if err != nil {
		return err
	}
	var types []string
	for _, folder := range folders {
		if words, isData := strings.CutPrefix(folder.Name(), p.prefix(dataSource)); isData == (k == dataSource) && words != configuration.called {
			types = append(types, p.provider+"_"+strings.ReplaceAll(words, "-", "_"))
		}
	}
	remedy := "see the folders in " + lib
	if near := nearest(t, types); near != "" {
		remedy = "did you mean " + near + "?"
	}
	return fmt.Errorf("%s: provider-%s %s has no such %s; %s", t, p.provider, manifest.Version, k.called, remedy)
}

// nearest returns the known type that t is most likely a typo of, or "". Among equally near ones
// it prefers the longest common prefix: nobody misses a word's first letter.
func nearest(t string, known []string) (near string) {
	least, common := 3+len(t)/8, 0
	for _, candidate := range known {
		start := 0
		for start < min(len(t), len(candidate)) && t[start] == candidate[start] {
			start++
		}
		if distance := levenshtein.ComputeDistance(t, candidate); distance < least || distance == least && start > common {
			near, least, common = candidate, distance, start
		}
	}
	return near
}
