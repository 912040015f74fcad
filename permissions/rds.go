package permissions

const rdsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html"

const monitoring = "monitoring.rds.amazonaws.com"

// The default groups that RDS uses where Plinth names none.
const (
	optionGroup       = "rds:og:default:postgres-*"
	auroraOptionGroup = "rds:og:default:aurora-postgresql-*"
	auroraParameters  = "rds:pg:default.aurora-postgresql*"
)

var rdsRole = serviceRole("rds.amazonaws.com", "AWSServiceRoleForRDS")

// rdsKey is what encrypting with a key takes.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html#Overview.Encryption.Keys.Authorizing
var rdsKey = []Need{
	{Actions: []string{"kms:DescribeKey"}, On: []string{"kms:key/*"}, When: all(owned, via("rds"))},
	{Actions: []string{"kms:CreateGrant"}, On: []string{"kms:key/*"}, When: all(owned, via("rds"), when("Bool", "kms:GrantIsForAWSResource", "true"))},
}

// snapshots are those that a database may be restored from, whether it is meant to be or not: at
// night, nobody should have to look for an administrator.
//
// Security: the environment's own, by their names. Those of AWS Backup are named after a job, so
// that another environment's of the account are among them.
func snapshots(prefix string) []string {
	own := project + "-" + environment + "-*"
	return []string{prefix + own, prefix + "rds:" + own, prefix + "awsbackup:*"}
}

// masterSecret is what it takes that RDS makes the master user's secret: it does so in the name
// of the caller, who can neither read nor delete the secret. Kind is db or cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
func masterSecret(kind string) []Need {
	return []Need{
		{
			Actions: []string{"secretsmanager:CreateSecret", "secretsmanager:TagResource"},
			On:      []string{"secretsmanager:secret:rds!" + kind + "-*"}, When: viaService,
		},
		{
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, On: []string{"kms:key/*"},
			When: all(owned, when("StringEquals", "kms:ViaService", "rds."+region+".amazonaws.com", "secretsmanager."+region+".amazonaws.com")),
		},
	}
}

