package stacks

import (
	"plinth/constructs/policy"
	"plinth/constructs/postgres"
	"plinth/settings"
)

// readPasswordStatements allow reading exactly one secret, and decrypting through Secrets Manager only.
func readPasswordStatements(env *settings.Environment, data *Data) []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "ReadDatabasePassword",
			Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
			Resources: []string{*data.Database.SecretArn},
		},
		useKey(env, "DecryptDatabasePassword", "secretsmanager", data.Key.Arn, "kms:Decrypt"),
	}
}

// databaseValues returns the chart's values of the database.
func databaseValues(env *settings.Environment, data *Data) map[string]any {
	return map[string]any{
		"host":       data.Database.Endpoint,
		"readerHost": data.Database.ReaderEndpoint,
		"port":       postgres.Port,
		"tls":        databaseTLS(env),
		"name":       data.Database.Name,
		"secret":     data.Database.SecretArn,
	}
}

// databaseTLS returns how the application verifies its database. Security: a CA signs RDS's
// certificates. PostgreSQL in the cluster signs its own, and proves that it knows the password.
func databaseTLS(env *settings.Environment) string {
	if env.Database.Engine == settings.EngineInCluster {
		return "channel-binding"
	}
	return "verify-full"
}
