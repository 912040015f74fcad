package postgres

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/secretsmanagersecretrotation"
)

// configureRotation sets how often RDS rotates the password that it manages; RDS's default is seven
// days. It needs no Lambda function.
//
// It does not rotate at once: the database is new, or in use.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_managed.html
func (d database) configureRotation(secretArn *string) {
	if d.config.PasswordRotationDays == 0 {
		return
	}
	secretsmanagersecretrotation.NewSecretsmanagerSecretRotation(d.scope, jsii.String("rotation"), &secretsmanagersecretrotation.SecretsmanagerSecretRotationConfig{
		SecretId:          secretArn,
		RotateImmediately: jsii.Bool(false),
		RotationRules: &secretsmanagersecretrotation.SecretsmanagerSecretRotationRotationRules{
			AutomaticallyAfterDays: jsii.Number(d.config.PasswordRotationDays),
		},
	})
}
