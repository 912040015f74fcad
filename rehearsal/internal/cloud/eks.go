package cloud

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func init() {
	register(map[string]kind{
		"aws_eks_cluster": {
			id: func(_ *World, a Attributes) string { return text(a, "name") }, unique: []string{"name"}, conflict: "ResourceInUseException",
			// Only removing encryption_config replaces: https://docs.aws.amazon.com/eks/latest/APIReference/API_AssociateEncryptionConfig.html
			replaced: []string{
				"name", "role_arn", "encryption_config", "bootstrap_self_managed_addons", "outpost_config", "remote_network_config",
				"access_config.bootstrap_cluster_creator_admin_permissions",
				"kubernetes_network_config.ip_family", "kubernetes_network_config.service_ipv4_cidr",
			},
			inUse: "ResourceInUseException",
			check: checkCluster,
			fill:  fillEKSCluster,
			leave: leaveCluster,
		},
		"aws_eks_fargate_profile": {
			id: func(_ *World, a Attributes) string {
				return text(a, "cluster_name") + ":" + text(a, "fargate_profile_name")
			},
			unique: []string{"cluster_name", "fargate_profile_name"}, conflict: "ResourceInUseException",
			// EKS cannot update a profile: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateFargateProfile.html
			replaced: []string{"cluster_name", "fargate_profile_name", "pod_execution_role_arn", "selector", "subnet_ids"},
			refers:   map[string]string{"cluster_name": "aws_eks_cluster.name"},
			check:    checkProfile,
			leave:    leaveProfile,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("eks", fmt.Sprintf("fargateprofile/%s/%s/%s", text(a, "cluster_name"), text(a, "fargate_profile_name"), randomUUID())), "status": "ACTIVE",
				})
			},
		},
		"aws_eks_addon": {
			id:     func(_ *World, a Attributes) string { return text(a, "cluster_name") + ":" + text(a, "addon_name") },
			unique: []string{"cluster_name", "addon_name"}, conflict: "ResourceInUseException",
			replaced: []string{"cluster_name", "addon_name"},
			refers:   map[string]string{"cluster_name": "aws_eks_cluster.name"},
			check:    checkAddon,
			after:    scheduleAddon,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{
					"arn":        w.arn("eks", fmt.Sprintf("addon/%s/%s/%s", text(a, "cluster_name"), text(a, "addon_name"), randomUUID())),
					"created_at": w.stamp(), "modified_at": w.stamp(), "configuration_values": "",
				})
			},
		},
		"aws_eks_access_entry": {
			id:     func(_ *World, a Attributes) string { return text(a, "cluster_name") + ":" + text(a, "principal_arn") },
			unique: []string{"cluster_name", "principal_arn"}, conflict: "ResourceInUseException",
			replaced: []string{"cluster_name", "principal_arn", "type"},
			refers:   map[string]string{"cluster_name": "aws_eks_cluster.name"},
			opaque:   []string{"access_entry_arn"}, // its own ARN
			check:    checkAccessEntry,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{
					"access_entry_arn": entryARN(w, text(a, "cluster_name"), text(a, "principal_arn"), randomUUID()),
					"created_at":       w.stamp(), "modified_at": w.stamp(), "kubernetes_groups": []any{}, "type": "STANDARD",
					"user_name": text(a, "principal_arn"),
				})
			},
		},
		"aws_eks_access_policy_association": {
			id: func(_ *World, a Attributes) string {
				return strings.Join([]string{text(a, "cluster_name"), text(a, "principal_arn"), text(a, "policy_arn")}, "#")
			},
			unique: []string{"cluster_name", "principal_arn", "policy_arn"}, conflict: "ResourceInUseException",
			replaced: []string{"cluster_name", "principal_arn", "policy_arn", "access_scope"},
			refers:   map[string]string{"cluster_name": "aws_eks_cluster.name"},
			check:    checkAssociation,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{"associated_at": w.stamp(), "modified_at": w.stamp()})
			},
		},
	})
}

