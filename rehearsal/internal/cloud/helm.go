package cloud

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/render"
)

func init() {
	register(map[string]kind{"helm_release": {
		inCluster: true,
		id:        func(_ *World, a Attributes) string { return text(a, "name") },
		key:       func(a Attributes) string { return releaseNamespace(a) + "/" + text(a, "name") },
		conflict:  "cannot re-use a name that is still in use",
		replaced:  []string{"name", "namespace"},
		// Only the chart can judge what the values name.
		opaque:     []string{"values", "metadata", "manifest"},
		recomputed: []string{"metadata", "manifest", "resources"},
		fill:       fillRelease,
		renew:      countRevision,
		after:      install,
		leave:      uninstall,
	}})
}

func releaseNamespace(a Attributes) string { return orElse(text(a, "namespace"), "default") }

// fillRelease sets a release's metadata as Helm does.
func fillRelease(w *World, _ string, a Attributes) {
	values, _ := releaseValues(a) // install checks them
	encoded, _ := json.Marshal(values)
	chart, version := filepath.Base(text(a, "chart")), text(a, "version")
	if metadata, err := chartutil.LoadChartfile(filepath.Join(text(a, "chart"), chartutil.ChartfileName)); err == nil {
		chart, version = metadata.Name, metadata.Version
	}
	at := float64(w.now().Unix())
	a["metadata"] = Attributes{
		"name": text(a, "name"), "namespace": releaseNamespace(a), "chart": chart, "version": version, "app_version": version,
		"revision": 1.0, "first_deployed": at, "last_deployed": at, "values": string(encoded), "notes": "",
	}
	setDefaults(a, Attributes{"namespace": releaseNamespace(a), "status": "deployed", "version": version})
}

// countRevision continues the previous release's revision number.
func countRevision(_ *World, a, before Attributes) {
	metadata, _ := a["metadata"].(Attributes)
	metadata["revision"] = number(before, "metadata.revision") + 1
	metadata["first_deployed"] = number(before, "metadata.first_deployed")
}

// releaseValues merges a release's values, the later ones over the earlier.
func releaseValues(a Attributes) (map[string]any, error) {
	merged := map[string]any{}
	for i, text := range texts(any(a), "values") {
		var values map[string]any
		if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
			return nil, refuse("invalid values", "values[%d] of release %s: %v", i, a["name"], err)
		}
		merged = chartutil.MergeTables(values, merged)
	}
	for _, argument := range []string{"set", "set_list", "set_sensitive", "set_wo"} {
		if list, ok := a[argument].([]any); ok && len(list) > 0 {
			return nil, refuse("not rehearsed", "release %v uses %s, which the rehearsal cannot read: give all values in values", a["name"], argument)
		}
	}
	return merged, nil
}

// install does what happens in the cluster when a release is installed or upgraded: it checks the
// namespace, creates the objects and checks that the pods can be scheduled.
func install(w *World, key string, t *Thing) error {
	a := t.Attributes
	space := releaseNamespace(a)
	if !w.hasNamespace(t.Cluster, space) && flag(a, "create_namespace") {
		w.Add("kubernetes_namespace_v1", t.Cluster+":"+space, &Thing{
			Cluster: t.Cluster, MadeBy: "helm_release " + key, Attributes: Attributes{"id": space, "metadata": []any{Attributes{"name": space}}},
		})
	}
	if err := w.checkNamespace(t.Cluster, space); err != nil {
		return err
	}
	values, err := releaseValues(a)
	if err != nil {
		return err
	}
	folder := text(a, "chart")
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		if text(a, "repository") == "" {
			return refuse("path not found", "chart %q of release %s is no folder here, and names no repository", folder, key)
		}
		// The content of a published chart is unknown.
		if filepath.Base(folder) == controllerChart {
			if network := fmt.Sprint(values["vpcId"]); w.Get("aws_vpc", network) == nil {
				return refuse("context deadline exceeded", "the load balancer controller of %s does not start: there is no VPC %q (value vpcId)", t.Cluster, network)
			}
		}
		w.roll(t, t.Cluster, templateOf(text(a, "version"), values))
		return w.scheduleAll(t, t.Cluster, space, key, values)
	}
	return w.installChart(key, t, folder, values)
}

const kedaChart = "keda"

// customGroups are API groups of custom resources, with the published charts that install them.
var customGroups = map[string]string{
	"external-secrets.io": "external-secrets",
	"elbv2.k8s.aws":       controllerChart,
}

// hasDefinitions reports whether a published chart has installed its definitions.
func (w *World) hasDefinitions(cluster, chart string) bool {
	found := false
	w.Each(func(_, _ string, t *Thing) bool {
		found = t.Cluster == cluster && filepath.Base(text(t.Attributes, "chart")) == chart && !flag(t.Attributes, "skip_crds")
		return !found
	}, "helm_release")
	return found
}

// uninstall deletes a release's objects and waits for finalizers, as the releases set wait. KEDA's chart
// deletes the kind ScaledObject, whose objects have a finalizer that only KEDA takes off.
// https://keda.sh/docs/latest/deploy/
func uninstall(w *World, key string, t *Thing) error {
	var err error
	if filepath.Base(text(t.Attributes, "chart")) == kedaChart {
		w.Each(func(_, other string, user *Thing) bool {
			scaled := func(object string) bool { return strings.HasPrefix(object, "ScaledObject ") }
			if i := slices.IndexFunc(user.Objects, scaled); i >= 0 && user.Cluster == t.Cluster {
				err = refuse("context deadline exceeded", "%s of release %s still has the finalizer finalizer.keda.sh, and KEDA, which would take it off, is gone", user.Objects[i], other)
			}
			return err == nil
		}, "helm_release")
		return err
	}
	w.Each(func(_, ingress string, other *Thing) bool {
		if other.Owner == "helm_release "+key {
			err = w.checkFinalizer(ingress, other)
		}
		return err == nil
	}, ingressKind)
	return err
}

