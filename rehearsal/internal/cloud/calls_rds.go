package cloud

import (
	"fmt"
	"strings"
)

// rdsARN is a resource of a kind, such as db. The name * is for several.
func (c *calls) rdsARN(kind, name string) resource {
	if name == "" {
		return resource{}
	}
	types := map[string]string{
		"db": "aws_db_instance", "cluster": "aws_rds_cluster", "subgrp": "aws_db_subnet_group",
		"pg": "aws_db_parameter_group", "cluster-pg": "aws_rds_cluster_parameter_group",
	}
	arn := c.arn("rds", kind+":"+name)
	r := c.related(types[kind], "arn", arn, arn)
	if r.context == nil && kind == "db" {
		r = c.related("aws_rds_cluster_instance", "arn", arn, arn)
	}
	return r
}

// makeRDS adds the request that creates a resource, and one for its tags. The condition keys of all
// resources in it include the tags.
func (c *calls) makeRDS(action, kind, name string, others ...resource) {
	tags := tagsOf(c.after)
	made := resource{arn: c.arn("rds", kind+":"+name)}.tagged(tags)
	for i := range others {
		if others[i].arn != "" {
			others[i] = others[i].tagged(tags)
		}
	}
	c.do("rds:"+action, append([]resource{made}, others...)...)
	// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Tagging.html
	if len(tags) > 0 {
		c.do("rds:AddTagsToResource", made)
	}
}

// optionGroup is the default one, which every instance without another has.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithOptionGroups.html
func (c *calls) optionGroup(a Attributes) resource {
	major, _, _ := strings.Cut(text(a, "engine_version"), ".")
	return resource{arn: c.arn("rds", fmt.Sprintf("og:default:%s-%s", text(a, "engine"), major))}
}

// parameterGroupOf is an instance's own or the default one.
func (c *calls) parameterGroupOf(a Attributes, attribute string) resource {
	if name := text(a, attribute); name != "" && !strings.HasPrefix(name, "default.") {
		return c.rdsARN("pg", name)
	}
	major, _, _ := strings.Cut(text(a, "engine_version"), ".")
	return resource{arn: c.arn("rds", fmt.Sprintf("pg:default.%s%s", text(a, "engine"), major))}
}

func rdsTags(row caller) caller {
	row.tag = func(c *calls, r resource) { c.do("rds:AddTagsToResource", r) }
	row.untag = func(c *calls, r resource) { c.do("rds:RemoveTagsFromResource", onlyKeys(r)) }
	return row
}

// rdsServiceRole is the role that RDS creates with the first instance or cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAM.ServiceLinkedRoles.html
func (c *calls) rdsServiceRole() { c.serviceRole("rds.amazonaws.com", "AWSServiceRoleForRDS") }

// rdsKeys adds the use of the keys for storage and insights. RDS creates grants on the caller's
// behalf.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.Keys.html#Overview.Encryption.Keys.Authorizing
func (c *calls) rdsKeys(a Attributes, names ...string) {
	var done []string
	for _, name := range names {
		key := text(a, name)
		if key == "" || strings.Contains(strings.Join(done, " "), key) {
			continue
		}
		done = append(done, key)
		c.encrypts("rds", key, "DescribeKey", "CreateGrant")
	}
}

// managedPassword adds RDS's calls on the caller's behalf for a password that it manages.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
func (c *calls) managedPassword(a Attributes, owner string) {
	secret := text(a, "master_user_secret.secret_arn")
	if !flag(a, "manage_master_user_password") || secret == "" {
		return
	}
	key := text(a, "master_user_secret_kms_key_id")
	tags := map[string]string{"aws:rds:" + owner: text(a, "arn"), "aws:secretsmanager:owningService": "rds"}
	name := strings.TrimPrefix(secret[strings.LastIndex(secret, ":")+1:], "secret:")
	r := resource{arn: secret}.tagged(tags).with("secretsmanager:Name", name[:strings.LastIndex(name, "-")])
	if key != "" {
		r = r.with("secretsmanager:KmsKeyId", key).with("secretsmanager:KmsKeyArn", key)
	}
	c.via("rds.amazonaws.com", "secretsmanager:CreateSecret", r)
	c.via("rds.amazonaws.com", "secretsmanager:TagResource", r)
	c.encrypts("rds", key, "DescribeKey", "CreateGrant")
	c.secretEncrypts(secret, key, "GenerateDataKey", "Decrypt")
}

