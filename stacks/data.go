package stacks

import (
	"fmt"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/backupplan"
	"plinth/constructs/encryptionkey"
	"plinth/constructs/moved"
	"plinth/constructs/postgres"
	"plinth/constructs/repository"
	"plinth/settings"
)

// Data is the stack <environment>-data: resources that must survive all other stacks.
type Data struct {
	cdktf.TerraformStack
	Database *postgres.Postgres
	Key      *encryptionkey.Key
	// LoginSecrets are the ARNs of the secrets with the passwords of the applications' logins, by the application's
	// name and the login's slot.
	LoginSecrets map[string]map[string]*string
	// Repositories are the ECR repositories of the applications whose images are ours, by the application's
	// name.
	Repositories map[string]*repository.Repository
}

// NewData creates the database and the image repositories.
func NewData(scope constructs.Construct, env *settings.Environment, network *Network) *Data {
	stack := newStack(scope, env, "data")
	key := newKey(stack, env, "key", "data", "Encrypts the database, its password, backups and logs, and images",
		// A final snapshot is useless without its key.
		env.Protected || *env.Database.FinalSnapshot)
	database, blocks := newDatabase(stack, env, network, key)
	repositories, urls := map[string]*repository.Repository{}, map[string]any{}
	for _, app := range env.Applications() {
		if app.Image.Repository == "" {
			images := newImages(stack, env, app, key)
			if app == firstApplication(env) {
				blocks = append(blocks, images.Moved("images")...)
			}
			repositories[app.Name], urls[app.Name] = images, images.URL
		}
	}
	moved.Add(stack, blocks...)
	if backup := env.Database.AWSBackup; backup.Enabled {
		plan := newBackupPlan(stack, env, key, database)
		output(stack, "backup_vault", "AWS Backup vault with the database's backups", plan.VaultName)
	}
	output(stack, "database_endpoint", "Host that takes writes, port 5432", database.Endpoint)
	output(stack, "database_reader_endpoint", "Host for reads", database.ReaderEndpoint)
	output(stack, "database_secret_arn", "Secrets Manager secret with username and password", database.SecretArn)
	logins := newLogins(stack, env, key)
	output(stack, "repository_urls", "Where each application's images are pushed", urls)
	return &Data{TerraformStack: stack, Database: database, Repositories: repositories, Key: key, LoginSecrets: logins}
}

// newLogins creates the passwords of the two logins of each application with a database.
func newLogins(stack cdktf.TerraformStack, env *settings.Environment, key *encryptionkey.Key) map[string]map[string]*string {
	all := map[string]map[string]*string{}
	for _, app := range env.Applications() {
		if !app.Database {
			continue
		}
		all[app.Name] = map[string]*string{}
		for _, slot := range settings.Slots {
			all[app.Name][slot] = postgres.NewLogin(stack, "login-"+app.Name+"-"+slot, postgres.Login{
				Username:        app.Login(slot),
				SecretName:      env.Project + "/" + env.Name + "/" + app.Name + "/database-" + slot,
				PasswordVersion: app.SlotVersion(slot),
				KeyArn:          key.Arn,
			})
		}
	}
	return all
}

// newImages creates an application's image repository.
func newImages(stack cdktf.TerraformStack, env *settings.Environment, app *settings.App, key *encryptionkey.Key) *repository.Repository {
	return repository.New(stack, "images-"+app.Name, repository.Config{
		Name:                  env.ResourceName(app.Name),
		KeyArn:                key.Arn,
		MaxTaggedImages:       env.Registry.MaxTaggedImages,
		UntaggedRetentionDays: env.Registry.UntaggedRetentionDays,
		ForceDelete:           !env.Protected,
		PreventDestroy:        env.Protected,
	})
}

// firstApplication returns the application that an environment of version 0.1 had, whose resources had
// addresses without its name, or nil if that is none of several.
func firstApplication(env *settings.Environment) *settings.App {
	if all := env.Applications(); len(all) == 1 {
		return all[0]
	}
	return env.Apps["app"]
}

