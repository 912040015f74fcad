package cloud

import (
	"fmt"
	"slices"
	"strings"

	"plinth/rehearsal/internal/iam"
)

// KubernetesRequest is a request to a cluster's API.
type KubernetesRequest struct {
	// Verb is get, list, create, patch or delete.
	Verb string
	// Resource is plural. Group is its API group, empty for the core one.
	Resource, Group string
	// Namespace is empty for cluster-scoped resources, but for a Namespace that is read or changed it is its name.
	Namespace string
}

// AuthorizeKubernetes refuses requests that neither the policies of the role's access entry allow nor the Roles
// of its groups. A nil session is the account's administrator, who may do everything.
//   - https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/create-k8s-group-access-entry.html
func (w *World) AuthorizeKubernetes(s *iam.Session, cluster string, requests ...KubernetesRequest) error {
	if s == nil {
		return nil
	}
	entry := w.Get("aws_eks_access_entry", cluster+":"+s.RoleARN)
	if entry == nil {
		return refuse("Unauthorized", "the server has asked for the client to provide credentials: cluster %s has no access entry for %s", cluster, s.RoleARN)
	}
	for _, r := range requests {
		if !w.permits(s.RoleARN, cluster, r) && !w.rolePermits(texts(any(entry.Attributes), "kubernetes_groups"), cluster, r) {
			in := "at the cluster scope"
			if r.Namespace != "" {
				in = fmt.Sprintf("in the namespace %q", r.Namespace)
			}
			of := r.Resource
			if r.Group != "" {
				of += "." + r.Group
			}
			return refuse("Forbidden", "%s is forbidden: User %q cannot %s resource %q in API group %q %s", of, s.ARN, r.Verb, r.Resource, r.Group, in)
		}
	}
	return nil
}

func (w *World) permits(role, cluster string, r KubernetesRequest) bool {
	permitted := false
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "cluster_name") != cluster || text(t.Attributes, "principal_arn") != role {
			return true
		}
		if text(t.Attributes, "access_scope.type") == "namespace" && (r.Namespace == "" || !slices.ContainsFunc(
			texts(any(t.Attributes), "access_scope.namespaces"), func(pattern string) bool { return matches(pattern, r.Namespace) })) {
			return true
		}
		policy := text(t.Attributes, "policy_arn")
		permitted = accessPolicyPermits(policy[strings.LastIndex(policy, "/")+1:], r)
		return !permitted
	}, "aws_eks_access_policy_association")
	return permitted
}

// accessPolicyPermits approximates the policies by Kubernetes' cluster-admin, admin, edit and view.
func accessPolicyPermits(policy string, r KubernetesRequest) bool {
	const rbac, secrets = "rbac.authorization.k8s.io", "secrets"
	reads := r.Verb == "get" || r.Verb == "list"
	if r.Resource == "namespaces" && policy != "AmazonEKSClusterAdminPolicy" {
		return reads
	}
	switch policy {
	case "AmazonEKSClusterAdminPolicy":
		return true
	case "AmazonEKSAdminViewPolicy":
		return reads
	case "AmazonEKSAdminPolicy":
		return r.Namespace != ""
	case "AmazonEKSEditPolicy":
		return r.Namespace != "" && r.Group != rbac
	case "AmazonEKSSecretReaderPolicy":
		return reads && r.Resource == secrets
	case "AmazonEKSViewPolicy":
		return r.Namespace != "" && reads && r.Group != rbac && r.Resource != secrets
	}
	return false
}

// Types of the objects that decide what groups may do. Only charts in folders have them here: what published ones
// bring is for their own service accounts.
const (
	roleKind        = "kubernetes_role_v1"
	roleBindingKind = "kubernetes_role_binding_v1"
)

// rolePermits reports whether a RoleBinding of the request's namespace gives one of the groups a Role that allows it.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/
func (w *World) rolePermits(groups []string, cluster string, r KubernetesRequest) bool {
	permitted := false
	w.Each(func(_, _ string, t *Thing) bool {
		a := t.Attributes
		if t.Cluster != cluster || text(a, "metadata.namespace") != r.Namespace {
			return true
		}
		subjects, _ := a["subjects"].([]any)
		isBound := slices.ContainsFunc(subjects, func(subject any) bool {
			s, _ := subject.(Attributes)
			return text(s, "kind") == "Group" && slices.Contains(groups, text(s, "name"))
		})
		role := w.Get(roleKind, cluster+":"+r.Namespace+"/"+text(a, "roleRef.name"))
		if !isBound || role == nil || text(a, "roleRef.kind") != "Role" {
			return true
		}
		rules, _ := role.Attributes["rules"].([]any)
		permitted = slices.ContainsFunc(rules, func(rule any) bool { return ruleAllows(rule, r) })
		return !permitted
	}, roleBindingKind)
	return permitted
}

// ruleAllows reports whether a rule of a Role allows a request. The only names in such rules are those of
// namespaces.
func ruleAllows(rule any, r KubernetesRequest) bool {
	has := func(field, value string) bool {
		all, _ := dig(rule, field).([]any)
		return slices.Contains(all, any(value)) || slices.Contains(all, any("*"))
	}
	names := texts(rule, "resourceNames")
	isNamed := len(names) == 0 || r.Resource == "namespaces" && slices.Contains(names, r.Namespace)
	return has("apiGroups", r.Group) && has("resources", r.Resource) && has("verbs", r.Verb) && isNamed
}

// ObjectRequest is a request for an object of a Helm release. object is "Kind namespace/name".
func ObjectRequest(verb, object string) KubernetesRequest {
	kind, name, _ := strings.Cut(object, " ")
	space, _, _ := strings.Cut(name, "/")
	r := KubernetesRequest{Verb: verb, Resource: strings.ToLower(kind) + "s", Namespace: space}
	switch kind {
	case "Ingress":
		r.Group, r.Resource = "networking.k8s.io", "ingresses"
	case "NetworkPolicy":
		r.Group, r.Resource = "networking.k8s.io", "networkpolicies"
	case "Deployment", "StatefulSet", "ReplicaSet":
		r.Group = "apps"
	case "CronJob", "Job":
		r.Group = "batch"
	case "HorizontalPodAutoscaler":
		r.Group = "autoscaling"
	case "PodDisruptionBudget":
		r.Group = "policy"
	case "ExternalSecret", "SecretStore":
		r.Group = "external-secrets.io"
	case "ScaledObject":
		r.Group = "keda.sh"
	case "SecurityGroupPolicy":
		r.Group, r.Resource = "vpcresources.k8s.aws", "securitygrouppolicies"
	case "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		r.Group = "rbac.authorization.k8s.io"
	}
	return r
}

// UnknownObject stands for the objects of a published chart. The simulator cannot list them and
// assumes cluster-wide ones.
var UnknownObject = KubernetesRequest{Verb: "create", Resource: "clusterroles", Group: "rbac.authorization.k8s.io"}
