package stacks

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/eks"
	"plinth/constructs/encryptionkey"
	"plinth/constructs/fargateprofile"
	"plinth/constructs/moved"
	"plinth/settings"
)

// Cluster is the stack <environment>-cluster.
type Cluster struct {
	cdktf.TerraformStack
	Cluster *eks.Cluster
	Key     *encryptionkey.Key
	Network *Network
	// ConfinedPods is the security group of pods that do not have the cluster's.
	ConfinedPods *string
	// PodLogs is the name of the log group that Fargate's log router writes to.
	PodLogs string
}

// apiPort is the port of the Kubernetes API.
const apiPort = 443

// Ports of pods that the API server calls. On Fargate the kubelet uses 10250, the default of the first two.
const (
	metricsServerPort = 10251
	secretsPort       = 9443
	kedaPort          = 6443
)

// The names of the Fargate profiles, without their zones.
const (
	systemProfile         = "system"
	ingressMetricsProfile = "ingress-metrics"
	observabilityProfile  = "observability"
	kedaProfile           = "keda"
)

// profileOf returns the name of the Fargate profile of pods that start now.
func profileOf(env *settings.Environment, profile string) string {
	return fargateprofile.Name(profile, env.Network.Zones)
}

// podLabels give a release's pods their Fargate profile. While zones change, two select each pod, and the
// new label moves the pods by a rolling update.
func podLabels(env *settings.Environment, profile string) map[string]any {
	return map[string]any{fargateprofile.Label: profileOf(env, profile)}
}

// NewCluster creates the EKS control plane, its Fargate profiles and its managed add-ons.
func NewCluster(scope constructs.Construct, env *settings.Environment, network *Network) *Cluster {
	stack := newStack(scope, env, "cluster")
	key := newKey(stack, env, "key", "cluster", "Encrypts Kubernetes secrets and the cluster's logs", false)
	cluster := eks.New(stack, "cluster", eks.Config{
		Name:    env.ResourceName(),
		Version: env.Cluster.Version,
		Account: env.Account,
		Region:  env.Region,
		// Two zones are enough. A third can then be added and removed.
		SubnetIDs:         network.VPC.PrivateSubnetIDs[:2],
		PublicAccessCIDRs: env.Cluster.PublicAccessCIDRs,
		KeyArn:            key.Arn,
		LogRetentionDays:  env.LogRetentionDays,
		WebhookPorts:      webhookPorts(env),
		AccessEntries:     append(pipelineAccessEntries(env), accessEntries(env)...),
	})
	access := allowIngressOfPeople(stack, network, "api", "Kubernetes API", cluster.SecurityGroupID, apiPort)
	result := &Cluster{
		TerraformStack: stack,
		Cluster:        cluster,
		Key:            key,
		Network:        network,
		ConfinedPods:   newConfinedPods(stack, env, network, cluster.SecurityGroupID),
		PodLogs:        "/aws/eks/" + cluster.Name + "/pods",
	}

	zones := []fargateprofile.Zones{{Letters: env.Network.Zones}}
	if len(env.Network.PreviousZones) > 0 {
		zones = append(zones, fargateprofile.Zones{Letters: env.Network.PreviousZones})
	}
	for i := range zones {
		zones[i].SubnetIDs = network.subnets(network.VPC.PrivateSubnetIDs, zones[i].Letters)
	}
	blocks := []moved.Block{access}
	// EKS allows ten profiles in a cluster by default: there are four and one for each application, twice while zones
	// change, and that of the databases. The settings warn when there are more.
	// https://docs.aws.amazon.com/general/latest/gr/eks.html#limits_eks
	profile := func(name string, namespaces ...string) cdktf.ITerraformDependable {
		profiles := fargateprofile.New(stack, "fargate-"+name, fargateprofile.Config{
			Name:        name,
			Zones:       zones,
			ClusterName: cluster.Name,
			Cluster:     cluster.Resource,
			Account:     env.Account,
			Region:      env.Region,
			Namespaces:  namespaces,
			LogGroup:    result.PodLogs,
		})
		blocks = append(blocks, profiles.Moved)
		return profiles.Current
	}
	system := profile(systemProfile, "kube-system")
	profile(ingressMetricsProfile, loadBalancerController, metricsServer, externalSecrets)
	for _, app := range env.ApplicationNames() {
		profile(app, app)
	}
	if env.Database.Engine == settings.EngineInCluster {
		profile("database", inClusterDatabase)
	}
	// These exist even if the settings enable nothing in their namespaces. A profile costs nothing, and so
	// the cluster's deploy role needs no other permissions when the settings do.
	profile(observabilityProfile, prometheusNamespace, kubeStateMetrics, grafana, loki, podLogs)
	// KEDA has its own profile. A profile's namespaces are immutable, and replacing a shared profile
	// would delete the pods of its other namespaces.
	profile(kedaProfile, keda)
	// The first two zones never change, so neither does this profile. Its pods run for seconds, or need no second zone.
	zones = []fargateprofile.Zones{{Letters: env.Network.Zones[:2], SubnetIDs: network.subnets(network.VPC.PrivateSubnetIDs, env.Network.Zones[:2])}}
	profile(databases, databases)
	moved.Add(stack, blocks...)

	newAddons(stack, env, cluster, system)

	output(stack, "cluster_name", "EKS cluster", cluster.Name)
	output(stack, "cluster_endpoint", "URL of the Kubernetes API", cluster.Endpoint)
	output(stack, "cluster_version", "Kubernetes version", cluster.Version)
	output(stack, "kubeconfig_command", "Gives kubectl a context for this cluster",
		"aws eks update-kubeconfig --region "+env.Region+" --name "+cluster.Name)
	return result
}

