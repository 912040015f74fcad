package rename

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// moduleFiles adds to changed the go.mod and Go files that name the module or a package of it, with
// the new name. It returns a line for the user with their number.
func moduleFiles(root, name string, changed map[string][]byte) (said []string, err error) {
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return nil, err
	}
	old := modfile.ModulePath(content)
	if err := legalModule(name); err != nil {
		return nil, err
	}
	renamed := func(path string) (string, bool) {
		rest, ours := strings.CutPrefix(path, old)
		if !ours || rest != "" && rest[0] != '/' {
			return path, false
		}
		return name + rest, true
	}
	mods, sources, err := goFiles(root)
	if err != nil || old == name {
		return nil, err
	}
	inMods, inSources := 0, 0
	for _, file := range mods {
		n, err := change(root, file, changed, func(content []byte) ([]byte, error) { return renameMod(file, content, renamed) })
		if err != nil {
			return nil, err
		}
		inMods += n
	}
	for _, file := range sources {
		n, err := change(root, file, changed, func(content []byte) ([]byte, error) { return renameImports(file, content, renamed) })
		if err != nil {
			return nil, err
		}
		inSources += n
	}
	return []string{fmt.Sprintf("module %s is %s, in %d go.mod and %d Go files", old, name, inMods, inSources)}, nil
}

// legalModule returns an error if name cannot be a module's path.
func legalModule(name string) error {
	const must = "module: must be a Go module's path, such as example.com/team/platform"
	if err := module.CheckImportPath(name); err != nil {
		return fmt.Errorf("%s, is %q; letters, digits and -_.~ between slashes are allowed", must, name)
	}
	first, _, _ := strings.Cut(name, "/")
	standard, err := exec.Command("go", "list", "std", "cmd").Output()
	if err != nil {
		return fmt.Errorf("go list std: %w", err)
	}
	taken := slices.ContainsFunc(strings.Fields(string(standard)), func(path string) bool {
		return path == first || strings.HasPrefix(path, first+"/")
	})
	if taken || slices.Contains([]string{"all", "main", "std", "tool", "work"}, first) {
		return fmt.Errorf("%s, is %q, which is Go's own; put a host in front", must, name)
	}
	return nil
}

// change edits a file. If the content differs, change adds it to changed and returns 1, else 0.
func change(root, file string, changed map[string][]byte, edit func([]byte) ([]byte, error)) (int, error) {
	content, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return 0, err
	}
	edited, err := edit(content)
	if err != nil || bytes.Equal(content, edited) {
		return 0, err
	}
	changed[file] = edited
	return 1, nil
}

// renameMod renames modules in a go.mod: in module, require, replace and tool lines.
func renameMod(file string, content []byte, renamed func(string) (string, bool)) ([]byte, error) {
	mod, err := modfile.ParseLax(file, content, nil)
	if err != nil {
		return nil, err
	}
	different := false
	edit := func(line *modfile.Line) {
		for i, token := range line.Token {
			if path, ours := renamed(token); ours {
				line.Token[i], different = path, true
			}
		}
	}
	for _, statement := range mod.Syntax.Stmt {
		switch s := statement.(type) {
		case *modfile.Line:
			edit(s)
		case *modfile.LineBlock:
			for _, line := range s.Line {
				edit(line)
			}
		}
	}
	if !different {
		return content, nil
	}
	return modfile.Format(mod.Syntax), nil
}

// renameImports renames a Go file's imports. A formatted file is formatted again, since the imports'
// order changes.
func renameImports(file string, content []byte, renamed func(string) (string, bool)) ([]byte, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, content, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var edited bytes.Buffer
	done := 0
	for _, spec := range parsed.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if path, ours := renamed(path); ours {
			at := files.Position(spec.Path.Pos()).Offset
			edited.Write(content[done:at])
			edited.WriteString(strconv.Quote(path))
			done = at + len(spec.Path.Value)
		}
	}
	if done == 0 {
		return content, nil
	}
	edited.Write(content[done:])
	if tidy, err := format.Source(content); err != nil || !bytes.Equal(tidy, content) {
		return edited.Bytes(), nil
	}
	return format.Source(edited.Bytes())
}
