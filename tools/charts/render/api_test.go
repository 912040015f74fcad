package render

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes/scheme"
)

// eachType calls a function with every struct in the source of the stable APIs.
func eachType(t *testing.T, call func(spec *ast.TypeSpec, doc string, folder string)) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/api", "k8s.io/apiextensions-apiserver", "k8s.io/apimachinery").Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for dir := range strings.Lines(string(out)) {
		dir = strings.TrimSpace(dir)
		for _, pattern := range []string{"*/v[12]/types.go", "pkg/apis/*/v1/types.go", "pkg/apis/*/v1/types_jsonschema.go"} {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, found...)
		}
	}
	if len(files) < 20 {
		t.Fatalf("only %d files have types of the API: %v", len(files), files)
	}
	for _, name := range files {
		switch filepath.Base(filepath.Dir(filepath.Dir(name))) {
		case "admission", "apidiscovery", "authentication", "authorization", "imagepolicy":
			// Requests and reviews, which the API server does not store.
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		// Directives for generators stand in a separate comment above a type's own.
		from := file.Package
		for _, decl := range file.Decls {
			var doc strings.Builder
			for _, group := range file.Comments {
				if group.Pos() > from && group.End() < decl.End() {
					doc.WriteString(group.Text())
				}
			}
			from = decl.End()
			if types, ok := decl.(*ast.GenDecl); ok && types.Tok == token.TYPE {
				for _, spec := range types.Specs {
					call(spec.(*ast.TypeSpec), doc.String(), filepath.Dir(name))
				}
			}
		}
	}
}

// inStatus are types that only the cluster writes.
var inStatus = regexp.MustCompile("(Condition|ContainerImage|List|NodeRuntimeHandler|Status)$")

func TestOptionalFields(t *testing.T) {
	eachType(t, func(spec *ast.TypeSpec, _, folder string) {
		fields, ok := spec.Type.(*ast.StructType)
		if !ok || inStatus.MatchString(spec.Name.Name) {
			return
		}
		for _, f := range fields.Fields.List {
			if f.Tag == nil || f.Doc == nil || !strings.Contains(f.Doc.Text(), "+optional") {
				continue
			}
			tag, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			typeName := filepath.Base(folder) + "." + spec.Name.Name
			if name != "" && name != "-" && !strings.Contains(options, "omit") && !slices.Contains(optional[typeName], name) {
				t.Errorf("%s: %s.%s is optional, but counts as required", folder, typeName, name)
			}
		}
	})
}

func TestClusterScopedKinds(t *testing.T) {
	found := 0
	eachType(t, func(spec *ast.TypeSpec, doc, folder string) {
		if !strings.Contains(doc, "+genclient:nonNamespaced") {
			return
		}
		found++
		for kind := range clusterScoped {
			if kind.Kind == spec.Name.Name {
				return
			}
		}
		t.Errorf("%s: %s belongs to the cluster, but counts as namespaced", folder, spec.Name.Name)
	})
	// All but APIService, whose types are in another module.
	if want := len(clusterScoped) - 1; found != want {
		t.Errorf("the API has %d kinds that belong to the cluster, here are %d", found, want)
	}
	for kind := range clusterScoped {
		if kind != apiService.GroupKind() && !scheme.Scheme.IsGroupRegistered(kind.Group) {
			t.Errorf("there is no group %s", kind.Group)
		}
	}
}
