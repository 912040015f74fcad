// Package eks makes a Kubernetes control plane that IAM principals reach through access
// entries. By default it trusts nobody, not even its creator.
package eks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ekscluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/iamopenidconnectprovider"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupingressrule"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/destroystep"
	"plinth/constructs/iamrole"
	"plinth/constructs/loggroup"
	"plinth/constructs/policy"
)

// Config of a cluster.
type Config struct {
	// Name is at most 100 characters.
	Name string
	// Version is the Kubernetes minor version, for example 1.35.
	Version string
	// Account and Region are the cluster's.
	Account, Region string
	// SubnetIDs hold the control plane's network interfaces: private, in two zones at least.
	// EKS cannot change their zones later.
	// https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
	SubnetIDs []*string
	// PublicAccessCIDRs may reach the API server over the internet. Without any it is private.
	PublicAccessCIDRs []string
	// KeyArn encrypts Kubernetes secrets and the control plane's logs.
	KeyArn *string
	// LogRetentionDays is as in [loggroup.Config].
	LogRetentionDays int
	// WebhookPorts are the TCP ports of pods that the API server calls. On Fargate they
	// cannot be 10250, which is the kubelet's.
	WebhookPorts []WebhookPort
	// AccessEntries list who may use the Kubernetes API.
	AccessEntries []AccessEntry
}

// WebhookPort is a port on which pods serve the API server.
type WebhookPort struct {
	// Name describes the rule, in lower case with hyphens.
	Name string
	Port int
}

// Cluster is a Kubernetes control plane.
type Cluster struct {
	constructs.Construct
	// Resource is what the cluster's profiles and add-ons depend on.
	Resource cdktf.ITerraformDependable
	Name     string
	Version  *string
	// Endpoint is the API server's URL, CertificateAuthority its CA in base64.
	Endpoint, CertificateAuthority *string
	// SecurityGroupID is the group that EKS gives to the control plane and to Fargate pods.
	SecurityGroupID *string
	// OIDCProviderArn and OIDCIssuer (without https://) are for package irsa.
	OIDCProviderArn, OIDCIssuer *string
}

// logTypes are all types of the control plane's logs.
// https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
var logTypes = []string{"api", "audit", "authenticator", "controllerManager", "scheduler"}

