package permissions

var ec2 = Table{
	// Its one interface goes with it, and has no tags.
	"aws_instance": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:RunInstances"}, Resources: []string{"ec2:instance/*", "ec2:volume/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:RunInstances"}, Resources: []string{"ec2:security-group/*", "ec2:subnet/*"}, Conditions: resourceTagged},
			{Actions: []string{"ec2:RunInstances"}, Resources: []string{"ec2:network-interface/*"}},
			// Security: what it runs is Amazon's own.
			{
				Actions: []string{"ec2:RunInstances"}, Resources: []string{"arn:aws:ec2:{region}::image/*"},
				Conditions: when("StringEquals", "ec2:Owner", "amazon"),
			},
			tagOnCreate("ec2:instance/*", "RunInstances"),
			tagOnCreate("ec2:volume/*", "RunInstances"),
			// Where its volume is, the image knows.
			readAll("ec2:DescribeImages"),
			// The profile has the name of its role: constructs/bastion sees to it.
			passRole("iam_instance_profile", "ec2.amazonaws.com"),
			// Starting it again takes them too. The image is not encrypted: nothing of KMS's
			// re-encryption is needed.
			// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
			{Actions: []string{"kms:CreateGrant"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("ec2"), when("Bool", "kms:GrantIsForAWSResource", "true"))},
			{
				Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"},
				Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("ec2")),
			},
		},
		Read: []Grant{
			// Tags tell the provider whether it was made from a launch template.
			readAll("ec2:DescribeInstanceCreditSpecifications", "ec2:DescribeInstanceTypes", "ec2:DescribeInstances",
				"ec2:DescribeTags", "ec2:DescribeVolumes", "ec2:DescribeVpcs"),
			{Actions: []string{"ec2:DescribeInstanceAttribute"}, Resources: []string{"ec2:instance/*"}, Conditions: resourceTagged},
		},
		// For another type it is stopped and started.
		Update: []Grant{{
			Actions:   []string{"ec2:ModifyInstanceMetadataOptions", "ec2:StartInstances", "ec2:StopInstances"},
			Resources: []string{"ec2:instance/*"}, Conditions: resourceTagged,
		}},
		// The provider first takes away what protects it from being terminated, be it there or not.
		Delete: []Grant{{Actions: []string{"ec2:ModifyInstanceAttribute", "ec2:TerminateInstances"}, Resources: []string{"ec2:instance/*"}, Conditions: resourceTagged}},
		Tag:    append(changeTags("ec2:instance/*"), changeTags("ec2:volume/*")...),
	},
}
