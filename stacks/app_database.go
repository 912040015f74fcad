package stacks

import (
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
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

// securityGroupsChart is the path of the chart that gives pods their security groups, relative to the
// project's folder. securityGroups is the name of its release.
const (
	securityGroupsChart = "charts/security-groups"
	securityGroups      = "security-groups"
)

// databaseAccess is how the application's pods reach PostgreSQL.
type databaseAccess struct {
	// ready is what the application's release depends on.
	ready cdktf.ITerraformDependable
	// securityGroups are the pods', empty for the cluster's alone.
	securityGroups []*string
}

// connectDatabase allows ingress from the application's pods to PostgreSQL, or installs PostgreSQL in the
// cluster.
func connectDatabase(stack cdktf.TerraformStack, env *settings.Environment, data *Data, cluster *Cluster, namespace cdktf.ITerraformDependable) databaseAccess {
	if env.Database.Engine == settings.EngineInCluster {
		return databaseAccess{ready: newInClusterDatabase(stack, env, data, cluster), securityGroups: []*string{}}
	}
	// Security: every pod of the cluster has the cluster's group. This one tells the application's pods
	// apart. It has no rules of its own: DNS, the control plane, probes and load balancers use the cluster's,
	// which must therefore be on the pods too. Only that one may have the tag kubernetes.io/cluster/<name>,
	// by which the load balancer controller finds the group to open.
	// https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
	pods := securitygroup.NewSecurityGroup(stack, jsii.String("pods"), &securitygroup.SecurityGroupConfig{
		Name:        jsii.String(env.ResourceName(env.App.Name, "pods")),
		Description: jsii.String("Pods of the application"),
		VpcId:       cluster.Network.VPC.ID,
		Tags:        &map[string]*string{"Name": jsii.String(env.ResourceName(env.App.Name, "pods"))},
	}).Id()
	allowed := allowIngress(stack, "database-from-pods", "PostgreSQL from the application's pods", data.Database.SecurityGroupID, pods, postgres.Port)
	groups := []*string{cluster.Cluster.SecurityGroupID, pods}
	folder := cdktf.NewTerraformAsset(stack, jsii.String("security-groups-chart"), &cdktf.TerraformAssetConfig{
		Path: jsii.String(securityGroupsChart),
		Type: cdktf.AssetType_DIRECTORY,
	})
	return databaseAccess{
		ready: release.New(stack, securityGroups, release.Config{
			Name:      securityGroups,
			Namespace: env.App.Name,
			Chart:     *folder.Path(),
			Values:    map[string]any{"groupIds": groups},
			DependsOn: []cdktf.ITerraformDependable{namespace, allowed},
		}),
		securityGroups: groups,
	}
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
		Values: withDigests(env, inClusterDatabase, env.Database.Version, map[string]any{
			"version": env.Database.Version,
			"image":   imageFrom(env, "docker/library/postgres"),
			"database": map[string]any{
				"name":   data.Database.Name,
				"secret": data.Database.SecretArn,
				"region": env.Region,
			},
			"serviceAccount": map[string]any{"name": inClusterDatabase, "roleArn": role.Arn},
		}),
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
