package permissions

const ecrSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"

var ecr = Table{
	"aws_ecr_repository": {
		Source: ecrSource,
		Create: []Grant{
			{Actions: []string{"ecr:CreateRepository"}, Resources: []string{"ecr:repository/{name}"}, Conditions: requestTagged},
			// https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
			{Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("ecr"))},
		},
		Read: []Grant{{Actions: []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"}, Resources: []string{"ecr:repository/{name}"}}},
		Update: []Grant{{
			Actions:   []string{"ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability"},
			Resources: []string{"ecr:repository/{name}"},
		}},
		Delete: []Grant{
			{Actions: []string{"ecr:DeleteRepository"}, Resources: []string{"ecr:repository/{name}"}},
			{Actions: []string{"kms:RetireGrant"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("ecr"))},
		},
		Tag: []Grant{{Actions: []string{"ecr:TagResource"}, Resources: []string{"ecr:repository/{name}"}, Conditions: requestTaggedIfExists}},
	},
	"aws_ecr_lifecycle_policy": {
		Source: ecrSource,
		Create: []Grant{{Actions: []string{"ecr:PutLifecyclePolicy"}, Resources: []string{"ecr:repository/{repository}"}}},
		Read:   []Grant{{Actions: []string{"ecr:GetLifecyclePolicy"}, Resources: []string{"ecr:repository/{repository}"}}},
		Delete: []Grant{{Actions: []string{"ecr:DeleteLifecyclePolicy"}, Resources: []string{"ecr:repository/{repository}"}}},
	},
}
