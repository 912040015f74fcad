package postgres

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecret"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecretversion"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// password is a master password in Secrets Manager, for servers whose password RDS does not manage.
// RDS cannot create a read replica of a database with a managed password.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations
//
// Security: it passes through Terraform only in ephemeral values and write-only arguments,
// which are in no plan and no state. They need Terraform 1.11.
// https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only
type password struct {
	// value is an expression for write-only arguments.
	value     string
	version   *float64
	secretArn *string
}

// PlanOnly is the Terraform variable that lets a role plan a stack without reading secrets. Set it
// with TF_VAR_plan_only=true.
const PlanOnly = "plan_only"

// The names of the ephemeral resources: cdktf 0.21 has no constructs for them.
const (
	ephemeralRandom = "aws_secretsmanager_random_password"
	ephemeralSecret = "aws_secretsmanager_secret_version"
	ephemeralName   = "database_master"
)

// newPassword creates a random password, stores it in Secrets Manager and reads it back. When
// a deployment fails half-way and is repeated with another random value, the database still
// gets the stored password. If AWS refuses to change the password of an existing database,
// raise PasswordVersion once more.
func newPassword(s *shared) *password {
	c := s.config
	stack := cdktf.TerraformStack_Of(s.scope)
	stack.AddOverride(jsii.String("terraform.required_version"), ">= 1.11.0")

	secret := secretsmanagersecret.NewSecretsmanagerSecret(s.scope, jsii.String("secret"), &secretsmanagersecret.SecretsmanagerSecretConfig{
		Name:        jsii.String(c.SecretName),
		Description: jsii.String("Master user of " + c.Name),
		KmsKeyId:    c.KeyArn,
		// Delete an unprotected secret at once, or its name stays reserved for a month.
		RecoveryWindowInDays: jsii.Number(recoveryDays(c.PreventDestroy)),
		Lifecycle:            s.lifecycle(),
	})
	stack.AddOverride(jsii.String(fmt.Sprintf("ephemeral.%s.%s", ephemeralRandom, ephemeralName)), map[string]any{
		"password_length":     40,
		"exclude_punctuation": true,
	})
	version := jsii.Number(c.PasswordVersion)
	stored := secretsmanagersecretversion.NewSecretsmanagerSecretVersion(s.scope, jsii.String("secret-version"),
		&secretsmanagersecretversion.SecretsmanagerSecretVersionConfig{
			SecretId: secret.Id(),
			SecretStringWo: jsii.String(fmt.Sprintf(`${jsonencode({"username" = "%s", "password" = ephemeral.%s.%s.random_password})}`,
				c.Username, ephemeralRandom, ephemeralName)),
			SecretStringWoVersion: version,
		})
	// Security: a role that only plans may not read secrets. If somebody applies such a plan, RDS
	// rejects the placeholder, which is too short for a password.
	planOnly := cdktf.NewTerraformVariable(stack, jsii.String(PlanOnly), &cdktf.TerraformVariableConfig{
		Type:        jsii.String("bool"),
		Default:     jsii.Bool(false),
		Description: jsii.String("Plans without reading the database's password; such a plan cannot be applied"),
	})
	stack.AddOverride(jsii.String(fmt.Sprintf("ephemeral.%s.%s", ephemeralSecret, ephemeralName)), map[string]any{
		"count":     fmt.Sprintf("${%s ? 0 : 1}", *planOnly.Fqn()),
		"secret_id": stored.SecretId(),
	})
	return &password{
		value: fmt.Sprintf(`${%s ? "unread" : jsondecode(one(ephemeral.%s.%s[*].secret_string))["password"]}`,
			*planOnly.Fqn(), ephemeralSecret, ephemeralName),
		version:   version,
		secretArn: secret.Arn(),
	}
}

// recoveryDays returns for how many days a deleted secret can be restored. AWS allows 0, or 7 to 30.
func recoveryDays(protected bool) int {
	if protected {
		return 30
	}
	return 0
}
