package cloud

import (
	"encoding/json"
	"fmt"
	"strings"
)

func init() {
	register(map[string]kind{
		"aws_db_subnet_group": {
			id: func(_ *World, a Attributes) string { return text(a, "name") }, unique: []string{"name"}, conflict: "DBSubnetGroupAlreadyExists",
			replaced: []string{"name", "name_prefix"}, inUse: "InvalidDBSubnetGroupStateFault",
			check: func(w *World, a, _ Attributes) error {
				return w.checkTwoZones("DBSubnetGroupDoesNotCoverEnoughAZs", texts(any(a), "subnet_ids"))
			},
			fill: func(w *World, id string, a Attributes) {
				subnets := texts(any(a), "subnet_ids")
				setDefaults(a, Attributes{
					"arn": w.arn("rds", "subgrp:"+id), "description": "Managed by Terraform",
					"supported_network_types": []any{"IPV4"},
				})
				if len(subnets) > 0 {
					a["vpc_id"] = w.attribute("aws_subnet", subnets[0], "vpc_id")
				}
			},
		},
		"aws_db_parameter_group":          parameterGroup("pg", "DBParameterGroupAlreadyExists"),
		"aws_rds_cluster_parameter_group": parameterGroup("cluster-pg", "DBParameterGroupAlreadyExists"),
		"aws_db_instance": {
			id:     func(*World, Attributes) string { return "db-" + strings.ToUpper(randomHex(26)) },
			unique: []string{"identifier"}, conflict: "DBInstanceAlreadyExists",
			// RDS changes identifier, identifier_prefix and db_subnet_group_name in place:
			// https://github.com/hashicorp/terraform-provider-aws/pull/32687
			replaced: []string{
				"engine", "db_name", "username", "kms_key_id", "storage_encrypted", "availability_zone", "backup_target",
				"character_set_name", "nchar_character_set_name", "timezone", "custom_iam_instance_profile",
				"snapshot_identifier", "restore_to_point_in_time", "s3_import",
			},
			refers: map[string]string{
				"db_subnet_group_name": "aws_db_subnet_group.name",
				"parameter_group_name": "aws_db_parameter_group.name",
				"replicate_source_db":  "aws_db_instance.identifier",
			},
			check:       checkInstance,
			fill:        fillInstance,
			renew:       instanceEngine.renew,
			after:       both(backsUp("aws_db_instance"), upgradeReplicas),
			independent: instanceEngine.independent(),
			deferred:    []string{"allocated_storage", "instance_class", "iops", "multi_az", "storage_throughput", "storage_type"},
			window:      "maintenance_window",
			upgrade:     upgradeInstance,
			leave:       leaveDatabase("identifier", "aws_db_instance"),
			inUse:       "InvalidDBInstanceState",
		},
		"aws_rds_cluster": {
			id:     func(_ *World, a Attributes) string { return text(a, "cluster_identifier") },
			unique: []string{"cluster_identifier"}, conflict: "DBClusterAlreadyExistsFault",
			replaced: []string{
				"cluster_identifier", "cluster_identifier_prefix", "engine", "engine_mode", "database_name", "master_username",
				"kms_key_id", "storage_encrypted", "db_subnet_group_name", "availability_zones", "cluster_scalability_type",
				"db_system_id", "source_region", "snapshot_identifier", "restore_to_point_in_time", "s3_import",
				// storage_type too, except for Aurora.
			},
			refers: map[string]string{
				"db_subnet_group_name":            "aws_db_subnet_group.name",
				"db_cluster_parameter_group_name": "aws_rds_cluster_parameter_group.name",
			},
			check: func(w *World, a, before Attributes) error {
				if before == nil {
					if err := w.checkRestore("aws_rds_cluster", a); err != nil {
						return err
					}
				}
				return clusterEngine.check(w, a, before)
			},
			fill:        fillCluster,
			renew:       clusterEngine.renew,
			after:       both(backsUp("aws_rds_cluster"), upgradeClusterInstances),
			independent: clusterEngine.independent(),
			window:      "preferred_maintenance_window",
			upgrade:     upgradeCluster,
			leave:       leaveDatabase("cluster_identifier", "aws_rds_cluster"),
			inUse:       "InvalidDBClusterStateFault",
		},
		"aws_rds_cluster_instance": {
			id:     func(_ *World, a Attributes) string { return text(a, "identifier") },
			unique: []string{"identifier"}, conflict: "DBInstanceAlreadyExists",
			replaced: []string{
				"identifier", "identifier_prefix", "cluster_identifier", "engine", "availability_zone", "db_subnet_group_name",
				"custom_iam_instance_profile",
			},
			refers:      map[string]string{"cluster_identifier": "aws_rds_cluster.cluster_identifier"},
			check:       func(w *World, a, _ Attributes) error { return w.checkKeys(a, "performance_insights_kms_key_id") },
			renew:       func(_ *World, a, before Attributes) { a[runningVersion] = before[runningVersion] },
			independent: []string{runningVersion},
			deferred:    []string{"instance_class"},
			window:      "preferred_maintenance_window",
			fill: func(w *World, id string, a Attributes) {
				cluster := w.Get("aws_rds_cluster", text(a, "cluster_identifier"))
				setDefaults(a, Attributes{
					"arn": w.arn("rds", "db:"+id), "dbi_resource_id": "db-" + strings.ToUpper(randomHex(26)), "port": 5432.0,
					"endpoint": w.databaseHost(id), "storage_encrypted": flag(cluster.Attributes, "storage_encrypted"),
					"kms_key_id":                   text(cluster.Attributes, "kms_key_id"),
					"db_subnet_group_name":         text(cluster.Attributes, "db_subnet_group_name"),
					"engine_version_actual":        text(cluster.Attributes, "engine_version_actual"),
					"engine_version":               text(cluster.Attributes, "engine_version"),
					"availability_zone":            w.Region + "a",
					"writer":                       strings.HasSuffix(id, "-writer"),
					"ca_cert_identifier":           defaultCA,
					"db_parameter_group_name":      "default.aurora-postgresql",
					"network_type":                 "IPV4",
					"preferred_backup_window":      text(cluster.Attributes, "preferred_backup_window"),
					"monitoring_interval":          0.0,
					"publicly_accessible":          false,
					"promotion_tier":               0.0,
					"performance_insights_enabled": false,
				})
			},
		},
		"aws_appautoscaling_target": {
			id:       func(_ *World, a Attributes) string { return text(a, "resource_id") },
			unique:   []string{"resource_id", "scalable_dimension", "service_namespace"},
			conflict: "ValidationException",
			replaced: []string{"resource_id", "scalable_dimension", "service_namespace"},
			check: func(w *World, a, _ Attributes) error {
				cluster, ok := strings.CutPrefix(text(a, "resource_id"), "cluster:")
				if ok && w.Get("aws_rds_cluster", cluster) == nil {
					return refuse("ValidationException", "DB cluster does not exist: %s", cluster)
				}
				if number(a, "min_capacity") > number(a, "max_capacity") {
					return refuse("ValidationException", "min_capacity %v is above max_capacity %v", a["min_capacity"], a["max_capacity"])
				}
				return nil
			},
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{
					"arn":      w.arn("application-autoscaling", "scalable-target/"+randomHex(20)),
					"role_arn": fmt.Sprintf("arn:aws:iam::%s:role/aws-service-role/rds.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_RDSCluster", w.Account),
				})
				w.autoscale(text(a, "resource_id"), a)
			},
			opaque: []string{"role_arn"},
		},
		"aws_appautoscaling_policy": {
			id:       func(_ *World, a Attributes) string { return text(a, "name") },
			replaced: []string{"name", "resource_id", "scalable_dimension", "service_namespace"},
			refers:   map[string]string{"resource_id": "aws_appautoscaling_target.resource_id"},
			fill: func(w *World, id string, a Attributes) {
				setDefaults(a, Attributes{
					"arn":        w.arn("autoscaling", "scalingPolicy:"+randomUUID()+":resource/rds/"+text(a, "resource_id")+":policyName/"+id),
					"alarm_arns": []any{},
				})
			},
		},
	})
}