// New creates a cluster.
func New(scope constructs.Construct, id string, config Config) *Cluster {
	this := constructs.NewConstruct(scope, &id)
	logs := loggroup.New(this, "logs", loggroup.Config{
		Name:          fmt.Sprintf("/aws/eks/%s/cluster", config.Name),
		RetentionDays: config.LogRetentionDays,
		KeyArn:        config.KeyArn,
	})
	role := iamrole.New(this, "role", iamrole.Config{
		Name:        config.Name + "-cluster",
		Description: "Lets the EKS control plane manage its network interfaces",
		Trust: policy.Statement{
			Principals: policy.Service("eks.amazonaws.com"),
			// Security: for this cluster only (confused deputy).
			// https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html
			Conditions: []policy.Condition{{
				Test:     "ArnEquals",
				Variable: "aws:SourceArn",
				Values:   []string{fmt.Sprintf("arn:aws:eks:%s:%s:cluster/%s", config.Region, config.Account, config.Name)},
			}},
		},
		ManagedPolicies: []string{"AmazonEKSClusterPolicy"},
	})
	dependencies := append([]cdktf.ITerraformDependable{lastLogs(this, logs)}, role.Permissions...)
	cluster := ekscluster.NewEksCluster(this, jsii.String("cluster"), &ekscluster.EksClusterConfig{
		Name:    jsii.String(config.Name),
		Version: jsii.String(config.Version),
		RoleArn: role.Arn,
		// Extended support costs six times as much an hour: upgrade instead.
		UpgradePolicy:          &ekscluster.EksClusterUpgradePolicy{SupportType: jsii.String("STANDARD")},
		EnabledClusterLogTypes: jsii.Strings(logTypes...),
		// CoreDNS, kube-proxy and the VPC CNI come as managed add-ons.
		BootstrapSelfManagedAddons: jsii.Bool(false),
		AccessConfig: &ekscluster.EksClusterAccessConfig{
			AuthenticationMode: jsii.String("API"),
			// Security: the cluster's creator gets no standing admin access.
			BootstrapClusterCreatorAdminPermissions: jsii.Bool(false),
		},
		EncryptionConfig: &ekscluster.EksClusterEncryptionConfig{
			Resources: jsii.Strings("secrets"),
			Provider:  &ekscluster.EksClusterEncryptionConfigProvider{KeyArn: config.KeyArn},
		},
		VpcConfig: vpcConfig(config),
		DependsOn: &dependencies,
	})
	issuer := cluster.Identity().Get(jsii.Number(0)).Oidc().Get(jsii.Number(0)).Issuer()
	provider := iamopenidconnectprovider.NewIamOpenidConnectProvider(this, jsii.String("oidc"),
		&iamopenidconnectprovider.IamOpenidConnectProviderConfig{
			Url:          issuer,
			ClientIdList: jsii.Strings("sts.amazonaws.com"),
			Tags:         &map[string]*string{"Name": jsii.String(config.Name)},
		})
	result := &Cluster{
		Construct:            this,
		Resource:             cluster,
		Name:                 config.Name,
		Version:              cluster.Version(),
		Endpoint:             cluster.Endpoint(),
		CertificateAuthority: cluster.CertificateAuthority().Get(jsii.Number(0)).Data(),
		SecurityGroupID:      cluster.VpcConfig().ClusterSecurityGroupId(),
		OIDCProviderArn:      provider.Arn(),
		OIDCIssuer:           cdktf.Fn_Replace(issuer, jsii.String("https://"), jsii.String("")),
	}
	allowWebhookIngress(this, result, config.WebhookPorts)
	newAccessEntries(this, cluster.Name(), config.AccessEntries)
	return result
}

// lastLogs creates a step that waits, on destroy, between the cluster and its log group. EKS
// delivers the last events some minutes after it deleted the cluster, and would create the group
// again: unencrypted, kept for ever, and in the way of the next deployment.
// https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2446
func lastLogs(scope constructs.Construct, logs cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	return destroystep.New(scope, "last-logs", destroystep.Config{
		Command:   `sleep "${EKS_LAST_LOGS_SECONDS:-180}"`,
		DependsOn: []cdktf.ITerraformDependable{logs},
	})
}

func vpcConfig(config Config) *ekscluster.EksClusterVpcConfig {
	vpc := &ekscluster.EksClusterVpcConfig{
		SubnetIds:             &config.SubnetIDs,
		EndpointPrivateAccess: jsii.Bool(true),
		EndpointPublicAccess:  jsii.Bool(len(config.PublicAccessCIDRs) > 0),
	}
	if len(config.PublicAccessCIDRs) > 0 {
		vpc.PublicAccessCidrs = jsii.Strings(config.PublicAccessCIDRs...)
	}
	return vpc
}

// allowWebhookIngress allows ingress from the API server to the pods' webhook ports. Control plane and
// Fargate pods share one security group. These rules keep webhooks working when somebody removes the
// group's rule that allows all traffic among its members.
func allowWebhookIngress(scope constructs.Construct, cluster *Cluster, ports []WebhookPort) {
	for _, webhook := range ports {
		vpcsecuritygroupingressrule.NewVpcSecurityGroupIngressRule(scope, jsii.String("webhook-"+webhook.Name),
			&vpcsecuritygroupingressrule.VpcSecurityGroupIngressRuleConfig{
				SecurityGroupId:           cluster.SecurityGroupID,
				ReferencedSecurityGroupId: cluster.SecurityGroupID,
				Description:               jsii.String("API server to " + webhook.Name),
				IpProtocol:                jsii.String("tcp"),
				FromPort:                  jsii.Number(webhook.Port),
				ToPort:                    jsii.Number(webhook.Port),
			})
	}
}
