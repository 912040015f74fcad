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
)

const auroraEngine = "aurora-postgresql"

func newAurora(s *shared, result *Postgres) {
	c := s.config
	group := rdsclusterparametergroup.NewRdsClusterParameterGroup(s.scope, jsii.String("parameters"),
		&rdsclusterparametergroup.RdsClusterParameterGroupConfig{
			Name:        jsii.String(c.Name),
			Family:      jsii.String(auroraEngine + major(c.Version)),
			Description: jsii.String("TLS only, with connections and slow statements logged"),
			Parameter:   clusterParameters(),
		})
	logs := s.logs("cluster-logs", "cluster", c.Name)
	cluster := rdscluster.NewRdsCluster(s.scope, jsii.String("cluster"), &rdscluster.RdsClusterConfig{
		ClusterIdentifier: jsii.String(c.Name),
		Engine:            jsii.String(auroraEngine),
		EngineVersion:     jsii.String(c.Version),
		DatabaseName:      jsii.String(c.DatabaseName),
		MasterUsername:    jsii.String(c.Username),
		// Security: as for RDS, no password leaves Secrets Manager.
		ManageMasterUserPassword:         jsii.Bool(true),
		MasterUserSecretKmsKeyId:         c.KeyArn,
		Port:                             jsii.Number(Port),
		StorageEncrypted:                 jsii.Bool(true),
		KmsKeyId:                         c.KeyArn,
		DbSubnetGroupName:                s.subnets.Name(),
		DbClusterParameterGroupName:      group.Name(),
		VpcSecurityGroupIds:              &[]*string{s.securityGroup.Id()},
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
		Lifecycle:                        s.lifecycle(),
		DependsOn:                        &[]cdktf.ITerraformDependable{logs},
	})
	result.Endpoint = cluster.Endpoint()
	result.ReaderEndpoint = cluster.ReaderEndpoint()
	result.SecretArn = cluster.MasterUserSecret().Get(jsii.Number(0)).SecretArn()

	// One writer. Autoscaling adds and removes replicas of its own, never below the minimum.
	writer := rdsclusterinstance.NewRdsClusterInstance(s.scope, jsii.String("writer"), &rdsclusterinstance.RdsClusterInstanceConfig{
		Identifier:                         jsii.String(c.Name + "-writer"),
		ClusterIdentifier:                  cluster.Id(),
		Engine:                             cluster.Engine(),
		EngineVersion:                      cluster.EngineVersion(),
		InstanceClass:                      jsii.String(c.InstanceClass),
		PubliclyAccessible:                 jsii.Bool(false),
		PreferredMaintenanceWindow:         jsii.String(c.MaintenanceWindow),
		AutoMinorVersionUpgrade:            jsii.Bool(true),
		CopyTagsToSnapshot:                 jsii.Bool(true),
		PerformanceInsightsEnabled:         jsii.Bool(true),
		PerformanceInsightsKmsKeyId:        c.KeyArn,
		PerformanceInsightsRetentionPeriod: jsii.Number(insightsDays),
		MonitoringInterval:                 jsii.Number(monitoringSeconds),
		MonitoringRoleArn:                  s.monitoring.Arn,
		DependsOn:                          s.dependsOn(),
	})
	if c.Aurora.MaxReplicas > 0 {
		scaleReplicas(s, cluster, writer)
	}
}

// scaleReplicas keeps the replicas' mean CPU use at the target.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Integrating.AutoScaling.html
func scaleReplicas(s *shared, cluster rdscluster.RdsCluster, writer rdsclusterinstance.RdsClusterInstance) {
	const dimension, namespace = "rds:cluster:ReadReplicaCount", "rds"
	target := appautoscalingtarget.NewAppautoscalingTarget(s.scope, jsii.String("replicas"), &appautoscalingtarget.AppautoscalingTargetConfig{
		ServiceNamespace:  jsii.String(namespace),
		ScalableDimension: jsii.String(dimension),
		ResourceId:        jsii.String(fmt.Sprintf("cluster:%s", *cluster.ClusterIdentifier())),
		MinCapacity:       jsii.Number(s.config.Aurora.MinReplicas),
		MaxCapacity:       jsii.Number(s.config.Aurora.MaxReplicas),
		// Application Auto Scaling adds replicas only to a cluster that has its writer.
		DependsOn: &[]cdktf.ITerraformDependable{writer},
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

func clusterParameters() []*rdsclusterparametergroup.RdsClusterParameterGroupParameter {
	var all []*rdsclusterparametergroup.RdsClusterParameterGroupParameter
	for _, p := range parameters {
		all = append(all, &rdsclusterparametergroup.RdsClusterParameterGroupParameter{
			Name: jsii.String(p.name), Value: jsii.String(p.value),
		})
	}
	return all
}
