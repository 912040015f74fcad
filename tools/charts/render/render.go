// Package render renders a Helm chart with its values into what Helm would send to a cluster, without
// a cluster. It refuses what Helm or the Kubernetes API would refuse.
//
// Errors are for the author of the chart or its values: one problem a line, each with the file as Helm
// names it (the chart's name, then the path inside the chart), the object and the field.
//
// app/templates/service.yaml: Service app: spec.ports[0].port: must be a whole number, is "eighty"
package render

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/version"
)

// Options are the inputs of a release apart from its chart.
type Options struct {
	// Name is the release's. Required.
	Name string
	// Namespace is for objects that name none themselves; empty means default, as for Helm.
	Namespace string
	// Values are merged over the chart's own.
	Values map[string]any
	// KubeVersion is the cluster's, such as 1.35 or v1.35.2. Required. It decides which APIs exist, but
	// not their fields: those are from the release of k8s.io/api in go.mod.
	KubeVersion string
	// Revision counts the release's installations from 1; 0 means 1. From 2 on this is an upgrade, with
	// other hooks, and Helm does not touch the definitions in crds/.
	Revision int
}

// A Release is a chart rendered as Helm would install it.
type Release struct {
	Name, Namespace string
	// Objects are the objects that Helm makes, in its order: the definitions in crds/, the hooks that run
	// before, the manifest's objects sorted by kind, the hooks that run after. Hooks for another event,
	// such as pre-delete, are checked but left out.
	Objects []Object
	// Tests are the objects that helm test makes, in its order.
	Tests []Object
	// YAML is the manifest as helm get manifest prints it: without crds/ and hooks.
	YAML string
	// Notes is the chart's NOTES.txt.
	Notes string
}

// Load reads a chart from its folder.
func Load(dir string) (*chart.Chart, error) {
	c, err := loader.LoadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", dir, err)
	}
	return c, nil
}

// Chart renders a chart and does not change it.
func Chart(c *chart.Chart, o Options) (*Release, error) {
	if o.Namespace == "" {
		o.Namespace = "default"
	}
	if err := chartutil.ValidateReleaseName(o.Name); err != nil {
		return nil, fmt.Errorf("release %q: %w", o.Name, err)
	}
	if problems := validation.IsDNS1123Label(o.Namespace); len(problems) > 0 {
		return nil, fmt.Errorf("namespace %q: %s", o.Namespace, short(problems[0]))
	}
	cluster, err := version.ParseGeneric(o.KubeVersion)
	if err != nil {
		return nil, fmt.Errorf("the cluster's Kubernetes version: must be such as 1.35, is %q", o.KubeVersion)
	}
	cluster = version.MajorMinor(cluster.Major(), cluster.Minor()).WithPatch(cluster.Patch())
	c = clone(c)
	if err := installable(c, cluster, o.Values); err != nil {
		return nil, err
	}
	files, err := execute(c, cluster, o)
	if err != nil {
		return nil, err
	}

	r := &Release{Name: o.Name, Namespace: o.Namespace, Notes: files[path.Join(c.Name(), "templates", notes)]}
	maps.DeleteFunc(files, func(file, _ string) bool { return path.Base(file) == notes })
	if err := r.collect(c.CRDObjects(), files, cluster, o.Revision > 1); err != nil {
		return nil, err
	}
	return r, nil
}

const notes = "NOTES.txt"