// checkCluster: the subnets must be in two zones of one VPC.
// https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
func checkCluster(w *World, a, before Attributes) error {
	subnets := texts(any(a), "vpc_config.subnet_ids")
	if err := w.checkTwoZones("InvalidParameterException", subnets); err != nil {
		return err
	}
	network := w.attribute("aws_subnet", subnets[0], "vpc_id")
	for _, subnet := range subnets {
		if w.attribute("aws_subnet", subnet, "vpc_id") != network {
			return refuse("InvalidParameterException", "Subnets specified must belong to the same VPC: %s", strings.Join(subnets, ", "))
		}
	}
	// The public endpoint is on by default.
	if !flag(a, "vpc_config.endpoint_private_access") && dig(a, "vpc_config.endpoint_public_access") == false {
		return refuse("InvalidParameterException", "Private and public endpoint access cannot both be false for cluster %s", text(a, "name"))
	}
	if err := w.checkKubernetes(a, before); err != nil {
		return err
	}
	return w.checkAssumable(text(a, "role_arn"), "eks.amazonaws.com")
}

// checkAssumable refuses to give a service a role that does not trust it.
func (w *World) checkAssumable(arn, service string) error {
	if role := w.find("aws_iam_role", "arn", arn); role != nil && !strings.Contains(text(role.Attributes, "assume_role_policy"), `"`+service+`"`) {
		return refuse("InvalidParameterException", "The trust policy of role %s does not let %s assume it", arn, service)
	}
	return nil
}

// fillEKSCluster also creates the cluster's security group.
func fillEKSCluster(w *World, id string, a Attributes) {
	config := block(a, "vpc_config")
	network := ""
	if subnets := texts(any(config), "subnet_ids"); len(subnets) > 0 {
		network = w.attribute("aws_subnet", subnets[0], "vpc_id")
	}
	if config["cluster_security_group_id"] == nil {
		group := randomID("sg")
		config["cluster_security_group_id"] = group
		w.addOwned("aws_security_group", group, "aws_eks_cluster "+id, "EKS", Attributes{
			"id": group, "arn": w.arn("ec2", "security-group/"+group), "vpc_id": network,
			"name": fmt.Sprintf("eks-cluster-sg-%s-%s", id, randomHex(8)),
			// https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
			"tags": Attributes{"aws:eks:cluster-name": id, "kubernetes.io/cluster/" + id: "owned"},
		})
	}
	setDefaults(config, Attributes{"vpc_id": network, "public_access_cidrs": []any{"0.0.0.0/0"}, "security_group_ids": []any{}})
	if !flag(config, "endpoint_public_access") && len(texts(any(config), "public_access_cidrs")) == 0 {
		config["public_access_cidrs"] = []any{"0.0.0.0/0"}
	}
	name := strings.ToUpper(randomHex(32))
	certificate := "-----BEGIN CERTIFICATE-----\nThis is a rehearsal's simulator of the CA of " + id + ".\n-----END CERTIFICATE-----\n"
	setDefaults(a, Attributes{
		"arn": w.arn("eks", "cluster/"+id), "status": "ACTIVE", "created_at": w.stamp(),
		"endpoint":         fmt.Sprintf("https://%s.gr7.%s.eks.amazonaws.com", name, w.Region),
		"platform_version": "eks.1", "version": "1.35", "cluster_id": nil, "bootstrap_self_managed_addons": true,
		"certificate_authority": []any{Attributes{"data": base64.StdEncoding.EncodeToString([]byte(certificate))}},
		"identity": []any{Attributes{"oidc": []any{Attributes{
			"issuer": fmt.Sprintf("https://oidc.eks.%s.amazonaws.com/id/%s", w.Region, name),
		}}}},
	})
}

// leaveCluster deletes everything in the cluster, but not what its controllers created outside it.
func leaveCluster(w *World, id string, _ *Thing) error {
	var inside [][2]string
	w.Each(func(name, key string, t *Thing) bool {
		if t.Cluster == id {
			inside = append(inside, [2]string{name, key})
		}
		return true
	})
	for _, i := range inside {
		w.Remove(i[0], i[1])
	}
	return nil
}

// cluster is the cluster with that name, or nil.
func (w *World) cluster(name string) *Thing { return w.Get("aws_eks_cluster", name) }

// ClusterOf finds the cluster by its API server's URL and CA certificate, the configuration of the
// Kubernetes and Helm providers.
func (w *World) ClusterOf(host, certificate string) (name string, err error) {
	var found *Thing
	w.Each(func(_, key string, t *Thing) bool {
		if text(t.Attributes, "endpoint") == host {
			name, found = key, t
		}
		return found == nil
	}, "aws_eks_cluster")
	if found == nil {
		return "", refuse("Kubernetes cluster unreachable", "Get %q: no cluster has this endpoint", host+"/version")
	}
	ca, _ := base64.StdEncoding.DecodeString(text(found.Attributes, "certificate_authority.data"))
	if certificate != string(ca) {
		return "", refuse("Kubernetes cluster unreachable", "Get %q: tls: failed to verify certificate: x509: certificate signed by unknown authority", host+"/version")
	}
	return name, nil
}

