package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

// rendering is a Helm release, rendered as for its cluster.
type rendering struct {
	*render.Release
	stack *stack
	// version is the cluster's Kubernetes version.
	version string
	// chart is the chart with its version, or, from charts/, with the version of what it installs.
	chart, chartVersion string
	// repository is the chart's, empty for one of charts/.
	repository string
}

// in returns [Finding.In] for an object of the release.
func (r rendering) in(object string) string { return r.stack.id + "/" + r.Name + "/" + object }

// notRendered is the rule that every chart can be rendered.
const notRendered = "charts/rendered"

// charts renders every release of every stack with its real values.
func charts(ctx context.Context, p *platform) (all []rendering, findings []Finding, err error) {
	for _, s := range p.stacks {
		if dig(s.document, "resource", "helm_release") == nil {
			continue
		}
		installed, err := releases.Read(s.file)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range installed {
			load := func() (*chart.Chart, error) {
				return render.Load(filepath.Join(filepath.Dir(s.file), filepath.FromSlash(r.Chart)))
			}
			if r.Repository != "" {
				source, ok := published.Find(r.Repository, r.Chart, r.Version)
				if !ok {
					findings = append(findings, Finding{
						Rule: notRendered, File: s.shown, In: s.id + "/" + r.Name,
						Problem: fmt.Sprintf("chart %s %s of %s is in no known Go module, so its pods are not checked", r.Chart, r.Version, r.Repository),
						Remedy:  "Add its Go module to tools/charts/published",
					})
					continue
				}
				load = func() (*chart.Chart, error) { return source.Load(ctx) }
			}
			loaded, err := load()
			if err != nil {
				return nil, nil, err
			}
			rendered, err := p.render(loaded, s, r)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: helm_release.%s: %w", s.shown, r.ID, err)
			}
			all = append(all, rendered)
		}
	}
	return all, findings, nil
}

func (p *platform) render(chart *chart.Chart, s *stack, r releases.Release) (rendering, error) {
	for _, cluster := range p.resources("aws_eks_cluster") {
		if version, ok := cluster.body["version"].(string); ok && cluster.stack.environment() == s.environment() {
			release, err := render.Chart(chart, render.Options{Name: r.Name, Namespace: r.Namespace, Values: r.Values, KubeVersion: version})
			if err != nil {
				return rendering{}, err
			}
			done := rendering{release, s, version, chart.Name(), r.Version, r.Repository}
			if r.Repository == "" {
				done.chartVersion = installed(release)
			}
			return done, nil
		}
	}
	return rendering{}, errors.New("no stack of its environment has an aws_eks_cluster, whose version the chart is rendered for")
}

// installed returns the version of what a release installs, from its objects' labels.
func installed(r *render.Release) string {
	for _, o := range r.Objects {
		if version, ok := dig(o.Fields, "metadata", "labels", "app.kubernetes.io/version").(string); ok {
			return version
		}
	}
	return ""
}
