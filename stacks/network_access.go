package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupingressrule"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/bastion"
	"plinth/constructs/clientvpn"
	"plinth/constructs/encryptionkey"
	"plinth/constructs/moved"
	"plinth/constructs/policy"
	"plinth/constructs/postgres"
	"plinth/constructs/vpc"
	"plinth/settings"
)

// newAccessGroup creates the security group that marks traffic of people: the bastion and the VPN have it
// besides their own. It is there without them too. The rules of later stacks name it alone, since AWS deletes no
// security group that a rule names, and the network, with their own groups, is deployed before those stacks.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
func newAccessGroup(stack cdktf.TerraformStack, env *settings.Environment, network *vpc.VPC) *string {
	name := env.ResourceName("access")
	return securitygroup.NewSecurityGroup(stack, jsii.String("access"), &securitygroup.SecurityGroupConfig{
		Name:        &name,
		Description: jsii.String("People, through the bastion or the VPN"),
		VpcId:       network.ID,
		Tags:        &map[string]*string{"Name": &name},
	}).Id()
}

// allowIngressOfPeople allows ingress to a port from the bastion and the VPN. Earlier versions had a rule for each:
// AWS changes the bastion's in place, so that it never refuses anybody.
func allowIngressOfPeople(stack cdktf.TerraformStack, network *Network, id, what string, securityGroup *string, port int) moved.Block {
	rule := allowIngress(stack, id+"-from-access", what+" from the bastion and the VPN", securityGroup, network.AccessGroupID, port)
	const kind = "aws_vpc_security_group_ingress_rule."
	return moved.Block{From: kind + id + "-from-bastion", To: kind + *rule.FriendlyUniqueId()}
}

// allowIngress allows ingress to a port of one security group from another.
func allowIngress(scope constructs.Construct, id, description string, to, from *string, port int) vpcsecuritygroupingressrule.VpcSecurityGroupIngressRule {
	return vpcsecuritygroupingressrule.NewVpcSecurityGroupIngressRule(scope, &id, &vpcsecuritygroupingressrule.VpcSecurityGroupIngressRuleConfig{
		SecurityGroupId:           to,
		ReferencedSecurityGroupId: from,
		Description:               &description,
		IpProtocol:                jsii.String("tcp"),
		FromPort:                  jsii.Number(port),
		ToPort:                    jsii.Number(port),
	})
}

func newBastion(stack cdktf.TerraformStack, env *settings.Environment, network *vpc.VPC, access *string, key *encryptionkey.Key) {
	made := bastion.New(stack, "bastion", bastion.Config{
		Name:               env.ResourceName("bastion"),
		InstanceType:       env.Network.Bastion.InstanceType,
		IdleTimeoutMinutes: env.Network.Bastion.IdleTimeoutMinutes,
		MaxSessionMinutes:  env.Network.Bastion.MaxSessionMinutes,
		Account:            env.Account,
		Region:             env.Region,
		VpcID:              network.ID,
		SubnetID:           network.PrivateSubnetIDs[0],
		AccessGroupID:      access,
		CIDR:               env.Network.CIDR,
		Targets:            bastionTargets(env),
		KeyArn:             key.Arn,
		LogRetentionDays:   env.LogRetentionDays,
	})
	output(stack, "bastion_instance_id", "Instance that ./plinth tunnel goes through", made.InstanceID)
	output(stack, "tunnel_policy", "What an IAM role of people needs for ./plinth tunnel and for a shell on the bastion",
		policy.Document(stack, "tunnel-policy", tunnelStatements(env, key)...))
}

// bastionTargets returns the ports that the bastion reaches in addition to the Kubernetes API. People
// reach PostgreSQL in the cluster through that API.
func bastionTargets(env *settings.Environment) []bastion.Target {
	if env.Database.Engine == settings.EngineInCluster {
		return nil
	}
	return []bastion.Target{{Name: "postgres", Port: postgres.Port}}
}

// tunnelStatements are for people's roles, which Plinth does not create. Security: they allow sessions
// on the bastion only, and with the two documents only, so that every session has their rules.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-sessiondocumentaccesscheck.html
func tunnelStatements(env *settings.Environment, key *encryptionkey.Key) []policy.Statement {
	arn := func(service, account, resource string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, env.Region, account, resource)
	}
	endpoints := policy.Statement{
		Sid:       "FindEndpoints",
		Actions:   []string{"eks:DescribeCluster"},
		Resources: []string{arn("eks", env.Account, "cluster/"+env.ResourceName())},
	}
	if env.Database.Engine != settings.EngineInCluster {
		endpoints.Actions = append(endpoints.Actions, "rds:DescribeDBClusters", "rds:DescribeDBInstances")
		endpoints.Resources = append(endpoints.Resources,
			// These also match databases restored from a snapshot, and replicas.
			arn("rds", env.Account, "cluster:"+env.ResourceName("postgres*")),
			arn("rds", env.Account, "db:"+env.ResourceName("postgres*")))
	}
	checked := policy.Condition{Test: "BoolIfExists", Variable: "ssm:SessionDocumentAccessCheck", Values: []string{"true"}}
	return []policy.Statement{
		{
			// By its name: a newer image replaces the instance, and people's policies stay as they are.
			Sid:       "Start",
			Actions:   []string{"ssm:StartSession"},
			Resources: []string{arn("ec2", env.Account, "instance/*")},
			Conditions: []policy.Condition{
				checked,
				{Test: "StringEquals", Variable: "ssm:resourceTag/Name", Values: []string{env.ResourceName("bastion")}},
			},
		},
		{
			Sid:     "Documents",
			Actions: []string{"ssm:StartSession"},
			Resources: []string{
				arn("ssm", env.Account, "document/"+env.ResourceName("bastion")),
				arn("ssm", "", "document/AWS-StartPortForwardingSessionToRemoteHost"),
			},
			Conditions: []policy.Condition{checked},
		},
		{
			Sid:     "OwnSessions",
			Actions: []string{"ssm:ResumeSession", "ssm:TerminateSession"},
			// A session's id begins with the id of the user who started it.
			Resources: []string{arn("ssm", env.Account, "session/&{aws:userid}-*")},
		},
		{Sid: "Encrypt", Actions: []string{"kms:GenerateDataKey"}, Resources: []string{*key.Arn}},
		{Sid: "FindBastion", Actions: []string{"ec2:DescribeInstances"}, Resources: []string{"*"}},
		endpoints,
	}
}

func newVPN(stack cdktf.TerraformStack, env *settings.Environment, network *vpc.VPC, access *string, key *encryptionkey.Key) {
	vpn := env.Network.VPN
	subnets := network.PrivateSubnetIDs[:1]
	if env.Protected {
		subnets = network.PrivateSubnetIDs[:2] // one zone may fail
	}
	made := clientvpn.New(stack, "vpn", clientvpn.Config{
		Name:                 env.ResourceName("vpn"),
		ClientCIDR:           vpn.ClientCIDR,
		ServerCertificateArn: vpn.ServerCertificateARN,
		SAMLProviderArn:      vpn.SAMLProviderARN,
		ClientCertificateArn: vpn.ClientCertificateARN,
		SessionTimeoutHours:  vpn.SessionTimeoutHours,
		VpcID:                network.ID,
		VpcCIDR:              env.Network.CIDR,
		SubnetIDs:            subnets,
		AccessGroupID:        access,
		KeyArn:               key.Arn,
		LogRetentionDays:     env.LogRetentionDays,
	})
	output(stack, "vpn_endpoint_id", "For aws ec2 export-client-vpn-client-configuration", made.EndpointID)
}
