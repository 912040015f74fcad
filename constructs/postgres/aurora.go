package postgres

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/appautoscalingpolicy"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/appautoscalingtarget"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/rdscluster"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/rdsclusterinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/rdsclusterparametergroup"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/destroystep"
)

const auroraEngine = "aurora-postgresql"

func newAurora(s *shared, result *Postgres) {
	var removed []destroystep.Removed
	current, old := s.databases()
	for _, d := range current {
		newCluster(d, result)
		if !s.config.Aurora.autoscales() {
			removed = append(removed, deletionStep(d))
		}
	}
	for _, d := range old {
		removed = append(removed, deletionStep(d))
	}
	destroystep.AddRemovedBlocks(cdktf.TerraformStack_Of(s.scope), removed...)
}

// newCluster creates a cluster with its instances.
func newCluster(d database, result *Postgres) {
	c := d.config
	name, lifecycle := d.parameterGroup()
	parameterGroup := rdsclusterparametergroup.NewRdsClusterParameterGroup(d.scope, jsii.String("parameters"),
		&rdsclusterparametergroup.RdsClusterParameterGroupConfig{
			Name:        name,
			Lifecycle:   lifecycle,
			Family:      jsii.String(auroraEngine + major(c.Version)),
			Description: jsii.String("TLS only, with connections and slow statements logged"),
			Parameter:   clusterParameters(),
		}).Name()
	logs := d.logs("cluster-logs", "cluster", d.name)
	cluster := rdscluster.NewRdsCluster(d.scope, jsii.String("cluster"), &rdscluster.RdsClusterConfig{
		ClusterIdentifier:  jsii.String(d.name),
		SnapshotIdentifier: d.snapshot,
		Engine:             jsii.String(auroraEngine),
		EngineVersion:      jsii.String(c.Version),
		// A new major version in the settings is intended.
		AllowMajorVersionUpgrade: jsii.Bool(true),
		EngineLifecycleSupport:   d.lifecycleSupport(),
		DatabaseName:             jsii.String(c.DatabaseName),
		MasterUsername:           jsii.String(c.Username),
		// Security: as for RDS, no password leaves Secrets Manager.
		ManageMasterUserPassword:         jsii.Bool(true),
		MasterUserSecretKmsKeyId:         c.KeyArn,
		Port:                             jsii.Number(Port),
		StorageEncrypted:                 jsii.Bool(true),
		KmsKeyId:                         c.KeyArn,
		DbSubnetGroupName:                d.subnets,
		DbClusterParameterGroupName:      parameterGroup,
		VpcSecurityGroupIds:              &[]*string{d.securityGroup},
		IamDatabaseAuthenticationEnabled: jsii.Bool(true),
		BackupRetentionPeriod:            jsii.Number(c.BackupRetentionDays),
		PreferredBackupWindow:            jsii.String(c.BackupWindow),
		PreferredMaintenanceWindow:       jsii.String(c.MaintenanceWindow),
		CopyTagsToSnapshot:               jsii.Bool(true),
		DeletionProtection:               jsii.Bool(c.DeletionProtection),
		DeleteAutomatedBackups:           jsii.Bool(!c.FinalSnapshot),
		SkipFinalSnapshot:                jsii.Bool(!c.FinalSnapshot),
		FinalSnapshotIdentifier:          d.finalSnapshot(),
		EnabledCloudwatchLogsExports:     jsii.Strings("postgresql"),
		ApplyImmediately:                 jsii.Bool(c.ApplyImmediately),
		Lifecycle:                        d.lifecycle(),
		DependsOn:                        &[]cdktf.ITerraformDependable{logs},
	})
	result.Identifiers = Identifiers{Cluster: d.name}
	result.Arn = cluster.Arn()
	result.Endpoint = cluster.Endpoint()
	result.ReaderEndpoint = cluster.ReaderEndpoint()
	if c.Aurora.MaxReplicas == 0 {
		// Without replicas it leads to the writer, which clients that require a replica refuse.
		result.ReaderEndpoint = cluster.Endpoint()
	}
	result.SecretArn = cluster.MasterUserSecret().Get(jsii.Number(0)).SecretArn()
	d.configureRotation(result.SecretArn)

	instances := []cdktf.ITerraformDependable{cluster, newInstance(d, cluster, "writer")}
	// Terraform creates the minimum number of replicas. Autoscaling removes only those that it created.
	for i := 1; i <= c.Aurora.MinReplicas; i++ {
		instances = append(instances, newInstance(d, cluster, fmt.Sprintf("reader-%d", i)))
	}
	if c.Aurora.autoscales() {
		scaleReplicas(d, cluster, instances)
	}
}

