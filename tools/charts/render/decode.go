package render

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/version"
	// Helm's chartutil imports this scheme, so a smaller one would save nothing.
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// strict decodes objects whose fields have passed our own checks. It refuses what these overlook, but
// with Go's messages.
var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// An Object is an object that Helm would make.
type Object struct {
	APIVersion, Kind string
	// Namespace is the release's if a namespaced object names none. It is empty for a cluster-scoped
	// object. A custom resource counts as namespaced unless its definition is in the release and says
	// otherwise.
	Namespace string
	// Name is empty for a hook whose name the API server generates (metadata.generateName).
	Name   string
	Labels map[string]string
	// File is its source: app/templates/service.yaml, as in Helm's "# Source" comments.
	File string
	// Hook is the event that makes it, such as pre-install, or empty if it is part of the manifest.
	Hook string
	// Fields are its JSON fields: int64, float64, string, bool, []any and map[string]any.
	Fields map[string]any
	// Decoded is the same object as a type of k8s.io/api or k8s.io/apiextensions-apiserver, or as
	// *unstructured.Unstructured if it has none.
	Decoded runtime.Object
}

// made is the interface of all decoded objects.
type made interface {
	runtime.Object
	metav1.Object
}

func (o *Object) String() string { return strings.TrimSpace(cmp.Or(o.Kind, "object") + " " + o.Name) }

// A decoder reads the objects in a chart's files and collects their problems.
type decoder struct {
	namespace string
	cluster   *version.Version
	// documents has the objects by file and text.
	documents map[[2]string][]*Object
	// order is the order in which they were read.
	order    []*Object
	problems []string
}

func newDecoder(namespace string, cluster *version.Version) *decoder {
	return &decoder{namespace: namespace, cluster: cluster, documents: map[[2]string][]*Object{}}
}

// documents splits a file as Helm does. Of two separators in a row Helm leaves one at the beginning of a
// document, which is the same document without it.
func documents(text string) []string {
	split := releaseutil.SplitManifests(text)
	var texts []string
	for i := range len(split) {
		text := split["manifest-"+strconv.Itoa(i)]
		for strings.HasPrefix(text, "---\n") {
			text = strings.TrimLeft(strings.TrimPrefix(text, "---"), "\n")
		}
		texts = append(texts, text)
	}
	return texts
}

// objects returns copies of the objects read from a file, or from a part of it.
func (d *decoder) objects(file, text string, hook release.HookEvent) []Object {
	var found []Object
	for _, document := range documents(text) {
		for _, o := range d.documents[[2]string{file, document}] {
			copied := *o
			copied.Hook = hook.String()
			found = append(found, copied)
		}
	}
	return found
}

func (d *decoder) problem(file, format string, args ...any) {
	d.problems = append(d.problems, file+": "+fmt.Sprintf(format, args...))
}

// read reads the objects in a file.
func (d *decoder) read(file, text string) {
	for _, document := range documents(text) {
		data, err := yaml.YAMLToJSONStrict([]byte(document))
		if err != nil {
			d.problem(file, "%s", yamlError(err, document))
			continue
		}
		var value any
		if err := kubejson.Unmarshal(data, &value); err != nil {
			d.problem(file, "%v", err)
			continue
		}
		if value == nil {
			continue
		}
		fields, ok := value.(map[string]any)
		if !ok {
			d.problem(file, "must hold Kubernetes objects, holds %s", describe(value))
			continue
		}
		for _, fields := range items(fields) {
			if o := d.object(file, fields); o != nil {
				key := [2]string{file, document}
				d.documents[key] = append(d.documents[key], o)
				d.order = append(d.order, o)
			}
		}
	}
}

// items splits a list, such as kind List or RoleList, into its objects. Items that are no objects stay
// in the list, which is then refused.
func items(fields map[string]any) []map[string]any {
	kind, _ := fields["kind"].(string)
	list, ok := fields["items"].([]any)
	if !ok || !strings.HasSuffix(kind, "List") {
		return []map[string]any{fields}
	}
	var found []map[string]any
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return []map[string]any{fields}
		}
		found = append(found, object)
	}
	return found
}

