// Package vpc makes a network of three tiers over several availability zones: public
// subnets for load balancers and NAT, private subnets for pods, and database subnets
// without a route out.
package vpc

import (
	"fmt"
	"maps"
	"net/netip"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/defaultsecuritygroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/eip"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/internetgateway"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/natgateway"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/route"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/routetable"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/routetableassociation"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/subnet"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/vpc"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a network.
type Config struct {
	// Name prefixes the Name tag of everything in the network.
	Name string
	// CIDR is the VPC's IPv4 range, /16 to /19.
	CIDR netip.Prefix
	// Account is the network's. Region holds the zones.
	Account, Region string
	// Zones are availability zones' full names, for example eu-west-2a.
	Zones []string
	// Leaving is the number of zones, the last ones, that are about to go. Their subnets have the tag
	// [LeavingTag]: nothing new may be in them.
	Leaving int
	// NATGateways is 0, 1 (in the first zone, shared) or the number of zones.
	NATGateways int
	// InterfaceEndpoints are AWS services, such as ecr.api, to reach without the internet.
	InterfaceEndpoints []string
	// EndpointAccounts are the other accounts whose resources the endpoints let the account's roles use.
	EndpointAccounts []string
	// FlowLogs, unless nil, records the network's traffic.
	FlowLogs *FlowLogs
}

// VPC is a network. Its subnet ids are in the order of the configured zones.
type VPC struct {
	constructs.Construct
	ID                *string
	PublicSubnetIDs   []*string
	PrivateSubnetIDs  []*string
	DatabaseSubnetIDs []*string
	// NATAddresses are the public addresses from which private subnets reach the internet.
	NATAddresses []*string
	// NATGatewayIDs are the gateways that have these addresses.
	NATGatewayIDs []*string
}

// LeavingTag marks subnets that may be deleted once they are empty. ./plinth deploys no other deletion.
const LeavingTag = "leaving"

const anywhere = "0.0.0.0/0"

// New creates a network. It panics if [Subnets] returns an error for a zone.
func New(scope constructs.Construct, id string, config Config) *VPC {
	this := constructs.NewConstruct(scope, &id)
	// Get each value from jsii once: a call to Node.js costs as much as a resource.
	network := vpc.NewVpc(this, jsii.String("vpc"), &vpc.VpcConfig{
		CidrBlock:          jsii.String(config.CIDR.String()),
		EnableDnsSupport:   jsii.Bool(true),
		EnableDnsHostnames: jsii.Bool(true),
		Tags:               nameTag(config.Name),
	}).Id()
	result := &VPC{Construct: this, ID: network}
	closeDefaultSecurityGroup(this, network, config.Name)

	gateway := internetgateway.NewInternetGateway(this, jsii.String("internet-gateway"), &internetgateway.InternetGatewayConfig{
		VpcId: network,
		Tags:  nameTag(config.Name),
	})
	public := newRouteTable(this, network, "public", config.Name)
	route.NewRoute(this, jsii.String("public-internet"), &route.RouteConfig{
		RouteTableId:         public,
		DestinationCidrBlock: jsii.String(anywhere),
		GatewayId:            gateway.Id(),
	})
	// Security: this table has only the VPC's local route. So a database subnet cannot reach the
	// internet, and the internet cannot reach it.
	database := newRouteTable(this, network, "database", config.Name)

	var private []*string
	var nat *string
	for i, zone := range config.Zones {
		plan, err := Subnets(config.CIDR, zone)
		if err != nil {
			panic(err)
		}
		letter := zone[len(zone)-1:]
		tier := func(name string, cidr netip.Prefix, table *string, tags map[string]*string) *string {
			all := *nameTag(config.Name + "-" + name + "-" + letter)
			maps.Copy(all, tags)
			if i >= len(config.Zones)-config.Leaving {
				all[LeavingTag] = jsii.String("true")
			}
			return newSubnet(this, network, name+"-"+letter, zone, cidr, table, &all)
		}

		// The load balancer controller finds its subnets by these tags.
		// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
		publicSubnet := tier("public", plan.Public, public, map[string]*string{"kubernetes.io/role/elb": jsii.String("1")})
		table := newRouteTable(this, network, "private-"+letter, config.Name)
		privateSubnet := tier("private", plan.Private, table, map[string]*string{"kubernetes.io/role/internal-elb": jsii.String("1")})
		databaseSubnet := tier("database", plan.Database, database, nil)

		if i < config.NATGateways {
			address := eip.NewEip(this, jsii.String("nat-"+letter+"-address"), &eip.EipConfig{
				Domain: jsii.String("vpc"),
				Tags:   nameTag(config.Name + "-nat-" + letter),
			})
			nat = natgateway.NewNatGateway(this, jsii.String("nat-"+letter), &natgateway.NatGatewayConfig{
				AllocationId: address.AllocationId(),
				SubnetId:     publicSubnet,
				Tags:         nameTag(config.Name + "-nat-" + letter),
				DependsOn:    &[]cdktf.ITerraformDependable{gateway},
				// Routes move to another gateway before theirs is deleted: otherwise they would lead nowhere.
				Lifecycle: goesLast(),
			}).Id()
			result.NATAddresses = append(result.NATAddresses, address.PublicIp())
			result.NATGatewayIDs = append(result.NATGatewayIDs, nat)
		}
		if nat != nil {
			route.NewRoute(this, jsii.String("private-"+letter+"-nat"), &route.RouteConfig{
				RouteTableId:         table,
				DestinationCidrBlock: jsii.String(anywhere),
				NatGatewayId:         nat,
			})
		}

		private = append(private, table)
		result.PublicSubnetIDs = append(result.PublicSubnetIDs, publicSubnet)
		result.PrivateSubnetIDs = append(result.PrivateSubnetIDs, privateSubnet)
		result.DatabaseSubnetIDs = append(result.DatabaseSubnetIDs, databaseSubnet)
	}

	policies := &endpointPolicies{scope: this, config: config}
	newGatewayEndpoint(this, network, config, private, policies)
	newInterfaceEndpoints(this, network, config, result.PrivateSubnetIDs, policies)
	if config.FlowLogs != nil {
		newFlowLogs(this, network, config)
	}
	return result
}

// closeDefaultSecurityGroup removes every rule from the VPC's default security group, so that
// a resource without a security group of its own allows no traffic.
func closeDefaultSecurityGroup(scope constructs.Construct, network *string, name string) {
	defaultsecuritygroup.NewDefaultSecurityGroup(scope, jsii.String("default-security-group"),
		&defaultsecuritygroup.DefaultSecurityGroupConfig{
			VpcId: network,
			Tags:  nameTag(name + "-default-closed"),
		})
}

// goesLast makes Terraform delete what a zone had only after it has updated what used it, such as endpoints.
// Otherwise it deletes first, and AWS refuses that.
// https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#create_before_destroy
func goesLast() *cdktf.TerraformResourceLifecycle {
	return &cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)}
}

