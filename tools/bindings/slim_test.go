package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// fakePackage is a provider package with two submodules, as npm unpacks it.
var fakePackage = map[string]string{
	"package.json": `{"name": "@cdktf/provider-aws", "version": "19.65.1", "main": "lib/index.js", "license": "MPL-2.0",
		"scripts": {"build": "true"}, "peerDependencies": {"cdktf": "^0.21.0"}, "jsii": {"outdir": "dist", "targets": {"go": {}}}}`,
	".jsii": `{
		"schema": "jsii/0.10.0", "name": "@cdktf/provider-aws", "version": "19.65.1",
		"description": "a package", "fingerprint": "x", "readme": {"markdown": "# Front page"},
		"submodules": {
			"@cdktf/provider-aws.vpc": {"readme": {"markdown": "# aws_vpc"}, "symbolId": "src/vpc/index:"},
			"@cdktf/provider-aws.vpcPeering": {"symbolId": "src/vpc-peering/index:"}
		},
		"types": {
			"@cdktf/provider-aws.vpc.Vpc": {"fqn": "@cdktf/provider-aws.vpc.Vpc", "kind": "class", "namespace": "vpc",
				"docs": {"summary": "A network."}, "locationInModule": {"filename": "src/vpc/index.ts", "line": 7},
				"properties": [{"name": "docs", "docs": {"summary": "A member named docs."}, "type": {"primitive": "number"}}]},
			"@cdktf/provider-aws.vpcPeering.Peering": {"fqn": "@cdktf/provider-aws.vpcPeering.Peering", "kind": "class", "namespace": "vpcPeering"}
		}
	}`,
	"LICENSE":                  "a license",
	"README.md":                "# Front page",
	"lib/index.js":             "exports.vpc = require(\"./vpc\");\nexports.vpcPeering = require(\"./vpc-peering\");\n",
	"lib/index.d.ts":           "export * as vpc from './vpc';",
	"lib/vpc/index.js":         "exports.Vpc = class {};\n//# sourceMappingURL=data:application/json;base64,e30=",
	"lib/vpc/index.d.ts":       "export declare class Vpc {}",
	"lib/vpc-peering/index.js": "exports.Peering = class {};\n",
}

func TestWriteSlim(t *testing.T) {
	source := writeTree(t, fakePackage)
	dest := filepath.Join(t.TempDir(), "slim")
	if err := writeSlim(source, dest, testAWS, []submodule{{"vpc", "vpc"}}); err != nil {
		t.Fatal(err)
	}

	var documented struct {
		Readme     any
		Submodules map[string]any
		Types      map[string]struct{ Docs struct{ Summary string } }
	}
	if err := readJSON(filepath.Join(dest, ".jsii"), &documented); err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(documented.Types)); !slices.Equal(got, []string{"@cdktf/provider-aws.vpc.Vpc"}) {
		t.Errorf("types are %v", got)
	}
	if got := slices.Collect(maps.Keys(documented.Submodules)); !slices.Equal(got, []string{"@cdktf/provider-aws.vpc"}) {
		t.Errorf("submodules are %v", got)
	}
	if got := documented.Types["@cdktf/provider-aws.vpc.Vpc"].Docs.Summary; got != "A network." {
		t.Errorf("the code is generated without documentation: %q", got)
	}
	if documented.Readme != nil {
		t.Errorf("readme is %v", documented.Readme)
	}

	tarball, err := os.ReadFile(filepath.Join(dest, tarballName))
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, tarball)
	if got, want := slices.Sorted(maps.Keys(files)), []string{
		"package/.jsii", "package/LICENSE", "package/lib/index.js", "package/lib/vpc/index.js", "package/package.json",
	}; !slices.Equal(got, want) {
		t.Errorf("the tarball holds %v, want %v", got, want)
	}
	if got := files["package/lib/vpc/index.js"]; got != "exports.Vpc = class {};\n" {
		t.Errorf("lib/vpc/index.js is %q", got)
	}
	if got := files["package/lib/index.js"]; !strings.Contains(got, `require("./vpc")`) || strings.Contains(got, "vpc-peering") {
		t.Errorf("lib/index.js is %q", got)
	}
	var runtime map[string]any
	if err := json.Unmarshal([]byte(files["package/.jsii"]), &runtime); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"schema": "jsii/0.10.0", "name": "@cdktf/provider-aws", "version": "19.65.1",
		"submodules": map[string]any{"@cdktf/provider-aws.vpc": map[string]any{}},
		"types": map[string]any{"@cdktf/provider-aws.vpc.Vpc": map[string]any{
			"fqn": "@cdktf/provider-aws.vpc.Vpc", "kind": "class", "namespace": "vpc",
			"properties": []any{map[string]any{"name": "docs", "type": map[string]any{"primitive": "number"}}},
		}},
	}
	if !reflect.DeepEqual(runtime, want) {
		t.Errorf("the assembly in the tarball is\n%v\nwant\n%v", runtime, want)
	}
}

func TestWriteSlimOfDamagedPackage(t *testing.T) {
	for name, damage := range map[string]func(files map[string]string){
		"no assembly":        func(files map[string]string) { delete(files, ".jsii") },
		"assembly cut short": func(files map[string]string) { files[".jsii"] = files[".jsii"][:300] },
		"not described":      func(files map[string]string) { files[".jsii"] = `{"submodules": {}, "types": {}}` },
		"no code":            func(files map[string]string) { delete(files, "lib/vpc/index.js"); delete(files, "lib/vpc/index.d.ts") },
		"no license":         func(files map[string]string) { delete(files, "LICENSE") },
		"bad package.json":   func(files map[string]string) { files["package.json"] = "{" },
	} {
		t.Run(name, func(t *testing.T) {
			files := maps.Clone(fakePackage)
			damage(files)
			dest := filepath.Join(t.TempDir(), "slim")
			err := writeSlim(writeTree(t, files), dest, testAWS, []submodule{{"vpc", "vpc"}})
			if err == nil || !strings.Contains(err.Error(), remedy) {
				t.Errorf("error is %v, want one with the remedy", err)
			}
			if _, err := os.Stat(dest); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something was written (%v)", err)
			}
		})
	}
}

func unpack(t *testing.T, tarball []byte) map[string]string {
	t.Helper()
	compressed, err := gzip.NewReader(bytes.NewReader(tarball))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(compressed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		} else if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(content)
	}
}
