package permissions

import "fmt"

// Push returns the permissions to push images to some ECR repositories.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
func Push(region, account string, repositories ...string) []Statement {
	const reason = "push"
	var arns []string
	for _, repository := range repositories {
		arns = append(arns, fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", region, account, repository))
	}
	statements := []Statement{{
		Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"}, RequiredBy: []string{reason},
		Conditions: when("StringEquals", "aws:RequestedRegion", region),
		Reason:     "no resource-level permissions: the token is for the whole registry",
	}}
	if len(arns) == 0 { // all images are others'
		return statements
	}
	return append(statements, Statement{
		Actions: []string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer",
			"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
		},
		Resources: arns, RequiredBy: []string{reason},
	})
}
