package cloud

import (
	"encoding/json"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func dataWorld() *World {
	w := &World{Account: "111111111111", Region: "eu-west-2"}
	for id, zone := range map[string]string{"subnet-a": "eu-west-2a", "subnet-b": "eu-west-2b"} {
		w.Add("aws_subnet", id, &Thing{Attributes: Attributes{"id": id, "vpc_id": "vpc-1", "availability_zone": zone, "tags_all": Attributes{"zone": zone}}})
	}
	w.Add("aws_subnet", "subnet-c", &Thing{Attributes: Attributes{"id": "subnet-c", "vpc_id": "vpc-2"}})
	w.Add("aws_vpc", "vpc-1", &Thing{Attributes: Attributes{"id": "vpc-1", "cidr_block": "10.0.0.0/16"}})
	w.Add("aws_lb", "lb", &Thing{Attributes: Attributes{"name": "dev-app", "arn_suffix": "app/dev-app/0"}})
	for id, stack := range map[string]string{"a": "app/app", "b": "app/other"} {
		w.Add(targetGroupKind, id, &Thing{Attributes: Attributes{"name": id, "tags": Attributes{"cluster": "dev", "stack": stack}}})
	}
	return w
}

func TestReadData(t *testing.T) {
	for _, test := range []struct{ name, kind, config, want string }{
		{"who calls", "aws_caller_identity", `{}`,
			`{"account_id":"111111111111","arn":"arn:aws:sts::111111111111:assumed-role/rehearsal/plinth","id":"111111111111","user_id":"AROAREHEARSAL00000000:plinth"}`},
		{"whose session", "aws_iam_session_context", `{"arn": "arn:aws:sts::111111111111:assumed-role/admin/me"}`,
			`{"id":"arn:aws:sts::111111111111:assumed-role/admin/me","issuer_arn":"arn:aws:iam::111111111111:role/admin","issuer_id":"AROAREHEARSAL00000000","issuer_name":"admin","session_name":"me"}`},
		{"nobody's session", "aws_iam_session_context", `{"arn": "arn:aws:iam::111111111111:user/me"}`,
			`{"id":"arn:aws:iam::111111111111:user/me","issuer_arn":"arn:aws:iam::111111111111:user/me","issuer_id":"","issuer_name":"","session_name":""}`},
		{"the partition", "aws_partition", `{}`, `{"dns_suffix":"amazonaws.com","id":"aws","partition":"aws","reverse_dns_prefix":"com.amazonaws"}`},
		{"the region", "aws_region", `{"name": null}`, `{"description":"Europe (London)","endpoint":"ec2.eu-west-2.amazonaws.com","id":"eu-west-2","name":"eu-west-2"}`},
		{"another region", "aws_region", `{"endpoint": "ec2.us-east-1.amazonaws.com"}`,
			`{"description":"US East (N. Virginia)","endpoint":"ec2.us-east-1.amazonaws.com","id":"us-east-1","name":"us-east-1"}`},
		{"the zones", "aws_availability_zones", `{"state": "available", "filter": [{"name": "opt-in-status", "values": ["opt-in-not-required"]}]}`,
			`{"group_names":["eu-west-2-zg-1"],"id":"eu-west-2","names":["eu-west-2a","eu-west-2b","eu-west-2c"],"zone_ids":["euw2-az1","euw2-az2","euw2-az3"]}`},
		{"fewer zones", "aws_availability_zones", `{"exclude_names": ["eu-west-2a"], "exclude_zone_ids": ["euw2-az3"]}`,
			`{"group_names":["eu-west-2-zg-1"],"id":"eu-west-2","names":["eu-west-2b"],"zone_ids":["euw2-az2"]}`},
		{"no zones", "aws_availability_zones", `{"state": "impaired"}`, `{"group_names":[],"id":"eu-west-2","names":[],"zone_ids":[]}`},
		{"an add-on", "aws_eks_addon_version", `{"addon_name": "vpc-cni", "kubernetes_version": "1.35", "most_recent": null}`, `{"id":"vpc-cni","version":"v1.21.1-eksbuild.1"}`},
		{"the newest of an add-on", "aws_eks_addon_version", `{"addon_name": "vpc-cni", "kubernetes_version": "1.35", "most_recent": true}`, `{"id":"vpc-cni","version":"v1.21.1-eksbuild.2"}`},
		{"an add-on of the cluster's version", "aws_eks_addon_version", `{"addon_name": "kube-proxy", "kubernetes_version": "1.34"}`, `{"id":"kube-proxy","version":"v1.34.0-eksbuild.1"}`},
		{"a network", "aws_vpc", `{"id": "vpc-1"}`, `{"cidr_block":"10.0.0.0/16","id":"vpc-1"}`},
		{"a network's subnets", "aws_subnets", `{"filter": [{"name": "vpc-id", "values": ["vpc-1"]}]}`, `{"id":"eu-west-2","ids":["subnet-a","subnet-b"]}`},
		{"subnets with a tag", "aws_subnets", `{"tags": {"zone": "eu-west-2b"}}`, `{"id":"eu-west-2","ids":["subnet-b"]}`},
		{"subnets with a filtered tag", "aws_subnets", `{"filter": [{"name": "tag:zone", "values": ["*a"]}]}`, `{"id":"eu-west-2","ids":["subnet-a"]}`},
		{"a load balancer by its name", "aws_lb", `{"arn": null, "name": "dev-app", "tags": null}`, `{"arn_suffix":"app/dev-app/0","name":"dev-app"}`},
		{"a target group by its tags", "aws_lb_target_group", `{"name": null, "tags": {"cluster": "dev", "stack": "app/other"}}`,
			`{"name":"b","tags":{"cluster":"dev","stack":"app/other"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := dataWorld().ReadData(test.kind, decoded(t, test.config))
			assert.NilError(t, err)
			written, err := json.Marshal(answer)
			assert.NilError(t, err)
			assert.Equal(t, string(written), test.want)
		})
	}
}

func TestReadDataMistakes(t *testing.T) {
	for _, test := range []struct{ name, kind, config, want string }{
		{"what is not answered", "aws_not_a_type", `{}`, "does not answer data source aws_not_a_type: add it to dataSources in"},
		{"what is not there", "aws_eks_cluster", `{"name": "nobody"}`, `NotFound: there is no aws_eks_cluster with name "nobody"`},
		{"what is looked for in another way", "aws_vpc", `{"filter": []}`, "finds aws_vpc by its id only"},
		{"an add-on that is misspelt", "aws_eks_addon_version", `{"addon_name": "core-dns", "kubernetes_version": "1.35"}`,
			"reading EKS Add-On version info (core-dns, 1.35): empty result: EKS has no such add-on"},
		{"a Kubernetes that EKS does not have", "aws_eks_addon_version", `{"addon_name": "coredns", "kubernetes_version": "1.3"}`,
			"reading EKS Add-On version info (coredns, 1.3): empty result: EKS has Kubernetes 1.31 to 1.36"},
		{"a filter that is misspelt", "aws_subnets", `{"filter": [{"name": "vpc_id", "values": ["vpc-1"]}]}`, "The filter 'vpc_id' is invalid"},
		{"a load balancer that is not there", "aws_lb", `{"name": "prod-app"}`, `LoadBalancerNotFound: there is no aws_lb "prod-app"`},
		{"tags that two target groups have", "aws_lb_target_group", `{"tags": {"cluster": "dev"}}`, "Search returned 2 results, please revise so only one is returned"},
		{"tags that no target group has", "aws_lb_target_group", `{"tags": {"cluster": "prod"}}`, "Search returned 0 results"},
		{"a region that is misspelt", "aws_region", `{"name": "eu-west2"}`, `region not found for name "eu-west2"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := dataWorld().ReadData(test.kind, decoded(t, test.config))
			assert.Assert(t, err != nil && strings.Contains(err.Error(), test.want), "%v", err)
		})
	}
}
