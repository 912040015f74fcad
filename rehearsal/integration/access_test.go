package integration

import (
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestAccessPathsSwitched: the bastion and the VPN come and go with the network stack alone. The cluster and
// the database do not name their security groups, which could not be deleted otherwise.
func TestAccessPathsSwitched(t *testing.T) {
	nightly(t)
	t.Parallel()
	with := []string{
		"PLINTH_DEV_NETWORK_BASTION_ENABLED=true", "PLINTH_DEV_NETWORK_VPN_ENABLED=true", "PLINTH_DEV_NETWORK_VPN_CLIENT_CIDR=172.16.0.0/22",
		"PLINTH_DEV_NETWORK_VPN_SAML_PROVIDER_ARN=arn:aws:iam::111111111111:saml-provider/sso",
		"PLINTH_DEV_NETWORK_VPN_SERVER_CERTIFICATE_ARN=arn:aws:acm:eu-west-2:111111111111:certificate/11111111-2222-3333-4444-555555555555",
	}
	r := furnished(t, "dev", with...)
	for _, layer := range []string{"network", "data", "cluster"} {
		r.do(r.terraform("apply", layer))
	}
	paths := []string{"bastion cluster 443", "bastion postgres 5432", "vpn cluster 443", "vpn postgres 5432"}
	assert.DeepEqual(t, r.reachedFrom("bastion", "vpn"), paths)
	for _, step := range []struct {
		overrides, want []string
	}{
		{with[1:], paths[2:]}, {nil, nil}, {with[:1], paths[:2]}, {with, paths},
	} {
		r.synth(step.overrides...)
		r.do(r.terraform("apply", "network"))
		for _, layer := range []string{"network", "data", "cluster"} {
			r.contains(r.do(r.terraform("plan", layer)), "No changes.")
		}
		assert.DeepEqual(t, r.reachedFrom("bastion", "vpn"), step.want)
	}
}

// reachedFrom returns what instances and VPN endpoints reach, under the names of their own groups.
func (r rehearsal) reachedFrom(names ...string) (all []string) {
	r.t.Helper()
	world := r.world()
	for _, name := range names {
		kind, attribute := "aws_instance", "vpc_security_group_ids"
		if name == "vpn" {
			kind, attribute = "aws_ec2_client_vpn_endpoint", "security_group_ids"
		}
		groups := map[string]bool{}
		for _, t := range world.Things[kind] {
			for _, id := range t.Attributes[attribute].([]any) {
				groups[strings.TrimPrefix(world.Get("aws_security_group", id.(string)).Attributes["name"].(string), r.name()+"-")] = true
			}
		}
		for _, line := range r.reached() {
			if from, to, _ := strings.Cut(line, " "); groups[from] {
				all = append(all, name+" "+to)
			}
		}
	}
	return all
}