// objectName identifies an object in a cluster.
func objectName(kind, space, name string) string {
	return strings.TrimPrefix(kind+" "+space+"/"+name, " ")
}

// installChart renders a chart in a folder and creates its objects.
func (w *World) installChart(key string, t *Thing, folder string, values map[string]any) error {
	chart, err := render.Load(folder)
	if err != nil {
		return refuse("invalid chart", "%v", err)
	}
	space := releaseNamespace(t.Attributes)
	release, err := render.Chart(chart, render.Options{
		Name: text(t.Attributes, "name"), Namespace: space, Values: values,
		KubeVersion: text(w.cluster(t.Cluster).Attributes, "version"),
		Revision:    int(number(t.Attributes, "metadata.revision")),
	})
	if err != nil {
		return refuse("invalid release", "%v", err)
	}
	rolled := w.roll(t, t.Cluster, templates(release.Objects))
	w.removeOwned("helm_release " + key)
	t.Objects, t.Profiles = nil, nil
	for _, object := range release.Objects {
		if object.Kind == "Ingress" {
			object.Fields[rolledOf] = rolled
		}
		if err := w.addObject(key, t, object, release.Objects); err != nil {
			return err
		}
	}
	return nil
}

// addObject creates an object of a release. all are the release's.
func (w *World) addObject(key string, t *Thing, object render.Object, all []render.Object) error {
	name := objectName(object.Kind, object.Namespace, object.Name)
	if object.Namespace != "" {
		if err := w.checkNamespace(t.Cluster, object.Namespace); err != nil {
			return err
		}
	}
	if object.Kind == "CustomResourceDefinition" {
		return w.define(key, t, object)
	}
	if group, _, _ := strings.Cut(object.APIVersion, "/"); customGroups[group] != "" && !w.defines(t.Cluster, group) && !w.hasDefinitions(t.Cluster, customGroups[group]) {
		return refuse("resource mapping not found", "no matches for kind %q in version %q of %s: the chart %s, which brings it, is not installed in cluster %s",
			object.Kind, object.APIVersion, name, customGroups[group], t.Cluster)
	}
	if owner := w.ownerOf(t, name); owner != "" {
		return refuse("invalid ownership metadata", "%s exists and belongs to release %s", name, owner)
	}
	if object.Kind == "DaemonSet" {
		return refuse("context deadline exceeded", "pods of %s stay pending: Fargate runs no DaemonSet", name)
	}
	if labels := podLabels(object); labels != nil {
		profile, err := w.schedule(t.Cluster, object.Namespace, name, labels, true)
		if err != nil {
			return err
		}
		if !slices.Contains(t.Profiles, profile) {
			t.Profiles = append(t.Profiles, profile)
		}
	}
	t.Objects = append(t.Objects, name)
	kind, fields := ingressKind, object.Fields
	switch object.Kind {
	case "Ingress":
		fields[targetPortsOf] = findTargetPorts(fields, all)
	case "Role":
		kind = roleKind
	case "RoleBinding":
		kind = roleBindingKind
	case "SecurityGroupPolicy":
		kind = podPolicyKind
		if err := w.checkPodGroups(t.Cluster, name, texts(any(fields), "spec.securityGroups.groupIds")); err != nil {
			return err
		}
	default:
		return nil
	}
	if scheme := schemeOf(fields); kind == ingressKind && isALB(fields) && w.controller(t.Cluster) != nil {
		if _, err := w.balancerSubnets(text(w.cluster(t.Cluster).Attributes, "vpc_config.vpc_id"), scheme, annotated(fields, "subnets")); err != nil {
			return err
		}
		if err := w.checkBalancer(fields); err != nil {
			return err
		}
		if _, err := w.targetGroup(t.Cluster, object.Namespace); err != nil {
			return err
		}
	}
	id := object.Namespace + "/" + object.Name
	fields["id"] = id
	if metadata, ok := fields["metadata"].(Attributes); ok {
		metadata["namespace"] = object.Namespace
	}
	w.Add(kind, t.Cluster+":"+id, &Thing{
		Attributes: fields, Cluster: t.Cluster, MadeBy: "helm_release " + key, Owner: "helm_release " + key,
	})
	return nil
}

// podLabels are the labels of the pods that an object creates, nil if it creates none.
func podLabels(object render.Object) map[string]string {
	path := "spec.template.metadata.labels"
	switch object.Kind {
	case "Pod":
		path = "metadata.labels"
	case "CronJob":
		path = "spec.jobTemplate." + path
	case "Deployment", "StatefulSet", "ReplicaSet", "Job":
	default:
		return nil
	}
	labels := map[string]string{}
	found, _ := dig(object.Fields, path).(Attributes)
	for key, value := range found {
		labels[key] = fmt.Sprint(value)
	}
	return labels
}

// ownerOf returns another release in the cluster that has an object of this name.
func (w *World) ownerOf(release *Thing, object string) (owner string) {
	w.Each(func(_, key string, t *Thing) bool {
		if t != release && t.Cluster == release.Cluster && slices.Contains(t.Objects, object) {
			owner = key
		}
		return owner == ""
	}, "helm_release")
	return owner
}