const defaultCA = "rds-ca-rsa2048-g1"

func parameterGroup(resource, conflict string) kind {
	return kind{
		id: func(_ *World, a Attributes) string { return text(a, "name") }, unique: []string{"name"}, conflict: conflict,
		replaced: []string{"name", "name_prefix", "family", "description"}, inUse: "InvalidDBParameterGroupState",
		fill: func(w *World, id string, a Attributes) {
			setDefaults(a, Attributes{"arn": w.arn("rds", resource+":"+id), "description": "Managed by Terraform"})
		},
	}
}

// checkTwoZones: a control plane and a database each need subnets in two zones.
func (w *World) checkTwoZones(code string, subnets []string) error {
	if zones := w.zones(subnets); len(zones) < 2 {
		return refuse(code, "The subnets must cover at least two availability zones; %s cover %s",
			strings.Join(subnets, ", "), strings.Join(zones, ", "))
	}
	return nil
}

// checkInstance refuses what RDS refuses for a database and its replicas.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations
func checkInstance(w *World, a, before Attributes) error {
	identifier := text(a, "identifier")
	managed := flag(a, "manage_master_user_password")
	if source := w.find("aws_db_instance", "identifier", text(a, "replicate_source_db")); text(a, "replicate_source_db") != "" {
		if flag(source.Attributes, "manage_master_user_password") {
			return refuse("InvalidParameterCombination", "a read replica of %s cannot be made: its password is managed by RDS", text(source.Attributes, "identifier"))
		}
		if number(source.Attributes, "backup_retention_period") == 0 {
			return refuse("InvalidDBInstanceState", "Automated backups are not enabled for %s: set backup_retention_period", text(source.Attributes, "identifier"))
		}
	} else if before == nil && !managed && text(a, "password_wo") == "" && text(a, "password") == "" && text(a, "snapshot_identifier") == "" {
		return refuse("InvalidParameterValue", "The parameter MasterUserPassword must be provided for %s", identifier)
	}
	if before == nil {
		if err := w.checkRestore("aws_db_instance", a); err != nil {
			return err
		}
	}
	if retention := number(a, "max_allocated_storage"); retention > 0 && retention < number(a, "allocated_storage") {
		return refuse("InvalidParameterCombination", "max_allocated_storage %v of %s is less than allocated_storage %v", retention, identifier, a["allocated_storage"])
	}
	if before != nil && number(a, "allocated_storage") < number(before, "allocated_storage") {
		return refuse("InvalidParameterCombination", "allocated_storage %v of %s cannot be less than the current %v", a["allocated_storage"], identifier, before["allocated_storage"])
	}
	if err := instanceEngine.check(w, a, before); err != nil {
		return err
	}
	return w.checkKeys(a, "kms_key_id", "performance_insights_kms_key_id", "master_user_secret_kms_key_id")
}

