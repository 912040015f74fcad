package charts

import (
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// checkCustomResource validates an object as the API server would with the definition in data. It
// also reports unknown fields, which the API server would drop silently.
func checkCustomResource(t *testing.T, object *unstructured.Unstructured, data []byte) {
	t.Helper()
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &definition); err != nil {
		t.Fatal(err)
	}
	gvk := object.GroupVersionKind()
	if definition.Spec.Group != gvk.Group || definition.Spec.Names.Kind != gvk.Kind {
		t.Fatalf("%s is no %s", gvk, definition.Name)
	}
	for _, version := range definition.Spec.Versions {
		if version.Name != gvk.Version {
			continue
		}
		if !version.Served || !version.Storage {
			t.Errorf("%s: version %s is on its way out", definition.Name, version.Name)
		}
		var props apiextensions.JSONSchemaProps
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &props, nil); err != nil {
			t.Fatal(err)
		}
		validator, _, err := validation.NewSchemaValidator(&props)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range validation.ValidateCustomResource(nil, object.Object, validator) {
			t.Errorf("%s %s: %v", gvk.Kind, object.GetName(), err)
		}
		structural, err := schema.NewStructural(&props)
		if err != nil {
			t.Fatal(err)
		}
		options := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
		for _, path := range pruning.PruneWithOptions(object.DeepCopy().Object, structural, true, options) {
			t.Errorf("%s %s: unknown field %s", gvk.Kind, object.GetName(), path)
		}
		return
	}
	t.Errorf("%s has no version %s", definition.Name, gvk.Version)
}
