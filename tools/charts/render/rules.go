package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/release"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// hookEvents are the hooks that Helm knows. It silently never makes an object with any other hook.
// https://helm.sh/docs/topics/charts_hooks/
var hookEvents = []string{
	release.HookPreInstall.String(), release.HookPostInstall.String(),
	release.HookPreUpgrade.String(), release.HookPostUpgrade.String(),
	release.HookPreRollback.String(), release.HookPostRollback.String(),
	release.HookPreDelete.String(), release.HookPostDelete.String(),
	release.HookTest.String(), "test-success",
}

// identity checks an object's name, its namespace and its hooks.
func identity(gvk schema.GroupVersionKind, fields map[string]any) []string {
	var problems []string
	metadata := unstructured.Unstructured{Object: fields}
	hooks, isHook := metadata.GetAnnotations()[release.HookAnnotation]
	written, _, _ := unstructured.NestedFieldNoCopy(fields, "metadata", "name")
	switch name := metadata.GetName(); {
	case name == "" && !empty(written):
		// It has another type: the check of the fields has reported it.
	case name != "":
		for _, problem := range nameRule(gvk)(name, false) {
			problems = append(problems, fmt.Sprintf("metadata.name: is %q: %s", name, short(problem)))
		}
	case !isHook || metadata.GetGenerateName() == "":
		problems = append(problems, "metadata.name: is required")
	}
	if namespace := metadata.GetNamespace(); namespace != "" {
		for _, problem := range validation.ValidateNamespaceName(namespace, false) {
			problems = append(problems, fmt.Sprintf("metadata.namespace: is %q: %s", namespace, short(problem)))
		}
	}
	if isHook {
		for event := range strings.SplitSeq(hooks, ",") {
			if event = strings.ToLower(strings.TrimSpace(event)); !slices.Contains(hookEvents, event) {
				problems = append(problems, fmt.Sprintf("metadata.annotations[%s]: Helm knows no hook %q, and would leave the object out",
					release.HookAnnotation, event))
			}
		}
	}
	return problems
}

// nameRule returns the check for names of a kind's objects.
func nameRule(gvk schema.GroupVersionKind) validation.ValidateNameFunc {
	switch {
	case gvk.Group == rbacv1.GroupName:
		return pathSegment
	case gvk.GroupKind() == schema.GroupKind{Kind: "Service"}:
		return validation.NameIsDNS1035Label
	case gvk.GroupKind() == schema.GroupKind{Kind: "Namespace"}:
		return validation.NameIsDNSLabel
	}
	return validation.NameIsDNSSubdomain
}

// pathSegment is the API's rule for names of roles and bindings, for example system:reader.
func pathSegment(name string, _ bool) []string {
	if name == "." || name == ".." || strings.ContainsAny(name, "/%") {
		return []string{"must not be . or .., nor contain / or %"}
	}
	return nil
}

// rules checks the API server's rules for workloads, after their fields were decoded.
func rules(object runtime.Object) []string {
	switch o := object.(type) {
	case *corev1.Pod:
		return podRules("spec", &o.Spec, nil)
	case *appsv1.Deployment:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, nil)
	case *appsv1.ReplicaSet:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, nil)
	case *appsv1.DaemonSet:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, nil)
	case *appsv1.StatefulSet:
		return workloadRules(o.Spec.Selector, &o.Spec.Template, o.Spec.VolumeClaimTemplates)
	case *batchv1.Job:
		return jobRules("spec.template.spec", &o.Spec)
	case *batchv1.CronJob:
		return jobRules("spec.jobTemplate.spec.template.spec", &o.Spec.JobTemplate.Spec)
	}
	return nil
}

func workloadRules(selector *metav1.LabelSelector, template *corev1.PodTemplateSpec, claims []corev1.PersistentVolumeClaim) []string {
	problems := podRules("spec.template.spec", &template.Spec, claims)
	selects, err := metav1.LabelSelectorAsSelector(selector)
	switch {
	case err != nil:
		problems = append(problems, fmt.Sprintf("spec.selector: %v", err))
	case selects.Empty():
		problems = append(problems, "spec.selector: must not be empty")
	case !selects.Matches(labels.Set(template.Labels)):
		problems = append(problems, fmt.Sprintf("spec.selector: selects %s, but the pods of spec.template have labels %s",
			selects, labels.Set(template.Labels)))
	}
	if policy := template.Spec.RestartPolicy; policy != "" && policy != corev1.RestartPolicyAlways {
		problems = append(problems, fmt.Sprintf("spec.template.spec.restartPolicy: must be Always, is %s", policy))
	}
	return problems
}

func jobRules(path string, job *batchv1.JobSpec) []string {
	problems := podRules(path, &job.Template.Spec, nil)
	switch policy := job.Template.Spec.RestartPolicy; policy {
	case corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure:
	case "":
		problems = append(problems, path+".restartPolicy: is required, Never or OnFailure")
	default:
		problems = append(problems, fmt.Sprintf("%s.restartPolicy: must be Never or OnFailure, is %s", path, policy))
	}
	return problems
}

// podRules checks that a pod's containers have unique names, mount existing volumes and request no
// more than their limits.
func podRules(path string, pod *corev1.PodSpec, claims []corev1.PersistentVolumeClaim) []string {
	var problems []string
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range claims {
		volumes[c.Name] = true
	}
	names := map[string]bool{}
	check := func(path string, c *corev1.Container) {
		if names[c.Name] {
			problems = append(problems, fmt.Sprintf("%s.name: another container is called %s too", path, c.Name))
		}
		names[c.Name] = true
		for i, mount := range c.VolumeMounts {
			if !volumes[mount.Name] {
				problems = append(problems, fmt.Sprintf("%s.volumeMounts[%d].name: the pod has no volume %s", path, i, mount.Name))
			}
		}
		for _, resource := range slices.Sorted(maps.Keys(c.Resources.Requests)) {
			request := c.Resources.Requests[resource]
			if limit, ok := c.Resources.Limits[resource]; ok && request.Cmp(limit) > 0 {
				problems = append(problems, fmt.Sprintf("%s.resources.requests.%s: is %s, more than the limit of %s",
					path, resource, &request, &limit))
			}
		}
	}
	for i := range pod.InitContainers {
		check(fmt.Sprintf("%s.initContainers[%d]", path, i), &pod.InitContainers[i])
	}
	for i := range pod.Containers {
		check(fmt.Sprintf("%s.containers[%d]", path, i), &pod.Containers[i])
	}
	return problems
}
