// Package clientvpn makes an AWS Client VPN endpoint, which connects people's machines to the VPC.
// It is the alternative to a bastion if many people need access all day.
package clientvpn

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchlogstream"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ec2clientvpnauthorizationrule"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ec2clientvpnendpoint"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/ec2clientvpnnetworkassociation"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupegressrule"

	"plinth/constructs/loggroup"
)

// Config of an endpoint.
type Config struct {
	Name string
	// ClientCIDR is the range of clients' addresses, /12 to /22. It must not overlap the VPC's.
	ClientCIDR string
	// ServerCertificateArn is the endpoint's certificate in ACM.
	ServerCertificateArn string
	// One of the two is set. People authenticate with an IAM SAML provider, or with certificates
	// of the authority that issued ClientCertificateArn.
	SAMLProviderArn, ClientCertificateArn string
	// SessionTimeoutHours is how long a connection may last: 8, 10, 12 or 24.
	SessionTimeoutHours int

	VpcID *string
	// VpcCIDR is the range that clients reach through the VPN. They reach the internet as before.
	VpcCIDR string
	// SubnetIDs are the subnets that it is associated with. AWS bills each by the hour.
	SubnetIDs []*string
	// AccessGroupID is the security group that resources behind the VPN allow ingress from.
	AccessGroupID    *string
	KeyArn           *string
	LogRetentionDays int
}

// VPN is an endpoint.
type VPN struct {
	constructs.Construct
	// EndpointID is what people need to export their client's configuration.
	EndpointID *string
}

// New creates an endpoint.
func New(scope constructs.Construct, id string, config Config) *VPN {
	this := constructs.NewConstruct(scope, &id)
	// Security: log who connected, from where and when.
	logs := loggroup.New(this, "connections", loggroup.Config{
		Name:          "/aws/clientvpn/" + config.Name,
		RetentionDays: config.LogRetentionDays,
		KeyArn:        config.KeyArn,
	})
	stream := cloudwatchlogstream.NewCloudwatchLogStream(this, jsii.String("stream"), &cloudwatchlogstream.CloudwatchLogStreamConfig{
		Name:         jsii.String("connections"),
		LogGroupName: logs.Name(),
	})
	group := securitygroup.NewSecurityGroup(this, jsii.String("security-group"), &securitygroup.SecurityGroupConfig{
		Name:        jsii.String(config.Name),
		Description: jsii.String("Clients of the VPN"),
		VpcId:       config.VpcID,
		Tags:        nameTag(config.Name),
	}).Id()
	vpcsecuritygroupegressrule.NewVpcSecurityGroupEgressRule(this, jsii.String("to-vpc"), &vpcsecuritygroupegressrule.VpcSecurityGroupEgressRuleConfig{
		SecurityGroupId: group,
		Description:     jsii.String("To the VPC alone"),
		CidrIpv4:        jsii.String(config.VpcCIDR),
		IpProtocol:      jsii.String("-1"),
	})
	endpoint := ec2clientvpnendpoint.NewEc2ClientVpnEndpoint(this, jsii.String("endpoint"), &ec2clientvpnendpoint.Ec2ClientVpnEndpointConfig{
		Description:           jsii.String(config.Name),
		ClientCidrBlock:       jsii.String(config.ClientCIDR),
		ServerCertificateArn:  jsii.String(config.ServerCertificateArn),
		AuthenticationOptions: authentication(config),
		ConnectionLogOptions: &ec2clientvpnendpoint.Ec2ClientVpnEndpointConnectionLogOptions{
			Enabled: jsii.Bool(true), CloudwatchLogGroup: logs.Name(), CloudwatchLogStream: stream.Name(),
		},
		// Only traffic to the VPC goes through the VPN.
		SplitTunnel:         jsii.Bool(true),
		SessionTimeoutHours: jsii.Number(config.SessionTimeoutHours),
		VpcId:               config.VpcID,
		SecurityGroupIds:    &[]*string{group, config.AccessGroupID},
		Tags:                nameTag(config.Name),
	})
	for i, subnet := range config.SubnetIDs {
		ec2clientvpnnetworkassociation.NewEc2ClientVpnNetworkAssociation(this, jsii.String(fmt.Sprintf("subnet-%d", i+1)),
			&ec2clientvpnnetworkassociation.Ec2ClientVpnNetworkAssociationConfig{
				ClientVpnEndpointId: endpoint.Id(),
				SubnetId:            subnet,
			})
	}
	ec2clientvpnauthorizationrule.NewEc2ClientVpnAuthorizationRule(this, jsii.String("vpc"), &ec2clientvpnauthorizationrule.Ec2ClientVpnAuthorizationRuleConfig{
		ClientVpnEndpointId: endpoint.Id(),
		TargetNetworkCidr:   jsii.String(config.VpcCIDR),
		AuthorizeAllGroups:  jsii.Bool(true),
	})
	return &VPN{Construct: this, EndpointID: endpoint.Id()}
}

func authentication(config Config) []*ec2clientvpnendpoint.Ec2ClientVpnEndpointAuthenticationOptions {
	if config.SAMLProviderArn != "" {
		return []*ec2clientvpnendpoint.Ec2ClientVpnEndpointAuthenticationOptions{{
			Type: jsii.String("federated-authentication"), SamlProviderArn: jsii.String(config.SAMLProviderArn),
		}}
	}
	return []*ec2clientvpnendpoint.Ec2ClientVpnEndpointAuthenticationOptions{{
		Type: jsii.String("certificate-authentication"), RootCertificateChainArn: jsii.String(config.ClientCertificateArn),
	}}
}

func nameTag(name string) *map[string]*string { return &map[string]*string{"Name": jsii.String(name)} }
