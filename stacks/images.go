package stacks

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	helmrelease "github.com/cdktf/cdktf-provider-helm-go/helm/v12/release"
	"go.yaml.in/yaml/v3"

	"plinth/constructs/release"
	"plinth/images"
	"plinth/settings"
)

// digestValue is the value of a chart that takes an image's digest.
type digestValue struct {
	// path is the image's repository in its registry.
	path string
	// value is the value's name. A tag gets the digest after the chart's own tag, for charts that have no
	// value for a digest, or leave the tag out with one.
	value string
}

// digestValues are those of each chart, one for each image that runs.
var digestValues = map[string][]digestValue{
	loadBalancerController: {{"eks/aws-load-balancer-controller", "image.tag"}},
	metricsServer:          {{"metrics-server/metrics-server", "image.tag"}},
	externalSecrets: {
		{"external-secrets/external-secrets", "image.tag"},
		{"external-secrets/external-secrets", "webhook.image.tag"},
		{"external-secrets/external-secrets", "certController.image.tag"},
	},
	keda: {
		{"kedacore/keda", "image.keda.tag"},
		{"kedacore/keda-metrics-apiserver", "image.metricsApiServer.tag"},
	},
	"prometheus":     {{"prometheus/prometheus", "server.image.tag"}},
	kubeStateMetrics: {{"kube-state-metrics/kube-state-metrics", "image.tag"}},
	grafana:          {{"grafana/grafana", "image.tag"}},
	// With a tag, Loki's labels would contain the digest.
	loki:              {{"grafana/loki", "loki.image.digest"}},
	podLogs:           {{"grafana/alloy", "image.digest"}},
	inClusterDatabase: {{"docker/library/postgres", "image.digest"}},
	databases:         {{"docker/library/postgres", "image.digest"}},
}

// newPublishedRelease creates the release of a published chart, with its images by digest if the
// environment has digests. Write Repository, Chart and Version as literals, in this order: Renovate
// reads them.
func newPublishedRelease(scope constructs.Construct, env *settings.Environment, id string, config release.Config) helmrelease.Release {
	config.Values = withDigests(env, config.Chart, config.Version, config.Values)
	return release.New(scope, id, config)
}

// withDigests sets the digests of a chart's images in its values, and returns the values. A chart of
// charts/ has the version of what it installs. It panics with [images.Missing] if the environment has
// digests, but not all of this chart's.
func withDigests(env *settings.Environment, chart, version string, values map[string]any) map[string]any {
	if env.Images == nil {
		return values
	}
	section := chart + " " + version
	known := map[string]bool{}
	for _, v := range digestValues[chart] {
		known[v.path] = true
		keys := strings.Split(v.value, ".")
		parent := values
		for _, key := range keys[:len(keys)-1] {
			child, ok := parent[key].(map[string]any)
			if !ok {
				child = map[string]any{}
				parent[key] = child
			}
			parent = child
		}
		last := keys[len(keys)-1]
		tag, _ := parent["tag"].(string)
		tag, _, _ = strings.Cut(tag, "@") // two values may share a map
		image, err := env.Images.Find(section, v.path, tag)
		if err != nil {
			panic(err)
		}
		parent[last] = image.Digest
		if last == "tag" {
			parent[last] = image.Tag + "@" + image.Digest
		}
	}
	all, err := env.Images.Images(section)
	if err != nil {
		panic(err)
	}
	for _, image := range all {
		if !known[image.Path] {
			panic(images.Missing(section + ": which value takes the digest of " + image.Path + "? Add it to digestValues in stacks/images.go"))
		}
	}
	return values
}

// appVersion returns the version of what a chart of charts/ installs by default.
func appVersion(folder string) string {
	file := filepath.Join(folder, "Chart.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	var chart struct {
		AppVersion string `yaml:"appVersion"`
	}
	if err := yaml.Unmarshal(content, &chart); err != nil {
		panic(file + ": " + err.Error())
	}
	return chart.AppVersion
}
