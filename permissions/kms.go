package permissions

const kmsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html"

var kms = Table{
	"aws_kms_key": {
		Source: kmsSource,
		Create: []Need{
			{Actions: []string{"kms:CreateKey"}, On: []string{"*"}, When: all(requested, inRegion), Why: "a key that is yet to be made has no ARN"},
			// Security: KMS cannot tell a new key's first tags from later ones, so a key of the
			// account that nobody has tagged could be claimed; one of another stack cannot.
			{Actions: []string{"kms:TagResource"}, On: []string{"kms:key/*"}, When: all(requested, unclaimed)},
			{Actions: []string{"kms:EnableKeyRotation"}, On: []string{"kms:key/*"}, When: owned},
		},
		Read: []Need{{
			Actions: []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"},
			On:      []string{"kms:key/*"}, When: owned,
		}},
		Update: []Need{{Actions: []string{"kms:PutKeyPolicy", "kms:UpdateKeyDescription"}, On: []string{"kms:key/*"}, When: owned}},
		Delete: []Need{{Actions: []string{"kms:ScheduleKeyDeletion"}, On: []string{"kms:key/*"}, When: owned}},
		Tag:    []Need{{Actions: []string{"kms:TagResource"}, On: []string{"kms:key/*"}, When: all(owned, kept)}},
	},
	// An alias and its key are each asked for. Its name begins with alias/.
	"aws_kms_alias": {
		Source: kmsSource,
		Create: []Need{
			{Actions: []string{"kms:CreateAlias"}, On: []string{"kms:{name}"}},
			{Actions: []string{"kms:CreateAlias"}, On: []string{"kms:key/*"}, When: owned},
		},
		Read: []Need{listed("kms:ListAliases")},
		Update: []Need{
			{Actions: []string{"kms:UpdateAlias"}, On: []string{"kms:{name}"}},
			{Actions: []string{"kms:UpdateAlias"}, On: []string{"kms:key/*"}, When: owned},
		},
		Delete: []Need{
			{Actions: []string{"kms:DeleteAlias"}, On: []string{"kms:{name}"}},
			{Actions: []string{"kms:DeleteAlias"}, On: []string{"kms:key/*"}, When: owned},
		},
	},
}
