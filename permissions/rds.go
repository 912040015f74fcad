package permissions

const rdsSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html"

const monitoring = "monitoring.rds.amazonaws.com"

// The default groups that RDS uses if Plinth names none.
const (
	optionGroup       = "rds:og:default:postgres-*"
	auroraOptionGroup = "rds:og:default:aurora-postgresql-*"
	auroraParameters  = "rds:pg:default.aurora-postgresql*"
)

var rdsRole = serviceLinkedRole("rds.amazonaws.com", "AWSServiceRoleForRDS")

// rdsKey allows RDS to encrypt with a key.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html#Overview.Encryption.Keys.Authorizing
var rdsKey = []Grant{
	{Actions: []string{"kms:DescribeKey"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("rds"))},
	{Actions: []string{"kms:CreateGrant"}, Resources: []string{"kms:key/*"}, Conditions: all(resourceTagged, kmsViaService("rds"), when("Bool", "kms:GrantIsForAWSResource", "true"))},
}

// snapshots returns the snapshots that a database may be restored from. A role has these permissions
// even if the settings restore nothing, so that a restore at night needs no administrator.
//
// Security: they are the environment's own, by name. AWS Backup names its snapshots after a job, so
// those of other environments of the account are among them.
func snapshots(prefix string) []string {
	own := project + "-" + environment + "-*"
	return []string{prefix + own, prefix + "rds:" + own, prefix + "awsbackup:*"}
}

// masterSecret allows RDS to create the master user's secret on behalf of the caller. The caller
// can neither read nor delete the secret. kind is db or cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
func masterSecret(kind string) []Grant {
	return []Grant{
		{
			Actions:   []string{"secretsmanager:CreateSecret", "secretsmanager:TagResource"},
			Resources: []string{"secretsmanager:secret:rds!" + kind + "-*"}, Conditions: viaAWSService,
		},
		{
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{"kms:key/*"},
			Conditions: all(resourceTagged, when("StringEquals", "kms:ViaService", "rds."+region+".amazonaws.com", "secretsmanager."+region+".amazonaws.com")),
		},
	}
}

