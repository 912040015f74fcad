package permissions

// Associations and rules are parts of their endpoint.
const vpnEndpoint = "ec2:client-vpn-endpoint/*"

// Nothing is asked of the certificates, the SAML provider and the log: the service has its own role.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/ClientVPNServiceRolePolicy.html
var clientVPN = Table{
	"aws_ec2_client_vpn_endpoint": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:CreateClientVpnEndpoint"}, On: []string{vpnEndpoint}, When: requested},
			{Actions: []string{"ec2:CreateClientVpnEndpoint"}, On: []string{"ec2:security-group/*", "ec2:vpc/*"}, When: owned},
			tagged(vpnEndpoint, "CreateClientVpnEndpoint"),
			serviceRole("clientvpn.amazonaws.com", "AWSServiceRoleForClientVPN"),
		},
		Read: []Need{listed("ec2:DescribeClientVpnEndpoints")},
		Update: []Need{{
			Actions: []string{"ec2:ModifyClientVpnEndpoint"},
			On:      []string{vpnEndpoint, "ec2:security-group/*", "ec2:vpc/*"}, When: owned,
		}},
		Delete: []Need{{Actions: []string{"ec2:DeleteClientVpnEndpoint"}, On: []string{vpnEndpoint}, When: owned}},
		Tag:    retagged(vpnEndpoint),
	},
	"aws_ec2_client_vpn_network_association": {
		Source: ec2Source,
		Create: []Need{{Actions: []string{"ec2:AssociateClientVpnTargetNetwork"}, On: []string{vpnEndpoint, "ec2:subnet/*"}, When: owned}},
		Read:   []Need{{Actions: []string{"ec2:DescribeClientVpnTargetNetworks"}, On: []string{vpnEndpoint}, When: owned}},
		Delete: []Need{{Actions: []string{"ec2:DisassociateClientVpnTargetNetwork"}, On: []string{vpnEndpoint}, When: owned}},
	},
	"aws_ec2_client_vpn_authorization_rule": {
		Source: ec2Source,
		Create: []Need{{Actions: []string{"ec2:AuthorizeClientVpnIngress"}, On: []string{vpnEndpoint}, When: owned}},
		Read:   []Need{{Actions: []string{"ec2:DescribeClientVpnAuthorizationRules"}, On: []string{vpnEndpoint}, When: owned}},
		Delete: []Need{{Actions: []string{"ec2:RevokeClientVpnIngress"}, On: []string{vpnEndpoint}, When: owned}},
	},
}
