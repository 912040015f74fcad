package settings

import (
	"fmt"
	"net/netip"
	"slices"
)

// privateRanges are the ranges that a VPC may use: RFC 1918, and the shared address space of RFC 6598,
// which AWS recommends if the others are exhausted.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
}

// serviceRanges are the ranges of which EKS uses one for Kubernetes services. An address of the VPC in
// that range could not be reached from the cluster.
//
// https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
var serviceRanges = []netip.Prefix{
	netip.MustParsePrefix("10.100.0.0/16"),
	netip.MustParsePrefix("172.20.0.0/16"),
}

// The limits of a VPC's prefix. The VPC is split into 16 private subnets (prefix + 4) and 256 small ones
// (prefix + 8), by the letter of the zone. A /16 is the largest VPC in AWS. In a /19 the small subnets
// are /27, the smallest that a load balancer accepts.
//
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
const (
	largestVPC  = 16
	smallestVPC = 19
)

// reservedRanges are those of this host, of links, of multicast and of no use. EKS refuses them, and private
// ones, for its public endpoint. It takes those of documentation, which its own examples have.
//
// https://docs.aws.amazon.com/eks/latest/userguide/config-cluster-endpoint.html
var reservedRanges = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("240.0.0.0/4"),
}

func isPrivate(prefix netip.Prefix) bool { return isWithin(prefix, privateRanges) }

func isReserved(prefix netip.Prefix) bool { return isWithin(prefix, reservedRanges) }

func isWithin(prefix netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(whole netip.Prefix) bool {
		return whole.Bits() <= prefix.Bits() && whole.Contains(prefix.Addr())
	})
}

func overlaps(prefix netip.Prefix, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, prefix.Overlaps)
}

func isVPCRange(s string) bool {
	if !isNetwork(s) {
		return false
	}
	prefix := netip.MustParsePrefix(s)
	return prefix.Bits() >= largestVPC && prefix.Bits() <= smallestVPC && isPrivate(prefix) && !overlaps(prefix, serviceRanges)
}

func vpcRangeRemedy(s string) string {
	prefix, err := netip.ParsePrefix(s)
	if err != nil || !prefix.Addr().Is4() {
		return ""
	}
	switch {
	case prefix.Bits() < largestVPC || prefix.Bits() > smallestVPC:
		return ""
	case !isPrivate(prefix):
		return "private ranges are 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 100.64.0.0/10"
	case overlaps(prefix, serviceRanges):
		return "EKS uses 10.100.0.0/16 or 172.20.0.0/16 for Kubernetes services"
	}
	return ""
}

// endpointsForFargate are the services that pods on Fargate need to start, that the add-ons call and
// that the cluster's users need. Without NAT they need interface endpoints.
//
// https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
var endpointsForFargate = []string{"ec2", "ecr.api", "ecr.dkr", "eks", "elasticloadbalancing", "logs", "secretsmanager", "sts"}

func (d *document) checkNetwork(all []*document, selected []string) {
	network := d.env.Network
	d.checkUnique("network.interfaceEndpoints", network.InterfaceEndpoints)
	if n := len(network.InterfaceEndpoints); n > mostInterfaceEndpoints && d.isValid("network.interfaceEndpoints") {
		d.report("network.interfaceEndpoints", "must name at most %d services, AWS's quota of interface endpoints in a VPC, names %d", mostInterfaceEndpoints, n)
	}
	d.checkEndpointAccounts()
	d.checkUnique("network.allowOverlapWith", network.AllowOverlapWith)
	d.checkEndpoints("Fargate", endpointsForFargate...)
	if d.isValid("network.nat", "cluster.imageMirror") && network.NAT == NATNone && d.env.Cluster.ImageMirror == "" {
		d.report("cluster.imageMirror", "must be set without NAT: pods cannot reach public registries; "+
			"copy the add-ons' images to a registry in the region, and name it here")
	}
	d.checkAllowOverlapWith(all)
	if d.isValid("network.cidr", "account") {
		d.checkOverlap(all, selected)
	}
	d.checkRegionalQuotas(all)
}

