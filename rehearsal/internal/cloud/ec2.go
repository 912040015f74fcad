package cloud

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

func init() {
	register(map[string]kind{
		"aws_vpc": {
			prefix: "vpc",
			// AWS changes instance_tenancy in place only from dedicated to default.
			replaced: []string{"cidr_block", "instance_tenancy", "ipv4_ipam_pool_id", "ipv4_netmask_length"},
			check:    checkVPC,
			fill:     fillVPC,
		},
		"aws_subnet": {
			prefix: "subnet",
			replaced: []string{
				"vpc_id", "cidr_block", "availability_zone", "availability_zone_id", "ipv6_native", "outpost_arn",
			},
			check: checkSubnet,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("ec2", "subnet/"+id), "owner_id": w.Account,
					"availability_zone_id":                w.zoneID(text(a, "availability_zone")),
					"private_dns_hostname_type_on_launch": "ip-name",
				})
			},
		},
		"aws_internet_gateway": {
			prefix: "igw", unique: []string{"vpc_id"}, conflict: "Resource.AlreadyAssociated",
			leave: checkDetach,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("ec2", "internet-gateway/"+id), "owner_id": w.Account})
			},
		},
		"aws_eip": {
			prefix:   "eipalloc",
			replaced: []string{"domain", "vpc", "address", "ipam_pool_id", "public_ipv4_pool", "network_border_group"},
			inUse:    "AuthFailure",
			fill: func(w *World, id string, a Attributes) {
				if a["public_ip"] == nil {
					a["public_ip"] = fmt.Sprintf("198.51.100.%d", len(w.Things["aws_eip"])+1)
				}
				setDefaults(a, Attributes{
					"arn": w.arn("ec2", "elastic-ip/"+id), "allocation_id": id, "domain": "vpc",
					"public_ipv4_pool": "amazon", "network_border_group": w.Region,
					"public_dns": fmt.Sprintf("ec2-%s.%s.compute.amazonaws.com", strings.ReplaceAll(text(a, "public_ip"), ".", "-"), w.Region),
				})
			},
		},
		"aws_nat_gateway": {
			prefix: "nat", unique: []string{"allocation_id"}, conflict: "Resource.AlreadyAssociated",
			replaced: []string{"allocation_id", "subnet_id", "connectivity_type", "private_ip", "secondary_private_ip_address_count"},
			check:    checkNATGateway,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{"connectivity_type": "public", "network_interface_id": randomID("eni"), "association_id": randomID("eipassoc")})
				if address := w.Get("aws_eip", text(a, "allocation_id")); address != nil {
					setDefault(a, "public_ip", text(address.Attributes, "public_ip"))
				}
				if subnet, err := netip.ParsePrefix(w.attribute("aws_subnet", text(a, "subnet_id"), "cidr_block")); err == nil {
					// AWS reserves the first four addresses.
					setDefault(a, "private_ip", subnet.Addr().Next().Next().Next().Next().Next().String())
				}
			},
		},
		"aws_route_table": {
			prefix: "rtb", replaced: []string{"vpc_id"},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{"arn": w.arn("ec2", "route-table/"+id), "owner_id": w.Account, "route": []any{}, "propagating_vgws": []any{}})
			},
		},
		"aws_route": {
			id: func(_ *World, a Attributes) string {
				return "r-" + text(a, "route_table_id") + "_" + orElse(text(a, "destination_cidr_block"), text(a, "destination_ipv6_cidr_block"))
			},
			unique: []string{"route_table_id", "destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"}, conflict: "RouteAlreadyExists",
			replaced: []string{"route_table_id", "destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"},
			check:    checkRoute,
			fill: func(_ *World, _ string, a Attributes) {
				setDefaults(a, Attributes{"origin": "CreateRoute", "state": "active"})
			},
		},
		"aws_route_table_association": {
			prefix: "rtbassoc", unique: []string{"subnet_id", "gateway_id"}, conflict: "Resource.AlreadyAssociated",
			replaced: []string{"subnet_id", "gateway_id"},
			check: func(w *World, a, _ Attributes) error {
				return w.sameVPC("aws_route_table", text(a, "route_table_id"), "aws_subnet", text(a, "subnet_id"))
			},
		},
		"aws_security_group": {
			prefix: "sg", unique: []string{"vpc_id", "name"}, conflict: "InvalidGroup.Duplicate",
			replaced: []string{"name", "name_prefix", "description", "vpc_id"},
			check:    checkSecurityGroup,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("ec2", "security-group/"+id), "owner_id": w.Account,
					"name": "terraform-" + randomHex(26), "ingress": []any{}, "egress": []any{},
				})
			},
		},
		// The VPC's own group. The provider adopts it and never deletes it.
		"aws_default_security_group": {
			id: func(w *World, a Attributes) string {
				return w.attribute("aws_vpc", text(a, "vpc_id"), "default_security_group_id")
			},
			replaced: []string{"vpc_id"},
			alone:    true,
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("ec2", "security-group/"+id), "owner_id": w.Account, "name": "default",
					"description": "default VPC security group", "ingress": []any{}, "egress": []any{},
				})
			},
		},
		"aws_vpc_security_group_ingress_rule": securityGroupRule,
		"aws_vpc_security_group_egress_rule":  securityGroupRule,
		"aws_vpc_endpoint": {
			prefix:   "vpce",
			replaced: []string{"vpc_id", "service_name", "service_network_arn", "resource_configuration_arn", "service_region", "vpc_endpoint_type"},
			check:    checkEndpoint,
			fill:     fillEndpoint,
		},
		"aws_flow_log": {
			prefix: "fl",
			replaced: []string{
				"vpc_id", "subnet_id", "eni_id", "transit_gateway_id", "transit_gateway_attachment_id", "iam_role_arn",
				"deliver_cross_account_role", "log_destination", "log_destination_type", "log_group_name", "log_format",
				"max_aggregation_interval", "traffic_type", "destination_options",
			},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn": w.arn("ec2", "vpc-flow-log/"+id), "log_format": defaultLogFormat,
					"log_group_name": logGroupName(text(a, "log_destination")),
				})
			},
		},
	})
}

const defaultLogFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} " +
	"${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

var securityGroupRule = kind{
	// AWS changes all else in place, even CIDRs, but not from one kind of source to another.
	prefix: "sgr", replaced: []string{"security_group_id"},
	unique: []string{
		"security_group_id", "ip_protocol", "from_port", "to_port",
		"cidr_ipv4", "cidr_ipv6", "referenced_security_group_id", "prefix_list_id",
	},
	conflict: "InvalidPermission.Duplicate",
	check: func(_ *World, a, _ Attributes) error {
		for _, attribute := range []string{"cidr_ipv4", "cidr_ipv6"} {
			if cidr := text(a, attribute); cidr != "" {
				if prefix, err := netip.ParsePrefix(cidr); err != nil || prefix != prefix.Masked() {
					return refuse("InvalidParameterValue", "%s %q is not a network", attribute, cidr)
				}
			}
		}
		return nil
	},
	fill: func(w *World, id string, a Attributes) {
		setDefaults(a, Attributes{"arn": w.arn("ec2", "security-group-rule/"+id), "security_group_rule_id": id})
	},
}

// arn is the ARN of a resource in the account and region.
func (w *World) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, w.Region, w.Account, resource)
}

// attribute is a resource's attribute, empty if the resource does not exist.
func (w *World) attribute(name, key, path string) string {
	t := w.Get(name, key)
	if t == nil {
		return ""
	}
	return text(t.Attributes, path)
}

// zoneID is made up: accounts map zones to ids differently.
func (w *World) zoneID(zone string) string {
	if zone == "" {
		return ""
	}
	parts := strings.Split(w.Region, "-")
	direction := strings.NewReplacer("northeast", "ne", "southeast", "se", "northwest", "nw", "southwest", "sw").Replace(parts[1])
	if direction == parts[1] {
		direction = direction[:1]
	}
	short := parts[0] + direction + parts[len(parts)-1]
	return fmt.Sprintf("%s-az%d", short, zone[len(zone)-1]-'a'+1)
}

// checkVPC: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func checkVPC(_ *World, a, _ Attributes) error {
	cidr := text(a, "cidr_block")
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || prefix.Bits() < 16 || prefix.Bits() > 28 || prefix != prefix.Masked() {
		return refuse("InvalidVpc.Range", "The CIDR %q is invalid: it must be a network of /16 to /28", cidr)
	}
	return nil
}

