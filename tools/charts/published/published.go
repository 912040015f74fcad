// Package published gets charts that others publish. Helm's repositories serve them as archives.
// This package gets the same sources as Go modules, whose checksum anybody who downloads them can
// verify.
package published

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// A Chart is one version of a chart in a repository, with the module that has its source.
type Chart struct {
	// Repository, Name and Version are as in a Helm release.
	Repository, Name, Version string

	module, moduleVersion string
	// sum is the module's hash in go.sum's format.
	sum string
	// folder is the chart's path in the module.
	folder string
	// definitions is the file of custom resource definitions that the chart's release adds.
	definitions string
	// standInVersion is the version that the tests render in place of Version, where no module has that.
	// appVersion is then what Version installs.
	standInVersion, appVersion string
}

// The charts of the stacks.
var (
	MetricsServer = Chart{
		Repository: "https://kubernetes-sigs.github.io/metrics-server/", Name: "metrics-server", Version: "3.13.1",
		module: "sigs.k8s.io/metrics-server", moduleVersion: "v0.9.0", sum: "h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w=",
		folder: "charts/metrics-server",
	}
	ExternalSecrets = Chart{
		Repository: "https://charts.external-secrets.io", Name: "external-secrets", Version: "2.9.0",
		// The module has no version 2: its path lacks the suffix /v2 that Go requires.
		// https://go.dev/ref/mod#major-version-suffixes
		standInVersion: "1.3.1", appVersion: "v2.9.0",
		module: "github.com/external-secrets/external-secrets", moduleVersion: "v1.3.2", sum: "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
		folder: "deploy/charts/external-secrets", definitions: "deploy/crds/bundle.yaml",
	}
	AWSLoadBalancerController = Chart{
		Repository: "https://aws.github.io/eks-charts", Name: "aws-load-balancer-controller", Version: "3.5.0",
		module: "github.com/aws/eks-charts", moduleVersion: "v0.0.243-0.20260821194545-743f98a89b5b", sum: "h1:ZgB85AeVHImIIK40RM7Hf2CGQzNeDkfAWAdpB61wL98=",
		folder: "stable/aws-load-balancer-controller",
	}
	KEDA = Chart{
		Repository: "https://kedacore.github.io/charts", Name: "keda", Version: "2.20.2",
		module: "github.com/kedacore/charts", moduleVersion: "v2.20.3-0.20260903105638-fe065f4d8938+incompatible", sum: "h1:WIGoemUjbTAZm85DxRAHHcTOxD15zoPIK9hYMf2s+F4=",
		folder: "keda",
	}
	Prometheus = Chart{
		Repository: "https://prometheus-community.github.io/helm-charts", Name: "prometheus", Version: "29.27.0",
		module: prometheusModule, moduleVersion: prometheusVersion, sum: prometheusSum,
		folder: "charts/prometheus",
	}
	KubeStateMetrics = Chart{
		Repository: "https://prometheus-community.github.io/helm-charts", Name: "kube-state-metrics", Version: "8.4.1",
		module: prometheusModule, moduleVersion: prometheusVersion, sum: prometheusSum,
		folder: "charts/kube-state-metrics",
	}
	Grafana = Chart{
		Repository: "https://grafana-community.github.io/helm-charts", Name: "grafana", Version: "13.0.1",
		module: grafanaModule, moduleVersion: grafanaVersion, sum: grafanaSum,
		folder: "charts/grafana",
	}
	Loki = Chart{
		Repository: "https://grafana-community.github.io/helm-charts", Name: "loki", Version: "18.11.7",
		module: grafanaModule, moduleVersion: grafanaVersion, sum: grafanaSum,
		folder: "charts/loki",
	}
)

var all = []Chart{MetricsServer, ExternalSecrets, AWSLoadBalancerController, KEDA, Prometheus, KubeStateMetrics, Grafana, Loki}

// SecurityGroupPolicy is not a chart's: EKS defines the kind in every cluster. Use its Path.
var SecurityGroupPolicy = Chart{
	module: "github.com/aws/amazon-vpc-resource-controller-k8s", moduleVersion: "v1.8.2", sum: "h1:S6fvZf7+Xjho4LLo2AdxT3x9yaOJ37Ly/eGQd+ASWi4=",
}

// Modules with more than one chart.
const (
	prometheusModule  = "github.com/prometheus-community/helm-charts"
	prometheusVersion = "v0.0.0-20260828105119-ed5d7d9b5933"
	prometheusSum     = "h1:5+f9HcKpurn9DWdl0b8PsT7TkEzfCDwcx2KbWYnrnPU="

	grafanaModule  = "github.com/grafana-community/helm-charts"
	grafanaVersion = "v0.0.0-20260829030558-dbf9f4fb5fa1"
	grafanaSum     = "h1:vku2Qg2LpOqB0wMkzPLMfWL1f1LBTzBH4fVgSJ8+Zak="
)

