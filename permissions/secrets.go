package permissions

const secretsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"

// A secret's ARN ends in six random characters, which a secret that is yet to be made has not.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
const (
	secret    = "secretsmanager:secret:{name}-??????"
	newSecret = "secretsmanager:secret:{name}"
	secretID  = "secretsmanager:secret:{secret_id}-??????"
)

// secretKey is what writing or reading a secret needs of its key.
var secretKey = Need{Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, On: []string{"kms:key/*"}, When: all(owned, via("secretsmanager"))}

// managedSecrets are those that RDS keeps for the environment's databases: it makes up their names,
// and tags them with whose they are.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func managedSecrets(action string) []Need {
	of := func(kind, tag string) Need {
		return Need{
			Actions: []string{action}, On: []string{"secretsmanager:secret:rds!" + kind + "-*"},
			When: when("ArnLike", "aws:ResourceTag/aws:rds:"+tag, "arn:aws:rds:"+region+":"+account+":"+kind+":"+project+"-"+environment+"-*"),
		}
	}
	return []Need{of("db", "primaryDBInstanceArn"), of("cluster", "primaryDBClusterArn")}
}

var secrets = Table{
	"aws_secretsmanager_secret": {
		Source: secretsSource,
		Create: []Need{
			{Actions: []string{"secretsmanager:CreateSecret"}, On: []string{newSecret, secret}, When: requested},
			secretKey,
		},
		Read:   []Need{{Actions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"}, On: []string{secret}}},
		Update: []Need{{Actions: []string{"secretsmanager:UpdateSecret"}, On: []string{secret}}},
		Delete: []Need{{Actions: []string{"secretsmanager:DeleteSecret"}, On: []string{secret}}},
		Tag:    []Need{{Actions: []string{"secretsmanager:TagResource"}, On: []string{newSecret, secret}, When: kept}},
	},
	"aws_secretsmanager_secret_version": {
		Source: secretsSource,
		Create: []Need{
			// Security: Read has no GetSecretValue, though the provider calls it at each refresh
			// before version 6.26: whoever only plans may not read secrets, and must not refresh.
			// https://github.com/hashicorp/terraform-provider-aws/issues/42383
			{Actions: []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}, On: []string{secretID}},
			secretKey,
		},
		// On destroy its value goes with the secret.
	},
	"aws_secretsmanager_secret_rotation": {
		Source: secretsSource,
		Create: managedSecrets("secretsmanager:RotateSecret"),
		Read:   managedSecrets("secretsmanager:DescribeSecret"),
		Delete: managedSecrets("secretsmanager:CancelRotateSecret"),
	},
	"ephemeral.aws_secretsmanager_random_password": {
		Source: secretsSource,
		Read:   []Need{listed("secretsmanager:GetRandomPassword")},
	},
	// Security: likewise for those who deploy alone.
	"ephemeral.aws_secretsmanager_secret_version": {
		Source: secretsSource,
		Create: []Need{
			{Actions: []string{"secretsmanager:GetSecretValue"}, On: []string{secretID}, When: owned},
			{Actions: []string{"kms:Decrypt"}, On: []string{"kms:key/*"}, When: all(owned, via("secretsmanager"))},
		},
	},
}
