package permissions

var ec2 = Table{
	// Its only network interface has no tags, and AWS deletes it with the instance.
	"aws_instance": {
		Source: ec2Source,
		Create: []Grant{
			{Actions: []string{"ec2:RunInstances"}, Resources: []string{"ec2:instance/*", "ec2:volume/*"}, Conditions: requestTagged},
			{Actions: []string{"ec2:RunInstances"}, Resources: []string{"ec2:security-group/*", "ec2:subnet/*"}, Conditions: resourceTagged},
			{Actions: []string{"ec2:RunInstances"}, Resources: []string{"ec2:network-interface/*"}},
			// Security: only Amazon's own images.
			{
				Actions: []string{"ec2:RunInstances"}, Resources: []string{"arn:aws:ec2:{region}::image/*"},
				Conditions: when("StringEquals", "ec2:Owner", "amazon"),
			},
			tagOnCreate("ec2:instance/*", "RunInstances"),
			tagOnCreate("ec2:volume/*", "RunInstances"),
			// The image names the device of the root volume.
			readAll("ec2:DescribeImages"),
			// The profile has the name of its role, see constructs/bastion.
			passRole("iam_instance_profile", "ec2.amazonaws.com"),
			// Starting it again needs these too. The image is not encrypted, so KMS's re-encryption is
			// not needed.
			// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html#ebs-encryption-permissions
			{Actions: []string{"kms:CreateGrant"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("ec2"), when("Bool", "kms:GrantIsForAWSResource", "true"))},
			{
				Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"},
				Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("ec2")),
			},
		},
		Read: []Grant{
			// From tags the provider learns whether a launch template created the instance.
			readAll("ec2:DescribeInstanceCreditSpecifications", "ec2:DescribeInstanceTypes", "ec2:DescribeInstances",
				"ec2:DescribeTags", "ec2:DescribeVolumes", "ec2:DescribeVpcs"),
			{Actions: []string{"ec2:DescribeInstanceAttribute"}, Resources: []string{"ec2:instance/*"}, Conditions: resourceTagged},
		},
		// To change the type the provider stops and starts the instance.
		Update: []Grant{{
			Actions:   []string{"ec2:ModifyInstanceMetadataOptions", "ec2:StartInstances", "ec2:StopInstances"},
			Resources: []string{"ec2:instance/*"}, Conditions: resourceTagged,
		}},
		// The provider first removes termination protection, even if there is none.
		Delete: []Grant{{Actions: []string{"ec2:ModifyInstanceAttribute", "ec2:TerminateInstances"}, Resources: []string{"ec2:instance/*"}, Conditions: resourceTagged}},
		Tag:    append(changeTags("ec2:instance/*"), changeTags("ec2:volume/*")...),
	},
}