func newInstance(d database, cluster rdscluster.RdsCluster, role string) rdsclusterinstance.RdsClusterInstance {
	c := d.config
	return rdsclusterinstance.NewRdsClusterInstance(d.scope, jsii.String(role), &rdsclusterinstance.RdsClusterInstanceConfig{
		Identifier:                         jsii.String(d.name + "-" + role),
		ClusterIdentifier:                  cluster.Id(),
		Engine:                             cluster.Engine(),
		EngineVersion:                      cluster.EngineVersion(),
		InstanceClass:                      jsii.String(c.InstanceClass),
		PubliclyAccessible:                 jsii.Bool(false),
		PreferredMaintenanceWindow:         jsii.String(c.MaintenanceWindow),
		AutoMinorVersionUpgrade:            jsii.Bool(c.upgradesMinor()),
		ApplyImmediately:                   jsii.Bool(c.ApplyImmediately),
		CopyTagsToSnapshot:                 jsii.Bool(true),
		PerformanceInsightsEnabled:         jsii.Bool(true),
		PerformanceInsightsKmsKeyId:        c.KeyArn,
		PerformanceInsightsRetentionPeriod: jsii.Number(insightsDays),
		MonitoringInterval:                 jsii.Number(monitoringSeconds),
		MonitoringRoleArn:                  d.monitoring.Arn,
		DependsOn:                          d.dependsOn(),
	})
}

// scaleReplicas keeps the replicas' mean CPU use at the target.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html
func scaleReplicas(d database, cluster rdscluster.RdsCluster, instances []cdktf.ITerraformDependable) {
	const dimension, namespace = "rds:cluster:ReadReplicaCount", "rds"
	target := appautoscalingtarget.NewAppautoscalingTarget(d.scope, jsii.String("replicas"), &appautoscalingtarget.AppautoscalingTargetConfig{
		ServiceNamespace:  jsii.String(namespace),
		ScalableDimension: jsii.String(dimension),
		ResourceId:        jsii.String(fmt.Sprintf("cluster:%s", *cluster.ClusterIdentifier())),
		MinCapacity:       jsii.Number(d.config.Aurora.MinReplicas),
		MaxCapacity:       jsii.Number(d.config.Aurora.MaxReplicas),
		DependsOn:         &[]cdktf.ITerraformDependable{deleteAutoscaledReplicas(d, instances)},
	})
	type (
		tracking = appautoscalingpolicy.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration
		metric   = appautoscalingpolicy.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification
	)
	appautoscalingpolicy.NewAppautoscalingPolicy(d.scope, jsii.String("replicas-cpu"), &appautoscalingpolicy.AppautoscalingPolicyConfig{
		Name:              jsii.String(d.name + "-replicas-cpu"),
		PolicyType:        jsii.String("TargetTrackingScaling"),
		ServiceNamespace:  target.ServiceNamespace(),
		ScalableDimension: target.ScalableDimension(),
		ResourceId:        target.ResourceId(),
		TargetTrackingScalingPolicyConfiguration: &tracking{
			TargetValue:                   jsii.Number(d.config.Aurora.CPUPercent),
			ScaleInCooldown:               jsii.Number(300),
			ScaleOutCooldown:              jsii.Number(300),
			PredefinedMetricSpecification: &metric{PredefinedMetricType: jsii.String("RDSReaderAverageCPUUtilization")},
		},
	})
}

// deleteReplicasCommand deletes the replicas that autoscaling created, and waits until they are gone.
// It needs the variables CLUSTER and REGION.
const deleteReplicasCommand = `set -eu
replicas=$(aws rds describe-db-instances --region "$REGION" --filters "Name=db-cluster-id,Values=$CLUSTER" \
  --query "DBInstances[?starts_with(DBInstanceIdentifier, 'application-autoscaling-')].DBInstanceIdentifier" --output text)
for replica in $replicas; do
  aws rds delete-db-instance --region "$REGION" --db-instance-identifier "$replica" --query DBInstance.DBInstanceStatus --output text
done
for replica in $replicas; do
  aws rds wait db-instance-deleted --region "$REGION" --db-instance-identifier "$replica"
done
`

// deleteAutoscaledReplicas deletes the replicas that autoscaling created. On destroy it runs after
// autoscaling and before the cluster. They are not in Terraform's state, and AWS refuses to delete a
// cluster that has any. https://github.com/hashicorp/terraform-provider-aws/issues/19536
func deleteAutoscaledReplicas(d database, instances []cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	step := deletionStep(d)
	step.Config.DependsOn = instances
	return destroystep.New(step.Scope, step.ID, step.Config)
}

// deletionStep returns the step that deletes autoscaled replicas. A database that no longer autoscales
// needs it too: one in DeletedDatabases, or one whose number of replicas is now fixed.
func deletionStep(d database) destroystep.Removed {
	return destroystep.Removed{Scope: d.scope, ID: "sweep-replicas", Config: destroystep.Config{
		Command:     deleteReplicasCommand,
		Environment: map[string]string{"CLUSTER": d.name, "REGION": d.config.Region},
	}}
}

// autoscales reports whether the number of replicas follows the load.
func (a Aurora) autoscales() bool { return a.MaxReplicas > a.MinReplicas }

func clusterParameters() []*rdsclusterparametergroup.RdsClusterParameterGroupParameter {
	var all []*rdsclusterparametergroup.RdsClusterParameterGroupParameter
	for _, p := range parameters {
		all = append(all, &rdsclusterparametergroup.RdsClusterParameterGroupParameter{
			Name: jsii.String(p.name), Value: jsii.String(p.value), ApplyMethod: jsii.String(p.method),
		})
	}
	return all
}
