package cloud

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// fargateKind is the type of a Fargate profile, profileLabel the label of pods that names theirs.
const (
	fargateKind  = "aws_eks_fargate_profile"
	profileLabel = "eks.amazonaws.com/fargate-profile"
)

// mostProfiles is the quota of Fargate profiles in a cluster, unless AWS has raised it.
// https://docs.aws.amazon.com/general/latest/gr/eks.html#limits_eks
const mostProfiles = 10

// profiles returns the number of a cluster's Fargate profiles.
func (w *World) profiles(cluster string) (n int) {
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "cluster_name") == cluster {
			n++
		}
		return true
	}, fargateKind)
	return n
}

// schedule returns the Fargate profile of new pods. Of several that select them, it is the one that their
// label names, or the alphabetically first. Pods that none selects stay pending until Helm times out.
// Without labels, any profile for the namespace will do.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
func (w *World) schedule(cluster, space, what string, labels map[string]string, known bool) (string, error) {
	var names []string
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "cluster_name") == cluster && selects(t, space, labels, known) {
			names = append(names, text(t.Attributes, "fargate_profile_name"))
		}
		return true
	}, fargateKind)
	if named := labels[profileLabel]; named != "" {
		if !slices.Contains(names, named) {
			return "", refuse("context deadline exceeded", "pods of %s stay pending: cluster %s has no Fargate profile %s, which their label names, for namespace %s", what, cluster, named, space)
		}
		return named, nil
	}
	if len(names) == 0 {
		return "", refuse("context deadline exceeded", "pods of %s stay pending: no Fargate profile of cluster %s selects them in namespace %s", what, cluster, space)
	}
	return slices.Min(names), nil
}

// selects reports whether a profile selects a pod. If the pod's labels are not all known, its namespace is enough.
func selects(profile *Thing, namespace string, labels map[string]string, known bool) bool {
	selectors, _ := profile.Attributes["selector"].([]any)
	return slices.ContainsFunc(selectors, func(s any) bool {
		selector, _ := s.(Attributes)
		if !matches(text(selector, "namespace"), namespace) {
			return false
		}
		wanted, _ := selector["labels"].(Attributes)
		for key, value := range wanted {
			if known && !matches(fmt.Sprint(value), labels[key]) {
				return false
			}
		}
		return true
	})
}

// scheduleAll schedules pods of which only the values of their chart or add-on are known. Each profile that
// these name has some.
func (w *World) scheduleAll(t *Thing, cluster, space, what string, values any) error {
	named := map[string]bool{}
	profileLabels(values, named)
	if len(named) == 0 {
		named[""] = true
	}
	t.Profiles = nil
	for _, name := range slices.Sorted(maps.Keys(named)) {
		profile, err := w.schedule(cluster, space, what, map[string]string{profileLabel: name}, false)
		if err != nil {
			return err
		}
		t.Profiles = append(t.Profiles, profile)
	}
	return nil
}

func profileLabels(values any, found map[string]bool) {
	switch v := values.(type) {
	case map[string]any:
		for key, value := range v {
			if name, ok := value.(string); ok && key == profileLabel {
				found[name] = true
			}
			profileLabels(value, found)
		}
	case []any:
		for _, value := range v {
			profileLabels(value, found)
		}
	}
}

// scheduleAddon schedules CoreDNS. The other add-ons run on no Fargate pod.
func scheduleAddon(w *World, _ string, t *Thing) error {
	if text(t.Attributes, "addon_name") != "coredns" {
		return nil
	}
	var values map[string]any
	if configuration := text(t.Attributes, "configuration_values"); configuration != "" {
		if err := json.Unmarshal([]byte(configuration), &values); err != nil {
			return refuse("InvalidParameterException", "ConfigurationValue is not in JSON format: %v", err)
		}
	}
	cluster := text(t.Attributes, "cluster_name")
	w.roll(t, cluster, templateOf(text(t.Attributes, "addon_version"), values))
	return w.scheduleAll(t, cluster, "kube-system", "add-on coredns", values)
}

// inProfile returns what has pods in a profile.
func (w *World) inProfile(cluster, name string) (all []string) {
	w.Each(func(kind, key string, t *Thing) bool {
		if (t.Cluster == cluster || text(t.Attributes, "cluster_name") == cluster) && slices.Contains(t.Profiles, name) {
			all = append(all, describe(kind, key, t))
		}
		return true
	}, "helm_release", "aws_eks_addon")
	return all
}

// leaveProfile stops the pods of a profile that goes, all at once. Others start only if another profile
// selects them, and their label names no other.
func leaveProfile(w *World, _ string, t *Thing) error {
	cluster, name := text(t.Attributes, "cluster_name"), text(t.Attributes, "fargate_profile_name")
	for _, stopped := range w.inProfile(cluster, name) {
		w.Stopped = append(w.Stopped, fmt.Sprintf("%s: its pods stopped when Fargate profile %s was deleted", stopped, name))
	}
	return nil
}

// vacant reports whether a profile has no pods: then its subnets can be deleted. A profile alone has no
// network interface in them.
func (w *World) vacant(t *Thing) bool {
	return len(w.inProfile(text(t.Attributes, "cluster_name"), text(t.Attributes, "fargate_profile_name"))) == 0
}
