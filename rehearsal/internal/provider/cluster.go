package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/controlplane"
)

// ChartFolder is the folder of a published chart in a rehearsal's folder. A real control plane can
// install the charts that are there.
func ChartFolder(folder, chart, version string) string {
	return filepath.Join(folder, "charts", chart+"-"+version)
}

// cluster is the rehearsal's real Kubernetes control plane, if there is one. The real kubectl and
// Helm also apply changes of the simulated cluster to it.
type cluster struct {
	controlplane.Client
	rehearsal string // its folder
}

func newCluster(rehearsal string) cluster {
	return cluster{controlplane.Client{Programs: filepath.Join(rehearsal, "bin"), Folder: filepath.Join(rehearsal, ClusterFolder)}, rehearsal}
}

// ClusterFolder is the control plane's folder in a rehearsal's folder.
const ClusterFolder = "kubernetes"

// apply creates or updates an object, or deletes it if after is nil. in is the cluster's name in
// the rehearsal's cloud.
func (c cluster) apply(ctx context.Context, world *cloud.World, in, kind string, before, after cloud.Attributes) error {
	if !c.Running() {
		return nil
	}
	switch strings.TrimSuffix(kind, "_v1") {
	case "kubernetes_namespace":
		return c.object(ctx, "Namespace", before, after)
	case "kubernetes_config_map":
		return c.object(ctx, "ConfigMap", before, after)
	case "helm_release":
		return c.release(ctx, world, in, before, after)
	}
	return nil
}

// has reports whether an object still exists in the control plane.
func (c cluster) has(ctx context.Context, kind string, a cloud.Attributes) (bool, error) {
	if !c.Running() {
		return true, nil
	}
	switch strings.TrimSuffix(kind, "_v1") {
	case "kubernetes_namespace", "kubernetes_config_map":
		name := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSuffix(kind, "_v1"), "kubernetes_"), "_", "")
		found, err := c.Kubectl(ctx, "", append([]string{"get", name, "--ignore-not-found", "--output", "name"}, named(a)...)...)
		return found != "", err
	case "helm_release":
		if _, known := c.chart(a); !known {
			return true, nil
		}
		found, err := c.Helm(ctx, "", "list", "--all", "--short", "--namespace", fmt.Sprint(a["namespace"]), "--filter", "^"+fmt.Sprint(a["name"])+"$")
		return found != "", err
	}
	return true, nil
}

// object applies an object of the Kubernetes provider. Its data, if any, is text.
func (c cluster) object(ctx context.Context, kind string, before, after cloud.Attributes) error {
	if after == nil {
		// Waits for the content of a namespace and for every finalizer.
		_, err := c.Kubectl(ctx, "", append([]string{"delete", kind, "--ignore-not-found", "--timeout", "5m"}, named(before)...)...)
		return err
	}
	object := map[string]any{"apiVersion": "v1", "kind": kind, "metadata": metadata(after)}
	if data := after["data"]; data != nil {
		object["data"] = data
	}
	input, err := json.Marshal(object)
	if err != nil {
		return err
	}
	verb := "create"
	if before != nil {
		verb = "replace"
	}
	_, err = c.Kubectl(ctx, string(input), verb, "--filename", "-")
	return err
}

// metadata is an object's metadata in Terraform.
func metadata(a cloud.Attributes) map[string]any {
	said := map[string]any{}
	if blocks, _ := a["metadata"].([]any); len(blocks) > 0 {
		block, _ := blocks[0].(cloud.Attributes)
		for _, field := range []string{"name", "namespace", "labels", "annotations"} {
			if block[field] != nil {
				said[field] = block[field]
			}
		}
	}
	return said
}

// named returns an object's name and namespace as kubectl's arguments.
func named(a cloud.Attributes) []string {
	said := metadata(a)
	arguments := []string{fmt.Sprint(said["name"])}
	if space, ok := said["namespace"]; ok {
		arguments = append(arguments, "--namespace", fmt.Sprint(space))
	}
	return arguments
}

// release applies a Helm release. Helm waits and rolls back as the release says.
func (c cluster) release(ctx context.Context, world *cloud.World, in string, before, after cloud.Attributes) error {
	of := after
	if of == nil {
		of = before
	}
	chart, known := c.chart(of)
	if !known {
		return nil
	}
	name, space := fmt.Sprint(of["name"]), fmt.Sprint(of["namespace"])
	arguments := []string{name, "--namespace", space}
	if seconds, ok := of["timeout"].(float64); ok {
		arguments = append(arguments, "--timeout", fmt.Sprintf("%.0fs", seconds))
	}
	if after == nil {
		_, err := c.Helm(ctx, "", append(append([]string{"uninstall"}, arguments...), switches(of, "wait")...)...)
		return err
	}
	arguments = append(append(arguments, chart), switches(of, "atomic", "wait", "wait_for_jobs", "skip_crds", "take_ownership")...)
	verb := "install"
	if before != nil {
		verb = "upgrade"
		arguments = append(arguments, switches(of, "cleanup_on_fail")...)
	}
	files, clean, err := valueFiles(of)
	defer clean()
	if err != nil {
		return err
	}
	if _, err := c.Helm(ctx, "", append(append([]string{verb}, arguments...), files...)...); err != nil {
		return err
	}
	return errors.Join(c.withoutServers(ctx, name), c.control(ctx, world, in, space))
}

// switches are Helm's flags for those of a release's arguments that are true.
func switches(a cloud.Attributes, names ...string) []string {
	var flags []string
	for _, name := range names {
		if set, _ := a[name].(bool); set {
			flags = append(flags, "--"+strings.ReplaceAll(name, "_", "-"))
		}
	}
	return flags
}

// chart returns the folder of a release's chart. known is false if the chart is not on disk.
func (c cluster) chart(a cloud.Attributes) (folder string, known bool) {
	folder, _ = a["chart"].(string)
	if repository, _ := a["repository"].(string); repository != "" {
		folder = ChartFolder(c.rehearsal, folder, fmt.Sprint(a["version"]))
	}
	_, err := os.Stat(folder)
	return folder, err == nil
}

// valueFiles writes a release's values to files and returns Helm's flags for them.
func valueFiles(a cloud.Attributes) (flags []string, clean func(), err error) {
	folder, err := os.MkdirTemp("", "values")
	if err != nil {
		return nil, func() {}, err
	}
	clean = func() { os.RemoveAll(folder) }
	all, _ := a["values"].([]any)
	for i, values := range all {
		file := filepath.Join(folder, fmt.Sprint(i, ".yaml"))
		if err := os.WriteFile(file, []byte(fmt.Sprint(values)), 0o600); err != nil {
			return nil, clean, err
		}
		flags = append(flags, "--values", file)
	}
	return flags, clean, nil
}
