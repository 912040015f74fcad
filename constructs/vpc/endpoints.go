package vpc

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcendpoint"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpcsecuritygroupingressrule"
)

// newGatewayEndpoint keeps S3 traffic, including the layers of ECR's images, off the NAT gateway.
// It is free. Every call to S3 in the region goes through it, also those to buckets of others.
func newGatewayEndpoint(scope constructs.Construct, network *string, config Config, tables []*string, policies *endpointPolicies) {
	vpcendpoint.NewVpcEndpoint(scope, jsii.String("endpoint-s3"), &vpcendpoint.VpcEndpointConfig{
		VpcId:           network,
		ServiceName:     serviceName(config.Region, "s3"),
		VpcEndpointType: jsii.String("Gateway"),
		RouteTableIds:   &tables,
		Policy:          policies.of("s3"),
		Tags:            nameTag(config.Name + "-s3"),
	})
}

// newInterfaceEndpoints gives each service an address in every private subnet.
func newInterfaceEndpoints(scope constructs.Construct, network *string, config Config, subnetIDs []*string, policies *endpointPolicies) {
	if len(config.InterfaceEndpoints) == 0 {
		return
	}
	// Security: HTTPS from inside the VPC, and no egress: an endpoint only answers.
	group := securitygroup.NewSecurityGroup(scope, jsii.String("endpoints-security-group"), &securitygroup.SecurityGroupConfig{
		Name:        jsii.String(config.Name + "-endpoints"),
		Description: jsii.String("AWS services reached from inside the VPC"),
		VpcId:       network,
		Tags:        nameTag(config.Name + "-endpoints"),
	}).Id()
	vpcsecuritygroupingressrule.NewVpcSecurityGroupIngressRule(scope, jsii.String("endpoints-https"),
		&vpcsecuritygroupingressrule.VpcSecurityGroupIngressRuleConfig{
			SecurityGroupId: group,
			Description:     jsii.String("HTTPS from the VPC"),
			CidrIpv4:        jsii.String(config.CIDR.String()),
			IpProtocol:      jsii.String("tcp"),
			FromPort:        jsii.Number(443),
			ToPort:          jsii.Number(443),
		})
	for _, service := range config.InterfaceEndpoints {
		vpcendpoint.NewVpcEndpoint(scope, jsii.String("endpoint-"+service), &vpcendpoint.VpcEndpointConfig{
			VpcId:             network,
			ServiceName:       serviceName(config.Region, service),
			VpcEndpointType:   jsii.String("Interface"),
			PrivateDnsEnabled: jsii.Bool(true),
			SubnetIds:         &subnetIDs,
			SecurityGroupIds:  &[]*string{group},
			Policy:            policies.of(service),
			Tags:              nameTag(config.Name + "-" + service),
		})
	}
}

func serviceName(region, service string) *string {
	return jsii.String(fmt.Sprintf("com.amazonaws.%s.%s", region, service))
}