// checkEndpointAccounts refuses the environment's own account: its entry would do nothing, and is
// probably a mistake for another one.
func (d *document) checkEndpointAccounts() {
	const path = "network.endpointAccounts"
	d.checkUnique(path, d.env.Network.EndpointAccounts)
	for i, account := range d.env.Network.EndpointAccounts {
		if account == d.env.Account && d.isValid(element(path, i), "account") {
			d.report(element(path, i), "must be another account than the environment's own (account), whose resources the endpoints allow without it, is %s; remove it", account)
		}
	}
}

// The default quotas of VPCs and of Elastic IP addresses in a region. AWS raises both on request, so
// passing them is a warning.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const (
	quotaVPCs      = 5
	quotaAddresses = 5
)

// AllZones returns the letters of Zones, and then those of PreviousZones alone.
func (n Network) AllZones() []string {
	all := slices.Clone(n.Zones)
	for _, zone := range n.PreviousZones {
		if !slices.Contains(all, zone) {
			all = append(all, zone)
		}
	}
	return all
}

// natGateways returns the number of NAT gateways. Each has an Elastic IP address.
func (n Network) natGateways() int {
	switch n.NAT {
	case NATNone:
		return 0
	case NATPerZone:
		return len(n.AllZones())
	}
	return 1
}

// checkRegionalQuotas counts the environments of the account and region up to this one by name.
func (d *document) checkRegionalQuotas(all []*document) {
	if !d.isValid("network", "account", "region") {
		return
	}
	vpcs, addresses := 0, 0
	for _, other := range all {
		if other.env.Account == d.env.Account && other.env.Region == d.env.Region && other.env.Name <= d.env.Name {
			vpcs++
			addresses += other.env.Network.natGateways()
		}
	}
	if vpcs >= quotaVPCs {
		d.warn("network", "is VPC number %d of the account in %s, besides a default VPC. AWS allows %d unless you ask for more: see docs/runbook.md#service-quota", vpcs, d.env.Region, quotaVPCs)
	}
	if addresses > quotaAddresses && d.env.Network.natGateways() > 0 {
		d.warn("network.nat", "takes the Elastic IP addresses of the account in %s to %d. AWS allows %d unless you ask for more: see docs/runbook.md#service-quota",
			d.env.Region, addresses, quotaAddresses)
	}
}

// checkEndpoints reports which of the services that somebody needs have no interface endpoint. With NAT
// no endpoint is needed.
//
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
func (d *document) checkEndpoints(somebody string, services ...string) {
	const path = "network.interfaceEndpoints"
	if d.env.Network.NAT != NATNone || !d.isValid("network.nat", path) {
		return
	}
	missing := slices.DeleteFunc(slices.Clone(services), func(service string) bool {
		return slices.Contains(d.env.Network.InterfaceEndpoints, service)
	})
	if len(missing) > 0 {
		d.report(path, "must include what %s needs without NAT, lacks %s", somebody, list(missing, "and"))
	}
}

func (d *document) checkAllowOverlapWith(all []*document) {
	var others []string
	for _, other := range all {
		if other != d {
			others = append(others, other.env.Name)
		}
	}
	for i, name := range d.env.Network.AllowOverlapWith {
		path := element("network.allowOverlapWith", i)
		if slices.Contains(others, name) || !d.isValid(path) {
			continue
		}
		there := "there is none"
		if len(others) > 0 {
			there = "there are " + list(others, "and")
		}
		if remedy := didYouMean(name, others); remedy != "" {
			there += "; " + remedy
		}
		d.report(path, "must be another environment, is %s; %s", quote(name), there)
	}
}

