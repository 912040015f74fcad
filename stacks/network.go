package stacks

import (
	"net/netip"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/encryptionkey"
	"plinth/constructs/vpc"
	"plinth/settings"
)

// Network is the stack <environment>-network.
type Network struct {
	cdktf.TerraformStack
	VPC *vpc.VPC
	// AccessGroupID is the security group of the bastion and the VPN, through which people reach private
	// resources in the VPC.
	AccessGroupID *string
	// zones are the letters of the zones, in the order of the subnets.
	zones []string
}

// NewNetwork creates the VPC, and the bastion and the VPN if the settings enable them.
func NewNetwork(scope constructs.Construct, env *settings.Environment) *Network {
	stack := newStack(scope, env, "network")
	var key *encryptionkey.Key
	if env.Network.FlowLogs || env.Network.Bastion.Enabled || env.Network.VPN.Enabled {
		key = newKey(stack, env, "logs-key", "network", "Encrypts the network's logs and the bastion", false)
	}
	network := vpc.New(stack, "network", vpc.Config{
		Name:               env.ResourceName(),
		CIDR:               netip.MustParsePrefix(env.Network.CIDR),
		Account:            env.Account,
		Region:             env.Region,
		Zones:              env.ZoneNames(),
		Leaving:            len(env.Network.AllZones()) - len(env.Network.Zones),
		NATGateways:        natGateways(env.Network),
		InterfaceEndpoints: env.Network.InterfaceEndpoints,
		EndpointAccounts:   env.Network.EndpointAccounts,
		FlowLogs:           flowLogs(env, key),
	})
	output(stack, "vpc_id", "VPC", network.ID)
	output(stack, "private_subnet_ids", "Subnets of the pods, in the order of the zones", network.PrivateSubnetIDs)
	output(stack, "public_subnet_ids", "Subnets of load balancers and NAT gateways", network.PublicSubnetIDs)
	output(stack, "nat_addresses", "Public addresses from which pods reach the internet", network.NATAddresses)
	access := newAccessGroup(stack, env, network)
	if env.Network.Bastion.Enabled {
		newBastion(stack, env, network, access, key)
	}
	if env.Network.VPN.Enabled {
		newVPN(stack, env, network, access, key)
	}
	return &Network{TerraformStack: stack, VPC: network, AccessGroupID: access, zones: env.Network.AllZones()}
}

// subnets returns the subnets of some zones, of all that a tier has.
func (n *Network) subnets(tier []*string, zones []string) []*string {
	var ids []*string
	for _, zone := range zones {
		ids = append(ids, tier[slices.Index(n.zones, zone)])
	}
	return ids
}

func natGateways(network settings.Network) int {
	switch network.NAT {
	case settings.NATSingle:
		return 1
	case settings.NATPerZone:
		return len(network.AllZones())
	default:
		return 0
	}
}

func flowLogs(env *settings.Environment, key *encryptionkey.Key) *vpc.FlowLogs {
	if !env.Network.FlowLogs {
		return nil
	}
	return &vpc.FlowLogs{
		Account:       env.Account,
		RetentionDays: env.LogRetentionDays,
		KeyArn:        key.Arn,
	}
}
