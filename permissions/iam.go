package permissions

const iamSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html"

// oidcProviders are those of EKS clusters. AWS chooses their ids.
const oidcProviders = "iam:oidc-provider/oidc.eks.{region}.amazonaws.com/id/*"

const instanceProfile = "iam:instance-profile/{name}"

// itsRole: the role is the stack's own, by its tags, and has the boundary. Names do not tell: those
// of two stacks' roles begin alike.
var itsRole = all(withRoleBoundary, resourceTagged)

// Security: grants cover only roles with the boundary, and no grant allows removing a boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
var iam = Table{
	"aws_iam_role": {
		Source: iamSource,
		Create: []Grant{
			{Actions: []string{"iam:CreateRole"}, Resources: []string{"iam:role/{name}"}, Conditions: all(withRoleBoundary, requestTagged)},
			{Actions: []string{"iam:TagRole"}, Resources: []string{"iam:role/{name}"}, Conditions: all(requestTagged, resourceTaggedIfExists)},
		},
		// The provider also reads the role's policies.
		Read: []Grant{{
			Actions:   []string{"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"},
			Resources: []string{"iam:role/{name}"},
		}},
		Update: []Grant{{
			// For PutRolePermissionsBoundary the condition on the boundary is about the new one.
			Actions:   []string{"iam:PutRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy", "iam:UpdateRoleDescription"},
			Resources: []string{"iam:role/{name}"}, Conditions: itsRole,
		}},
		Delete: []Grant{
			{Actions: []string{"iam:DeleteRole"}, Resources: []string{"iam:role/{name}"}, Conditions: itsRole},
			{Actions: []string{"iam:ListInstanceProfilesForRole"}, Resources: []string{"iam:role/{name}"}},
		},
		Tag: []Grant{{Actions: []string{"iam:TagRole"}, Resources: []string{"iam:role/{name}"}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	"aws_iam_role_policy": {
		Source: iamSource,
		Create: []Grant{{Actions: []string{"iam:PutRolePolicy"}, Resources: []string{"iam:role/{role}"}, Conditions: itsRole}},
		Read:   []Grant{{Actions: []string{"iam:GetRolePolicy"}, Resources: []string{"iam:role/{role}"}}},
		Delete: []Grant{{Actions: []string{"iam:DeleteRolePolicy"}, Resources: []string{"iam:role/{role}"}, Conditions: itsRole}},
	},
	"aws_iam_role_policy_attachment": {
		Source: iamSource,
		Create: []Grant{{
			Actions: []string{"iam:AttachRolePolicy"}, Resources: []string{"iam:role/{role}"},
			Conditions: all(itsRole, when("ArnEquals", "iam:PolicyARN", "{policy_arn}")),
		}},
		Read: []Grant{{Actions: []string{"iam:ListAttachedRolePolicies"}, Resources: []string{"iam:role/{role}"}}},
		Delete: []Grant{{
			Actions: []string{"iam:DetachRolePolicy"}, Resources: []string{"iam:role/{role}"},
			Conditions: all(itsRole, when("ArnEquals", "iam:PolicyARN", "{policy_arn}")),
		}},
	},
	"aws_iam_openid_connect_provider": {
		Source: iamSource,
		Create: []Grant{
			{Actions: []string{"iam:CreateOpenIDConnectProvider"}, Resources: []string{oidcProviders}, Conditions: requestTagged},
			{Actions: []string{"iam:TagOpenIDConnectProvider"}, Resources: []string{oidcProviders}, Conditions: all(requestTagged, resourceTaggedIfExists)},
		},
		Read: []Grant{{Actions: []string{"iam:GetOpenIDConnectProvider"}, Resources: []string{oidcProviders}, Conditions: resourceTagged}},
		Update: []Grant{{
			Actions:   []string{"iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"},
			Resources: []string{oidcProviders}, Conditions: resourceTagged,
		}},
		Delete: []Grant{{Actions: []string{"iam:DeleteOpenIDConnectProvider"}, Resources: []string{oidcProviders}, Conditions: resourceTagged}},
		Tag:    []Grant{{Actions: []string{"iam:TagOpenIDConnectProvider"}, Resources: []string{oidcProviders}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	// Security: only a role that may be passed to EC2 can be put into it. The grants of aws_iam_role
	// require its boundary.
	"aws_iam_instance_profile": {
		Source: iamSource,
		Create: []Grant{
			{Actions: []string{"iam:CreateInstanceProfile"}, Resources: []string{instanceProfile}, Conditions: requestTagged},
			{Actions: []string{"iam:TagInstanceProfile"}, Resources: []string{instanceProfile}, Conditions: all(requestTagged, resourceTaggedIfExists)},
			{Actions: []string{"iam:AddRoleToInstanceProfile"}, Resources: []string{instanceProfile}, Conditions: resourceTagged},
			passRole("role", "ec2.amazonaws.com"),
		},
		Read: []Grant{
			{Actions: []string{"iam:GetInstanceProfile"}, Resources: []string{instanceProfile}},
			{Actions: []string{"iam:GetRole"}, Resources: []string{"iam:role/{role}"}},
		},
		Delete: []Grant{{Actions: []string{"iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile"}, Resources: []string{instanceProfile}, Conditions: resourceTagged}},
		Tag:    []Grant{{Actions: []string{"iam:TagInstanceProfile"}, Resources: []string{instanceProfile}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
}
