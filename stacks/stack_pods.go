package stacks

import (
	"slices"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/release"
	"plinth/settings"
)

// securityGroupsChart is the path of the chart that gives pods their security groups, relative to the
// project's folder. securityGroups is the name of its releases, and of the annotation that replaces pods
// when their groups change.
const (
	securityGroupsChart = "charts/security-groups"
	securityGroups      = "security-groups"
)

// clusterTag marks the security groups that the load balancer controller may open. Of the groups of a pod
// behind a load balancer, exactly one must have it together with the environment's own tags. EKS tags the
// cluster's group with the value owned. This value tells the pods' groups apart.
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/networking/networking_manager.go
func clusterTag(cluster string) (key, value string) {
	return "kubernetes.io/cluster/" + cluster, "shared"
}

// podGroups creates the security groups of a stack's pods, one for each namespace.
type podGroups struct {
	stack cdktf.TerraformStack
	// part begins the groups' names, after the environment's. It may be empty.
	part string
	// scope holds the groups that add creates, once there is one.
	scope   constructs.Construct
	env     *settings.Environment
	cluster *Cluster
	// chart is the charts/security-groups of the stack, once a group is installed.
	chart string
}

func newPodGroups(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster) *podGroups {
	return &podGroups{stack: stack, env: env, cluster: cluster}
}

// podGroup is the security group of one namespace's pods.
type podGroup struct {
	*podGroups
	scope             constructs.Construct
	namespace, prefix string
	id                *string
	// all are the groups of the pods: this one, and the base group or the cluster's.
	all []*string
	// rules allow the pods' own connections. They exist before the pods do.
	rules []cdktf.ITerraformDependable
}

// podKind is what else the pods of a group need.
type podKind int

const (
	// confined pods reach only the API server, DNS, addresses outside the cluster, and what rules allow.
	// Only rules let others reach them.
	confined podKind = iota
	// balanced pods are confined, and the load balancer controller lets a load balancer reach them.
	balanced
	// system pods share the cluster's group with the add-ons and the API server, which all reach each other.
	system
)

// add creates the security group of a namespace's pods.
//
// Security: EKS gives every pod the cluster's group, whose members reach every port of each other. A
// confined pod has the cluster stack's base group instead, and a group of its own, which rules name.
// https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
func (g *podGroups) add(namespace, description string, kind podKind) *podGroup {
	if g.scope == nil {
		g.scope = constructs.NewConstruct(g.stack, jsii.String("pod-groups"))
	}
	return g.create(g.scope, namespace+"-", namespace, description, kind)
}

// only creates the security group of a stack's only namespace. Its addresses are without the namespace's name.
func (g *podGroups) only(namespace, description string, kind podKind) *podGroup {
	return g.create(g.stack, "", namespace, description, kind)
}

func (g *podGroups) create(scope constructs.Construct, prefix, namespace, description string, kind podKind) *podGroup {
	name := []string{namespace, "pods"}
	if g.part != "" {
		name = append([]string{g.part}, name...)
	}
	tags := map[string]string{"Name": g.env.ResourceName(name...)}
	if kind == balanced {
		key, value := clusterTag(g.cluster.Cluster.Name)
		tags[key] = value
	}
	id := securitygroup.NewSecurityGroup(scope, jsii.String(prefix+"pods"), &securitygroup.SecurityGroupConfig{
		Name:        jsii.String(tags["Name"]),
		Description: &description,
		VpcId:       g.cluster.Network.VPC.ID,
		Tags:        stringPointers(tags),
	}).Id()
	base := g.cluster.ConfinedPods
	if kind == system {
		base = g.cluster.Cluster.SecurityGroupID
	}
	return &podGroup{podGroups: g, scope: scope, namespace: namespace, prefix: prefix, id: id, all: []*string{base, id}}
}

// connect lets the group's pods reach a port of a security group.
func (g *podGroup) connect(id, description string, to *string, port int) {
	g.rules = append(g.rules, allowIngress(g.scope, id, description, to, g.id, port))
}

// install gives the groups to all pods of the namespace that start later. The pods' release depends on
// the result, and the result on the namespace.
func (g *podGroup) install(namespace ...cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	if g.chart == "" {
		g.chart = chartFolder(g.stack, "security-groups-chart", securityGroupsChart)
	}
	return release.New(g.scope, g.prefix+securityGroups, release.Config{
		Name:      securityGroups,
		Namespace: g.namespace,
		Chart:     g.chart,
		Values:    map[string]any{"groupIds": g.all},
		DependsOn: slices.Concat(namespace, g.rules),
	})
}

// annotations also make a release replace its pods when their groups change: pods keep those that they
// started with.
func (g *podGroup) annotations() map[string]any {
	annotations := podAnnotations(g.cluster.Cluster)
	annotations[securityGroups] = cdktf.Fn_Join(jsii.String(","), &g.all)
	return annotations
}
