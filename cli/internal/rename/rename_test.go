package rename

import (
	"bytes"
	"go/format"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/worktree"
)

func TestSet(t *testing.T) {
	t.Parallel()
	project, app := []string{"project"}, []string{"app", "name"}
	for name, test := range map[string]struct {
		text  string
		path  []string
		value string
		want  string
	}{
		"another":            {"project: plinth # ours\nregion: x\n", project, "acme", "project: acme # ours\nregion: x\n"},
		"in double quotes":   {"a: 1\nproject:   \"plinth\"\n", project, "acme", "a: 1\nproject:   \"acme\"\n"},
		"in single quotes":   {"project: 'plinth' # 'ours'", project, "acme", "project: 'acme' # 'ours'"},
		"a key in quotes":    {"\"project\": plinth\n", project, "acme", "\"project\": acme\n"},
		"a word of YAML's":   {"project: plinth\n", project, "null", "project: \"null\"\n"},
		"none yet":           {"# Development.\n\n# Whose it is.\naccount: \"1\"\n", project, "acme", "# Development.\n\n# Whose it is.\nproject: acme\naccount: \"1\"\n"},
		"after a marker":     {"---\naccount: 1\n", project, "acme", "---\nproject: acme\naccount: 1\n"},
		"a braced file":      {"{account: 1}", project, "acme", "{project: acme, account: 1}"},
		"another below":      {"app:\n  image: {tag: 1}\n  name: app\n", app, "shop", "app:\n  image: {tag: 1}\n  name: shop\n"},
		"none below yet":     {"app: # it\n    # What runs.\n    image:\n        tag: 1\n\n# Last.\nci: {}\n", app, "shop", "app: # it\n    name: shop\n    # What runs.\n    image:\n        tag: 1\n\n# Last.\nci: {}\n"},
		"none in braces":     {"app: {image: {name: x}}\n", app, "shop", "app: {name: shop, image: {name: x}}\n"},
		"another in braces":  {"app: {image: {name: x}, name: \"app\"}\n", app, "shop", "app: {image: {name: x}, name: \"shop\"}\n"},
		"no section yet":     {"account: 1\n", app, "shop", "app: {name: shop}\naccount: 1\n"},
		"beyond the letters": {"{é: \"ü\", project: plinth}\n", project, "acme", "{é: \"ü\", project: acme}\n"},
		"other line ends":    {"a: 1\r\nproject: plinth\r\n", project, "acme", "a: 1\r\nproject: acme\r\n"},
	} {
		got, err := set(test.text, test.path, test.value)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, makes\n%s\nwant\n%s", name, err, got, test.want)
		}
	}
	for _, text := range []string{"project: >\n  plinth\n", "project:\n", "project: [plinth]\n", "a: &b plinth\nproject: *b\n", "project: \"pl\\u0069nth\"\n"} {
		if got, err := set(text, project, "acme"); err == nil {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if got, err := set("app: shop\n", app, "shop"); err == nil {
		t.Errorf("a section that is none becomes %q", got)
	}
}

func TestSetApplication(t *testing.T) {
	t.Parallel()
	const two = "apps:\n  app: {image: {tag: app}}\n  \"shop\": # ours\n    env: {shop: app}\n"
	for name, test := range map[string]struct{ text, names, want, said, err string }{
		"the only one":         {"apps:\n  app:\n    image: {tag: 1}\n", "shop", "apps:\n  shop:\n    image: {tag: 1}\n", "apps.app is apps.shop", ""},
		"one of two":           {two, "app=web", strings.Replace(two, "  app:", "  web:", 1), "apps.app is apps.web", ""},
		"in quotes":            {two, "shop=web", strings.Replace(two, `"shop"`, `"web"`, 1), "apps.shop is apps.web", ""},
		"in braces":            {"apps: {app: {}, shop: {}}\n", "shop=web", "apps: {app: {}, web: {}}\n", "apps.shop is apps.web", ""},
		"not in this file":     {two, "mail=web", two, "", ""},
		"renamed already":      {strings.Replace(two, "  app:", "  web:", 1), "app=web", strings.Replace(two, "  app:", "  web:", 1), "", ""},
		"which of two":         {two, "web", "", "", "apps: has app and shop; say which is renamed: --app app=web"},
		"another's name":       {two, "app=shop", "", "", "apps.shop: there is such an application already"},
		"the only one by name": {"apps: {app: {}}\n", "app=shop", "apps: {shop: {}}\n", "apps.app is apps.shop", ""},
		"no applications":      {"region: x\n", "shop", "region: x\n", "", ""},
	} {
		got, said, err := setApplication(test.text, test.names)
		if test.err != "" {
			assert.Error(t, err, test.err, name)
			continue
		}
		assert.NilError(t, err, name)
		assert.Equal(t, got, test.want, name)
		assert.Equal(t, said, test.said, name)
	}
}

// TestMentions: an ARN or a path with the old name is not renamed, but listed.
func TestMentions(t *testing.T) {
	t.Parallel()
	text := "# plinth\nproject: acme # was plinth\nci:\n  project: platform/plinth\nvault: arn:aws:backup:r:1:backup-vault:plinth-prod\nother: plinths\n"
	assert.DeepEqual(t, mentions("environments/x.yaml", text, "plinth"), []string{
		"  environments/x.yaml:4: project: platform/plinth",
		"  environments/x.yaml:5: vault: arn:aws:backup:r:1:backup-vault:plinth-prod",
	})
}

func TestModuleFiles(t *testing.T) {
	t.Parallel()
	renamed := func(path string) (string, bool) {
		rest, ours := strings.CutPrefix(path, "old")
		return "example.com/z" + rest, ours && (rest == "" || rest[0] == '/')
	}
	mod, err := renameMod("go.mod", []byte("module old/part\n\ngo 1.26.0\n\ntool old/part/run\n\nrequire (\n\told v0.0.0 // ours\n\tolder.com/old v1.0.0\n)\n\nreplace old => ../old\n"), renamed)
	assert.NilError(t, err)
	assert.Equal(t, string(mod), "module example.com/z/part\n\ngo 1.26.0\n\ntool example.com/z/part/run\n\nrequire (\n\texample.com/z v0.0.0 // ours\n\tolder.com/old v1.0.0\n)\n\nreplace example.com/z => ../old\n")

	source, err := renameImports("a.go", []byte("package a\n\nimport (\n\t\"os\"\n\n\tx \"old\"\n\t\"old/b\"\n\t\"older/c\"\n\t\"zoo\"\n)\n\nconst path = \"old/b\" // \"old/b\"\n"), renamed)
	assert.NilError(t, err)
	assert.Equal(t, string(source), "package a\n\nimport (\n\t\"os\"\n\n\tx \"example.com/z\"\n\t\"example.com/z/b\"\n\t\"older/c\"\n\t\"zoo\"\n)\n\nconst path = \"old/b\" // \"old/b\"\n")

	untidy := "package a\nimport   \"old/b\"\n"
	source, err = renameImports("a.go", []byte(untidy), renamed)
	assert.NilError(t, err)
	assert.Equal(t, string(source), "package a\nimport   \"example.com/z/b\"\n")
}

// TestRefuses covers invalid names and repositories that cannot be renamed.
func TestRefuses(t *testing.T) {
	t.Parallel()
	root := copied(t, func(file string) bool { return file == ".gen" })
	before := tree(t, root)
	long := strings.Repeat("a", 30)
	for name, test := range map[string]struct {
		o    Options
		want string
	}{
		"nothing":                          {Options{}, "nothing to rename: give a project, an application or a module"},
		"a project":                        {Options{Project: "Acme"}, `project: must be lower-case letters, digits and single dashes, starting with a letter but not with aws, sg- or internal-, is "Acme"; write acme`},
		"a project for a word":             {Options{Project: "a\nb"}, `project: must be lower-case letters`},
		"an application":                   {Options{App: "kube-system"}, `apps.kube-system: the name must be at most 20 lower-case letters`},
		"both":                             {Options{Project: "-", App: "-"}, "apps.-: the name must be"},
		"an application that is not there": {Options{App: "shop=blog"}, "apps: no environment has an application shop; there are app"},
		"too long together":                {Options{Project: long, App: "shop"}, "project: is too long: the load balancer " + long},
		"a module":                         {Options{Module: "a b"}, `module: must be a Go module's path, such as example.com/team/platform, is "a b"; letters`},
		"a module of Go's":                 {Options{Module: "net/http"}, `is "net/http", which is Go's own; put a host in front`},
		"a module's beginning":             {Options{Module: "internal/x"}, "which is Go's own"},
		"one of two":                       {Options{Project: "acme", Module: "/x"}, "module: must be"},
	} {
		err := Rename(root, test.o.to(io.Discard))
		assert.ErrorContains(t, err, test.want, name)
		assert.Assert(t, strings.Count(err.Error(), "\n") < 2, "%s: %v", name, err)
	}
	assert.Assert(t, maps.Equal(tree(t, root), before), "something was written")

	file := filepath.Join(root, "new.txt")
	assert.NilError(t, os.WriteFile(file, nil, 0o600))
	err := Rename(root, Options{Project: "acme"}.to(io.Discard))
	assert.Error(t, err, "work tree: has changes, from which the new names could not be told; commit or stash these first, or rename with --dirty\n  ?? new.txt")
	assert.NilError(t, Rename(root, Options{Project: "acme", Dirty: true}.to(io.Discard)))
	assert.NilError(t, os.Remove(file))
}

// TestWrite: if one file cannot be written, none is changed.
func TestWrite(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first := filepath.Join(root, "a.txt")
	assert.NilError(t, os.WriteFile(first, []byte("before"), 0o600))
	assert.NilError(t, os.Mkdir(filepath.Join(root, "b.txt"), 0o700))
	assert.ErrorContains(t, write(root, map[string][]byte{"a.txt": []byte("after"), "b.txt": []byte("after")}), "b.txt")
	assert.DeepEqual(t, tree(t, root), map[string]string{first: "before"})
}

// TestRename renames the whole repository, and builds it. TestRenamed checks what it synthesizes.
func TestRename(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the whole repository")
	}
	root := copied(t, nil)
	var said bytes.Buffer
	names := Options{Project: "other", App: "another", Module: "example.com/other/platform"}
	assert.NilError(t, Rename(root, names.to(&said)))
	for _, want := range []string{"environments/dev.yaml: project is other, apps.app is apps.another\n", " is example.com/other/platform, in ", "make golden"} {
		assert.Assert(t, strings.Contains(said.String(), want), "it does not say %q:\n%s", want, said.String())
	}
	run := func(args ...string) (string, error) {
		command := exec.Command("go", args...)
		command.Dir, command.Env = root, append(os.Environ(), "GOFLAGS=-trimpath") // compiled once for all copies
		out, err := command.CombinedOutput()
		return string(out), err
	}
	out, err := run("build", "./...")
	assert.NilError(t, err, "%s", out)
	// It is enough that all modules find each other: other tests compile most of their dependencies.
	mods, sources, err := goFiles(root)
	assert.NilError(t, err)
	for _, mod := range mods {
		out, err := run("-C", filepath.Dir(mod), "list", "-deps", "-test", "./...")
		assert.NilError(t, err, "%s: %s", mod, out)
	}
	for _, file := range sources {
		content, err := os.ReadFile(filepath.Join(root, file))
		assert.NilError(t, err)
		tidy, err := format.Source(content)
		assert.NilError(t, err, file)
		assert.Assert(t, bytes.Equal(tidy, content), "gofmt -w %s", file)
	}

	assert.NilError(t, Rename(root, Options{Project: "other", Module: "example.com/other/platform", Dirty: true}.to(&said)))
	assert.Assert(t, strings.HasSuffix(said.String(), "Everything is called so already.\n"), said.String())
}

func (o Options) to(out io.Writer) Options { o.Out = out; return o }

// copied returns the folder of a copy of the repository.
func copied(t *testing.T, skip func(file string) bool) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "copy")
	assert.NilError(t, worktree.Copy(filepath.Join("..", "..", ".."), root, skip))
	return root
}

// tree returns the content of a folder's own files by path.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	assert.NilError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || entry.Name() == ".gen"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	}))
	return files
}
