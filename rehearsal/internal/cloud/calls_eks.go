package cloud

import (
	"fmt"
	"strings"
)

// eksCluster is the cluster with that name.
func (c *calls) eksCluster(name string) resource {
	return c.related("aws_eks_cluster", "name", name, c.arn("eks", "cluster/"+name))
}

// onEKS returns a call on the resource itself, which has an ARN.
func onEKS(action string) func(*calls) {
	return func(c *calls) { c.do("eks:"+action, c.self()) }
}

// tagNew adds the permission that a creation with tags also needs.
func (c *calls) tagNew(arn string) {
	if len(tagsOf(c.after)) > 0 {
		c.do("eks:TagResource", c.fresh(arn))
	}
}

// accessEntry is a principal's entry in a cluster.
func (c *calls) accessEntry(cluster, principal string) resource {
	r := c.entryKeys(resource{arn: entryARN(c.w, cluster, principal, "*")}, cluster, principal)
	if t := c.w.Get("aws_eks_access_entry", cluster+":"+principal); t != nil {
		r.arn = text(t.Attributes, "access_entry_arn")
		r = r.has(tagsOf(t.Attributes))
	}
	return r
}

func (c *calls) entryKeys(r resource, cluster, principal string) resource {
	return r.with("eks:clusterName", cluster).with("eks:principalArn", principal).with("eks:accessEntryType", "STANDARD")
}

// entryARN: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
func entryARN(w *World, cluster, principal, id string) string {
	kind, account, name := "role", w.Account, principal
	if parts := strings.SplitN(principal, ":", 6); len(parts) == 6 {
		account = parts[4]
		kind, name, _ = strings.Cut(parts[5], "/")
		name = name[strings.LastIndex(name, "/")+1:]
	}
	return w.arn("eks", fmt.Sprintf("access-entry/%s/%s/%s/%s/%s", cluster, kind, account, name, id))
}

