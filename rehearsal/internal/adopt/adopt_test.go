package adopt

import (
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

// TestFind has a network with two subnets, one of them in the state, and resources in them.
func TestFind(t *testing.T) {
	world := &cloud.World{}
	add := func(kind, id, madeBy string, attributes cloud.Attributes) {
		attributes["id"] = id
		world.Add(kind, id, &cloud.Thing{Attributes: attributes, MadeBy: madeBy})
	}
	add("aws_vpc", "vpc-1", "", cloud.Attributes{"cidr_block": "10.0.0.0/16", "enable": true})
	add("aws_subnet", "subnet-known", "", cloud.Attributes{"cidr_block": "10.0.0.0/24"})
	add("aws_subnet", "subnet-lost", "", cloud.Attributes{"cidr_block": "10.0.1.0/24"})
	add("aws_security_group", "sg-theirs", "VPC", cloud.Attributes{"name": "default"})
	add("aws_route_table_association", "one", "", cloud.Attributes{"subnet_id": "subnet-lost"})

	for name, test := range map[string]struct {
		plan string
		want []Import
	}{
		"what is lost, told by what is known": {
			`{"prior_state":{"values":{"root_module":{"resources":[{"type":"aws_subnet","mode":"managed","values":{"id":"subnet-known"}}]}}},
			"resource_changes":[
				{"address":"aws_vpc.v","mode":"managed","type":"aws_vpc","change":{"actions":["create"],"after":{"cidr_block":"10.0.0.0/16","enable":true},"after_unknown":{"id":true}}},
				{"address":"aws_subnet.s","mode":"managed","type":"aws_subnet","change":{"actions":["create"],"after":{},"after_unknown":{"cidr_block":true}}}]}`,
			[]Import{{"aws_subnet.s", "subnet-lost"}, {"aws_vpc.v", "vpc-1"}},
		},
		"what is another's, or not to be made": {
			`{"resource_changes":[
				{"address":"aws_vpc.v","mode":"managed","type":"aws_vpc","change":{"actions":["create"],"after":{"cidr_block":"10.1.0.0/16"}}},
				{"address":"aws_vpc.w","mode":"managed","type":"aws_vpc","change":{"actions":["update"],"after":{"cidr_block":"10.0.0.0/16"}}},
				{"address":"aws_security_group.g","mode":"managed","type":"aws_security_group","change":{"actions":["create"],"after":{"name":"default"}}}]}`,
			nil,
		},
		"what could be one or the other": {
			`{"resource_changes":[
				{"address":"aws_route_table_association.a","mode":"managed","type":"aws_route_table_association","change":{"actions":["create"],"after":{},"after_unknown":{"subnet_id":true}}},
				{"address":"aws_route_table_association.b","mode":"managed","type":"aws_route_table_association","change":{"actions":["create"],"after":{},"after_unknown":{"subnet_id":true}}}]}`,
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Find([]byte(test.plan), world)
			assert.NilError(t, err)
			assert.DeepEqual(t, got, test.want)
		})
	}
}