// newDatabase creates the database, or only its password if PostgreSQL runs in the cluster.
func newDatabase(stack cdktf.TerraformStack, env *settings.Environment, network *Network, key *encryptionkey.Key) (*postgres.Postgres, []moved.Block) {
	if env.Database.Engine != settings.EngineInCluster {
		database := postgres.New(stack, "database", databaseConfig(env, network, key))
		access := allowIngressOfPeople(stack, network, "database", "PostgreSQL", database.SecurityGroupID, postgres.Port)
		// Terraform's state has what RDS has, which can wait for the maintenance window: see ./plinth drift.
		output(stack, "database_requested", "What the last deployment asked RDS for. Where database.applyImmediately is false, it can wait for the maintenance window",
			requested(env.Database))
		output(stack, "database_identifier", "What RDS calls the database that is in use", database.Identifiers.Current())
		return database, []moved.Block{access}
	}
	output(stack, "database_name", "Database in the server", env.Database.Name)
	output(stack, "database_username", "User who owns it", env.Database.Username)
	return postgres.NewInCluster(stack, "database", postgres.InCluster{
		Host:         inClusterDatabase + "." + inClusterDatabase + ".svc.cluster.local",
		DatabaseName: env.Database.Name,
		Username:     env.Database.Username,
		SecretName:   env.Project + "/" + env.Name + "/postgres",
		KeyArn:       key.Arn,
	}), nil
}

func requested(database settings.Database) string {
	common := fmt.Sprintf("%s, PostgreSQL %s", database.InstanceClass, database.Version)
	if database.Engine == settings.EngineAurora {
		return common
	}
	return fmt.Sprintf("%s, %d GiB, Multi-AZ %t", common, database.StorageGiB, database.MultiAZ)
}

// newBackupPlan backs up the current database. Deleting the environment's key loses the backups, as
// it would the final snapshot.
func newBackupPlan(stack cdktf.TerraformStack, env *settings.Environment, key *encryptionkey.Key, database *postgres.Postgres) *backupplan.Plan {
	backup := env.Database.AWSBackup
	config := backupplan.Config{
		Name:           env.ResourceName("database"),
		DatabaseArn:    database.Arn,
		KeyArn:         key.Arn,
		Account:        env.Account,
		Region:         env.Region,
		Schedule:       env.Database.BackupSchedule(),
		RetentionDays:  backup.RetentionDays,
		PreventDestroy: env.Protected,
	}
	if lock := backup.Lock; lock.Mode != settings.LockNone {
		config.Lock = &backupplan.Lock{
			MinRetentionDays: lock.MinRetentionDays, MaxRetentionDays: lock.MaxRetentionDays, ChangeableForDays: lock.ChangeableForDays,
		}
	}
	if backup.CrossRegionVaultARN != "" {
		config.Copy = &backupplan.Copy{VaultArn: backup.CrossRegionVaultARN, RetentionDays: backup.CopyRetentionDays}
	}
	return backupplan.New(stack, "backup", config)
}

func databaseConfig(env *settings.Environment, network *Network, key *encryptionkey.Key) postgres.Config {
	database := env.Database
	config := postgres.Config{
		Name:                 env.ResourceName("postgres"),
		Version:              database.Version,
		InstanceClass:        database.InstanceClass,
		DatabaseName:         database.Name,
		Username:             database.Username,
		SecretName:           env.Project + "/" + env.Name + "/postgres",
		PasswordVersion:      database.PasswordVersion,
		PasswordRotationDays: database.PasswordRotationDays,
		Account:              env.Account,
		Region:               env.Region,
		VpcID:                network.VPC.ID,
		SubnetIDs:            network.subnets(network.VPC.DatabaseSubnetIDs, env.Network.Zones),
		KeyArn:               key.Arn,
		BackupRetentionDays:  database.BackupRetentionDays,
		BackupWindow:         database.BackupWindow,
		MaintenanceWindow:    database.MaintenanceWindow,
		LogRetentionDays:     env.LogRetentionDays,
		ExtendedSupport:      database.ExtendedSupport,
		ApplyImmediately:     *database.ApplyImmediately,
		DeletionProtection:   *database.DeletionProtection,
		FinalSnapshot:        *database.FinalSnapshot,
		PreventDestroy:       env.Protected,
		RestoreFromSnapshots: database.RestoreFromSnapshots,
		DeletedDatabases:     database.DeletedDatabases,
	}
	if database.Engine == settings.EngineAurora {
		config.Aurora = &postgres.Aurora{
			MinReplicas: database.Autoscaling.Min,
			MaxReplicas: database.Autoscaling.Max,
			CPUPercent:  database.Autoscaling.CPUPercent,
		}
	} else {
		config.RDS = &postgres.RDS{
			StorageGiB:    database.StorageGiB,
			MaxStorageGiB: database.MaxStorageGiB,
			MultiAZ:       database.MultiAZ,
			Replicas:      database.Replicas,
		}
	}
	return config
}
