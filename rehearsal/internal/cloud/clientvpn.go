package cloud

import (
	"net/netip"
	"slices"
	"strings"
)

const (
	vpnKind            = "aws_ec2_client_vpn_endpoint"
	vpnAssociationKind = "aws_ec2_client_vpn_network_association"
	vpnRuleKind        = "aws_ec2_client_vpn_authorization_rule"
)

func init() {
	register(map[string]kind{
		vpnKind: {
			prefix:   "cvpn-endpoint",
			replaced: []string{"authentication_options", "client_cidr_block", "transport_protocol"},
			// Certificates and SAML providers may be from outside the stacks.
			opaque: []string{"authentication_options", "server_certificate_arn"},
			check:  checkVPN,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("ec2", "client-vpn-endpoint/"+id), "dns_name": "*." + id + ".prod.clientvpn." + w.Region + ".amazonaws.com",
					"self_service_portal_url": "", "disconnect_on_session_timeout": true, "security_group_ids": []any{},
				})
			},
			// AWS deletes its rules with it, but refuses while it has target networks.
			// https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-endpoint-delete.html
			alone: true,
			leave: func(w *World, id string, _ *Thing) error {
				if w.find(vpnAssociationKind, "client_vpn_endpoint_id", id) != nil {
					return refuse("OperationNotPermitted", "The Client VPN endpoint %s has target networks that are still associated", id)
				}
				w.removeOf(vpnRuleKind, "client_vpn_endpoint_id", id)
				return nil
			},
		},
		vpnAssociationKind: {
			prefix:   "cvpn-assoc",
			key:      func(a Attributes) string { return text(a, "client_vpn_endpoint_id") + "," + text(a, "id") }, // the import id
			replaced: []string{"client_vpn_endpoint_id", "subnet_id"},
			refers:   map[string]string{"client_vpn_endpoint_id": vpnKind + ".id"},
			check:    checkVPNAssociation,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"association_id": id, "vpc_id": w.attribute("aws_subnet", text(a, "subnet_id"), "vpc_id")})
			},
		},
		vpnRuleKind: {
			id: func(_ *World, a Attributes) string {
				return strings.TrimSuffix(strings.Join([]string{text(a, "client_vpn_endpoint_id"), text(a, "target_network_cidr"), text(a, "access_group_id")}, ","), ",")
			},
			conflict: "InvalidClientVpnDuplicateAuthorizationRule",
			replaced: []string{"access_group_id", "authorize_all_groups", "client_vpn_endpoint_id", "description", "target_network_cidr"},
			refers:   map[string]string{"client_vpn_endpoint_id": vpnKind + ".id"},
			check: func(_ *World, a, _ Attributes) error {
				cidr := text(a, "target_network_cidr")
				if prefix, err := netip.ParsePrefix(cidr); err != nil || prefix != prefix.Masked() {
					return refuse("InvalidParameterValue", "target_network_cidr %q is not a network", cidr)
				}
				if flag(a, "authorize_all_groups") == (text(a, "access_group_id") != "") {
					return refuse("InvalidParameterCombination", "a rule for %s is for one group or for all", cidr)
				}
				return nil
			},
		},
	})
}

// checkVPN: https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html
func checkVPN(w *World, a, _ Attributes) error {
	cidr := text(a, "client_cidr_block")
	clients, err := netip.ParsePrefix(cidr)
	if err != nil || clients.Bits() < 12 || clients.Bits() > 22 || clients != clients.Masked() {
		return refuse("InvalidParameterValue", "The client CIDR block %q is invalid: it must be a network of /12 to /22", cidr)
	}
	if err := w.checkApart(clients, text(a, "vpc_id")); err != nil {
		return err
	}
	if err := w.checkVPNCertificate("server_certificate_arn", text(a, "server_certificate_arn")); err != nil {
		return err
	}
	for _, who := range nestedBlocks(a, "authentication_options") {
		if err := w.checkVPNAuthentication(who); err != nil {
			return err
		}
	}
	groups := texts(any(a), "security_group_ids")
	if len(groups) > 5 || len(groups) > 0 && text(a, "vpc_id") == "" {
		return refuse("InvalidParameterValue", "a Client VPN endpoint has up to 5 security groups, and a VPC with them: it has %d", len(groups))
	}
	for _, group := range groups {
		if network := w.attribute("aws_security_group", group, "vpc_id"); network != text(a, "vpc_id") {
			return refuse("InvalidParameterValue", "%s is in %s and the Client VPN endpoint in %s", group, network, text(a, "vpc_id"))
		}
	}
	if hours := number(a, "session_timeout_hours"); !slices.Contains([]float64{0, 8, 10, 12, 24}, hours) {
		return refuse("InvalidParameterValue", "sessions last 8, 10, 12 or 24 hours, not %v", hours)
	}
	return w.checkConnectionLog(a)
}

