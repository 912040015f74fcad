package wholeapp

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// anywhere matches every address. References such as "${…}/0" do not occur.
var anywhere = regexp.MustCompile(`(0\.0\.0\.0|::)/0`)

func openToTheWorld(p platform) (broken []string) {
	for _, e := range p.elements() {
		walk(e.body, "", func(path string, scalar any) {
			text, _ := scalar.(string)
			if !anywhere.MatchString(text) {
				return
			}
			switch {
			case e.kind == "aws_route" && path == ".destination_cidr_block":
				// Routes to the internet: through NAT, or from public subnets.
			case e.kind == "aws_vpc_security_group_egress_rule" && e.body["from_port"] == 443.0 && e.body["to_port"] == 443.0:
				// The bastion's egress to AWS's APIs, which have no fixed addresses.
			case e.kind == "aws_vpc_security_group_egress_rule" && layer(e.stack) == "cluster" && strings.HasPrefix(e.name, "pods_egress_"):
				// The same for pods.
			case e.kind == "helm_release" && layer(e.stack) == "app":
				// The load balancer's listeners: once, and only if the settings say so.
				if strings.Count(text, "/0") != strings.Count(text, `"allowedCidrs" = ["0.0.0.0/0"]`) {
					broken = append(broken, e.String()+path+": open to the world besides the load balancer")
				}
			default:
				broken = append(broken, e.String()+path+": open to the world: "+text)
			}
		})
		if e.body["publicly_accessible"] == true || e.body["map_public_ip_on_launch"] == true {
			broken = append(broken, e.String()+": public")
		}
		if dig(e.body, "vpc_config", "endpoint_public_access") == true && len(strs(dig(e.body, "vpc_config", "public_access_cidrs"))) == 0 {
			broken = append(broken, e.String()+": the API server is open to the world")
		}
	}
	return broken
}

func databaseRoutes(p platform) (broken []string) {
	routes := map[string]bool{}
	for _, e := range p.resources("aws_route") {
		routes[e.stack+fmt.Sprint(e.body["route_table_id"])] = true
	}
	for _, e := range p.resources("aws_route_table_association") {
		if strings.Contains(fmt.Sprint(e.body["subnet_id"]), "database") && routes[e.stack+fmt.Sprint(e.body["route_table_id"])] {
			broken = append(broken, e.String()+": a database subnet has a route out of the VPC")
		}
	}
	return broken
}

func subnetsApart(p platform) (broken []string) {
	vpcs := map[string]netip.Prefix{}
	for _, e := range p.resources("aws_vpc") {
		vpcs[e.stack] = netip.MustParsePrefix(e.body["cidr_block"].(string))
	}
	seen := map[string][]netip.Prefix{}
	for _, e := range p.resources("aws_subnet") {
		subnet := netip.MustParsePrefix(e.body["cidr_block"].(string))
		if !vpcs[e.stack].Contains(subnet.Addr()) || subnet.Bits() < vpcs[e.stack].Bits() {
			broken = append(broken, fmt.Sprintf("%s: %s is not inside %s", e, subnet, vpcs[e.stack]))
		}
		for _, other := range seen[e.stack] {
			if subnet.Overlaps(other) {
				broken = append(broken, fmt.Sprintf("%s: %s overlaps %s", e, subnet, other))
			}
		}
		seen[e.stack] = append(seen[e.stack], subnet)
	}
	return broken
}

// databaseReached: whoever the database admits is in a security group of the application's stack, which a
// SecurityGroupPolicy gives its pods, in that of the pods that make databases, or in the one that the bastion and
// the VPN share.
func databaseReached(p platform) (broken []string) {
	policies := map[string]string{}
	for _, e := range p.resources("helm_release") {
		if e.body["name"] == securityGroups {
			policies[e.stack] += fmt.Sprint(e.body["values"])
		}
	}
	for _, e := range p.resources("aws_vpc_security_group_ingress_rule") {
		from := fmt.Sprint(e.body["referenced_security_group_id"])
		switch {
		case e.body["from_port"] != 5432.0:
		case layer(e.stack) == "data" && strings.Contains(from, "-network.outputs.cross-stack-output-aws_security_groupaccess"):
		case layer(e.stack) == "addons" && strings.HasPrefix(from, "${aws_security_group.pod-groups_databases-pods_"):
			if !strings.Contains(policies[e.stack], "aws_security_group.pod-groups_databases-pods_") {
				broken = append(broken, e.String()+": no SecurityGroupPolicy gives pods the group that it admits")
			}
		case layer(e.stack) != "app" || from != "${aws_security_group.pods.id}":
			broken = append(broken, e.String()+": admits "+from+" to the database")
		case !strings.Contains(policies[e.stack], "aws_security_group.pods.id"):
			broken = append(broken, e.String()+": no SecurityGroupPolicy gives pods the group that it admits")
		}
	}
	return broken
}

// patched: a new image is how an instance gets its patches.
func patched(p platform) (broken []string) {
	for _, e := range p.resources("aws_instance") {
		if slices.Contains(strs(dig(e.body, "lifecycle", "ignore_changes")), "ami") || !strings.HasPrefix(fmt.Sprint(e.body["ami"]), "${data.aws_ssm_parameter.") {
			broken = append(broken, e.String()+": keeps its image, and nothing patches it")
		}
	}
	return broken
}
