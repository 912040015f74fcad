package settings

import (
	"net/netip"
	"slices"
	"strings"
)

// sessionTimeoutHours are the session durations that Client VPN supports.
//
// https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-max-duration.html
var sessionTimeoutHours = []int{8, 10, 12, 24}

func isClientRange(s string) bool {
	if !isNetwork(s) {
		return false
	}
	prefix := netip.MustParsePrefix(s)
	return prefix.Bits() >= 12 && prefix.Bits() <= 22 && isPrivate(prefix)
}

// sessionEndpoints are the services that a bastion's agent needs endpoints for without NAT.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html
var sessionEndpoints = []string{"ssm", "ssmmessages"}

// checkAccessPaths checks network.bastion and network.vpn.
func (d *document) checkAccessPaths() {
	network := d.env.Network
	if network.Bastion.Enabled {
		d.checkEndpoints("a bastion", sessionEndpoints...)
		// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html
		if p := d.env.Project; d.isValid("project", "network.bastion") && (strings.HasPrefix(p, "amazon") || strings.HasPrefix(p, "amzn")) {
			d.report("project", "must not begin with amazon or amzn while network.bastion is enabled, is %s: AWS reserves such names of SSM documents", quote(p))
		}
	}
	if bastion := network.Bastion; d.isValid("network.bastion.idleTimeoutMinutes", "network.bastion.maxSessionMinutes") && bastion.IdleTimeoutMinutes > bastion.MaxSessionMinutes {
		d.report("network.bastion.idleTimeoutMinutes", "must be at most maxSessionMinutes (%d), is %d", bastion.MaxSessionMinutes, bastion.IdleTimeoutMinutes)
	}
	if network.VPN.Enabled {
		d.checkVPN()
	}
}

func (d *document) checkVPN() {
	const path = "network.vpn"
	vpn := d.env.Network.VPN
	d.checkRequired(path, "the VPN", map[string]string{"clientCIDR": vpn.ClientCIDR, "serverCertificateARN": vpn.ServerCertificateARN})
	if d.isValid(path+".samlProviderARN", path+".clientCertificateARN") {
		switch {
		case vpn.SAMLProviderARN == "" && vpn.ClientCertificateARN == "":
			d.report(path, "must have samlProviderARN or clientCertificateARN, has neither")
		case vpn.SAMLProviderARN != "" && vpn.ClientCertificateARN != "":
			d.report(path, "must have samlProviderARN or clientCertificateARN, has both; remove one")
		}
	}
	if !slices.Contains(sessionTimeoutHours, vpn.SessionTimeoutHours) && d.isValid(path+".sessionTimeoutHours") {
		d.report(path+".sessionTimeoutHours", "must be 8, 10, 12 or 24, is %d", vpn.SessionTimeoutHours)
	}
	d.checkARN(path+".serverCertificateARN", vpn.ServerCertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN(path+".serverCertificateARN", vpn.ServerCertificateARN, arnAccount, "account", d.env.Account)
	d.checkARN(path+".clientCertificateARN", vpn.ClientCertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN(path+".clientCertificateARN", vpn.ClientCertificateARN, arnAccount, "account", d.env.Account)
	d.checkARN(path+".samlProviderARN", vpn.SAMLProviderARN, arnAccount, "account", d.env.Account)
	if vpn.ClientCIDR != "" && d.isValid(path+".clientCIDR", "network.cidr") &&
		netip.MustParsePrefix(vpn.ClientCIDR).Overlaps(netip.MustParsePrefix(d.env.Network.CIDR)) {
		d.report(path+".clientCIDR", "must not overlap network.cidr (%s), is %s", d.env.Network.CIDR, vpn.ClientCIDR)
	}
}