// webhookPorts returns the ports of the enabled add-ons that the API server calls.
func webhookPorts(env *settings.Environment) []eks.WebhookPort {
	ports := []eks.WebhookPort{
		{Name: "metrics-server", Port: metricsServerPort},
		{Name: "external-secrets", Port: secretsPort},
	}
	if env.Cluster.KEDA {
		ports = append(ports, eks.WebhookPort{Name: keda, Port: kedaPort})
	}
	return ports
}

// accessPolicies maps the setting to EKS's access policy.
var accessPolicies = map[settings.AccessPolicy]string{
	settings.AccessAdmin: "AmazonEKSClusterAdminPolicy",
	settings.AccessEdit:  "AmazonEKSEditPolicy",
	settings.AccessView:  "AmazonEKSViewPolicy",
	// The view policy lacks exec, and the edit policy reads Secrets. So the chart grants exec.
	settings.AccessDeveloper: "AmazonEKSViewPolicy",
}

// pipelineAccessEntries returns the access entries of the roles that deploy and plan stacks in the
// cluster. To create the add-ons' Kubernetes roles, the deploying role must be an administrator.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
//
// Security: the roles of an application have rights in its namespace alone. No policy of EKS has all kinds of
// an application, such as ExternalSecret, without Secrets. So the one that deploys has a group, which
// charts/deploy-roles gives a Role. The one that plans reads what Helm keeps of the releases in ConfigMaps, and
// the Ingress. The view policy has both, and no Secrets.
//   - https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html
func pipelineAccessEntries(env *settings.Environment) []eks.AccessEntry {
	var all []eks.AccessEntry
	for _, stack := range env.KubernetesStacks() {
		deploy := eks.AccessEntry{PrincipalArn: env.RoleARN(env.DeployRole(stack)), Policy: accessPolicies[settings.AccessAdmin]}
		// Security: the role that plans reads everything except Secrets.
		plan := eks.AccessEntry{PrincipalArn: env.RoleARN(env.PlanRole(stack)), Policy: accessPolicies[settings.AccessView]}
		if env.Apps[stack] != nil {
			deploy.Policy, deploy.Groups = "", []string{env.Deployers(stack)}
			plan.Namespaces = []string{stack}
		}
		all = append(all, deploy, plan)
	}
	// The release of the load balancer controller is in a Secret. Its namespace holds no other secret.
	all = append(all, eks.AccessEntry{
		PrincipalArn: env.RoleARN(env.PlanRole("addons")), Policy: "AmazonEKSSecretReaderPolicy", Namespaces: []string{loadBalancerController},
	})
	return all
}

func accessEntries(env *settings.Environment) []eks.AccessEntry {
	var result []eks.AccessEntry
	for _, a := range env.Cluster.AccessEntries {
		entry := eks.AccessEntry{
			PrincipalArn: a.Principal,
			Policy:       accessPolicies[a.Policy],
			Namespaces:   a.Namespaces,
		}
		if a.Policy == settings.AccessDeveloper {
			entry.Groups = []string{env.Developers()}
		}
		result = append(result, entry)
	}
	return result
}
