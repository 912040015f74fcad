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
	c := s.config
	name, lifecycle := s.parameterGroup()
	group := rdsclusterparametergroup.NewRdsClusterParameterGroup(s.scope, jsii.String("parameters"),
		&rdsclusterparametergroup.RdsClusterParameterGroupConfig{
			Name:        name,
			Lifecycle:   lifecycle,
			Family:      jsii.String(auroraEngine + major(c.Version)),
			Description: jsii.String("TLS only, with connections and slow statements logged"),
			Parameter:   clusterParameters(),
		})
	logs := s.logs("cluster-logs", "cluster", c.Name)
	cluster := rdscluster.NewRdsCluster(s.scope, jsii.String("cluster"), &rdscluster.RdsClusterConfig{
		ClusterIdentifier: jsii.String(c.Name),
		Engine:            jsii.String(auroraEngine),
		EngineVersion:     jsii.String(c.Version),
		// A new major version in the settings is meant.
		AllowMajorVersionUpgrade: jsii.Bool(true),
		DatabaseName:             jsii.String(c.DatabaseName),
		MasterUsername:           jsii.String(c.Username),
		// Security: as for RDS, no password leaves Secrets Manager.
		ManageMasterUserPassword:         jsii.Bool(true),
		MasterUserSecretKmsKeyId:         c.KeyArn,
		Port:                             jsii.Number(Port),
		StorageEncrypted:                 jsii.Bool(true),
		KmsKeyId:                         c.KeyArn,
		DbSubnetGroupName:                s.subnets,
		DbClusterParameterGroupName:      group.Name(),
		VpcSecurityGroupIds:              &[]*string{s.securityGroup},
		IamDatabaseAuthenticationEnabled: jsii.Bool(true),
		BackupRetentionPeriod:            jsii.Number(c.BackupRetentionDays),
		PreferredBackupWindow:            jsii.String(c.BackupWindow),
		PreferredMaintenanceWindow:       jsii.String(c.MaintenanceWindow),
		CopyTagsToSnapshot:               jsii.Bool(true),
		DeletionProtection:               jsii.Bool(c.DeletionProtection),
		DeleteAutomatedBackups:           jsii.Bool(!c.FinalSnapshot),
		SkipFinalSnapshot:                jsii.Bool(!c.FinalSnapshot),
		FinalSnapshotIdentifier:          s.finalSnapshot(),
		EnabledCloudwatchLogsExports:     jsii.Strings("postgresql"),
		ApplyImmediately:                 jsii.Bool(c.ApplyImmediately),
		Lifecycle:                        s.lifecycle(),
		DependsOn:                        &[]cdktf.ITerraformDependable{logs},
	})
	result.Identifiers.Cluster = c.Name
	result.Endpoint = cluster.Endpoint()
	result.ReaderEndpoint = cluster.ReaderEndpoint()
	if c.Aurora.MaxReplicas == 0 {
		// It would lead to the writer, which clients that look for a replica refuse.
		result.ReaderEndpoint = cluster.Endpoint()
	}
	result.SecretArn = cluster.MasterUserSecret().Get(jsii.Number(0)).SecretArn()

	instances := []cdktf.ITerraformDependable{cluster, newInstance(s, cluster, "writer")}
	// Terraform's own readers are the fewest there may be; autoscaling removes only its own.
	for i := 1; i <= c.Aurora.MinReplicas; i++ {
		instances = append(instances, newInstance(s, cluster, fmt.Sprintf("reader-%d", i)))
	}
	if c.Aurora.MaxReplicas > c.Aurora.MinReplicas {
		scaleReplicas(s, cluster, instances)
	}
}

func newInstance(s *shared, cluster rdscluster.RdsCluster, role string) rdsclusterinstance.RdsClusterInstance {
	c := s.config
	return rdsclusterinstance.NewRdsClusterInstance(s.scope, jsii.String(role), &rdsclusterinstance.RdsClusterInstanceConfig{
		Identifier:                         jsii.String(c.Name + "-" + role),
		ClusterIdentifier:                  cluster.Id(),
		Engine:                             cluster.Engine(),
		EngineVersion:                      cluster.EngineVersion(),
		InstanceClass:                      jsii.String(c.InstanceClass),
		PubliclyAccessible:                 jsii.Bool(false),
		PreferredMaintenanceWindow:         jsii.String(c.MaintenanceWindow),
		AutoMinorVersionUpgrade:            jsii.Bool(true),
		ApplyImmediately:                   jsii.Bool(c.ApplyImmediately),
		CopyTagsToSnapshot:                 jsii.Bool(true),
		PerformanceInsightsEnabled:         jsii.Bool(true),
		PerformanceInsightsKmsKeyId:        c.KeyArn,
		PerformanceInsightsRetentionPeriod: jsii.Number(insightsDays),
		MonitoringInterval:                 jsii.Number(monitoringSeconds),
		MonitoringRoleArn:                  s.monitoring.Arn,
		DependsOn:                          s.dependsOn(),
	})
}

