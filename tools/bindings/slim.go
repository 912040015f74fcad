package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tarballName is the file, within a slim package, that jsii-pacmak embeds.
const tarballName = "package.tgz"

// writeSlim writes to dest a copy of the npm package in source that holds only
// the wanted submodules: what jsii-pacmak needs to generate code, and a
// tarball of what the generated code needs to run.
func writeSlim(source, dest string, p provider, wanted []submodule) error {
	file, err := os.Open(filepath.Join(source, ".jsii"))
	if err != nil {
		return fmt.Errorf("%w: %s", err, remedy)
	}
	defer file.Close()
	asm, err := readAssembly(file, p.npm(), wanted)
	if err != nil {
		return fmt.Errorf("%s: %w: %s", file.Name(), err, remedy)
	}
	documented, err := asm.documented()
	if err != nil {
		return err
	}
	manifest, err := slimManifest(source)
	if err != nil {
		return err
	}
	runtime, err := runtimeFiles(source, asm, manifest, wanted)
	if err != nil {
		return err
	}
	tarball, err := pack(runtime)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dest, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		".jsii":        documented,
		"package.json": manifest,
		"LICENSE":      runtime.content("LICENSE"),
		tarballName:    tarball,
	} {
		if err := os.WriteFile(filepath.Join(dest, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// slimManifest returns the package.json of the slim package: what identifies
// it, where its code is, and what jsii needs to know.
func slimManifest(source string) ([]byte, error) {
	path := filepath.Join(source, "package.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, remedy)
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(content, &whole); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", path, err, remedy)
	}
	slim := map[string]json.RawMessage{}
	for _, key := range []string{"name", "version", "license", "main", "peerDependencies", "jsii"} {
		if value, ok := whole[key]; ok {
			slim[key] = value
		}
	}
	return json.Marshal(slim)
}

// archive is the content of a tarball, in order.
type archive []archiveFile

type archiveFile struct {
	name    string
	content []byte
}

func (a archive) content(name string) []byte {
	for _, f := range a {
		if f.name == name {
			return f.content
		}
	}
	return nil
}

// runtimeFiles returns what Node.js needs at run time: the license, the
// assembly, an index, and the code of the wanted submodules.
func runtimeFiles(source string, asm *assembly, manifest []byte, wanted []submodule) (archive, error) {
	license, err := os.ReadFile(filepath.Join(source, "LICENSE"))
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, remedy)
	}
	description, err := asm.runtime()
	if err != nil {
		return nil, err
	}
	files := archive{
		{"package.json", manifest},
		{"LICENSE", license},
		{".jsii", description},
		{"lib/index.js", index(wanted)},
	}
	for _, s := range wanted {
		folder := filepath.Join(source, "lib", s.folder)
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".js" {
				return err
			}
			code, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(source, path)
			if err != nil {
				return err
			}
			files = append(files, archiveFile{filepath.ToSlash(name), withoutSourceMap(code)})
			return nil
		})
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s", err, remedy)
		} else if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// index returns a lib/index.js that exports the wanted submodules. Each is
// loaded when it is first used: a program seldom uses them all.
func index(wanted []submodule) []byte {
	var code strings.Builder
	code.WriteString("\"use strict\";\nObject.defineProperty(exports, \"__esModule\", { value: true });\n")
	for _, s := range wanted {
		fmt.Fprintf(&code, "Object.defineProperty(exports, %q, { enumerable: true, get: () => require(%q) });\n", s.name, "./"+s.folder)
	}
	return []byte(code.String())
}

// withoutSourceMap drops the inline source map, which is larger than the code and never used.
func withoutSourceMap(code []byte) []byte {
	if at := bytes.LastIndex(code, []byte("\n//# sourceMappingURL=data:")); at >= 0 {
		return code[:at+1]
	}
	return code
}

// pack returns a tarball in npm's layout. It depends only on the files: it has no
// time, owner or path of the machine.
func pack(files archive) ([]byte, error) {
	var packed bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	tarred := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: "package/" + f.name, Mode: 0o644, Size: int64(len(f.content)), Format: tar.FormatUSTAR}
		if err := tarred.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
		if _, err := tarred.Write(f.content); err != nil {
			return nil, fmt.Errorf("packing %s: %w", f.name, err)
		}
	}
	if err := tarred.Close(); err != nil {
		return nil, err
	}
	if err := compressed.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}
