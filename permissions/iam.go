package permissions

const iamSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"

// oidcProviders are those of EKS's clusters; which cluster's is known once it is made.
const oidcProviders = "iam:oidc-provider/oidc.eks.{region}.amazonaws.com/id/*"

const instanceProfile = "iam:instance-profile/{name}"

// Security: only roles with the boundary can be made or changed, and no action takes a boundary
// away. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
var iam = Table{
	"aws_iam_role": {
		Source: iamSource,
		Create: []Need{{Actions: []string{"iam:CreateRole"}, On: []string{"iam:role/{name}"}, When: all(bounded, requested)}},
		// The provider reads what policies the role has, too.
		Read: []Need{{
			Actions: []string{"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"},
			On:      []string{"iam:role/{name}"},
		}},
		Update: []Need{{
			// For PutRolePermissionsBoundary bounded is the boundary that is put.
			Actions: []string{"iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy", "iam:UpdateRoleDescription"},
			On:      []string{"iam:role/{name}"}, When: bounded,
		}},
		Delete: []Need{
			{Actions: []string{"iam:DeleteRole"}, On: []string{"iam:role/{name}"}, When: bounded},
			{Actions: []string{"iam:ListInstanceProfilesForRole"}, On: []string{"iam:role/{name}"}},
		},
		Tag: []Need{{Actions: []string{"iam:TagRole"}, On: []string{"iam:role/{name}"}, When: kept}},
	},
	"aws_iam_role_policy": {
		Source: iamSource,
		Create: []Need{{Actions: []string{"iam:PutRolePolicy"}, On: []string{"iam:role/{role}"}, When: bounded}},
		Read:   []Need{{Actions: []string{"iam:GetRolePolicy"}, On: []string{"iam:role/{role}"}}},
		Delete: []Need{{Actions: []string{"iam:DeleteRolePolicy"}, On: []string{"iam:role/{role}"}, When: bounded}},
	},
	"aws_iam_role_policy_attachment": {
		Source: iamSource,
		Create: []Need{{
			Actions: []string{"iam:AttachRolePolicy"}, On: []string{"iam:role/{role}"},
			When: all(bounded, when("ArnEquals", "iam:PolicyARN", "{policy_arn}")),
		}},
		Read: []Need{{Actions: []string{"iam:ListAttachedRolePolicies"}, On: []string{"iam:role/{role}"}}},
		Delete: []Need{{
			Actions: []string{"iam:DetachRolePolicy"}, On: []string{"iam:role/{role}"},
			When: all(bounded, when("ArnEquals", "iam:PolicyARN", "{policy_arn}")),
		}},
	},
	"aws_iam_openid_connect_provider": {
		Source: iamSource,
		Create: []Need{
			{Actions: []string{"iam:CreateOpenIDConnectProvider"}, On: []string{oidcProviders}, When: requested},
			{Actions: []string{"iam:TagOpenIDConnectProvider"}, On: []string{oidcProviders}, When: all(requested, unclaimed)},
		},
		Read: []Need{{Actions: []string{"iam:GetOpenIDConnectProvider"}, On: []string{oidcProviders}, When: owned}},
		Update: []Need{{
			Actions: []string{"iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"},
			On:      []string{oidcProviders}, When: owned,
		}},
		Delete: []Need{{Actions: []string{"iam:DeleteOpenIDConnectProvider"}, On: []string{oidcProviders}, When: owned}},
		Tag:    []Need{{Actions: []string{"iam:TagOpenIDConnectProvider"}, On: []string{oidcProviders}, When: all(owned, kept)}},
	},
	// Security: a role can be put into it that may be passed to EC2; with which boundary is the role's
	// business.
	"aws_iam_instance_profile": {
		Source: iamSource,
		Create: []Need{
			{Actions: []string{"iam:CreateInstanceProfile"}, On: []string{instanceProfile}, When: requested},
			{Actions: []string{"iam:AddRoleToInstanceProfile"}, On: []string{instanceProfile}},
			passed("role", "ec2.amazonaws.com"),
		},
		Read: []Need{
			{Actions: []string{"iam:GetInstanceProfile"}, On: []string{instanceProfile}},
			{Actions: []string{"iam:GetRole"}, On: []string{"iam:role/{role}"}},
		},
		Delete: []Need{{Actions: []string{"iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile"}, On: []string{instanceProfile}}},
		Tag:    []Need{{Actions: []string{"iam:TagInstanceProfile"}, On: []string{instanceProfile}, When: kept}},
	},
}
