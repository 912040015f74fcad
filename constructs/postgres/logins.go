package postgres

import (
	"fmt"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecret"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecretversion"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Login is a role that signs in to PostgreSQL.
type Login struct {
	// Username is the role's name, SecretName its secret's.
	Username, SecretName string
	// PasswordVersion changes the password when it is raised.
	PasswordVersion int
	// KeyArn encrypts the password.
	KeyArn *string
}

// NewLogin creates a login's random password in Secrets Manager, and returns the secret's ARN. The role itself is
// not created here.
//
// Security: as the master password, this one is in no plan and no state. Terraform does not read it back.
func NewLogin(scope constructs.Construct, id string, login Login) (secretArn *string) {
	this := constructs.NewConstruct(scope, &id)
	stack := cdktf.TerraformStack_Of(scope)
	stack.AddOverride(jsii.String("terraform.required_version"), ">= 1.11.0")
	secret := secretsmanagersecret.NewSecretsmanagerSecret(this, jsii.String("secret"), &secretsmanagersecret.SecretsmanagerSecretConfig{
		Name:        jsii.String(login.SecretName),
		Description: jsii.String("PostgreSQL's user " + login.Username),
		KmsKeyId:    login.KeyArn,
		// A password is made again, so nothing is lost. Otherwise the name would stay reserved.
		RecoveryWindowInDays: jsii.Number(0),
	})
	name := "login_" + strings.ReplaceAll(login.Username, "-", "_")
	stack.AddOverride(jsii.String(fmt.Sprintf("ephemeral.%s.%s", ephemeralRandom, name)), map[string]any{
		"password_length":     40,
		"exclude_punctuation": true,
	})
	secretsmanagersecretversion.NewSecretsmanagerSecretVersion(this, jsii.String("secret-version"),
		&secretsmanagersecretversion.SecretsmanagerSecretVersionConfig{
			SecretId: secret.Id(),
			SecretStringWo: jsii.String(fmt.Sprintf(`${jsonencode({"username" = "%s", "password" = ephemeral.%s.%s.random_password})}`,
				login.Username, ephemeralRandom, name)),
			SecretStringWoVersion: jsii.Number(login.PasswordVersion),
		})
	return secret.Arn()
}
