package cloud

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

// definitionChart writes a chart with two definitions, one in crds/ and one among the templates. column is
// something that a new version changes in both.
func definitionChart(t *testing.T, column, annotation string) string {
	t.Helper()
	folder := t.TempDir()
	definition := func(kind, group, annotation string) string {
		return `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ` + kind + `s.` + group + `, annotations: {` + annotation + `}}
spec:
  group: ` + group + `
  names: {kind: ` + kind + `, plural: ` + kind + `s}
  scope: Namespaced
  versions: [{name: v1, served: true, storage: true, additionalPrinterColumns: [{name: ` + column + `, type: string, jsonPath: .spec}], schema: {openAPIV3Schema: {type: object}}}]
`
	}
	for name, content := range map[string]string{
		"Chart.yaml":           "apiVersion: v2\nname: kinds\nversion: 1.0.0\n",
		"crds/folder.yaml":     definition("folder", "elbv2.k8s.aws", ""),
		"templates/mine.yaml":  definition("mine", "example.com", annotation),
		"templates/empty.yaml": "",
	} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	return folder
}

// TestDefinitions does with definitions what Helm does.
func TestDefinitions(t *testing.T) {
	const keep = "helm.sh/resource-policy: keep"
	w := newWorld()
	w.Add("aws_eks_cluster", "dev", &Thing{Attributes: Attributes{"version": "1.35"}})
	refused := func(a Attributes, says string) {
		t.Helper()
		assert.ErrorContains(t, w.Create("helm_release", "dev", a), says)
		w.Remove("helm_release", "dev:default/"+text(a, "name")) // nothing of a refused change is written
	}
	release := func(name, chart string, more ...string) Attributes {
		a := Attributes{"name": name, "namespace": "default", "chart": chart}
		for _, argument := range more {
			a[argument] = true
		}
		return a
	}
	column := func(name string) string {
		d := w.Get(crdKind, "dev:"+name)
		if d == nil {
			return ""
		}
		versions := dig(d.Attributes, "spec.versions").([]any)
		columns := versions[0].(Attributes)["additionalPrinterColumns"].([]any)
		return text(columns[0].(Attributes), "name")
	}
	const folder, mine = "folders.elbv2.k8s.aws", "mines.example.com"

	a := release("a", definitionChart(t, "old", ""), "skip_crds")
	assert.NilError(t, w.Create("helm_release", "dev", a))
	assert.Equal(t, column(folder), "")
	assert.NilError(t, w.Delete("helm_release", "dev", a))
	assert.Equal(t, column(mine), "", "it goes with its release")

	a = release("a", definitionChart(t, "old", ""))
	assert.NilError(t, w.Create("helm_release", "dev", a))
	assert.Equal(t, column(folder), "old")
	assert.Equal(t, column(mine), "old")
	a["chart"] = definitionChart(t, "new", keep)
	assert.NilError(t, w.Change("helm_release", "dev", a))
	assert.Equal(t, column(folder), "old", "Helm never upgrades what is in crds/")
	assert.Equal(t, column(mine), "new")

	b := release("b", definitionChart(t, "newer", keep))
	refused(b, "invalid ownership metadata")
	b["take_ownership"] = true
	assert.NilError(t, w.Create("helm_release", "dev", b))
	assert.Equal(t, column(mine), "newer")
	assert.NilError(t, w.Delete("helm_release", "dev", b))
	assert.NilError(t, w.Delete("helm_release", "dev", a))
	assert.Equal(t, column(folder), "old", "it stays")
	assert.Equal(t, column(mine), "newer", "it is kept")

	assert.NilError(t, w.Delete("aws_eks_cluster", "", Attributes{"id": "dev", "name": "dev"}))
	assert.Equal(t, column(mine), "", "it goes with its cluster")
}

// TestDefinedKinds: an object needs the definition of its kind, whoever installed it.
func TestDefinedKinds(t *testing.T) {
	w := newWorld()
	w.Add("aws_eks_cluster", "dev", &Thing{Attributes: Attributes{"version": "1.35"}})
	chart := t.TempDir()
	for name, content := range map[string]string{
		"Chart.yaml":          "apiVersion: v2\nname: user\nversion: 1.0.0\n",
		"templates/user.yaml": "apiVersion: elbv2.k8s.aws/v1beta1\nkind: TargetGroupBinding\nmetadata: {name: user}\n",
	} {
		file := filepath.Join(chart, filepath.FromSlash(name))
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	user := Attributes{"name": "user", "namespace": "default", "chart": chart}
	controller := func(name string, skip bool) *Thing {
		return &Thing{Cluster: "dev", Attributes: Attributes{"name": name, "chart": controllerChart, "skip_crds": skip}}
	}
	w.Add("helm_release", "dev:lb/controller", controller("controller", true))
	assert.ErrorContains(t, w.Create("helm_release", "dev", user), `no matches for kind "TargetGroupBinding"`)
	w.Remove("helm_release", "dev:default/user")
	definitions := Attributes{"name": "a", "namespace": "default", "chart": definitionChart(t, "new", "")}
	assert.NilError(t, w.Create("helm_release", "dev", definitions))
	assert.NilError(t, w.Create("helm_release", "dev", user))
	assert.NilError(t, w.Delete("helm_release", "dev", user))

	w.Remove(crdKind, "dev:folders.elbv2.k8s.aws")
	assert.ErrorContains(t, w.Create("helm_release", "dev", user), "resource mapping not found")
	w.Remove("helm_release", "dev:default/user")
	w.Add("helm_release", "dev:lb/controller", controller("controller", false))
	assert.NilError(t, w.Create("helm_release", "dev", user))
}
