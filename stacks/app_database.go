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

// connectDatabase allows ingress from the cluster's pods to PostgreSQL, or installs PostgreSQL in the
// cluster.
func connectDatabase(stack cdktf.TerraformStack, env *settings.Environment, data *Data, cluster *Cluster) cdktf.ITerraformDependable {
	if env.Database.Engine == settings.EngineInCluster {
		return newInClusterDatabase(stack, env, data, cluster)
	}
	return allowIngress(stack, "database-from-cluster", "PostgreSQL from pods", data.Database.SecurityGroupID, cluster.Cluster.SecurityGroupID, postgres.Port)
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

// newInClusterDatabase installs PostgreSQL in its own namespace.
func newInClusterDatabase(stack cdktf.TerraformStack, env *settings.Environment, data *Data, cluster *Cluster) cdktf.ITerraformDependable {
	namespace := newNamespace(stack, inClusterDatabase, nil)
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
		Values: map[string]any{
			"version": env.Database.Version,
			"image":   imageFrom(env, "docker/library/postgres"),
			"database": map[string]any{
				"name":   data.Database.Name,
				"secret": data.Database.SecretArn,
				"region": env.Region,
			},
			"serviceAccount": map[string]any{"name": inClusterDatabase, "roleArn": role.Arn},
		},
		DependsOn: append(role.Permissions, namespace),
	})
}

// databaseTLS returns how the application verifies its database. Security: a CA signs RDS's
// certificates. PostgreSQL in the cluster signs its own, and proves that it knows the password.
func databaseTLS(env *settings.Environment) string {
	if env.Database.Engine == settings.EngineInCluster {
		return "channel-binding"
	}
	return "verify-full"
}