// Administered refuses a cluster without an administrator.
func (w *World) Administered(name string) error {
	if !w.administered(name) {
		return refuse("Unauthorized", "cluster %s gives nobody administrator's rights: it has no access entry with AmazonEKSClusterAdminPolicy", name)
	}
	return nil
}

// administered reports whether a cluster has an administrator, whoever calls.
func (w *World) administered(cluster string) bool {
	found := flag(w.cluster(cluster).Attributes, "access_config.bootstrap_cluster_creator_admin_permissions")
	w.Each(func(_, _ string, t *Thing) bool {
		found = found || text(t.Attributes, "cluster_name") == cluster &&
			strings.HasSuffix(text(t.Attributes, "policy_arn"), "/AmazonEKSClusterAdminPolicy")
		return !found
	}, "aws_eks_access_policy_association")
	return found
}

// checkProfile: Fargate pods run in private subnets of the cluster's VPC.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
func checkProfile(w *World, a, before Attributes) error {
	if most := cmp.Or(w.FargateProfiles, mostProfiles); before == nil && w.profiles(text(a, "cluster_name")) >= most {
		return refuse("ResourceLimitExceededException", "Cluster %s has %d Fargate profiles, the quota of a cluster", text(a, "cluster_name"), most)
	}
	cluster := w.cluster(text(a, "cluster_name"))
	network := text(cluster.Attributes, "vpc_config.vpc_id")
	for _, subnet := range texts(any(a), "subnet_ids") {
		if w.public(subnet) {
			return refuse("InvalidParameterException", "Subnet %s provided in Fargate Profile is not a private subnet", subnet)
		}
		if w.attribute("aws_subnet", subnet, "vpc_id") != network {
			return refuse("InvalidParameterException", "Subnet %s is not in %s, the network of cluster %s", subnet, network, text(a, "cluster_name"))
		}
	}
	return w.checkAssumable(text(a, "pod_execution_role_arn"), "eks-fargate-pods.amazonaws.com")
}

// checkAddon: CoreDNS needs Fargate's compute type.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-getting-started.html
func checkAddon(_ *World, a, _ Attributes) error {
	if text(a, "addon_name") != "coredns" {
		return nil
	}
	if !strings.Contains(strings.ReplaceAll(text(a, "configuration_values"), " ", ""), `"computeType":"Fargate"`) {
		return refuse("CREATE_FAILED", `add-on coredns of cluster %s stays pending: configuration_values must hold "computeType": "Fargate"`, text(a, "cluster_name"))
	}
	return nil
}

// matches compares with the wildcards of selectors.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html#fargate-profile-wildcards
func matches(pattern, value string) bool {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("^" + expression + "$").MatchString(value)
}

// accessPolicies: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
var accessPolicies = []string{
	"AmazonEKSAdminPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSViewPolicy",
	"AmazonEKSSecretReaderPolicy",
}

// checkAccessEntry: EKS cannot grant Kubernetes' own groups.
// https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
func checkAccessEntry(_ *World, a, _ Attributes) error {
	for _, group := range texts(any(a), "kubernetes_groups") {
		if strings.HasPrefix(group, "system:") {
			return refuse("InvalidParameterException", "The kubernetes group name %s is invalid, it cannot start with system:", group)
		}
	}
	return nil
}

func checkAssociation(w *World, a, _ Attributes) error {
	cluster, principal := text(a, "cluster_name"), text(a, "principal_arn")
	if w.Get("aws_eks_access_entry", cluster+":"+principal) == nil {
		return refuse("ResourceNotFoundException", "The specified principalArn could not be found: cluster %s has no access entry for %s", cluster, principal)
	}
	if policy, ok := strings.CutPrefix(text(a, "policy_arn"), "arn:aws:eks::aws:cluster-access-policy/"); !ok || !slices.Contains(accessPolicies, policy) {
		return refuse("InvalidParameterException", "%s is not an access policy of EKS; there are %s", text(a, "policy_arn"), strings.Join(accessPolicies, ", "))
	}
	return nil
}
