package render

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/kubernetes/scheme"
)

// stable matches the versions that a cluster serves. Alpha and beta versions are off by default, and
// EKS has no switch for them.
// https://kubernetes.io/docs/reference/using-api/deprecation-policy/
var stable = regexp.MustCompile(`^v[0-9]+$`)

// apiService is the only built-in API whose types are not in k8s.io/api.
var apiService = schema.GroupVersionKind{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"}

// notServed returns why a cluster does not serve an API, or "". It does not know the APIs of custom
// resources.
func notServed(gvk schema.GroupVersionKind, cluster *version.Version) string {
	gv := gvk.GroupVersion()
	if !scheme.Scheme.Recognizes(gvk) {
		builtIn := scheme.Scheme.IsGroupRegistered(gvk.Group) || gvk.Group == apiService.Group
		switch {
		case gvk == apiService:
			return ""
		case scheme.Scheme.IsVersionRegistered(gv):
			return fmt.Sprintf("%s has no kind %s", gv, gvk.Kind)
		case builtIn || !strings.Contains(gvk.Group, "."):
			// A custom resource's group is a domain.
			return fmt.Sprintf("Kubernetes has no API %s", gv)
		}
		return ""
	}
	object := reflect.New(scheme.Scheme.AllKnownTypes()[gvk]).Interface()
	refusal := fmt.Sprintf("Kubernetes %d.%d does not serve %s of %s", cluster.Major(), cluster.Minor(), gvk.Kind, gv)
	if !stable.MatchString(gvk.Version) {
		if o, ok := object.(interface {
			APILifecycleReplacement() schema.GroupVersionKind
		}); ok && !o.APILifecycleReplacement().Empty() {
			return refusal + "; use " + o.APILifecycleReplacement().GroupVersion().String()
		}
		return refusal
	}
	if o, ok := object.(interface{ APILifecycleIntroduced() (major, minor int) }); ok {
		major, minor := o.APILifecycleIntroduced()
		since := version.MajorMinor(uint(major), uint(minor))
		if !cluster.AtLeast(since) {
			return fmt.Sprintf("%s; %s does", refusal, since)
		}
	}
	return ""
}

// servedVersions is .Capabilities.APIVersions of a cluster: its APIs (apps/v1) and their kinds
// (apps/v1/Deployment). Helm's own default, without a cluster, has every API that ever existed.
func servedVersions(cluster *version.Version) chartutil.VersionSet {
	served := chartutil.VersionSet{apiService.GroupVersion().String(), name(apiService)}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		// Every API has ListOptions and similar kinds.
		if t.PkgPath() == reflect.TypeFor[metav1.ListOptions]().PkgPath() || strings.HasSuffix(gvk.Kind, "List") {
			continue
		}
		if notServed(gvk, cluster) == "" {
			served = append(served, gvk.GroupVersion().String(), name(gvk))
		}
	}
	slices.Sort(served)
	return slices.Compact(served)
}

func name(gvk schema.GroupVersionKind) string { return gvk.GroupVersion().String() + "/" + gvk.Kind }

// clusterScoped are the built-in kinds without a namespace.
var clusterScoped = map[schema.GroupKind]bool{
	{Kind: "ComponentStatus"}:  true,
	{Kind: "Namespace"}:        true,
	{Kind: "Node"}:             true,
	{Kind: "PersistentVolume"}: true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicy"}:          true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicyBinding"}:   true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:     true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}:   true,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:                 true,
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:                             true,
	{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}:                 true,
	{Group: "certificates.k8s.io", Kind: "ClusterTrustBundle"}:                        true,
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "FlowSchema"}:                       true,
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "PriorityLevelConfiguration"}:       true,
	{Group: "networking.k8s.io", Kind: "IPAddress"}:                                   true,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                                true,
	{Group: "networking.k8s.io", Kind: "ServiceCIDR"}:                                 true,
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                                      true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                         true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:                  true,
	{Group: "resource.k8s.io", Kind: "DeviceClass"}:                                   true,
	{Group: "resource.k8s.io", Kind: "DeviceTaintRule"}:                               true,
	{Group: "resource.k8s.io", Kind: "ResourceSlice"}:                                 true,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                               true,
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                                      true,
	{Group: "storage.k8s.io", Kind: "CSINode"}:                                        true,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                                   true,
	{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:                               true,
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"}:                          true,
	{Group: "storagemigration.k8s.io", Kind: "StorageVersionMigration"}:               true,
}

// choices are the allowed values of string types.
var choices = map[reflect.Type][]string{
	reflect.TypeFor[admissionv1.FailurePolicyType]():           {"Fail", "Ignore"},
	reflect.TypeFor[admissionv1.MatchPolicyType]():             {"Equivalent", "Exact"},
	reflect.TypeFor[admissionv1.SideEffectClass]():             {"None", "NoneOnDryRun"},
	reflect.TypeFor[apiextensionsv1.ResourceScope]():           {"Cluster", "Namespaced"},
	reflect.TypeFor[appsv1.DaemonSetUpdateStrategyType]():      {"OnDelete", "RollingUpdate"},
	reflect.TypeFor[appsv1.DeploymentStrategyType]():           {"Recreate", "RollingUpdate"},
	reflect.TypeFor[appsv1.PodManagementPolicyType]():          {"OrderedReady", "Parallel"},
	reflect.TypeFor[appsv1.StatefulSetUpdateStrategyType]():    {"OnDelete", "RollingUpdate"},
	reflect.TypeFor[autoscalingv2.MetricSourceType]():          {"ContainerResource", "External", "Object", "Pods", "Resource"},
	reflect.TypeFor[autoscalingv2.MetricTargetType]():          {"AverageValue", "Utilization", "Value"},
	reflect.TypeFor[batchv1.ConcurrencyPolicy]():               {"Allow", "Forbid", "Replace"},
	reflect.TypeFor[corev1.DNSPolicy]():                        {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"},
	reflect.TypeFor[corev1.NodeSelectorOperator]():             {"DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"},
	reflect.TypeFor[corev1.PersistentVolumeAccessMode]():       {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"},
	reflect.TypeFor[corev1.Protocol]():                         {"SCTP", "TCP", "UDP"},
	reflect.TypeFor[corev1.PullPolicy]():                       {"Always", "IfNotPresent", "Never"},
	reflect.TypeFor[corev1.RestartPolicy]():                    {"Always", "Never", "OnFailure"},
	reflect.TypeFor[corev1.SeccompProfileType]():               {"Localhost", "RuntimeDefault", "Unconfined"},
	reflect.TypeFor[corev1.ServiceAffinity]():                  {"ClientIP", "None"},
	reflect.TypeFor[corev1.ServiceType]():                      {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"},
	reflect.TypeFor[corev1.TaintEffect]():                      {"NoExecute", "NoSchedule", "PreferNoSchedule"},
	reflect.TypeFor[corev1.URIScheme]():                        {"HTTP", "HTTPS"},
	reflect.TypeFor[corev1.UnsatisfiableConstraintAction]():    {"DoNotSchedule", "ScheduleAnyway"},
	reflect.TypeFor[metav1.LabelSelectorOperator]():            {"DoesNotExist", "Exists", "In", "NotIn"},
	reflect.TypeFor[networkingv1.PathType]():                   {"Exact", "ImplementationSpecific", "Prefix"},
	reflect.TypeFor[networkingv1.PolicyType]():                 {"Egress", "Ingress"},
	reflect.TypeFor[policyv1.UnhealthyPodEvictionPolicyType](): {"AlwaysAllow", "IfHealthyBudget"},
}