// checkApart: the clients' addresses must not overlap the VPC's.
func (w *World) checkApart(clients netip.Prefix, network string) error {
	if whole, err := netip.ParsePrefix(w.attribute("aws_vpc", network, "cidr_block")); err == nil && whole.Overlaps(clients) {
		return refuse("InvalidParameterValue", "The client CIDR block %s overlaps %s of %s", clients, whole, network)
	}
	return nil
}

// checkVPNCertificate: a stack's certificate must be issued; others are assumed valid.
func (w *World) checkVPNCertificate(attribute, arn string) error {
	if !strings.HasPrefix(arn, w.arn("acm", "certificate/")) {
		return refuse("InvalidParameterValue", "%s %q is no certificate in ACM of account %s, region %s", attribute, arn, w.Account, w.Region)
	}
	return w.checkIssued(arn, "InvalidParameterValue")
}

func (w *World) checkVPNAuthentication(who Attributes) error {
	switch kind := text(who, "type"); kind {
	case "certificate-authentication":
		return w.checkVPNCertificate("root_certificate_chain_arn", text(who, "root_certificate_chain_arn"))
	case "federated-authentication":
		if arn := text(who, "saml_provider_arn"); !strings.HasPrefix(arn, "arn:aws:iam::"+w.Account+":saml-provider/") {
			return refuse("InvalidParameterValue", "saml_provider_arn %q is no SAML provider in IAM of account %s", arn, w.Account)
		}
	case "directory-service-authentication":
	default:
		return refuse("InvalidParameterValue", "authentication of type %q is not known", kind)
	}
	return nil
}

func (w *World) checkConnectionLog(a Attributes) error {
	group, stream := text(a, "connection_log_options.cloudwatch_log_group"), text(a, "connection_log_options.cloudwatch_log_stream")
	if !flag(a, "connection_log_options.enabled") {
		return nil
	}
	if w.find("aws_cloudwatch_log_group", "name", group) == nil {
		return refuse("InvalidParameterValue", "The specified log group does not exist: %q", group)
	}
	// Without a stream the service creates one.
	if stream != "" && w.Get(logStreamKind, group+":"+stream) == nil {
		return refuse("InvalidParameterValue", "The specified log stream does not exist: %s:%s", group, stream)
	}
	return nil
}

// checkVPNAssociation: https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-target.html
func checkVPNAssociation(w *World, a, _ Attributes) error {
	endpoint, subnet := w.Get(vpnKind, text(a, "client_vpn_endpoint_id")), text(a, "subnet_id")
	network, zone := w.attribute("aws_subnet", subnet, "vpc_id"), w.attribute("aws_subnet", subnet, "availability_zone")
	if in := text(endpoint.Attributes, "vpc_id"); in != "" && in != network {
		return refuse("InvalidParameterValue", "%s is in %s and the Client VPN endpoint in %s", subnet, network, in)
	}
	if cidr, err := netip.ParsePrefix(w.attribute("aws_subnet", subnet, "cidr_block")); err == nil && cidr.Bits() > 27 {
		return refuse("InvalidSubnet.Conflict", "Subnet %s has %s: a target network is a /27 or larger", subnet, cidr)
	}
	var err error
	w.Each(func(_, _ string, t *Thing) bool {
		other := text(t.Attributes, "subnet_id")
		if text(t.Attributes, "client_vpn_endpoint_id") == text(a, "client_vpn_endpoint_id") && text(t.Attributes, "id") != text(a, "id") &&
			w.attribute("aws_subnet", other, "availability_zone") == zone {
			err = refuse("InvalidClientVpnDuplicateAssociation", "the Client VPN endpoint is already associated with %s in zone %s", other, zone)
		}
		return err == nil
	}, vpnAssociationKind)
	if clients, parseErr := netip.ParsePrefix(text(endpoint.Attributes, "client_cidr_block")); err == nil && parseErr == nil {
		return w.checkApart(clients, network)
	}
	return err
}
