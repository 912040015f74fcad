package permissions

const eksSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html"

const (
	addon = "eks:addon/{cluster_name}/{addon_name}/*"
	// All of the cluster's: a profile is named after its zones, and a change of zones must not need the
	// bootstrap stack.
	fargateProfile = "eks:fargateprofile/{cluster_name}/*"
	accessEntry    = "eks:access-entry/{cluster_name}/*"
)

// looked allows EKS to look for one of its own roles, on behalf of the caller, before it creates it.
func looked(role string) Grant {
	return Grant{Actions: []string{"iam:GetRole"}, Resources: []string{"iam:role/aws-service-role/" + role}}
}

var eks = Table{
	"aws_eks_cluster": {
		Source: eksSource,
		Create: []Grant{
			{
				Actions: []string{"eks:CreateCluster"}, Resources: []string{"*"}, Reason: "no resource-level permissions",
				// Security: creating a cluster does not make the role its administrator.
				Conditions: all(requestTagged, inRegion,
					when("StringEquals", "eks:authenticationMode", "API"),
					when("Bool", "eks:bootstrapClusterCreatorAdminPermissions", "false")),
			},
			passRole("role_arn", "eks.amazonaws.com"),
			serviceLinkedRole("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS"),
			looked("eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
			// EKS does not support kms:GrantIsForAWSResource.
			// https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
			{Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged},
		},
		Read: []Grant{{Actions: []string{"eks:DescribeCluster"}, Resources: []string{"eks:cluster/{name}"}}},
		Update: []Grant{{
			Actions:   []string{"eks:DescribeUpdate", "eks:UpdateClusterConfig", "eks:UpdateClusterVersion"},
			Resources: []string{"eks:cluster/{name}"},
		}},
		Delete: []Grant{{Actions: []string{"eks:DeleteCluster"}, Resources: []string{"eks:cluster/{name}"}}},
		Tag:    []Grant{{Actions: []string{"eks:TagResource"}, Resources: []string{"eks:cluster/{name}"}, Conditions: requestTaggedIfExists}},
	},
	"aws_eks_fargate_profile": {
		Source: eksSource,
		Create: []Grant{
			{Actions: []string{"eks:CreateFargateProfile"}, Resources: []string{"eks:cluster/{cluster_name}"}, Conditions: requestTagged},
			passRole("pod_execution_role_arn", "eks-fargate-pods.amazonaws.com"),
			serviceLinkedRole("eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate"),
			looked("eks-fargate.amazonaws.com/AWSServiceRoleForAmazonEKSForFargate"),
		},
		Read:   []Grant{{Actions: []string{"eks:DescribeFargateProfile"}, Resources: []string{fargateProfile}}},
		Delete: []Grant{{Actions: []string{"eks:DeleteFargateProfile"}, Resources: []string{fargateProfile}}},
		Tag:    []Grant{{Actions: []string{"eks:TagResource"}, Resources: []string{fargateProfile}, Conditions: requestTaggedIfExists}},
	},
	"aws_eks_addon": {
		Source: eksSource,
		Create: []Grant{{Actions: []string{"eks:CreateAddon"}, Resources: []string{"eks:cluster/{cluster_name}"}, Conditions: requestTagged}},
		Read:   []Grant{{Actions: []string{"eks:DescribeAddon"}, Resources: []string{addon}}},
		Update: []Grant{
			{Actions: []string{"eks:UpdateAddon"}, Resources: []string{addon}},
			{Actions: []string{"eks:DescribeUpdate"}, Resources: []string{addon, "eks:cluster/{cluster_name}"}},
		},
		Delete: []Grant{{Actions: []string{"eks:DeleteAddon"}, Resources: []string{addon}}},
		Tag:    []Grant{{Actions: []string{"eks:TagResource"}, Resources: []string{addon}, Conditions: requestTaggedIfExists}},
	},
	"data.aws_eks_addon_version": {
		Source: eksSource,
		Read:   []Grant{readAll("eks:DescribeAddonVersions")},
	},
	// Security: only for principals that the settings name, and only with policies that they name.
	"aws_eks_access_entry": {
		Source: eksSource,
		Create: []Grant{{
			Actions: []string{"eks:CreateAccessEntry"}, Resources: []string{"eks:cluster/{cluster_name}"},
			Conditions: all(requestTagged, when("ArnEquals", "eks:principalArn", "{principal_arn}")),
		}},
		Read: []Grant{{Actions: []string{"eks:DescribeAccessEntry"}, Resources: []string{accessEntry}}},
		// Security: an update supports no condition, so a limit on an entry's Kubernetes groups at
		// creation would not help. EKS refuses groups with reserved prefixes such as system:.
		// https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
		Update: []Grant{{Actions: []string{"eks:UpdateAccessEntry"}, Resources: []string{accessEntry}}},
		Delete: []Grant{{Actions: []string{"eks:DeleteAccessEntry"}, Resources: []string{accessEntry}}},
		Tag:    []Grant{{Actions: []string{"eks:TagResource"}, Resources: []string{accessEntry}, Conditions: requestTaggedIfExists}},
	},
	"aws_eks_access_policy_association": {
		Source: eksSource,
		Create: []Grant{{
			Actions: []string{"eks:AssociateAccessPolicy"}, Resources: []string{accessEntry},
			Conditions: when("ArnEquals", "eks:policyArn", "{policy_arn}"),
		}},
		Read: []Grant{{Actions: []string{"eks:ListAssociatedAccessPolicies"}, Resources: []string{accessEntry}}},
		Delete: []Grant{{
			Actions: []string{"eks:DisassociateAccessPolicy"}, Resources: []string{accessEntry},
			Conditions: when("ArnEquals", "eks:policyArn", "{policy_arn}"),
		}},
	},
}
