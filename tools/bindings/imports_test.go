package main

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

var (
	testAWS  = provider{name: "aws", version: "19.65.1"}
	testHelm = provider{name: "helm", version: "12.1.2"}
)

func TestFindImports(t *testing.T) {
	const (
		vpc     = `"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpc"`
		subnet  = `"github.com/cdktf/cdktf-provider-aws-go/aws/v19/subnet"`
		release = `"github.com/cdktf/cdktf-provider-helm-go/helm/v12/release"`
	)
	root := writeTree(t, map[string]string{
		"main.go":                   "package main\n\nimport (\n\t\"fmt\"\n\tnet " + vpc + "\n)\n\nfunc main() { not Go at all",
		"stacks/app.go":             "package stacks\nimport " + release + "\nimport " + vpc + "\n",
		"stacks/app_test.go":        "package stacks\nimport _ " + subnet + "\n",
		"stacks/comment.go":         "package stacks\n// import " + release + "\nvar s = `import " + release + "`\n",
		"stacks/testdata/a.go":      "package a\nimport " + subnet + "\n",
		".gen/aws/vpc/vpc.go":       "package vpc\nimport " + subnet + "\n",
		"_old/a.go":                 "package a\nimport " + subnet + "\n",
		"node_modules/x/a.go":       "package a\nimport " + subnet + "\n",
		"cdktf.out/stacks/x/a.go":   "package a\nimport " + subnet + "\n",
		"vendor/example.com/x/a.go": "package a\nimport " + subnet + "\n",
		"README.md":                 "import " + subnet,
	})
	found, wrong, err := findImports(root, []provider{testAWS, testHelm})
	if err != nil || len(wrong) > 0 {
		t.Fatalf("error %v, mistakes %v", err, wrong)
	}
	want := []providerImport{
		{"main.go:5:2", "aws", "vpc"},
		{"stacks/app.go:2:8", "helm", "release"},
		{"stacks/app.go:3:8", "aws", "vpc"},
		{"stacks/app_test.go:2:8", "aws", "subnet"},
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("found %v\nwant  %v", found, want)
	}
	packages := map[string][]string{"aws": {"subnet", "vpc"}, "helm": {"release"}}
	if got := wantedPackages(found); !reflect.DeepEqual(got, packages) {
		t.Errorf("wanted packages are %v, want %v", got, packages)
	}
}

func TestFindImportsReportsAllMistakes(t *testing.T) {
	root := writeTree(t, map[string]string{
		"a.go": "package a\nimport \"github.com/cdktf/cdktf-provider-aws-go/aws/v18/vpc\"\n",
		"b.go": "package a\nimport \"github.com/cdktf/cdktf-provider-aws-go/aws/v19\"\n",
		"c.go": "package a\nimport \"fmt\nimport \"os\"\n",
		"d.go": "package a\nimport \"github.com/cdktf/cdktf-provider-awscc-go/awscc/v11/x\"\n",
	})
	found, wrong, err := findImports(root, []provider{testAWS})
	if err != nil || len(found) > 0 {
		t.Fatalf("error %v, found %v", err, found)
	}
	want := mistakes{
		`a.go:2:8: "github.com/cdktf/cdktf-provider-aws-go/aws/v18/vpc" is not a package of module github.com/cdktf/cdktf-provider-aws-go/aws/v19, which package.json pins at 19.65.1`,
		`b.go:2:8: "github.com/cdktf/cdktf-provider-aws-go/aws/v19" is not a package of module github.com/cdktf/cdktf-provider-aws-go/aws/v19, which package.json pins at 19.65.1`,
		`c.go:2:8: string literal not terminated`,
	}
	if !reflect.DeepEqual(wrong, want) {
		t.Errorf("mistakes are\n%s\nwant\n%s", wrong, want)
	}
}

// writeTree writes files, by slash-separated path, to a temporary folder and
// returns the folder.
func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