// checkKeys: these attributes take the ARN of a key, not an alias or an id.
func (w *World) checkKeys(a Attributes, names ...string) error {
	for _, name := range names {
		if key := text(a, name); key != "" && !strings.HasPrefix(key, "arn:") {
			return refuse("KMSKeyNotAccessibleFault", "%s %q is not the ARN of a key", name, key)
		}
	}
	return nil
}

func (w *World) databaseHost(identifier string) string {
	return fmt.Sprintf("%s.%s.%s.rds.amazonaws.com", identifier, "c"+w.Account[:11], w.Region)
}

func fillInstance(w *World, id string, a Attributes) {
	identifier := text(a, "identifier")
	if source := w.find("aws_db_instance", "identifier", text(a, "replicate_source_db")); source != nil {
		for _, same := range []string{"engine", "engine_version", "username", "db_name", "allocated_storage", "kms_key_id", "db_subnet_group_name", "backup_window", "engine_lifecycle_support"} {
			setDefault(a, same, source.Attributes[same])
		}
		setDefault(a, "multi_az", false)
		setDefault(a, "backup_retention_period", 0.0)
	}
	w.fillRestored("aws_db_instance", a)
	host := w.databaseHost(identifier)
	port := a["port"]
	if port == nil {
		port = 5432.0
	}
	// The password is in Secrets Manager, not in Terraform's state.
	delete(a, "password_wo")
	setDefaults(a, Attributes{
		"arn": w.arn("rds", "db:"+identifier), "resource_id": id, "address": host, "endpoint": fmt.Sprintf("%s:%v", host, port),
		"port": port, "status": "available", "engine_version_actual": w.actualVersion(text(a, "engine_version")),
		"hosted_zone_id": "Z1TTGA775OQIYO", "ca_cert_identifier": defaultCA, "availability_zone": w.Region + "a",
		"license_model": "postgresql-license", "option_group_name": "default:postgres-" + strings.Split(text(a, "engine_version")+".", ".")[0],
		"network_type": "IPV4", "replicas": []any{}, "domain_dns_ips": []any{}, "listener_endpoint": []any{},
		"engine_lifecycle_support": "open-source-rds-extended-support", "character_set_name": "", "timezone": "",
		"nchar_character_set_name": "", "latest_restorable_time": "", "snapshot_identifier": "", "backup_target": "region",
		"identifier_prefix": "", "dedicated_log_volume": false, "database_insights_mode": "standard", "multi_az": false,
		"iops": 3000.0, "storage_throughput": 125.0, "replica_mode": "", "master_user_secret": []any{},
		"master_user_secret_kms_key_id": "", "kms_key_id": "", "upgrade_storage_config": false,
	})
	w.manageMasterPassword(a, "aws_db_instance "+id, id)
}

