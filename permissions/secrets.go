package permissions

const secretsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html"

// A secret's ARN ends in six random characters, except on creation.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
const (
	secret    = "secretsmanager:secret:{name}-??????"
	newSecret = "secretsmanager:secret:{name}"
	secretID  = "secretsmanager:secret:{secret_id}-??????"
)

// secretKey allows using a secret's key to write or read the secret.
var secretKey = Grant{Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("secretsmanager"))}

// managedSecrets allow an action on the secrets that RDS manages for the environment's databases. RDS
// chooses their names, and tags them with the database's ARN.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func managedSecrets(action string) []Grant {
	grants := []Grant{managedSecret("aws_db_instance"), managedSecret("aws_rds_cluster")}
	for i := range grants {
		grants[i].Actions = []string{action}
	}
	return grants
}

// managedSecret is the secret of a type of database.
func managedSecret(database string) Grant {
	kind, tag := "db", "primaryDBInstanceArn"
	if database == "aws_rds_cluster" {
		kind, tag = "cluster", "primaryDBClusterArn"
	}
	return Grant{
		Resources:  []string{"secretsmanager:secret:rds!" + kind + "-*"},
		Conditions: when("ArnLike", "aws:ResourceTag/aws:rds:"+tag, "arn:aws:rds:"+region+":"+account+":"+kind+":"+project+"-"+environment+"-*"),
	}
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
			// Security: Read has no GetSecretValue, though before version 6.26 the provider calls it at
			// each refresh. A plan role may not read secrets, so it must not refresh.
			// https://github.com/hashicorp/terraform-provider-aws/issues/42383
			{Actions: []string{"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"}, Resources: []string{secretID}},
			secretKey,
		},
		// On destroy AWS deletes its value with the secret.
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
	// Security: likewise only for deploy roles.
	"ephemeral.aws_secretsmanager_secret_version": {
		Source: secretsSource,
		Create: []Grant{
			{Actions: []string{"secretsmanager:GetSecretValue"}, Resources: []string{secretID}, Conditions: resourceTagged},
			{Actions: []string{"kms:Decrypt"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("secretsmanager"))},
		},
	},
}