// fillVPC also creates the VPC's main route table and default security group.
func fillVPC(w *World, id string, a Attributes) {
	if a["default_security_group_id"] == nil {
		group, table := randomID("sg"), randomID("rtb")
		a["default_security_group_id"], a["main_route_table_id"], a["default_route_table_id"] = group, table, table
		w.addOwned("aws_security_group", group, "aws_vpc "+id, "VPC", Attributes{
			"id": group, "arn": w.arn("ec2", "security-group/"+group), "name": "default", "vpc_id": id,
		})
		w.addOwned("aws_route_table", table, "aws_vpc "+id, "VPC", Attributes{
			"id": table, "arn": w.arn("ec2", "route-table/"+table), "vpc_id": id,
		})
	}
	setDefaults(a, Attributes{
		"arn": w.arn("ec2", "vpc/"+id), "owner_id": w.Account, "instance_tenancy": "default",
		"default_network_acl_id": randomID("acl"), "dhcp_options_id": randomID("dopt"),
		"enable_network_address_usage_metrics": false, "ipv6_association_id": "", "ipv6_cidr_block": "",
		"ipv6_cidr_block_network_border_group": "",
	})
}

// addOwned adds a resource that is deleted with its owner.
func (w *World) addOwned(name, id, owner, madeBy string, a Attributes) {
	w.Add(name, id, &Thing{Attributes: a, MadeBy: madeBy, Owner: owner})
}

// checkSubnet: a subnet lies in its VPC, overlaps no other and is in a zone of the region.
func checkSubnet(w *World, a, _ Attributes) error {
	cidr, network := text(a, "cidr_block"), text(a, "vpc_id")
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || prefix.Bits() < 16 || prefix.Bits() > 28 || prefix != prefix.Masked() {
		return refuse("InvalidSubnet.Range", "The CIDR %q is invalid: it must be a network of /16 to /28", cidr)
	}
	whole, err := netip.ParsePrefix(w.attribute("aws_vpc", network, "cidr_block"))
	if err != nil || !whole.Contains(prefix.Addr()) || whole.Bits() > prefix.Bits() {
		return refuse("InvalidSubnet.Range", "The CIDR '%s' is invalid: %s has %s", cidr, network, whole)
	}
	w.Each(func(_, id string, t *Thing) bool {
		other, parseErr := netip.ParsePrefix(text(t.Attributes, "cidr_block"))
		if id == text(a, "id") || text(t.Attributes, "vpc_id") != network || parseErr != nil || !other.Overlaps(prefix) {
			return true
		}
		err = refuse("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet: %s has %s", cidr, id, other)
		return false
	}, "aws_subnet")
	if err != nil {
		return err
	}
	if zone := text(a, "availability_zone"); zone != "" {
		if letter, ok := strings.CutPrefix(zone, w.Region); !ok || len(letter) != 1 || letter[0] < 'a' || letter[0] > 'f' {
			return refuse("InvalidParameterValue", "Value (%s) for parameter availabilityZone is invalid: region %s has no such zone", zone, w.Region)
		}
	}
	return nil
}

// checkDetach: an internet gateway cannot be detached while the VPC has mapped public addresses.
func checkDetach(w *World, id string, t *Thing) error {
	network := text(t.Attributes, "vpc_id")
	var mapped []string
	w.Each(func(name, key string, other *Thing) bool {
		switch name {
		case "aws_nat_gateway":
			if w.attribute("aws_subnet", text(other.Attributes, "subnet_id"), "vpc_id") == network {
				mapped = append(mapped, key)
			}
		case "aws_lb":
			if text(other.Attributes, "vpc_id") == network && text(other.Attributes, "scheme") == schemePublic {
				mapped = append(mapped, describe(name, key, other))
			}
		}
		return true
	}, "aws_nat_gateway", "aws_lb")
	if len(mapped) > 0 {
		return refuse("DependencyViolation", "Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway %s: %s",
			network, id, strings.Join(mapped, ", "))
	}
	return nil
}

func checkNATGateway(w *World, a, _ Attributes) error {
	if text(a, "connectivity_type") == "private" {
		return nil
	}
	network := w.attribute("aws_subnet", text(a, "subnet_id"), "vpc_id")
	if w.find("aws_internet_gateway", "vpc_id", network) == nil {
		return refuse("Gateway.NotAttached", "Network %s has no Internet gateway attached", network)
	}
	return nil
}

