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
var secretKey = Grant{Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("secretsmanager"))}

// managedSecrets are those that RDS keeps for the environment's databases: it makes up their names,
// and tags them with whose they are.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func managedSecrets(action string) []Grant {
	of := func(kind, tag string) Grant {
		return Grant{
			Actions: []string{action}, Resources: []string{"secretsmanager:secret:rds!" + kind + "-*"},
			Conditions: when("ArnLike", "aws:ResourceTag/aws:rds:"+tag, "arn:aws:rds:"+region+":"+account+":"+kind+":"+project+"-"+environment+"-*"),
		}
	}
	return []Grant{of("db", "primaryDBInstanceArn"), of("cluster", "primaryDBClusterArn")}
}

var secrets = Table{
	"aws_secretsmanager_secret": {
		Source: secretsSource,
		Create: []Grant{
			{Actions: []string{"secretsmanager:CreateSecret"}, Resources: []string{newSecret, secret}, Conditions: requestTagged},
			secretKey,
		},
		Read:   []Grant{{Actions: []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"}, Resources: []string{secret}}},
		Update: []Grant{{Actions: []string{"secretsmanager:UpdateSecret"}, Resources: []string{secret}}},
		Delete: []Grant{{Actions: []string{"secretsmanager:DeleteSecret"}, Resources: []string{secret}}},
		Tag:    []Grant{{Actions: []string{"secretsmanager:TagResource"}, Resources: []string{newSecret, secret}, Conditions: requestTaggedIfExists}},
	},
	"aws_secretsmanager_secret_version": {
		Source: secretsSource,
		Create: []Grant{
			// Security: Read has no GetSecretValue, though the provider calls it at each refresh
			// before version 6.26: whoever only plans may not read secrets, and must not refresh.
			// https://github.com/hashicorp/terraform-provider-aws/issues/42383
			{Actions: []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}, Resources: []string{secretID}},
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
		Read:   []Grant{readAll("secretsmanager:GetRandomPassword")},
	},
	// Security: likewise for those who deploy alone.
	"ephemeral.aws_secretsmanager_secret_version": {
		Source: secretsSource,
		Create: []Grant{
			{Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []string{secretID}, Conditions: resourceTagged},
			{Actions: []string{"kms:Decrypt"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("secretsmanager"))},
		},
	},
}