// All returns the charts of the stacks.
func All() []Chart { return slices.Clone(all) }

// Find returns the chart of a release, if its source is in a module.
func Find(repository, name, version string) (Chart, bool) {
	for _, c := range all {
		if strings.TrimSuffix(repository, "/") == strings.TrimSuffix(c.Repository, "/") && name == c.Name && version == c.Version {
			return c, true
		}
	}
	return Chart{}, false
}

// sourceVariable names a checkout of the source of Version, for a chart that no module has.
func (c Chart) sourceVariable() string {
	return strings.ToUpper(strings.ReplaceAll(c.Name, "-", "_")) + "_SOURCE"
}

// source returns the checkout that [Chart.sourceVariable] names, or nothing.
func (c Chart) source() string {
	if c.standInVersion == "" {
		return ""
	}
	return os.Getenv(c.sourceVariable())
}

// Rendered returns the version that Load and Package take: Version, unless no module has it.
func (c Chart) Rendered() string {
	if c.standInVersion == "" || c.source() != "" {
		return c.Version
	}
	return c.standInVersion
}

// Load reads the chart. A version that stands in for another has the other's versions in its labels
// and images.
func (c Chart) Load(ctx context.Context) (*chart.Chart, error) {
	folder, err := c.Path(ctx, c.folder)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.LoadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", folder, err)
	}
	return loaded, c.relabel(folder, loaded.Metadata)
}

// relabel gives a chart's metadata the versions of what it stands in for.
func (c Chart) relabel(folder string, metadata *chart.Metadata) error {
	if metadata.Version != c.Rendered() {
		return fmt.Errorf("%s: has version %s of the chart, want %s", folder, metadata.Version, c.Rendered())
	}
	if c.standInVersion == "" {
		return nil
	}
	if c.source() != "" && metadata.AppVersion != c.appVersion {
		return fmt.Errorf("%s: installs %s, tools/charts/published has %s", folder, metadata.AppVersion, c.appVersion)
	}
	metadata.Version, metadata.AppVersion = c.Version, c.appVersion
	return nil
}

// Path returns the path of a file or folder in the module's source, which the go command downloads once.
func (c Chart) Path(ctx context.Context, name string) (string, error) {
	if source := c.source(); source != "" {
		return filepath.Join(source, filepath.FromSlash(name)), nil
	}
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", c.module+"@"+c.moduleVersion)
	// Run outside any module, so that no go.mod applies and no go.sum changes.
	command.Dir = os.TempDir()
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	var info struct{ Dir, Sum, Error string }
	if jsonErr := json.Unmarshal(output, &info); err != nil || jsonErr != nil {
		return "", fmt.Errorf("go mod download %s@%s: %w: %s%s", c.module, c.moduleVersion, errors.Join(err, jsonErr), info.Error, complaint.String())
	}
	if info.Sum != c.sum {
		return "", fmt.Errorf("%s@%s has checksum %s, pinned is %s", c.module, c.moduleVersion, info.Sum, c.sum)
	}
	return filepath.Join(info.Dir, filepath.FromSlash(name)), nil
}

// Package writes the chart to a folder like the published release, including the custom resource
// definitions. It removes dependencies: the sources lack their archives, without which Helm refuses
// a chart, and no values here enable any.
func (c Chart) Package(ctx context.Context, to string) error {
	from, err := c.Path(ctx, c.folder)
	if err != nil {
		return err
	}
	if err := copyFolder(from, to); err != nil {
		return err
	}
	file := filepath.Join(to, chartutil.ChartfileName)
	metadata, err := chartutil.LoadChartfile(file)
	if err != nil {
		return err
	}
	if err := c.relabel(from, metadata); err != nil {
		return err
	}
	metadata.Dependencies = nil
	if err := errors.Join(chartutil.SaveChartfile(file, metadata), os.RemoveAll(filepath.Join(to, "Chart.lock"))); err != nil {
		return err
	}
	if c.definitions == "" {
		return nil
	}
	source, err := c.Path(ctx, c.definitions)
	if err != nil {
		return err
	}
	definitions, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	// They are not templates, but their descriptions contain braces that a template would evaluate.
	definitions = braces.ReplaceAll(definitions, []byte("{{ `$0` }}"))
	definitions = slices.Concat([]byte("{{ if .Values.installCRDs }}\n"), definitions, []byte("\n{{ end }}\n"))
	return os.WriteFile(filepath.Join(to, "templates", "definitions.yaml"), definitions, 0o600)
}

var braces = regexp.MustCompile(`\{\{|\}\}`)

// copyFolder copies read-only files to writable ones.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o600)
	})
}