// object reads one object, or records its problem.
func (d *decoder) object(file string, fields map[string]any) *Object {
	o := &Object{File: file, Fields: fields}
	o.APIVersion, _ = fields["apiVersion"].(string)
	o.Kind, _ = fields["kind"].(string)
	o.Name, _, _ = unstructured.NestedString(fields, "metadata", "name")
	for _, name := range []string{"apiVersion", "kind"} {
		if text, ok := fields[name].(string); !ok || text == "" {
			d.problem(file, "%s: %s", o, missing(name, fields[name]))
			return nil
		}
	}
	if _, err := schema.ParseGroupVersion(o.APIVersion); err != nil {
		d.problem(file, "%s: apiVersion: must be a group and a version such as apps/v1, is %q", o, o.APIVersion)
		return nil
	}
	gvk := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind)
	if reason := notServed(gvk, d.cluster); reason != "" {
		d.problem(file, "%s: apiVersion: %s", o, reason)
		return nil
	}

	check := checker{hidden: gvk == schema.GroupVersionKind{Version: "v1", Kind: "Secret"}}
	known := scheme.Scheme.Recognizes(gvk)
	if known {
		check.fields("", fields, scheme.Scheme.AllKnownTypes()[gvk])
	} else {
		metadata := map[string]any{"metadata": fields["metadata"]}
		check.fields("", metadata, reflect.TypeFor[metav1.PartialObjectMetadata]())
	}
	check.problems = append(check.problems, identity(gvk, fields)...)
	if len(check.problems) > 0 {
		for _, problem := range check.problems {
			d.problem(file, "%s: %s", o, problem)
		}
		return nil
	}

	o.Decoded = &unstructured.Unstructured{Object: fields}
	if known {
		data, err := json.Marshal(fields)
		if err == nil {
			o.Decoded, _, err = strict.Decode(data, nil, nil)
		}
		if err != nil {
			d.problem(file, "%s: %s", o, strings.TrimPrefix(err.Error(), "strict decoding error: "))
			return nil
		}
	}
	for _, problem := range rules(o.Decoded) {
		d.problem(file, "%s: %s", o, problem)
	}
	return o
}

// finish puts every object into its namespace and returns all problems as an error.
func (d *decoder) finish() error {
	cluster := map[schema.GroupKind]bool{}
	for _, o := range d.order {
		if crd, ok := o.Decoded.(*apiextensionsv1.CustomResourceDefinition); ok {
			kind := schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}
			cluster[kind] = crd.Spec.Scope == apiextensionsv1.ClusterScoped
		}
	}
	for _, o := range d.order {
		decoded, ok := o.Decoded.(made)
		if !ok {
			d.problem(o.File, "%s: is nothing that can be made", o)
			continue
		}
		kind := schema.FromAPIVersionAndKind(o.APIVersion, o.Kind).GroupKind()
		switch {
		case clusterScoped[kind] || cluster[kind]:
			decoded.SetNamespace("")
		case decoded.GetNamespace() == "":
			decoded.SetNamespace(d.namespace)
		}
		o.Namespace, o.Labels = decoded.GetNamespace(), decoded.GetLabels()
		if metadata := o.Fields["metadata"].(map[string]any); o.Namespace == "" {
			delete(metadata, "namespace")
		} else {
			metadata["namespace"] = o.Namespace
		}
	}
	return joined(d.problems)
}

// duplicates refuses an object of the manifest that came before. Definitions may come twice: Helm
// skips existing ones.
func duplicates(definitions, objects []Object) error {
	type key struct {
		schema.GroupKind
		namespace, name string
	}
	first := map[key]string{}
	var problems []string
	for i, o := range slices.Concat(definitions, objects) {
		id := key{schema.FromAPIVersionAndKind(o.APIVersion, o.Kind).GroupKind(), o.Namespace, o.Name}
		file, ok := first[id]
		switch {
		case !ok:
			first[id] = o.File
		case i < len(definitions):
		case file == o.File:
			problems = append(problems, fmt.Sprintf("%s: %s: is there twice", file, &o))
		default:
			problems = append(problems, fmt.Sprintf("%s: %s: is in %s too", o.File, &o, file))
		}
	}
	return joined(problems)
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

// yamlError says where a rendered document is not YAML, and quotes the line: its line number is not
// the template's.
func yamlError(err error, document string) string {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	message = strings.Join(strings.Fields(strings.TrimPrefix(message, "unmarshal errors:")), " ")
	lines := strings.Split(document, "\n")
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		if n, err := strconv.Atoi(match[1]); err == nil && n > 0 && n <= len(lines) {
			return fmt.Sprintf("is not YAML once rendered: %s: %q", message, strings.TrimSpace(lines[n-1]))
		}
	}
	return "is not YAML once rendered: " + message
}
