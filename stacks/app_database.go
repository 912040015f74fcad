package stacks

import (
	"plinth/constructs/policy"
	"plinth/constructs/postgres"
	"plinth/settings"
)

// readPasswordStatements allow reading exactly these secrets, and decrypting through Secrets Manager only.
func readPasswordStatements(env *settings.Environment, data *Data, secrets ...*string) []policy.Statement {
	var resources []string
	for _, secret := range secrets {
		resources = append(resources, *secret)
	}
	return []policy.Statement{
		{
			Sid:       "ReadDatabasePassword",
			Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"},
			Resources: resources,
		},
		useKey(env, "DecryptDatabasePassword", "secretsmanager", data.Key.Arn, "kms:Decrypt"),
	}
}

// loginSecret returns the secret of the login that an application uses.
//
// Security: the application reads this one alone, not the master user's.
func loginSecret(app *settings.App, data *Data) *string {
	return data.LoginSecrets[app.Name][app.Slot()]
}

// databaseValues returns the chart's values of the database.
func databaseValues(env *settings.Environment, app *settings.App, data *Data) map[string]any {
	return map[string]any{
		"host":       data.Database.Endpoint,
		"readerHost": data.Database.ReaderEndpoint,
		"port":       postgres.Port,
		"tls":        databaseTLS(env),
		"name":       env.DatabaseOf(app),
		"secret":     loginSecret(app, data),
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
