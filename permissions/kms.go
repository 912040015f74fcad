package permissions

const kmsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html"

var kms = Table{
	"aws_kms_key": {
		Source: kmsSource,
		Create: []Grant{
			{Actions: []string{"kms:CreateKey"}, Resources: []string{"*"}, Conditions: all(requestTagged, inRegion), Reason: "a new key has no ARN yet"},
			// Security: KMS cannot tell a new key's first tags from later ones. So this also allows
			// tagging an untagged key of the account, but not one of another stack.
			{Actions: []string{"kms:TagResource"}, Resources: []string{"kms:key/*"}, Conditions: all(requestTagged, resourceTaggedIfExists)},
			{Actions: []string{"kms:EnableKeyRotation"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged},
		},
		Read: []Grant{{
			Actions:   []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"},
			Resources: []string{"kms:key/*"}, Conditions: resourceTagged,
		}},
		Update: []Grant{{Actions: []string{"kms:PutKeyPolicy", "kms:UpdateKeyDescription"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"kms:ScheduleKeyDeletion"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged}},
		Tag:    []Grant{{Actions: []string{"kms:TagResource"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	// KMS requires the permission on the alias and on its key. The name begins with alias/.
	"aws_kms_alias": {
		Source: kmsSource,
		Create: []Grant{
			{Actions: []string{"kms:CreateAlias"}, Resources: []string{"kms:{name}"}},
			{Actions: []string{"kms:CreateAlias"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged},
		},
		Read: []Grant{readAll("kms:ListAliases")},
		Update: []Grant{
			{Actions: []string{"kms:UpdateAlias"}, Resources: []string{"kms:{name}"}},
			{Actions: []string{"kms:UpdateAlias"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged},
		},
		Delete: []Grant{
			{Actions: []string{"kms:DeleteAlias"}, Resources: []string{"kms:{name}"}},
			{Actions: []string{"kms:DeleteAlias"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged},
		},
	},
}
