package permissions

// managed lists, for each AWS managed policy that Plinth's roles have, what the role needs of it. It
// is what the permissions boundary of the roles allows; the policies themselves allow more, on any
// resource.
//
// Security: what AWS adds to a policy later is not allowed until it is here.
var managed = map[string][]Grant{
	// The least that a cluster's role must have, without what is for EC2 nodes, of which Fargate has
	// none, and for the load balancers of the legacy cloud provider.
	// https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html
	"AmazonEKSClusterPolicy": {
		{
			Actions: []string{
				"ec2:DescribeAvailabilityZones", "ec2:DescribeDhcpOptions", "ec2:DescribeInstanceTopology",
				"ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs",
			},
			Resources: []string{"*"}, Reason: "no resource-level permissions",
		},
		{Actions: []string{"kms:DescribeKey"}, Resources: []string{"kms:key/*"}, Conditions: resourceTagged},
	},
	// Images of the account's own and of the accounts where AWS publishes those of EKS.
	// https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
	"AmazonEKSFargatePodExecutionRolePolicy": {
		{Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"}, Reason: "no resource-level permissions"},
		{
			Actions:   []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
			Resources: []string{"arn:aws:ecr:*:*:repository/*"},
		},
	},
	// All databases of an account share one log group.
	// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonRDSEnhancedMonitoringRole.html
	"service-role/AmazonRDSEnhancedMonitoringRole": {
		{
			Actions: []string{
				"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams",
				"logs:GetLogEvents", "logs:PutLogEvents", "logs:PutRetentionPolicy",
			},
			Resources: []string{"logs:log-group:RDS*"},
		},
	},
}
