package vpc

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// Plan is one zone's subnets of a VPC.
type Plan struct {
	// Private holds the pods, one address each.
	Private netip.Prefix
	// Public holds load balancers and NAT gateways.
	Public netip.Prefix
	// Database holds PostgreSQL.
	Database netip.Prefix
}

// The lower half of a VPC is eight private blocks, one for each possible zone letter, a to h.
// The first blocks of the upper half are public and database subnets; the rest is free for
// later use. In a /16, private subnets are /20, public and database subnets /24.
const (
	maxZones      = 8
	privateBits   = 4   // a private subnet's prefix is this much longer than the VPC's
	smallBits     = 8   // likewise public and database subnets
	firstPublic   = 128 // index of zone a's public subnet, in blocks of smallBits
	firstDatabase = 144
)

// Subnets computes the subnets of one zone from its letter only, a to h. So adding or removing
// another zone never replaces them. cidr must be an IPv4 range, /16 to /19.
func Subnets(cidr netip.Prefix, zone string) (Plan, error) {
	slot := uint32(zone[len(zone)-1]) - 'a'
	if slot >= maxZones {
		return Plan{}, fmt.Errorf("zone %q: must end in a letter from a to h", zone)
	}
	// AWS allows VPCs of /16 to /28, and a load balancer's subnet must be a /27 or larger.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
	if !cidr.Addr().Is4() || cidr.Bits() < 16 || cidr.Bits() > 19 {
		return Plan{}, fmt.Errorf("VPC range %s: must be an IPv4 range from /16 to /19", cidr)
	}
	return Plan{
		Private:  block(cidr, privateBits, slot),
		Public:   block(cidr, smallBits, firstPublic+slot),
		Database: block(cidr, smallBits, firstDatabase+slot),
	}, nil
}

// block returns part index, from 0, of cidr when it is cut into 2^bits equal parts.
func block(cidr netip.Prefix, bits int, index uint32) netip.Prefix {
	length := cidr.Bits() + bits
	base := cidr.Masked().Addr().As4()
	address := binary.BigEndian.Uint32(base[:]) + index<<(32-length)
	binary.BigEndian.PutUint32(base[:], address)
	return netip.PrefixFrom(netip.AddrFrom4(base), length)
}
