package permissions

const ecrSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"

var ecr = Table{
	"aws_ecr_repository": {
		Source: ecrSource,
		Create: []Need{
			{Actions: []string{"ecr:CreateRepository"}, On: []string{"ecr:repository/{name}"}, When: requested},
			// https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
			{Actions: []string{"kms:CreateGrant", "kms:DescribeKey"}, On: []string{"kms:key/*"}, When: all(owned, via("ecr"))},
		},
		Read: []Need{{Actions: []string{"ecr:DescribeRepositories", "ecr:ListTagsForResource"}, On: []string{"ecr:repository/{name}"}}},
		Update: []Need{{
			Actions: []string{"ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability"},
			On:      []string{"ecr:repository/{name}"},
		}},
		Delete: []Need{
			{Actions: []string{"ecr:DeleteRepository"}, On: []string{"ecr:repository/{name}"}},
			{Actions: []string{"kms:RetireGrant"}, On: []string{"kms:key/*"}, When: all(owned, via("ecr"))},
		},
		Tag: []Need{{Actions: []string{"ecr:TagResource"}, On: []string{"ecr:repository/{name}"}, When: kept}},
	},
	"aws_ecr_lifecycle_policy": {
		Source: ecrSource,
		Create: []Need{{Actions: []string{"ecr:PutLifecyclePolicy"}, On: []string{"ecr:repository/{repository}"}}},
		Read:   []Need{{Actions: []string{"ecr:GetLifecyclePolicy"}, On: []string{"ecr:repository/{repository}"}}},
		Delete: []Need{{Actions: []string{"ecr:DeleteLifecyclePolicy"}, On: []string{"ecr:repository/{repository}"}}},
	},
}
