package postgres

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsdbinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dbinstance"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dbparametergroup"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

func newRDS(s *shared, result *Postgres) {
	var master *password
	if s.config.RDS.Replicas > 0 {
		master = newPassword(s)
	}
	current, _ := s.databases()
	for _, d := range current {
		newServers(d, master, result)
	}
}

// newServers creates a primary and its replicas.
func newServers(d database, master *password, result *Postgres) {
	c := d.config
	name, lifecycle := d.parameterGroup()
	parameterGroup := dbparametergroup.NewDbParameterGroup(d.scope, jsii.String("parameters"), &dbparametergroup.DbParameterGroupConfig{
		Name:        name,
		Lifecycle:   lifecycle,
		Family:      jsii.String("postgres" + major(c.Version)),
		Description: jsii.String("TLS only, with connections and slow statements logged"),
		Parameter:   instanceParameters(),
	}).Name()
	config := dbinstance.DbInstanceConfig{
		Engine:        jsii.String("postgres"),
		EngineVersion: jsii.String(c.Version),
		DbName:        jsii.String(c.DatabaseName),
		Username:      jsii.String(c.Username),
		// A new major version in the settings is intended.
		AllowMajorVersionUpgrade: jsii.Bool(true),
		EngineLifecycleSupport:   d.lifecycleSupport(),
		StorageEncrypted:         jsii.Bool(true),
		DeletionProtection:       jsii.Bool(c.DeletionProtection),
		MultiAz:                  jsii.Bool(c.RDS.MultiAZ),
		DbSubnetGroupName:        d.subnets,
		BackupRetentionPeriod:    jsii.Number(c.BackupRetentionDays),
		BackupWindow:             jsii.String(c.BackupWindow),
		DeleteAutomatedBackups:   jsii.Bool(!c.FinalSnapshot),
		SkipFinalSnapshot:        jsii.Bool(!c.FinalSnapshot),
		FinalSnapshotIdentifier:  d.finalSnapshot(),
		Lifecycle:                d.lifecycle(),
	}
	if d.snapshot != nil {
		// Storage and key are the snapshot's: RDS cannot shrink storage or change the key.
		// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_RestoreFromSnapshot.html
		config.SnapshotIdentifier = d.snapshot
	} else {
		config.AllocatedStorage = jsii.Number(c.RDS.StorageGiB)
		config.KmsKeyId = c.KeyArn
	}
	if master != nil {
		config.PasswordWo = jsii.String(master.value)
		config.PasswordWoVersion = master.version
	} else {
		// Security: RDS generates and rotates the password in Secrets Manager, so it is never
		// in Git, a plan or Terraform's state.
		// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
		config.ManageMasterUserPassword = jsii.Bool(true)
		config.MasterUserSecretKmsKeyId = c.KeyArn
	}
	primary := dbinstance.NewDbInstance(d.scope, jsii.String("primary"), instanceConfig(d, d.name, parameterGroup, config))
	result.Identifiers = Identifiers{Primary: d.name}
	result.Arn = primary.Arn()
	result.Endpoint = primary.Address()
	result.ReaderEndpoint = primary.Address()
	if master != nil {
		result.SecretArn = master.secretArn
	} else {
		result.SecretArn = managedSecret(d, primary)
		d.configureRotation(result.SecretArn)
	}

	var readers []*string
	for i := 1; i <= c.RDS.Replicas; i++ {
		identifier := fmt.Sprintf("%s-replica-%d", d.name, i)
		result.Identifiers.Replicas = append(result.Identifiers.Replicas, identifier)
		replica := dbinstance.NewDbInstance(d.scope, jsii.String(fmt.Sprintf("replica-%d", i)),
			instanceConfig(d, identifier, parameterGroup, dbinstance.DbInstanceConfig{
				// RDS upgrades it with its source, to the same major version.
				// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html
				ReplicateSourceDb: primary.Identifier(),
				// AWS encrypts it with its source's key, and in the same region rejects a key argument.
				StorageEncrypted: jsii.Bool(true),
				// A replica holds nothing that its source does not.
				SkipFinalSnapshot: jsii.Bool(true),
			}))
		readers = append(readers, replica.Address())
	}
	if readers != nil {
		result.ReaderEndpoint = cdktf.Fn_Join(jsii.String(","), &readers)
	}
}

// managedSecret returns the ARN of RDS's secret. A primary whose last replica goes has none yet when the
// deployment is planned: the provider takes the empty list in the state for what it will be. The data source is
// read once the primary has changed.
func managedSecret(d database, primary dbinstance.DbInstance) *string {
	changed := dataawsdbinstance.NewDataAwsDbInstance(d.scope, jsii.String("primary-secret"), &dataawsdbinstance.DataAwsDbInstanceConfig{
		DbInstanceIdentifier: primary.Identifier(),
		DependsOn:            &[]cdktf.ITerraformDependable{primary},
	})
	return cdktf.NewTerraformLocal(d.scope, jsii.String("secret-arn"), cdktf.Fn_Try(&[]any{
		primary.MasterUserSecret().Get(jsii.Number(0)).SecretArn(),
		changed.MasterUserSecret().Get(jsii.Number(0)).SecretArn(),
	})).AsString()
}

// instanceConfig adds to config what the primary and its replicas have in common.
func instanceConfig(d database, identifier string, parameterGroup *string, config dbinstance.DbInstanceConfig) *dbinstance.DbInstanceConfig {
	c := d.config
	role := "primary"
	if config.ReplicateSourceDb != nil {
		role = identifier[len(d.name)+1:]
	}
	logs := d.logs(role+"-logs", "instance", identifier)

	config.Identifier = jsii.String(identifier)
	config.InstanceClass = jsii.String(c.InstanceClass)
	config.StorageType = jsii.String("gp3")
	config.MaxAllocatedStorage = jsii.Number(c.RDS.MaxStorageGiB)
	config.Port = jsii.Number(Port)
	config.ParameterGroupName = parameterGroup
	config.VpcSecurityGroupIds = &[]*string{d.securityGroup}
	config.PubliclyAccessible = jsii.Bool(false)
	config.IamDatabaseAuthenticationEnabled = jsii.Bool(true)
	config.MaintenanceWindow = jsii.String(c.MaintenanceWindow)
	config.AutoMinorVersionUpgrade = jsii.Bool(c.upgradesMinor())
	config.CopyTagsToSnapshot = jsii.Bool(true)
	config.ApplyImmediately = jsii.Bool(c.ApplyImmediately)
	config.PerformanceInsightsEnabled = jsii.Bool(true)
	config.PerformanceInsightsKmsKeyId = c.KeyArn
	config.PerformanceInsightsRetentionPeriod = jsii.Number(insightsDays)
	config.MonitoringInterval = jsii.Number(monitoringSeconds)
	config.MonitoringRoleArn = d.monitoring.Arn
	config.EnabledCloudwatchLogsExports = jsii.Strings("postgresql")
	config.DependsOn = d.dependsOn(logs)
	return &config
}

func instanceParameters() []*dbparametergroup.DbParameterGroupParameter {
	var all []*dbparametergroup.DbParameterGroupParameter
	for _, p := range parameters {
		all = append(all, &dbparametergroup.DbParameterGroupParameter{
			Name: jsii.String(p.name), Value: jsii.String(p.value), ApplyMethod: jsii.String(p.method),
		})
	}
	return all
}