// checkOverlap checks that the range overlaps no other environment's in the same account. If two overlap,
// and Load returns both, it reports the later one.
func (d *document) checkOverlap(all []*document, selected []string) {
	own := netip.MustParsePrefix(d.env.Network.CIDR)
	for _, other := range all {
		later := slices.Contains(selected, other.env.Name) && other.env.Name > d.env.Name
		if other == d || later || other.env.Account != d.env.Account ||
			slices.Contains(d.env.Network.AllowOverlapWith, other.env.Name) ||
			slices.Contains(other.env.Network.AllowOverlapWith, d.env.Name) {
			continue
		}
		theirs, err := netip.ParsePrefix(other.env.Network.CIDR)
		if err == nil && theirs.Overlaps(own) {
			d.report("network.cidr", "must not overlap the range of %s in the same account (%s), is %s; "+
				"take another range, or name %s in network.allowOverlapWith",
				other.env.Name, theirs, own, other.env.Name)
		}
	}
}

// internetPrefix is the shortest prefix that still is one organization's network, not a large part of
// the internet.
const internetPrefix = 8

// mostPublicAccessCIDRs is a quota of EKS that cannot be raised.
//
// https://docs.aws.amazon.com/general/latest/gr/eks.html#limits_eks
const mostPublicAccessCIDRs = 40

// mostRules is the quota of ingress rules in a security group. AWS can raise it, but the load balancer
// controller makes the group, and other groups of its load balancer share what AWS allows then.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups
const mostRules = 60

// checkAllowed checks the number of networks that may reach a load balancer's ports. The controller makes
// a rule for each network and port, and no others in that security group.
//
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#inbound-cidrs
func (d *document) checkAllowed(path string, networks []string, ports ...string) {
	d.checkUnique(path, networks)
	if most := mostRules / len(ports); len(networks) > most && d.isValid(path) {
		d.report(path, "must have at most %d networks, has %d: a security group has %d rules, and each network takes one for %s; name larger networks",
			most, len(networks), mostRules, list(ports, "and one for"))
	}
}

// mostInterfaceEndpoints is the quota of interface endpoints in a VPC.
//
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-endpoints
const mostInterfaceEndpoints = 50

// checkPublicAccess checks cluster.publicAccessCIDRs.
//
// https://docs.aws.amazon.com/eks/latest/userguide/config-cluster-endpoint.html
func (d *document) checkPublicAccess() {
	const path = "cluster.publicAccessCIDRs"
	d.checkUnique(path, d.env.Cluster.PublicAccessCIDRs)
	if n := len(d.env.Cluster.PublicAccessCIDRs); n > mostPublicAccessCIDRs && d.isValid(path) {
		d.report(path, "must have at most %d networks, which EKS allows, has %d; name larger networks", mostPublicAccessCIDRs, n)
	}
	for i, cidr := range d.env.Cluster.PublicAccessCIDRs {
		path := element(path, i)
		if !d.isValid(path) {
			continue
		}
		prefix := netip.MustParsePrefix(cidr)
		switch {
		case isReserved(prefix):
			d.report(path, "must be a public network, is %s, which no host on the internet has", cidr)
		case isPrivate(prefix):
			d.report(path, "must be a public network, is %s; "+
				"private networks reach the API inside the VPC", cidr)
		case d.isValid("protected") && d.env.Protected && prefix.Bits() < internetPrefix:
			d.report(path, "must be /%d or smaller while protected is true, is %s; "+
				"name the networks that need the Kubernetes API", internetPrefix, cidr)
		}
	}
}

// element returns the path of a list's entry.
func element(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}

// checkUnique reports repeated entries of a list.
func (d *document) checkUnique(path string, entries []string) {
	seen := map[string]bool{}
	for i, entry := range entries {
		if seen[entry] && d.isValid(element(path, i)) {
			d.report(element(path, i), "must not repeat an entry, repeats %s", quote(entry))
		}
		seen[entry] = true
	}
}
