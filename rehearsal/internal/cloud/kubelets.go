package cloud

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"plinth/tools/charts/render"
)

// Pods are the pods of one template.
type Pods struct {
	// Template is the SHA-256 of the template, or of what is known of it. Pods of another one replace these.
	Template string `json:"template"`
	// Kubelet is the version of Kubernetes that the cluster had when they started. They keep it.
	// https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
	Kubelet string `json:"kubelet"`
}

// roll replaces the pods whose templates are others than before, and reports whether there are any.
func (w *World) roll(t *Thing, cluster string, templates map[string]string) (rolled bool) {
	before, version := t.Pods, text(w.cluster(cluster).Attributes, "version")
	t.Pods = map[string]Pods{}
	for name, template := range templates {
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(template)))
		if t.Pods[name] = before[name]; before[name].Template != sum {
			t.Pods[name], rolled = Pods{sum, version}, true
		}
	}
	return rolled
}

// templates are the pod templates of a release's objects.
func templates(objects []render.Object) map[string]string {
	all := map[string]string{}
	for _, object := range objects {
		if template := dig(object.Fields, "spec.template"); template != nil && object.Kind != "Job" {
			encoded, _ := json.Marshal(template)
			all[objectName(object.Kind, object.Namespace, object.Name)] = string(encoded)
		}
	}
	return all
}

// templateOf is the pod template of a chart or an add-on of which only the version and the values are
// known: all annotations and labels of pods in them.
func templateOf(version string, values any) map[string]string {
	var found []string
	var look func(path string, value any)
	look = func(path string, value any) {
		fields, _ := value.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if key == "podAnnotations" || key == "podLabels" {
				encoded, _ := json.Marshal(fields[key])
				found = append(found, path+key+string(encoded))
				continue
			}
			look(path+key+".", fields[key])
		}
	}
	look("", values)
	return map[string]string{"pods": version + " " + strings.Join(found, " ")}
}

// checkKubernetes refuses to go back, to skip a minor version, and to upgrade before all pods have the
// kubelet of the version that runs.
//   - https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
//   - https://github.com/oslokommune/okctl/issues/1015
func (w *World) checkKubernetes(a, before Attributes) error {
	running, asked := text(before, "version"), text(a, "version")
	if running == "" || asked == "" || asked == running {
		return nil
	}
	minor := func(version string) int { n, _ := strconv.Atoi(strings.TrimPrefix(version, "1.")); return n }
	if minor(asked) != minor(running)+1 {
		return refuse("InvalidParameterException", "Unsupported Kubernetes minor version update from %s to %s", running, asked)
	}
	if old := w.oldKubelets(text(a, "name"), running); len(old) > 0 {
		return refuse("InvalidRequestException", "Kubelet version of Fargate pods must be updated to match cluster version %s before updating cluster version; "+
			"Please recycle all offending pod replicas (%s)", running, strings.Join(old, "; "))
	}
	return nil
}

// oldKubelets are the pods of a cluster that have the kubelet of another version.
func (w *World) oldKubelets(cluster, version string) (old []string) {
	w.Each(func(kind, key string, t *Thing) bool {
		if t.Cluster != cluster && text(t.Attributes, "cluster_name") != cluster {
			return true
		}
		for _, name := range slices.Sorted(maps.Keys(t.Pods)) {
			if t.Pods[name].Kubelet != version {
				old = append(old, fmt.Sprintf("%s: %s of Kubernetes %s", describe(kind, key, t), name, t.Pods[name].Kubelet))
			}
		}
		return true
	}, "helm_release", "aws_eks_addon")
	return old
}
