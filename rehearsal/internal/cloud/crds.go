package cloud

import (
	"strings"

	"plinth/tools/charts/render"
)

// crdKind is the type of a custom resource definition that a release installed.
const crdKind = "kubernetes_custom_resource_definition"

// definedBy is the attribute of a definition that names its release.
const definedBy = "plinth_release"

// define installs a custom resource definition as Helm does. One in a chart's folder crds/ is installed
// where it is missing, and never changed or deleted. One among the templates belongs to its release, which
// changes it, and deletes it in the end unless the chart says to keep it.
//
// https://helm.sh/docs/chart_best_practices/custom_resource_definitions/
func (w *World) define(key string, t *Thing, object render.Object) error {
	id, release := t.Cluster+":"+object.Name, "helm_release "+key
	existing := w.Get(crdKind, id)
	object.Fields["id"] = object.Name
	definition := &Thing{Attributes: object.Fields, Cluster: t.Cluster, MadeBy: release}
	if inCRDs(object) {
		if existing == nil && !flag(t.Attributes, "skip_crds") {
			w.Add(crdKind, id, definition)
		}
		return nil
	}
	if existing != nil && existing.Attributes[definedBy] != release && !flag(t.Attributes, "take_ownership") {
		return refuse("invalid ownership metadata", "CustomResourceDefinition %s exists and does not belong to release %s", object.Name, key)
	}
	object.Fields[definedBy] = release
	metadata, _ := object.Fields["metadata"].(Attributes)
	if annotations, _ := metadata["annotations"].(Attributes); annotations["helm.sh/resource-policy"] != "keep" {
		definition.Owner = release
	}
	w.Add(crdKind, id, definition)
	return nil
}

// inCRDs reports whether an object is in its chart's folder crds/.
func inCRDs(object render.Object) bool {
	_, file, _ := strings.Cut(object.File, "/")
	return strings.HasPrefix(file, "crds/")
}

// defines reports whether a definition in the cluster has that API group.
func (w *World) defines(cluster, group string) (found bool) {
	w.Each(func(_, _ string, t *Thing) bool {
		found = t.Cluster == cluster && text(t.Attributes, "spec.group") == group
		return !found
	}, crdKind)
	return found
}
