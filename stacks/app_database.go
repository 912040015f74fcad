package stacks

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
	"plinth/constructs/postgres"
	"plinth/constructs/release"
	"plinth/settings"
)

// inClusterDatabase is the name of the release, namespace and service account of PostgreSQL in the
// cluster. The namespace has its own Fargate profile: profiles are immutable, so an environment that
// changes its engine could not add the namespace to the application's.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
const inClusterDatabase = "postgres"

// inClusterChart is the path of PostgreSQL's chart, relative to the project's folder.
const inClusterChart = "charts/postgres"

// connectDatabase lets the application's pods reach PostgreSQL, or installs PostgreSQL in the cluster. The
// application's release depends on the result.
func connectDatabase(groups *podGroups, pods *podGroup, data *Data) []cdktf.ITerraformDependable {
	if groups.env.Database.Engine == settings.EngineInCluster {
		return []cdktf.ITerraformDependable{newInClusterDatabase(groups, pods, data)}
	}
	pods.connect("database-from-pods", "PostgreSQL from the application's pods", data.Database.SecurityGroupID, postgres.Port)
	return nil
}

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

// newInClusterDatabase installs PostgreSQL in its own namespace, where only the application's pods reach it.
func newInClusterDatabase(groups *podGroups, pods *podGroup, data *Data) cdktf.ITerraformDependable {
	stack, env, cluster := groups.stack, groups.env, groups.cluster
	namespace := newNamespace(stack, inClusterDatabase, nil)
	server := groups.add(inClusterDatabase, "Pods of PostgreSQL", confined)
	pods.connect("database-from-pods", "PostgreSQL from the application's pods", server.id, postgres.Port)
	role := newPodRole(stack, env, cluster, "database-role", inClusterDatabase,
		"Lets PostgreSQL's password be read for its pod", readPasswordStatements(env, data))
	folder := cdktf.NewTerraformAsset(stack, jsii.String("database-chart"), &cdktf.TerraformAssetConfig{
		Path: jsii.String(inClusterChart),
		Type: cdktf.AssetType_DIRECTORY,
	})
	return release.New(stack, "database", release.Config{
		Name:      inClusterDatabase,
		Namespace: inClusterDatabase,
		Chart:     *folder.Path(),
		Values: withDigests(env, inClusterDatabase, env.Database.Version, map[string]any{
			"version": env.Database.Version,
			"image":   imageFrom(env, "docker/library/postgres"),
			"database": map[string]any{
				"name":   data.Database.Name,
				"secret": data.Database.SecretArn,
				"region": env.Region,
			},
			"serviceAccount": map[string]any{"name": inClusterDatabase, "roleArn": role.Arn},
			"podAnnotations": podAnnotations(cluster.Cluster),
			"securityGroups": server.all,
		}),
		DependsOn: append(role.Permissions, namespace, server.install(namespace)),
	})
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