func checkRoute(w *World, a, _ Attributes) error {
	targets := 0
	for _, target := range []string{"gateway_id", "nat_gateway_id", "vpc_endpoint_id", "transit_gateway_id", "network_interface_id", "vpc_peering_connection_id", "egress_only_gateway_id"} {
		if text(a, target) != "" {
			targets++
		}
	}
	if targets != 1 {
		return refuse("MissingParameter", "a route needs exactly one target, has %d", targets)
	}
	table := text(a, "route_table_id")
	if gateway := text(a, "gateway_id"); gateway != "" {
		return w.sameVPC("aws_route_table", table, "aws_internet_gateway", gateway)
	}
	return nil
}

// sameVPC refuses to join two resources of different VPCs.
func (w *World) sameVPC(name, id, otherName, otherID string) error {
	one, other := w.attribute(name, id, "vpc_id"), w.attribute(otherName, otherID, "vpc_id")
	if otherID != "" && one != other {
		return refuse("InvalidParameterValue", "%s is in %s and %s in %s", id, one, otherID, other)
	}
	return nil
}

// checkSecurityGroup: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
func checkSecurityGroup(_ *World, a, _ Attributes) error {
	name := text(a, "name")
	if strings.HasPrefix(name, "sg-") || len(name) > 255 {
		return refuse("InvalidParameterValue", "Value (%s) for parameter GroupName is invalid: it must not begin with sg-, nor be longer than 255 characters", name)
	}
	return nil
}

func checkEndpoint(w *World, a, _ Attributes) error {
	service := text(a, "service_name")
	if !strings.Contains(service, "."+w.Region+".") {
		return refuse("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist in %s", service, w.Region)
	}
	network := text(a, "vpc_id")
	var err error
	w.Each(func(_, id string, t *Thing) bool {
		same := id != text(a, "id") && text(t.Attributes, "vpc_id") == network && text(t.Attributes, "service_name") == service
		if same && flag(a, "private_dns_enabled") && flag(t.Attributes, "private_dns_enabled") {
			err = refuse("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s (%s)", service, network, id)
		}
		return err == nil
	}, "aws_vpc_endpoint")
	for _, subnet := range texts(any(a), "subnet_ids") {
		if err == nil && w.attribute("aws_subnet", subnet, "vpc_id") != network {
			err = refuse("InvalidParameter", "%s is not in %s", subnet, network)
		}
	}
	return err
}

func fillEndpoint(w *World, id string, a Attributes) {
	entries, interfaces := []any{}, []any{}
	if text(a, "vpc_endpoint_type") == "Interface" {
		entries = append(entries, Attributes{"dns_name": fmt.Sprintf("%s.%s.vpce.amazonaws.com", id, w.Region), "hosted_zone_id": "Z" + strings.ToUpper(randomHex(12))})
		for range texts(any(a), "subnet_ids") {
			interfaces = append(interfaces, randomID("eni"))
		}
	} else {
		setDefault(a, "prefix_list_id", "pl-"+randomHex(8))
		setDefault(a, "cidr_blocks", []any{"192.0.2.0/24"})
	}
	setDefaults(a, Attributes{
		"arn": w.arn("ec2", "vpc-endpoint/"+id), "owner_id": w.Account, "state": "available", "ip_address_type": "ipv4",
		"requester_managed": false, "private_dns_enabled": false,
		"policy":                `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}`,
		"network_interface_ids": interfaces, "dns_entry": entries, "cidr_blocks": []any{},
		"route_table_ids": []any{}, "security_group_ids": []any{}, "subnet_ids": []any{},
		"service_region": w.Region,
	})
}

// public reports whether a subnet's route table has a route to an internet gateway.
func (w *World) public(subnet string) bool {
	var table string
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "subnet_id") == subnet {
			table = text(t.Attributes, "route_table_id")
		}
		return table == ""
	}, "aws_route_table_association")
	leads := false
	w.Each(func(_, _ string, t *Thing) bool {
		leads = text(t.Attributes, "route_table_id") == table && strings.HasPrefix(text(t.Attributes, "gateway_id"), "igw-")
		return !leads
	}, "aws_route")
	return leads
}

// zones are the distinct availability zones of subnets.
func (w *World) zones(subnets []string) []string {
	var all []string
	for _, subnet := range subnets {
		if zone := w.attribute("aws_subnet", subnet, "availability_zone"); !slices.Contains(all, zone) {
			all = append(all, zone)
		}
	}
	return all
}