var rds = Table{
	// A database is told by its name. So are its groups, which have the name of the primary or
	// the cluster: constructs/postgres sees to it.
	"aws_db_instance": {
		Source: rdsSource,
		Create: append([]Need{rdsRole, passed("monitoring_role_arn", monitoring)}, rdsKey...),
		// The provider looks for the instance by its resource id, which is a filter.
		Read:   []Need{{Actions: []string{"rds:DescribeDBInstances"}, On: []string{"rds:db:*"}}},
		Update: []Need{{Actions: []string{"rds:ModifyDBInstance"}, On: []string{"rds:db:{identifier}", optionGroup, "rds:pg:{parameter_group_name}"}}},
		Delete: []Need{{Actions: []string{"rds:DeleteDBInstance"}, On: []string{"rds:db:{identifier}"}}},
		Tag:    []Need{{Actions: []string{"rds:AddTagsToResource"}, On: []string{"rds:db:{identifier}"}, When: kept}},
	},
	"aws_db_instance[username]": { // a primary
		Source: rdsSource,
		Create: []Need{
			{
				Actions: []string{"rds:CreateDBInstance", "rds:RestoreDBInstanceFromDBSnapshot"}, When: requested,
				On: []string{"rds:db:{identifier}", optionGroup, "rds:pg:{parameter_group_name}", "rds:subgrp:{db_subnet_group_name}"},
			},
			{Actions: []string{"rds:RestoreDBInstanceFromDBSnapshot"}, On: snapshots("rds:snapshot:")},
		},
	},
	"aws_db_instance[replicate_source_db]": { // a replica
		Source: rdsSource,
		Create: []Need{{
			Actions: []string{"rds:CreateDBInstanceReadReplica"}, When: requested,
			On: []string{
				"rds:db:{identifier}", "rds:db:{replicate_source_db}", optionGroup,
				"rds:pg:{parameter_group_name}", "rds:subgrp:{replicate_source_db}",
			},
		}},
	},
	"aws_db_instance[manage_master_user_password]": {Source: rdsSource, Create: masterSecret("db")},
	"aws_db_instance[final_snapshot_identifier]": {
		Source: rdsSource,
		Delete: []Need{
			{Actions: []string{"rds:CreateDBSnapshot"}, On: []string{"rds:db:{identifier}", "rds:snapshot:{final_snapshot_identifier}"}},
		},
	},
	"aws_db_parameter_group": {
		Source: rdsSource,
		Create: []Need{
			{Actions: []string{"rds:CreateDBParameterGroup"}, On: []string{"rds:pg:{name}"}, When: requested},
			{Actions: []string{"rds:ModifyDBParameterGroup"}, On: []string{"rds:pg:{name}"}},
		},
		Read: []Need{{
			Actions: []string{"rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:ListTagsForResource"},
			On:      []string{"rds:pg:{name}"},
		}},
		Update: []Need{{Actions: []string{"rds:ResetDBParameterGroup"}, On: []string{"rds:pg:{name}"}}},
		Delete: []Need{{Actions: []string{"rds:DeleteDBParameterGroup"}, On: []string{"rds:pg:{name}"}}},
		Tag:    []Need{{Actions: []string{"rds:AddTagsToResource"}, On: []string{"rds:pg:{name}"}, When: kept}},
	},
	"aws_db_subnet_group": {
		Source: rdsSource,
		Create: []Need{{Actions: []string{"rds:CreateDBSubnetGroup"}, On: []string{"rds:subgrp:{name}"}, When: requested}},
		Read:   []Need{{Actions: []string{"rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"}, On: []string{"rds:subgrp:{name}"}}},
		Update: []Need{{Actions: []string{"rds:ModifyDBSubnetGroup"}, On: []string{"rds:subgrp:{name}"}}},
		Delete: []Need{{Actions: []string{"rds:DeleteDBSubnetGroup"}, On: []string{"rds:subgrp:{name}"}}},
		Tag:    []Need{{Actions: []string{"rds:AddTagsToResource"}, On: []string{"rds:subgrp:{name}"}, When: kept}},
	},
	"aws_rds_cluster": {
		Source: rdsSource,
		Create: append([]Need{
			{
				Actions: []string{"rds:CreateDBCluster", "rds:RestoreDBClusterFromSnapshot"}, When: requested,
				On: []string{
					"rds:cluster:{cluster_identifier}", "rds:cluster-pg:{db_cluster_parameter_group_name}",
					auroraOptionGroup, "rds:subgrp:{db_subnet_group_name}",
				},
			},
			{Actions: []string{"rds:RestoreDBClusterFromSnapshot"}, On: snapshots("rds:cluster-snapshot:")},
			rdsRole,
		}, rdsKey...),
		Read: []Need{
			{Actions: []string{"rds:DescribeDBClusters"}, On: []string{"rds:cluster:{cluster_identifier}"}},
			// The provider looks whether a global database has the cluster.
			{Actions: []string{"rds:DescribeGlobalClusters"}, On: []string{"arn:aws:rds::{account}:global-cluster:*"}},
		},
		Update: []Need{{
			Actions: []string{"rds:ModifyDBCluster"},
			On:      []string{"rds:cluster:{cluster_identifier}", "rds:cluster-pg:{db_cluster_parameter_group_name}", auroraOptionGroup},
		}},
		Delete: []Need{{Actions: []string{"rds:DeleteDBCluster"}, On: []string{"rds:cluster:{cluster_identifier}"}}},
		Tag:    []Need{{Actions: []string{"rds:AddTagsToResource"}, On: []string{"rds:cluster:{cluster_identifier}"}, When: kept}},
	},
	"aws_rds_cluster[manage_master_user_password]": {Source: rdsSource, Create: masterSecret("cluster")},
	"aws_rds_cluster[final_snapshot_identifier]": {
		Source: rdsSource,
		Delete: []Need{
			{Actions: []string{"rds:CreateDBClusterSnapshot"}, On: []string{"rds:cluster-snapshot:{final_snapshot_identifier}", "rds:cluster:{cluster_identifier}"}},
			{Actions: []string{"rds:DeleteDBCluster"}, On: []string{"rds:cluster-snapshot:{final_snapshot_identifier}"}},
		},
	},
	"aws_rds_cluster_instance": {
		Source: rdsSource,
		Create: append([]Need{
			{
				Actions: []string{"rds:CreateDBInstance"}, When: requested,
				On: []string{
					"rds:cluster:{cluster_identifier}", "rds:db:{identifier}", auroraOptionGroup, auroraParameters,
					"rds:subgrp:{cluster_identifier}",
				},
			},
			passed("monitoring_role_arn", monitoring),
		}, rdsKey...),
		Read: []Need{
			{Actions: []string{"rds:DescribeDBClusters"}, On: []string{"rds:cluster:{cluster_identifier}"}},
			{Actions: []string{"rds:DescribeDBInstances"}, On: []string{"rds:db:{identifier}"}},
		},
		Update: []Need{{Actions: []string{"rds:ModifyDBInstance"}, On: []string{"rds:db:{identifier}", auroraOptionGroup, auroraParameters}}},
		Delete: []Need{{Actions: []string{"rds:DeleteDBInstance"}, On: []string{"rds:db:{identifier}"}}},
		Tag:    []Need{{Actions: []string{"rds:AddTagsToResource"}, On: []string{"rds:db:{identifier}"}, When: kept}},
	},
	"aws_rds_cluster_parameter_group": {
		Source: rdsSource,
		Create: []Need{
			{Actions: []string{"rds:CreateDBClusterParameterGroup"}, On: []string{"rds:cluster-pg:{name}"}, When: requested},
			{Actions: []string{"rds:ModifyDBClusterParameterGroup"}, On: []string{"rds:cluster-pg:{name}"}},
		},
		Read: []Need{{
			Actions: []string{"rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters", "rds:ListTagsForResource"},
			On:      []string{"rds:cluster-pg:{name}"},
		}},
		Update: []Need{{Actions: []string{"rds:ResetDBClusterParameterGroup"}, On: []string{"rds:cluster-pg:{name}"}}},
		Delete: []Need{{Actions: []string{"rds:DeleteDBClusterParameterGroup"}, On: []string{"rds:cluster-pg:{name}"}}},
		Tag:    []Need{{Actions: []string{"rds:AddTagsToResource"}, On: []string{"rds:cluster-pg:{name}"}, When: kept}},
	},
}
