package stacks

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupegressrule"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupingressrule"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/settings"
)

// Ports that every pod uses, or that the control plane uses on every pod.
const (
	kubeletPort = 10250
	dnsPort     = 53
)

// newConfinedPods creates the base group of pods that do not have the cluster's, with the rules that a
// pod on Fargate needs: egress, the API server, CoreDNS, and the control plane's way to its kubelet. The
// metrics server, which has the cluster's group too, reads the kubelets' metrics. Probes need no rule: on
// Fargate the kubelet shares the pod's network interface.
//   - https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
//
// Security: members do not reach each other.
func newConfinedPods(stack cdktf.TerraformStack, env *settings.Environment, network *Network, cluster *string) *string {
	this, name := constructs.NewConstruct(stack, jsii.String("pods")), env.ResourceName("pods")
	group := securitygroup.NewSecurityGroup(this, jsii.String("security-group"), &securitygroup.SecurityGroupConfig{
		Name:        &name,
		Description: jsii.String("Pods that only rules of their own groups let others reach"),
		VpcId:       network.VPC.ID,
		Tags:        &map[string]*string{"Name": &name},
	}).Id()
	// Security: as from the cluster's group. Images and AWS's APIs have no fixed addresses.
	vpcsecuritygroupegressrule.NewVpcSecurityGroupEgressRule(this, jsii.String("egress"),
		&vpcsecuritygroupegressrule.VpcSecurityGroupEgressRuleConfig{
			SecurityGroupId: group,
			Description:     jsii.String("Pods to everywhere"),
			CidrIpv4:        jsii.String("0.0.0.0/0"),
			IpProtocol:      jsii.String("-1"),
		})
	allowIngress(this, "kubelet-from-cluster", "Kubelets of pods from the control plane", group, cluster, kubeletPort)
	allowIngress(this, "api", "Kubernetes API from pods", cluster, group, apiPort)
	allowIngress(this, "dns", "CoreDNS from pods", cluster, group, dnsPort)
	vpcsecuritygroupingressrule.NewVpcSecurityGroupIngressRule(this, jsii.String("dns-udp"),
		&vpcsecuritygroupingressrule.VpcSecurityGroupIngressRuleConfig{
			SecurityGroupId:           cluster,
			ReferencedSecurityGroupId: group,
			Description:               jsii.String("CoreDNS from pods"),
			IpProtocol:                jsii.String("udp"),
			FromPort:                  jsii.Number(dnsPort),
			ToPort:                    jsii.Number(dnsPort),
		})
	return group
}