// scaleReplicas keeps the replicas' mean CPU use at the target.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html
func scaleReplicas(s *shared, cluster rdscluster.RdsCluster, instances []cdktf.ITerraformDependable) {
	const dimension, namespace = "rds:cluster:ReadReplicaCount", "rds"
	target := appautoscalingtarget.NewAppautoscalingTarget(s.scope, jsii.String("replicas"), &appautoscalingtarget.AppautoscalingTargetConfig{
		ServiceNamespace:  jsii.String(namespace),
		ScalableDimension: jsii.String(dimension),
		ResourceId:        jsii.String(fmt.Sprintf("cluster:%s", *cluster.ClusterIdentifier())),
		MinCapacity:       jsii.Number(s.config.Aurora.MinReplicas),
		MaxCapacity:       jsii.Number(s.config.Aurora.MaxReplicas),
		DependsOn:         &[]cdktf.ITerraformDependable{sweepReplicas(s, instances)},
	})
	type (
		tracking = appautoscalingpolicy.AppautoscalingPolicyTargetTrackingScalingPolicyConfiguration
		metric   = appautoscalingpolicy.AppautoscalingPolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecification
	)
	appautoscalingpolicy.NewAppautoscalingPolicy(s.scope, jsii.String("replicas-cpu"), &appautoscalingpolicy.AppautoscalingPolicyConfig{
		Name:              jsii.String(s.config.Name + "-replicas-cpu"),
		PolicyType:        jsii.String("TargetTrackingScaling"),
		ServiceNamespace:  target.ServiceNamespace(),
		ScalableDimension: target.ScalableDimension(),
		ResourceId:        target.ResourceId(),
		TargetTrackingScalingPolicyConfiguration: &tracking{
			TargetValue:                   jsii.Number(s.config.Aurora.CPUPercent),
			ScaleInCooldown:               jsii.Number(300),
			ScaleOutCooldown:              jsii.Number(300),
			PredefinedMetricSpecification: &metric{PredefinedMetricType: jsii.String("RDSReaderAverageCPUUtilization")},
		},
	})
}

// sweepCommand deletes the replicas that autoscaling has made and waits until they are gone.
// It gets CLUSTER and REGION.
const sweepCommand = `set -eu
replicas=$(aws rds describe-db-instances --region "$REGION" --filters "Name=db-cluster-id,Values=$CLUSTER" \
  --query "DBInstances[?starts_with(DBInstanceIdentifier, 'application-autoscaling-')].DBInstanceIdentifier" --output text)
for replica in $replicas; do
  aws rds delete-db-instance --region "$REGION" --db-instance-identifier "$replica" --query DBInstance.DBInstanceStatus --output text
done
for replica in $replicas; do
  aws rds wait db-instance-deleted --region "$REGION" --db-instance-identifier "$replica"
done
`

// sweepReplicas makes what, on destroy, goes after autoscaling and before the cluster: the
// replicas that autoscaling has made are not Terraform's, and AWS refuses to delete a
// cluster that has any. https://github.com/hashicorp/terraform-provider-aws/issues/19536
func sweepReplicas(s *shared, instances []cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	return destroystep.New(s.scope, "sweep-replicas", destroystep.Config{
		Command:     sweepCommand,
		Environment: map[string]string{"CLUSTER": s.config.Name, "REGION": s.config.Region},
		DependsOn:   instances,
	})
}

func clusterParameters() []*rdsclusterparametergroup.RdsClusterParameterGroupParameter {
	var all []*rdsclusterparametergroup.RdsClusterParameterGroupParameter
	for _, p := range parameters {
		all = append(all, &rdsclusterparametergroup.RdsClusterParameterGroupParameter{
			Name: jsii.String(p.name), Value: jsii.String(p.value), ApplyMethod: jsii.String(p.method),
		})
	}
	return all
}
