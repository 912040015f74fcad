package stacks

import (
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/release"
)

// inClusterDatabase is the name of the release, namespace and service account of PostgreSQL in the
// cluster. The namespace has its own Fargate profile: profiles are immutable, so an environment that
// changes its engine could not add the namespace to the application's.
// https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
const inClusterDatabase = "postgres"

// inClusterChart is the path of PostgreSQL's chart, relative to the project's folder.
const inClusterChart = "charts/postgres"

// newInClusterDatabase installs PostgreSQL in its own namespace, after External Secrets, which brings its
// password. It returns the security group of its pod, only pods that a rule of it names reach PostgreSQL, and the
// release.
func newInClusterDatabase(groups *podGroups, data *Data, secrets cdktf.ITerraformDependable) (*string, cdktf.ITerraformDependable) {
	stack, env, cluster := groups.stack, groups.env, groups.cluster
	namespace := newNamespace(stack, inClusterDatabase, nil)
	server := groups.add(inClusterDatabase, "Pods of PostgreSQL", confined)
	role := newPodRole(stack, env, cluster, "database-role", inClusterDatabase,
		"Lets PostgreSQL's password be read for its pod", readPasswordStatements(env, data, data.Database.SecretArn))
	installed := release.New(stack, "database", release.Config{
		Name:      inClusterDatabase,
		Namespace: inClusterDatabase,
		Chart:     chartFolder(stack, "database-chart", inClusterChart),
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
		DependsOn: append(role.Permissions, namespace, server.install(namespace), secrets),
	})
	return server.id, installed
}