func newRouteTable(scope constructs.Construct, network *string, id, name string) *string {
	return routetable.NewRouteTable(scope, jsii.String(id+"-routes"), &routetable.RouteTableConfig{
		VpcId:     network,
		Tags:      nameTag(fmt.Sprintf("%s-%s", name, id)),
		Lifecycle: goesLast(),
	}).Id()
}

func newSubnet(scope constructs.Construct, network *string, id, zone string, cidr netip.Prefix,
	table *string, tags *map[string]*string,
) *string {
	made := subnet.NewSubnet(scope, jsii.String(id), &subnet.SubnetConfig{
		VpcId:            network,
		AvailabilityZone: jsii.String(zone),
		CidrBlock:        jsii.String(cidr.String()),
		// Security: nothing gets a public address just by being in a public subnet.
		MapPublicIpOnLaunch: jsii.Bool(false),
		Tags:                tags,
		Lifecycle:           goesLast(),
	}).Id()
	routetableassociation.NewRouteTableAssociation(scope, jsii.String(id+"-routes-association"),
		&routetableassociation.RouteTableAssociationConfig{
			SubnetId:     made,
			RouteTableId: table,
		})
	return made
}

func nameTag(name string) *map[string]*string {
	return &map[string]*string{"Name": jsii.String(name)}
}