// changedPassword: RDS starts to manage a password, or rotates or releases one.
func (c *calls) changedPassword(owner string) {
	switch managed := flag(c.after, "manage_master_user_password"); {
	case managed && !flag(c.before, "manage_master_user_password"):
		c.managedPassword(c.after, owner)
	case managed && text(c.before, "master_user_secret_kms_key_id") != text(c.after, "master_user_secret_kms_key_id"):
		secret, key := text(c.after, "master_user_secret.secret_arn"), text(c.after, "master_user_secret_kms_key_id")
		c.via("rds.amazonaws.com", "secretsmanager:UpdateSecret", c.secret(secret))
		c.via("rds.amazonaws.com", "secretsmanager:RotateSecret", c.secret(secret))
		c.encrypts("rds", key, "DescribeKey", "CreateGrant")
		c.secretEncrypts(secret, key, "GenerateDataKey", "Decrypt")
	}
}

const (
	primaryInstance = "primaryDBInstanceArn"
	primaryCluster  = "primaryDBClusterArn"
	monitoring      = "monitoring.rds.amazonaws.com"
)

func onRDS(action string) func(*calls) { return func(c *calls) { c.do("rds:"+action, c.self()) } }

func init() {
	registerCalls(map[string]caller{
		"data.aws_db_instance": {read: func(c *calls) {
			c.do("rds:DescribeDBInstances", c.rdsARN("db", text(c.a, "db_instance_identifier")))
		}},
		"aws_db_subnet_group": rdsTags(caller{
			create: func(c *calls) { c.makeRDS("CreateDBSubnetGroup", "subgrp", text(c.a, "name")) },
			read:   func(c *calls) { onRDS("DescribeDBSubnetGroups")(c); onRDS("ListTagsForResource")(c) },
			update: []change{{"description subnet_ids", onRDS("ModifyDBSubnetGroup")}, {"vpc_id supported_network_types", nil}},
			delete: func(c *calls) { onRDS("DeleteDBSubnetGroup")(c); onRDS("DescribeDBSubnetGroups")(c) },
		}),
		"aws_db_parameter_group":          parameterGroupCalls("DB", "pg"),
		"aws_rds_cluster_parameter_group": parameterGroupCalls("DBCluster", "cluster-pg"),
		"aws_db_instance": rdsTags(caller{
			create: createInstance,
			// The provider filters by resource id, so IAM authorizes all instances.
			read:   func(c *calls) { c.do("rds:DescribeDBInstances", resource{arn: c.arn("rds", "db:*")}) },
			update: append(modifyInstance(instanceArguments, primaryInstance), change{instanceStateOnly, nil}),
			delete: func(c *calls) {
				onRDS("DeleteDBInstance")(c)
				if snapshot := text(c.a, "final_snapshot_identifier"); snapshot != "" && !flag(c.a, "skip_final_snapshot") {
					c.do("rds:CreateDBSnapshot", c.self())
					c.do("rds:CreateDBSnapshot", resource{arn: c.arn("rds", "snapshot:"+snapshot)})
				}
				c.do("rds:DescribeDBInstances", resource{arn: c.arn("rds", "db:*")})
			},
		}),
		"aws_rds_cluster": rdsTags(caller{
			create: func(c *calls) {
				others := []resource{
					c.rdsARN("subgrp", text(c.a, "db_subnet_group_name")),
					c.rdsARN("cluster-pg", text(c.a, "db_cluster_parameter_group_name")), c.optionGroup(c.a),
				}
				if snapshot := text(c.a, "snapshot_identifier"); snapshot != "" {
					others = append(others, resource{arn: c.arn("rds", "cluster-snapshot:"+snapshot)})
					c.makeRDS("RestoreDBClusterFromSnapshot", "cluster", text(c.a, "cluster_identifier"), others...)
					onRDS("ModifyDBCluster")(c)
				} else {
					c.makeRDS("CreateDBCluster", "cluster", text(c.a, "cluster_identifier"), others...)
				}
				c.rdsServiceRole()
				c.passRole(text(c.a, "monitoring_role_arn"), monitoring)
				c.rdsKeys(c.a, "kms_key_id", "performance_insights_kms_key_id")
				c.managedPassword(c.a, primaryCluster)
			},
			read: func(c *calls) {
				onRDS("DescribeDBClusters")(c)
				c.do("rds:DescribeGlobalClusters", resource{arn: fmt.Sprintf("arn:aws:rds::%s:global-cluster:*", c.w.Account)})
			},
			update: []change{
				{"allocated_storage backtrack_window backup_retention_period ca_certificate_identifier copy_tags_to_snapshot " +
					"database_insights_mode db_cluster_instance_class db_cluster_parameter_group_name deletion_protection domain " +
					"enable_http_endpoint enabled_cloudwatch_logs_exports engine_lifecycle_support engine_version iam_database_authentication_enabled " +
					"iops manage_master_user_password master_password master_password_wo_version master_user_secret_kms_key_id monitoring_interval monitoring_role_arn network_type " +
					"performance_insights_enabled performance_insights_kms_key_id performance_insights_retention_period port " +
					"preferred_backup_window preferred_maintenance_window scaling_configuration serverlessv2_scaling_configuration storage_type vpc_security_group_ids",
					func(c *calls) {
						c.do("rds:ModifyDBCluster", c.self())
						if group := text(c.after, "db_cluster_parameter_group_name"); group != text(c.before, "db_cluster_parameter_group_name") {
							c.do("rds:ModifyDBCluster", c.rdsARN("cluster-pg", group))
						}
						c.changedPassword(primaryCluster)
					}},
				{"allow_major_version_upgrade apply_immediately skip_final_snapshot final_snapshot_identifier delete_automated_backups " +
					"engine_version_actual cluster_members master_user_secret endpoint reader_endpoint", nil},
			},
			delete: func(c *calls) {
				c.do("rds:DeleteDBCluster", c.self())
				if snapshot := text(c.a, "final_snapshot_identifier"); snapshot != "" && !flag(c.a, "skip_final_snapshot") {
					c.do("rds:DeleteDBCluster", resource{arn: c.arn("rds", "cluster-snapshot:"+snapshot)})
					c.do("rds:CreateDBClusterSnapshot", c.self())
					c.do("rds:CreateDBClusterSnapshot", resource{arn: c.arn("rds", "cluster-snapshot:"+snapshot)})
				}
				onRDS("DescribeDBClusters")(c)
			},
		}),
		"aws_rds_cluster_instance": rdsTags(caller{
			create: func(c *calls) {
				cluster := text(c.a, "cluster_identifier")
				c.makeRDS("CreateDBInstance", "db", text(c.a, "identifier"), c.rdsARN("cluster", cluster),
					c.rdsARN("subgrp", text(c.a, "db_subnet_group_name")), c.parameterGroupOf(c.a, "db_parameter_group_name"), c.optionGroup(c.a))
				c.rdsServiceRole()
				c.passRole(text(c.a, "monitoring_role_arn"), monitoring)
				c.rdsKeys(c.a, "performance_insights_kms_key_id")
			},
			read: func(c *calls) {
				onRDS("DescribeDBInstances")(c)
				c.do("rds:DescribeDBClusters", c.rdsARN("cluster", text(c.a, "cluster_identifier")))
			},
			update: append(modifyInstance("auto_minor_version_upgrade ca_cert_identifier copy_tags_to_snapshot db_parameter_group_name instance_class "+
				"monitoring_interval monitoring_role_arn performance_insights_enabled performance_insights_kms_key_id performance_insights_retention_period "+
				"preferred_backup_window preferred_maintenance_window promotion_tier publicly_accessible", ""),
				change{"apply_immediately force_destroy engine_version engine_version_actual", nil}),
			delete: func(c *calls) { onRDS("DeleteDBInstance")(c); onRDS("DescribeDBInstances")(c) },
		}),
	})
}

