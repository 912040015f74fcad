package permissions

import "fmt"

// Push returns the permissions to push images to one ECR repository.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
func Push(region, account, repository string) []Statement {
	const reason = "push"
	return []Statement{
		{
			Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"}, RequiredBy: []string{reason},
			Conditions: when("StringEquals", "aws:RequestedRegion", region),
			Reason:     "no resource-level permissions: the token is for the whole registry",
		},
		{
			Actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer",
				"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
			},
			Resources: []string{fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", region, account, repository)}, RequiredBy: []string{reason},
		},
	}
}
