package permissions

// For IAM, associations and rules are parts of their endpoint.
const vpnEndpoint = "ec2:client-vpn-endpoint/*"

// The certificates, the SAML provider and the log need no grants: the service uses its own role.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ClientVPNServiceRolePolicy.html
var clientVPN = Table{
	"aws_ec2_client_vpn_endpoint": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:CreateClientVpnEndpoint"}, Resources: []string{vpnEndpoint}, Conditions: requestTagged},
			{Actions: []string{"ec2:CreateClientVpnEndpoint"}, Resources: []string{"ec2:security-group/*", "ec2:vpc/*"}, Conditions: resourceTagged},
			tagOnCreate(vpnEndpoint, "CreateClientVpnEndpoint"),
			serviceLinkedRole("clientvpn.amazonaws.com", "AWSServiceRoleForClientVPN"),
		},
		Read: []Grant{readAll("ec2:DescribeClientVpnEndpoints")},
		Update: []Grant{{
			Actions:   []string{"ec2:ModifyClientVpnEndpoint"},
			Resources: []string{vpnEndpoint, "ec2:security-group/*", "ec2:vpc/*"}, Conditions: resourceTagged,
		}},
		Delete: []Grant{{Actions: []string{"ec2:DeleteClientVpnEndpoint"}, Resources: []string{vpnEndpoint}, Conditions: resourceTagged}},
		Tag:    changeTags(vpnEndpoint),
	},
	"aws_ec2_client_vpn_network_association": {
		Source: ec2Source,
		Create: []Grant{{Actions: []string{"ec2:AssociateClientVpnTargetNetwork"}, Resources: []string{vpnEndpoint, "ec2:subnet/*"}, Conditions: resourceTagged}},
		Read:   []Grant{{Actions: []string{"ec2:DescribeClientVpnTargetNetworks"}, Resources: []string{vpnEndpoint}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"ec2:DisassociateClientVpnTargetNetwork"}, Resources: []string{vpnEndpoint}, Conditions: resourceTagged}},
	},
	"aws_ec2_client_vpn_authorization_rule": {
		Source: ec2Source,
		Create: []Grant{{Actions: []string{"ec2:AuthorizeClientVpnIngress"}, Resources: []string{vpnEndpoint}, Conditions: resourceTagged}},
		Read:   []Grant{{Actions: []string{"ec2:DescribeClientVpnAuthorizationRules"}, Resources: []string{vpnEndpoint}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"ec2:RevokeClientVpnIngress"}, Resources: []string{vpnEndpoint}, Conditions: resourceTagged}},
	},
}