// createInstance adds the calls for a database or a replica.
func createInstance(c *calls) {
	identifier, a := text(c.a, "identifier"), c.a
	if source := c.w.find("aws_db_instance", "identifier", text(a, "replicate_source_db")); source != nil {
		of := source.Attributes
		c.makeRDS("CreateDBInstanceReadReplica", "db", identifier, c.rdsARN("db", text(of, "identifier")),
			c.rdsARN("subgrp", text(of, "db_subnet_group_name")), c.parameterGroupOf(of, "parameter_group_name"), c.optionGroup(of))
		c.passRole(text(a, "monitoring_role_arn"), monitoring)
		c.rdsKeys(Attributes{"own": of["kms_key_id"], "insights": a["performance_insights_kms_key_id"]}, "own", "insights")
		// Attributes that the creation of a replica cannot set.
		for _, later := range []string{"backup_window", "maintenance_window", "max_allocated_storage", "replica_mode", "ca_cert_identifier"} {
			if !empty(a[later]) && !same(a[later], of[later]) || later == "maintenance_window" && !empty(a[later]) {
				onRDS("ModifyDBInstance")(c)
				break
			}
		}
		return
	}
	subnets, parameters, options := c.rdsARN("subgrp", text(a, "db_subnet_group_name")), c.parameterGroupOf(a, "parameter_group_name"), c.optionGroup(a)
	if snapshot := text(a, "snapshot_identifier"); snapshot != "" {
		c.makeRDS("RestoreDBInstanceFromDBSnapshot", "db", identifier, resource{arn: c.arn("rds", "snapshot:"+snapshot)}, subnets, parameters, options)
		// Backups, the windows, insights and the password need a second request.
		onRDS("ModifyDBInstance")(c)
	} else {
		c.makeRDS("CreateDBInstance", "db", identifier, subnets, parameters, options)
	}
	c.rdsServiceRole()
	c.passRole(text(a, "monitoring_role_arn"), monitoring)
	c.rdsKeys(a, "kms_key_id", "performance_insights_kms_key_id")
	c.managedPassword(a, primaryInstance)
}

