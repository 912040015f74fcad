package permissions

const eksSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html"

const (
	addon          = "eks:addon/{cluster_name}/{addon_name}/*"
	fargateProfile = "eks:fargateprofile/{cluster_name}/{fargate_profile_name}/*"
	accessEntry    = "eks:access-entry/{cluster_name}/*"
)

// Before EKS makes one of its own roles it looks for it, in the name of the caller.
func looked(role string) Need {
	return Need{Actions: []string{"iam:GetRole"}, On: []string{"iam:role/aws-service-role/" + role}}
}

var eks = Table{
	"aws_eks_cluster": {
		Source: eksSource,
		Create: []Need{
			{
				Actions: []string{"eks:CreateCluster"}, On: []string{"*"}, Why: "supports no narrower resource",
				// Security: whoever makes a cluster does not become its administrator by it.
				When: all(requested, inRegion,
					when("StringEquals", "eks:authenticationMode", "API"),
					when("Bool", "eks:bootstrapClusterCreatorAdminPermissions", "false")),
			},
			passed("role_arn", "eks.amazonaws.com"),
			serviceRole("eks.amazonaws.com", "AWSServiceRoleForAmazonEKS"),
			looked("eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
			// EKS does not support kms:GrantIsForAWSResource.
			// https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
			{Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, On: []string{"kms:key/*"}, When: owned},
		},
		Read: []Need{{Actions: []string{"eks:DescribeCluster"}, On: []string{"eks:cluster/{name}"}}},
		Update: []Need{{
			Actions: []string{"eks:DescribeUpdate", "eks:UpdateClusterConfig", "eks:UpdateClusterVersion"},
			On:      []string{"eks:cluster/{name}"},
		}},
		Delete: []Need{{Actions: []string{"eks:DeleteCluster"}, On: []string{"eks:cluster/{name}"}}},
		Tag:    []Need{{Actions: []string{"eks:TagResource"}, On: []string{"eks:cluster/{name}"}, When: kept}},
	},
	"aws_eks_fargate_profile": {
		Source: eksSource,
		Create: []Need{
			{Actions: []string{"eks:CreateFargateProfile"}, On: []string{"eks:cluster/{cluster_name}"}, When: requested},
			passed("pod_execution_role_arn", "eks-fargate-pods.amazonaws.com"),
			serviceRole("eks-fargate.amazonaws.com", "AWSServiceRoleForAmazonEKSForFargate"),
			looked("eks-fargate.amazonaws.com/AWSServiceRoleForAmazonEKSForFargate"),
		},
		Read:   []Need{{Actions: []string{"eks:DescribeFargateProfile"}, On: []string{fargateProfile}}},
		Delete: []Need{{Actions: []string{"eks:DeleteFargateProfile"}, On: []string{fargateProfile}}},
		Tag:    []Need{{Actions: []string{"eks:TagResource"}, On: []string{fargateProfile}, When: kept}},
	},
	"aws_eks_addon": {
		Source: eksSource,
		Create: []Need{{Actions: []string{"eks:CreateAddon"}, On: []string{"eks:cluster/{cluster_name}"}, When: requested}},
		Read:   []Need{{Actions: []string{"eks:DescribeAddon"}, On: []string{addon}}},
		Update: []Need{
			{Actions: []string{"eks:UpdateAddon"}, On: []string{addon}},
			{Actions: []string{"eks:DescribeUpdate"}, On: []string{addon, "eks:cluster/{cluster_name}"}},
		},
		Delete: []Need{{Actions: []string{"eks:DeleteAddon"}, On: []string{addon}}},
		Tag:    []Need{{Actions: []string{"eks:TagResource"}, On: []string{addon}, When: kept}},
	},
	"data.aws_eks_addon_version": {
		Source: eksSource,
		Read:   []Need{listed("eks:DescribeAddonVersions")},
	},
	// Security: access only for whom the settings name, and only by the policies that they name.
	"aws_eks_access_entry": {
		Source: eksSource,
		Create: []Need{{
			Actions: []string{"eks:CreateAccessEntry"}, On: []string{"eks:cluster/{cluster_name}"},
			When: all(requested, when("ArnEquals", "eks:principalArn", "{principal_arn}")),
		}},
		Read: []Need{{Actions: []string{"eks:DescribeAccessEntry"}, On: []string{accessEntry}}},
		// Security: an update knows no condition, so neither does it help to limit the groups of
		// Kubernetes that an entry is made with. EKS refuses those that begin with system: and the like.
		// https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
		Update: []Need{{Actions: []string{"eks:UpdateAccessEntry"}, On: []string{accessEntry}}},
		Delete: []Need{{Actions: []string{"eks:DeleteAccessEntry"}, On: []string{accessEntry}}},
		Tag:    []Need{{Actions: []string{"eks:TagResource"}, On: []string{accessEntry}, When: kept}},
	},
	"aws_eks_access_policy_association": {
		Source: eksSource,
		Create: []Need{{
			Actions: []string{"eks:AssociateAccessPolicy"}, On: []string{accessEntry},
			When: when("ArnEquals", "eks:policyArn", "{policy_arn}"),
		}},
		Read: []Need{{Actions: []string{"eks:ListAssociatedAccessPolicies"}, On: []string{accessEntry}}},
		Delete: []Need{{
			Actions: []string{"eks:DisassociateAccessPolicy"}, On: []string{accessEntry},
			When: when("ArnEquals", "eks:policyArn", "{policy_arn}"),
		}},
	},
}
