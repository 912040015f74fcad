package main

import (
	"slices"
	"testing"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name        string
		items, want []string
	}{
		{"nothing", nil, nil},
		{"one line", []string{"VPC", "secret"}, []string{"VPC, secret"}},
		{"two lines", []string{"VPC", "secret", "KMS key"}, []string{"VPC, secret,", "KMS key"}},
		{"inside an item", []string{"3 nets (a, b, c)"}, []string{"3 nets (a,", "b, c)"}},
		{"too long", []string{"customer gateway", "VPC"}, []string{"customer gateway,", "VPC"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := wrap(test.items, 12); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNouns(t *testing.T) {
	for kind, want := range map[string]string{
		"aws_subnet":                  "2 subnets",
		"aws_ecr_repository":          "2 ECR repositories",
		"aws_not_a_type":              "2 not a types",
		"aws_s3_bucket_policy":        "2 s3 bucket policies",
		"kubernetes_limit_range_v1":   "2 limit ranges",
		"kubernetes_ingress_class_v1": "2 ingress classes",
		"thing":                       "2 things",
	} {
		if n, _ := displayNameOf(kind); n.count(2) != want {
			t.Errorf("%s: got %q, want %q", kind, n.count(2), want)
		}
	}
	for value, want := range map[[2]string]string{
		{"aws_eks_cluster", "vpc_config[0].cluster_security_group_id"}: "security group id",
		{"aws_kms_key", "arn"}:                   "KMS key ARN",
		{"aws_not_a_type", "arn"}:                "not a type ARN",
		{"aws_eip", "public_ip"}:                 "eip public IP",
		{"aws_instance", "network_interface[0]"}: "EC2 instance network interface",
	} {
		if got := valueNoun(value[0], value[1]); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}