const (
	instanceArguments = "allocated_storage auto_minor_version_upgrade backup_retention_period backup_window ca_cert_identifier copy_tags_to_snapshot " +
		"customer_owned_ip_enabled database_insights_mode db_subnet_group_name dedicated_log_volume deletion_protection domain enabled_cloudwatch_logs_exports " +
		"engine_lifecycle_support engine_version iam_database_authentication_enabled identifier instance_class iops license_model maintenance_window " +
		"manage_master_user_password master_user_secret_kms_key_id max_allocated_storage monitoring_interval monitoring_role_arn multi_az " +
		"network_type option_group_name parameter_group_name password password_wo_version performance_insights_enabled " +
		"performance_insights_kms_key_id performance_insights_retention_period port publicly_accessible replica_mode storage_throughput storage_type vpc_security_group_ids"
	// Attributes of only the provider, and attributes that RDS computes.
	instanceStateOnly = "allow_major_version_upgrade apply_immediately blue_green_update delete_automated_backups final_snapshot_identifier " +
		"skip_final_snapshot engine_version_actual address endpoint arn replicas master_user_secret upgrade_storage_config identifier_prefix"
)

// modifyInstance makes one request for all changes. It names the changed groups.
func modifyInstance(arguments, owner string) []change {
	return []change{
		{arguments, func(c *calls) {
			c.do("rds:ModifyDBInstance", c.self())
			for _, group := range []struct{ attribute, kind string }{
				{"parameter_group_name", "pg"}, {"db_parameter_group_name", "pg"}, {"db_subnet_group_name", "subgrp"},
			} {
				if name := text(c.after, group.attribute); name != text(c.before, group.attribute) {
					c.do("rds:ModifyDBInstance", c.rdsARN(group.kind, name))
				}
			}
			if role := text(c.after, "monitoring_role_arn"); role != text(c.before, "monitoring_role_arn") {
				c.passRole(role, monitoring)
			}
			if key := text(c.after, "performance_insights_kms_key_id"); key != text(c.before, "performance_insights_kms_key_id") {
				c.rdsKeys(c.after, "performance_insights_kms_key_id")
			}
			if owner != "" {
				c.changedPassword(owner)
			}
		}},
		{"replicate_source_db", onRDS("PromoteReadReplica")},
	}
}

func parameterGroupCalls(prefix, kind string) caller {
	parameters := prefix + "ParameterGroup"
	read := "Describe" + prefix + "Parameters"
	return rdsTags(caller{
		create: func(c *calls) {
			c.makeRDS("Create"+parameters, kind, text(c.a, "name"))
			if !empty(c.a["parameter"]) {
				onRDS("Modify" + parameters)(c)
			}
		},
		read: func(c *calls) {
			onRDS("Describe" + parameters + "s")(c)
			onRDS(read)(c)
			onRDS("ListTagsForResource")(c)
		},
		update: []change{
			{"parameter", func(c *calls) {
				onRDS("Modify" + parameters)(c)
				onRDS("Reset" + parameters)(c)
			}},
			{"skip_destroy", nil},
		},
		delete: func(c *calls) {
			if !flag(c.a, "skip_destroy") {
				onRDS("Delete" + parameters)(c)
			}
		},
	})
}