var rds = Table{
	// Grants identify a database by its name. Its groups have the name of the primary or the
	// cluster, see constructs/postgres.
	"aws_db_instance": {
		Source: rdsSource,
		Create: append([]Grant{rdsRole, passRole("monitoring_role_arn", monitoring)}, rdsKey...),
		// The provider looks for the instance by its resource id, which is a filter.
		Read:   []Grant{{Actions: []string{"rds:DescribeDBInstances"}, Resources: []string{"rds:db:*"}}},
		Update: []Grant{{Actions: []string{"rds:ModifyDBInstance"}, Resources: []string{"rds:db:{identifier}", optionGroup, "rds:pg:{parameter_group_name}"}}},
		Delete: []Grant{{Actions: []string{"rds:DeleteDBInstance"}, Resources: []string{"rds:db:{identifier}"}}},
		Tag:    []Grant{{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{"rds:db:{identifier}"}, Conditions: requestTaggedIfExists}},
	},
	// No more than aws_db_instance reads.
	"data.aws_db_instance": {
		Source: rdsSource,
		Read:   []Grant{{Actions: []string{"rds:DescribeDBInstances"}, Resources: []string{"rds:db:*"}}},
	},
	"aws_db_instance[username]": { // a primary
		Source: rdsSource,
		// Security: with read replicas too, although it is needed only when the last one goes and RDS takes over
		// the password. Without it that deployment would fail halfway. It allows only RDS's own secrets, and only
		// through an AWS service.
		Create: append(masterSecret("db"), []Grant{
			{
				Actions: []string{"rds:CreateDBInstance", "rds:RestoreDBInstanceFromDBSnapshot"}, Conditions: requestTagged,
				Resources: []string{"rds:db:{identifier}", optionGroup, "rds:pg:{parameter_group_name}", "rds:subgrp:{db_subnet_group_name}"},
			},
			{Actions: []string{"rds:RestoreDBInstanceFromDBSnapshot"}, Resources: snapshots("rds:snapshot:")},
		}...),
	},
	"aws_db_instance[replicate_source_db]": { // a replica
		Source: rdsSource,
		Create: []Grant{{
			Actions: []string{"rds:CreateDBInstanceReadReplica"}, Conditions: requestTagged,
			Resources: []string{
				"rds:db:{identifier}", "rds:db:{replicate_source_db}", optionGroup,
				"rds:pg:{parameter_group_name}", "rds:subgrp:{replicate_source_db}",
			},
		}},
	},
	"aws_db_instance[final_snapshot_identifier]": {
		Source: rdsSource,
		Delete: []Grant{
			{Actions: []string{"rds:CreateDBSnapshot"}, Resources: []string{"rds:db:{identifier}", "rds:snapshot:{final_snapshot_identifier}"}},
		},
	},
	"aws_db_parameter_group": {
		Source: rdsSource,
		Create: []Grant{
			{Actions: []string{"rds:CreateDBParameterGroup"}, Resources: []string{"rds:pg:{name}"}, Conditions: requestTagged},
			{Actions: []string{"rds:ModifyDBParameterGroup"}, Resources: []string{"rds:pg:{name}"}},
		},
		Read: []Grant{{
			Actions:   []string{"rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:ListTagsForResource"},
			Resources: []string{"rds:pg:{name}"},
		}},
		Update: []Grant{{Actions: []string{"rds:ResetDBParameterGroup"}, Resources: []string{"rds:pg:{name}"}}},
		Delete: []Grant{{Actions: []string{"rds:DeleteDBParameterGroup"}, Resources: []string{"rds:pg:{name}"}}},
		Tag:    []Grant{{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{"rds:pg:{name}"}, Conditions: requestTaggedIfExists}},
	},
	"aws_db_subnet_group": {
		Source: rdsSource,
		Create: []Grant{{Actions: []string{"rds:CreateDBSubnetGroup"}, Resources: []string{"rds:subgrp:{name}"}, Conditions: requestTagged}},
		Read:   []Grant{{Actions: []string{"rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"}, Resources: []string{"rds:subgrp:{name}"}}},
		Update: []Grant{{Actions: []string{"rds:ModifyDBSubnetGroup"}, Resources: []string{"rds:subgrp:{name}"}}},
		Delete: []Grant{{Actions: []string{"rds:DeleteDBSubnetGroup"}, Resources: []string{"rds:subgrp:{name}"}}},
		Tag:    []Grant{{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{"rds:subgrp:{name}"}, Conditions: requestTaggedIfExists}},
	},
	"aws_rds_cluster": {
		Source: rdsSource,
		Create: append([]Grant{
			{
				Actions: []string{"rds:CreateDBCluster", "rds:RestoreDBClusterFromSnapshot"}, Conditions: requestTagged,
				Resources: []string{
					"rds:cluster:{cluster_identifier}", "rds:cluster-pg:{db_cluster_parameter_group_name}",
					auroraOptionGroup, "rds:subgrp:{db_subnet_group_name}",
				},
			},
			{Actions: []string{"rds:RestoreDBClusterFromSnapshot"}, Resources: snapshots("rds:cluster-snapshot:")},
			rdsRole,
		}, rdsKey...),
		Read: []Grant{
			{Actions: []string{"rds:DescribeDBClusters"}, Resources: []string{"rds:cluster:{cluster_identifier}"}},
			// The provider checks whether a global database has the cluster.
			{Actions: []string{"rds:DescribeGlobalClusters"}, Resources: []string{"arn:aws:rds::{account}:global-cluster:*"}},
		},
		Update: []Grant{{
			Actions:   []string{"rds:ModifyDBCluster"},
			Resources: []string{"rds:cluster:{cluster_identifier}", "rds:cluster-pg:{db_cluster_parameter_group_name}", auroraOptionGroup},
		}},
		Delete: []Grant{{Actions: []string{"rds:DeleteDBCluster"}, Resources: []string{"rds:cluster:{cluster_identifier}"}}},
		Tag:    []Grant{{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{"rds:cluster:{cluster_identifier}"}, Conditions: requestTaggedIfExists}},
	},
	"aws_rds_cluster[manage_master_user_password]": {Source: rdsSource, Create: masterSecret("cluster")},
	"aws_rds_cluster[final_snapshot_identifier]": {
		Source: rdsSource,
		Delete: []Grant{
			{Actions: []string{"rds:CreateDBClusterSnapshot"}, Resources: []string{"rds:cluster-snapshot:{final_snapshot_identifier}", "rds:cluster:{cluster_identifier}"}},
			{Actions: []string{"rds:DeleteDBCluster"}, Resources: []string{"rds:cluster-snapshot:{final_snapshot_identifier}"}},
		},
	},
	"aws_rds_cluster_instance": {
		Source: rdsSource,
		Create: append([]Grant{
			{
				Actions: []string{"rds:CreateDBInstance"}, Conditions: requestTagged,
				Resources: []string{
					"rds:cluster:{cluster_identifier}", "rds:db:{identifier}", auroraOptionGroup, auroraParameters,
					"rds:subgrp:{cluster_identifier}",
				},
			},
			passRole("monitoring_role_arn", monitoring),
		}, rdsKey...),
		Read: []Grant{
			{Actions: []string{"rds:DescribeDBClusters"}, Resources: []string{"rds:cluster:{cluster_identifier}"}},
			{Actions: []string{"rds:DescribeDBInstances"}, Resources: []string{"rds:db:{identifier}"}},
		},
		Update: []Grant{{Actions: []string{"rds:ModifyDBInstance"}, Resources: []string{"rds:db:{identifier}", auroraOptionGroup, auroraParameters}}},
		Delete: []Grant{{Actions: []string{"rds:DeleteDBInstance"}, Resources: []string{"rds:db:{identifier}"}}},
		Tag:    []Grant{{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{"rds:db:{identifier}"}, Conditions: requestTaggedIfExists}},
	},
	"aws_rds_cluster_parameter_group": {
		Source: rdsSource,
		Create: []Grant{
			{Actions: []string{"rds:CreateDBClusterParameterGroup"}, Resources: []string{"rds:cluster-pg:{name}"}, Conditions: requestTagged},
			{Actions: []string{"rds:ModifyDBClusterParameterGroup"}, Resources: []string{"rds:cluster-pg:{name}"}},
		},
		Read: []Grant{{
			Actions:   []string{"rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters", "rds:ListTagsForResource"},
			Resources: []string{"rds:cluster-pg:{name}"},
		}},
		Update: []Grant{{Actions: []string{"rds:ResetDBClusterParameterGroup"}, Resources: []string{"rds:cluster-pg:{name}"}}},
		Delete: []Grant{{Actions: []string{"rds:DeleteDBClusterParameterGroup"}, Resources: []string{"rds:cluster-pg:{name}"}}},
		Tag:    []Grant{{Actions: []string{"rds:AddTagsToResource"}, Resources: []string{"rds:cluster-pg:{name}"}, Conditions: requestTaggedIfExists}},
	},
}