func init() {
	onEntry := func(action string) func(*calls) {
		return func(c *calls) {
			r := c.accessEntry(text(c.a, "cluster_name"), text(c.a, "principal_arn"))
			if policy := text(c.a, "policy_arn"); policy != "" && action != "ListAssociatedAccessPolicies" {
				r = r.with("eks:policyArn", policy).with("eks:accessScope", text(c.a, "access_scope.type"))
				if spaces := texts(any(c.a), "access_scope.namespaces"); len(spaces) > 0 {
					r = r.with("eks:namespaces", spaces...)
				}
			}
			c.do("eks:"+action, r)
		}
	}
	config := func(c *calls) {
		onEKS("UpdateClusterConfig")(c)
		onEKS("DescribeUpdate")(c)
	}
	registerCalls(map[string]caller{
		"aws_eks_cluster": taggable("eks", caller{
			create: func(c *calls) {
				arn := text(c.a, "arn")
				r := c.fresh(arn).with("eks:kubernetesVersion", text(c.a, "version")).
					with("eks:authenticationMode", orElse(text(c.a, "access_config.authentication_mode"), "CONFIG_MAP")).
					with("eks:bootstrapClusterCreatorAdminPermissions", fmt.Sprint(dig(c.a, "access_config.bootstrap_cluster_creator_admin_permissions") != false)).
					with("eks:bootstrapSelfManagedAddons", fmt.Sprint(c.a["bootstrap_self_managed_addons"] != false)).
					with("eks:endpointPrivateAccess", fmt.Sprint(flag(c.a, "vpc_config.endpoint_private_access"))).
					with("eks:endpointPublicAccess", fmt.Sprint(dig(c.a, "vpc_config.endpoint_public_access") != false)).
					with("eks:supportType", orElse(text(c.a, "upgrade_policy.support_type"), "EXTENDED"))
				key := text(c.a, "encryption_config.provider.key_arn")
				if key != "" {
					r = r.with("eks:encryptionConfigProviderKeyArns", key)
				}
				c.do("eks:CreateCluster", r)
				c.tagNew(arn)
				c.passRole(text(c.a, "role_arn"), "eks.amazonaws.com")
				c.serviceRole("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS")
				c.eksEncrypts(key)
			},
			read: onEKS("DescribeCluster"),
			update: []change{
				{"version", func(c *calls) { onEKS("UpdateClusterVersion")(c); onEKS("DescribeUpdate")(c) }},
				{"encryption_config", func(c *calls) {
					onEKS("AssociateEncryptionConfig")(c)
					c.eksEncrypts(text(c.after, "encryption_config.provider.key_arn"))
					onEKS("DescribeUpdate")(c)
				}},
				// EKS needs a separate update for each.
				{"access_config", config}, {"compute_config kubernetes_network_config storage_config", config},
				{"enabled_cluster_log_types", config}, {"upgrade_policy", config}, {"vpc_config", config}, {"zonal_shift_config", config},
				{"platform_version force_update_version", nil},
			},
			delete: func(c *calls) { onEKS("DeleteCluster")(c); onEKS("DescribeCluster")(c) },
		}),
		"aws_eks_fargate_profile": taggable("eks", caller{
			create: func(c *calls) {
				name := text(c.a, "cluster_name")
				c.do("eks:CreateFargateProfile", c.eksCluster(name).tagged(tagsOf(c.after)))
				c.tagNew(c.arn("eks", fmt.Sprintf("fargateprofile/%s/%s/*", name, text(c.a, "fargate_profile_name"))))
				c.passRole(text(c.a, "pod_execution_role_arn"), "eks-fargate-pods.amazonaws.com")
				// https://docs.aws.amazon.com/eks/latest/userguide/using-service-linked-roles-eks-fargate.html
				c.serviceRole("eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate")
			},
			read:   onEKS("DescribeFargateProfile"),
			delete: func(c *calls) { onEKS("DeleteFargateProfile")(c); onEKS("DescribeFargateProfile")(c) },
		}),
		"aws_eks_addon": taggable("eks", caller{
			create: func(c *calls) {
				name := text(c.a, "cluster_name")
				c.do("eks:CreateAddon", c.eksCluster(name).tagged(tagsOf(c.after)))
				c.tagNew(c.arn("eks", fmt.Sprintf("addon/%s/%s/*", name, text(c.a, "addon_name"))))
				c.passRole(text(c.a, "service_account_role_arn"), "eks.amazonaws.com")
			},
			read: onEKS("DescribeAddon"),
			update: []change{
				{"addon_version configuration_values service_account_role_arn pod_identity_association", func(c *calls) {
					onEKS("UpdateAddon")(c)
					c.passRole(text(c.after, "service_account_role_arn"), "eks.amazonaws.com")
					c.do("eks:DescribeUpdate", c.eksCluster(text(c.a, "cluster_name")), c.self())
				}},
				{"resolve_conflicts resolve_conflicts_on_create resolve_conflicts_on_update preserve modified_at", nil},
			},
			delete: func(c *calls) { onEKS("DeleteAddon")(c); onEKS("DescribeAddon")(c) },
		}),
		"aws_eks_access_entry": {
			create: func(c *calls) {
				cluster, principal := text(c.a, "cluster_name"), text(c.a, "principal_arn")
				r := c.eksCluster(cluster).tagged(tagsOf(c.after)).with("eks:principalArn", principal).
					with("eks:accessEntryType", orElse(text(c.a, "type"), "STANDARD"))
				if groups := texts(any(c.a), "kubernetes_groups"); len(groups) > 0 {
					r = r.with("eks:kubernetesGroups", groups...)
				}
				c.do("eks:CreateAccessEntry", r)
				c.tagNew(entryARN(c.w, cluster, principal, "*"))
			},
			read:   onEntry("DescribeAccessEntry"),
			update: []change{{"kubernetes_groups user_name", onEntry("UpdateAccessEntry")}, {"modified_at", nil}},
			tag: func(c *calls, r resource) {
				c.do("eks:TagResource", c.entryAs(r))
			},
			untag:  func(c *calls, r resource) { c.do("eks:UntagResource", c.entryAs(onlyKeys(r))) },
			delete: onEntry("DeleteAccessEntry"),
		},
		"aws_eks_access_policy_association": {
			create: onEntry("AssociateAccessPolicy"),
			read:   onEntry("ListAssociatedAccessPolicies"),
			delete: onEntry("DisassociateAccessPolicy"),
		},
		"data.aws_eks_cluster":       {read: onEKS("DescribeCluster")},
		"data.aws_eks_addon_version": {read: looks("eks:DescribeAddonVersions")},
	})
}

// entryAs is the entry with a request's tags.
func (c *calls) entryAs(asked resource) resource {
	r := c.accessEntry(text(c.a, "cluster_name"), text(c.a, "principal_arn"))
	for key, values := range asked.context {
		r = r.with(key, values...)
	}
	return r
}

// eksEncrypts: the condition kms:GrantIsForAWSResource is false for a cluster's key.
// https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
func (c *calls) eksEncrypts(key string) {
	if key != "" {
		c.via("eks.amazonaws.com", "kms:DescribeKey", c.key(key))
		c.via("eks.amazonaws.com", "kms:CreateGrant", c.key(key))
	}
}
