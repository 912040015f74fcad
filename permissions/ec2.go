package permissions

var ec2 = Table{
	// Its one interface goes with it, and has no tags.
	"aws_instance": {
		Source: ec2Source,
		Create: []Need{
			{Actions: []string{"ec2:RunInstances"}, On: []string{"ec2:instance/*", "ec2:volume/*"}, When: requested},
			{Actions: []string{"ec2:RunInstances"}, On: []string{"ec2:security-group/*", "ec2:subnet/*"}, When: owned},
			{Actions: []string{"ec2:RunInstances"}, On: []string{"ec2:network-interface/*"}},
			// Security: what it runs is Amazon's own.
			{
				Actions: []string{"ec2:RunInstances"}, On: []string{"arn:aws:ec2:{region}::image/*"},
				When: when("StringEquals", "ec2:Owner", "amazon"),
			},
			tagged("ec2:instance/*", "RunInstances"),
			tagged("ec2:volume/*", "RunInstances"),
			// Where its volume is, the image knows.
			listed("ec2:DescribeImages"),
			// The profile has the name of its role: constructs/bastion sees to it.
			passed("iam_instance_profile", "ec2.amazonaws.com"),
			// Starting it again takes them too. The image is not encrypted: nothing of KMS's
			// re-encryption is needed.
			// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
			{Actions: []string{"kms:CreateGrant"}, On: []string{"kms:key/*"}, When: all(owned, via("ec2"), when("Bool", "kms:GrantIsForAWSResource", "true"))},
			{
				Actions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"},
				On:      []string{"kms:key/*"}, When: all(owned, via("ec2")),
			},
		},
		Read: []Need{
			// Tags tell the provider whether it was made from a launch template.
			listed("ec2:DescribeInstanceCreditSpecifications", "ec2:DescribeInstanceTypes", "ec2:DescribeInstances",
				"ec2:DescribeTags", "ec2:DescribeVolumes", "ec2:DescribeVpcs"),
			{Actions: []string{"ec2:DescribeInstanceAttribute"}, On: []string{"ec2:instance/*"}, When: owned},
		},
		// For another type it is stopped and started.
		Update: []Need{{
			Actions: []string{"ec2:ModifyInstanceMetadataOptions", "ec2:StartInstances", "ec2:StopInstances"},
			On:      []string{"ec2:instance/*"}, When: owned,
		}},
		// The provider first takes away what protects it from being terminated, be it there or not.
		Delete: []Need{{Actions: []string{"ec2:ModifyInstanceAttribute", "ec2:TerminateInstances"}, On: []string{"ec2:instance/*"}, When: owned}},
		Tag:    append(retagged("ec2:instance/*"), retagged("ec2:volume/*")...),
	},
}