// installable makes Helm's checks of a chart before rendering.
func installable(c *chart.Chart, cluster *version.Version, values map[string]any) error {
	if c.Metadata.Type != "" && c.Metadata.Type != "application" {
		return fmt.Errorf("%s/Chart.yaml: type is %s, only an application can be installed", c.Name(), c.Metadata.Type)
	}
	if want := c.Metadata.KubeVersion; want != "" && !chartutil.IsCompatibleRange(want, cluster.String()) {
		return fmt.Errorf("%s/Chart.yaml: kubeVersion: wants Kubernetes %s, the cluster runs %s", c.Name(), want, cluster)
	}
	if err := chartutil.ProcessDependenciesWithMerge(c, values); err != nil {
		return fmt.Errorf("%s/Chart.yaml: dependencies: %w", c.Name(), err)
	}
	// Helm requires even disabled dependencies. A chart from a source tree has none of them in charts/.
	for _, want := range c.Metadata.Dependencies {
		if !slices.ContainsFunc(c.Dependencies(), func(have *chart.Chart) bool { return have.Name() == want.Name }) {
			return fmt.Errorf("%s/Chart.yaml: dependencies: %s is not in charts/; run helm dependency build", c.Name(), want.Name)
		}
	}
	return nil
}

// execute returns the output of the templates, by file.
func execute(c *chart.Chart, cluster *version.Version, o Options) (map[string]string, error) {
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = chartutil.KubeVersion{
		Version: "v" + cluster.String(),
		Major:   fmt.Sprint(cluster.Major()),
		Minor:   fmt.Sprint(cluster.Minor()),
	}
	capabilities.APIVersions = servedVersions(cluster)
	values, err := chartutil.ToRenderValues(c, o.Values, chartutil.ReleaseOptions{
		Name:      o.Name,
		Namespace: o.Namespace,
		Revision:  max(o.Revision, 1),
		IsInstall: o.Revision <= 1,
		IsUpgrade: o.Revision > 1,
	}, capabilities)
	if err != nil {
		return nil, valuesError(err)
	}
	files, err := engine.Render(c, values)
	if err != nil {
		return nil, templateError(err)
	}
	return files, nil
}

// collect reads, checks and sorts all objects of a chart.
func (r *Release) collect(crds []chart.CRD, files map[string]string, cluster *version.Version, upgrade bool) error {
	d := newDecoder(r.Namespace, cluster)
	for _, crd := range crds {
		d.read(crd.Filename, string(crd.File.Data))
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		d.read(file, files[file])
	}
	if err := d.finish(); err != nil {
		return err
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return err
	}
	// They are sorted by kind already, which decides between two with the same weight and name.
	slices.SortStableFunc(hooks, func(a, b *release.Hook) int {
		return cmp.Or(cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Name, b.Name))
	})
	at := func(event release.HookEvent) (objects []Object) {
		for _, hook := range hooks {
			if slices.Contains(hook.Events, event) {
				objects = append(objects, d.objects(hook.Path, hook.Manifest, event)...)
			}
		}
		return objects
	}

	var definitions, objects []Object
	for _, crd := range crds {
		definitions = append(definitions, d.objects(crd.Filename, string(crd.File.Data), "")...)
	}
	var text strings.Builder
	for _, m := range manifests {
		objects = append(objects, d.objects(m.Name, m.Content, "")...)
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	r.YAML = text.String()
	r.Tests = at(release.HookTest)
	if upgrade {
		r.Objects = slices.Concat(at(release.HookPreUpgrade), objects, at(release.HookPostUpgrade))
	} else {
		r.Objects = slices.Concat(definitions, at(release.HookPreInstall), objects, at(release.HookPostInstall))
	}
	return duplicates(definitions, objects)
}

// clone copies what rendering changes: Helm drops disabled dependencies from a chart, renames others,
// and sets its values.
func clone(c *chart.Chart) *chart.Chart {
	copied := *c
	metadata := *c.Metadata
	metadata.Dependencies = nil
	for _, d := range c.Metadata.Dependencies {
		dependency := *d
		metadata.Dependencies = append(metadata.Dependencies, &dependency)
	}
	copied.Metadata = &metadata
	var children []*chart.Chart
	for _, child := range c.Dependencies() {
		children = append(children, clone(child))
	}
	copied.SetDependencies(children...)
	return &copied
}

// joined joins problems into one error, one a line, or returns nil if there are none.
func joined(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "\n"))
}