// manageMasterPassword creates RDS's secret for a database unless it exists.
func (w *World) manageMasterPassword(a Attributes, owner, resourceID string) {
	if !flag(a, "manage_master_user_password") {
		a["master_user_secret"] = []any{}
		return
	}
	if text(a, "master_user_secret.secret_arn") != "" {
		return
	}
	name := "rds!" + resourceID
	arn := w.arn("secretsmanager", "secret:"+name+"-"+randomHex(6))
	of := primaryInstance
	if strings.HasPrefix(owner, "aws_rds_cluster ") {
		of = primaryCluster
	}
	w.addOwned("aws_secretsmanager_secret", arn, owner, "RDS", Attributes{
		"id": arn, "arn": arn, "name": name, "kms_key_id": a["master_user_secret_kms_key_id"],
		"tags": Attributes{"aws:rds:" + of: text(a, "arn"), "aws:secretsmanager:owningService": "rds"},
	})
	value, _ := json.Marshal(map[string]string{ // strings always marshal
		"username": orElse(text(a, "username"), text(a, "master_username")), "password": RandomPassword(28, false),
	})
	w.setSecret(arn, string(value), randomUUID())
	a["master_user_secret"] = []any{Attributes{"secret_arn": arn, "secret_status": "active", "kms_key_id": text(a, "master_user_secret_kms_key_id")}}
}

func fillCluster(w *World, id string, a Attributes) {
	host := func(part string) string {
		return strings.Replace(w.databaseHost(id), id+".", id+"."+part, 1)
	}
	w.fillRestored("aws_rds_cluster", a)
	subnets := w.Get("aws_db_subnet_group", text(a, "db_subnet_group_name"))
	var zones []any
	if subnets != nil {
		for _, zone := range w.zones(texts(any(subnets.Attributes), "subnet_ids")) {
			zones = append(zones, zone)
		}
	}
	setDefaults(a, Attributes{
		"arn": w.arn("rds", "cluster:"+id), "cluster_resource_id": "cluster-" + strings.ToUpper(randomHex(26)),
		"endpoint": host("cluster-"), "reader_endpoint": host("cluster-ro-"), "port": 5432.0,
		"engine_version_actual": w.actualVersion(text(a, "engine_version")), "hosted_zone_id": "Z1TTGA775OQIYO",
		"availability_zones": zones, "cluster_members": []any{}, "iam_roles": []any{}, "engine_mode": "provisioned",
		"allocated_storage": 1.0, "storage_type": "", "network_type": "IPV4", "ca_certificate_identifier": defaultCA,
		"ca_certificate_valid_till": "", "engine_lifecycle_support": "open-source-rds-extended-support",
		"database_insights_mode": "standard", "db_system_id": "", "cluster_identifier_prefix": "",
		"backtrack_window": 0.0, "master_user_secret": []any{}, "performance_insights_kms_key_id": "",
		"performance_insights_retention_period": 0.0, "monitoring_interval": 0.0, "monitoring_role_arn": "",
	})
	w.manageMasterPassword(a, "aws_rds_cluster "+id, text(a, "cluster_resource_id"))
}

// leaveDatabase refuses to delete a protected database, and takes the final snapshot.
func leaveDatabase(identifier, name string) func(w *World, id string, t *Thing) error {
	return func(w *World, id string, t *Thing) error {
		if flag(t.Attributes, "deletion_protection") {
			return refuse("InvalidParameterCombination", "Cannot delete protected database %s, please disable deletion protection and try again.", text(t.Attributes, identifier))
		}
		if secret := text(t.Attributes, "master_user_secret.secret_arn"); secret != "" {
			delete(w.Secrets, secret)
		}
		if t.Attributes["delete_automated_backups"] == false {
			w.retainSnapshots(name, name+" "+id)
		}
		if flag(t.Attributes, "skip_final_snapshot") {
			return nil
		}
		snapshot := text(t.Attributes, "final_snapshot_identifier")
		if snapshot == "" {
			return refuse("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless skip_final_snapshot is set")
		}
		return w.TakeSnapshot(name, t, snapshot, "the deletion of "+name+" "+id)
	}
}

// autoscale adds one replica, as load would. Terraform does not manage it, and it blocks a destroy.
func (w *World) autoscale(resource string, target Attributes) {
	cluster, ok := strings.CutPrefix(resource, "cluster:")
	if !ok || number(target, "max_capacity") <= number(target, "min_capacity") {
		return
	}
	exists := false
	w.Each(func(_, _ string, t *Thing) bool {
		exists = t.MadeBy == autoscaling && text(t.Attributes, "cluster_identifier") == cluster
		return !exists
	}, "aws_rds_cluster_instance")
	if exists {
		return
	}
	identifier := "application-autoscaling-" + randomUUID()
	w.Add("aws_rds_cluster_instance", identifier, &Thing{MadeBy: autoscaling, Attributes: Attributes{
		"id": identifier, "identifier": identifier, "cluster_identifier": cluster, "arn": w.arn("rds", "db:"+identifier),
		"tags": Attributes{"application-autoscaling:resourceId": resource}, // without the cluster's tags
	}})
}

const autoscaling = "application-autoscaling"
