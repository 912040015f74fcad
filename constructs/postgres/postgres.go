// Package postgres makes a PostgreSQL database that only named security groups can reach:
// RDS for PostgreSQL with a fixed number of read replicas, or Aurora, which can autoscale
// them. The password is in Secrets Manager, and in no plan or state. A snapshot is restored to
// another database beside the existing one.
package postgres

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/cloudwatchloggroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dbsubnetgroup"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/securitygroup"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/iamrole"
	"plinth/constructs/loggroup"
	"plinth/constructs/policy"
)

// Port is where PostgreSQL listens.
const Port = 5432

// Config of a database.
type Config struct {
	// Name is the RDS identifier, at most 63 characters with a replica's suffix.
	Name string
	// Version is a major ("17") or a major and a minor ("17.6") of the database in use. RDS upgrades the
	// minor by itself unless it is given. Databases that are not in use keep the version that they have.
	Version string
	// InstanceClass sets CPU and memory, for example db.t4g.micro.
	InstanceClass string
	// DatabaseName is the database to create in the server, Username its master user.
	DatabaseName, Username string
	// SecretName is the secret with the master password. Raise PasswordVersion to change the
	// password. Both are for RDS with replicas only; otherwise RDS manages the password.
	SecretName      string
	PasswordVersion int
	// PasswordRotationDays is how often RDS rotates a password that it manages. With 0 from the
	// start, RDS rotates it every seven days.
	PasswordRotationDays int

	// Account and Region are the database's.
	Account, Region string

	VpcID     *string
	SubnetIDs []*string
	// KeyArn encrypts storage, snapshots, the password, insights and logs.
	KeyArn *string

	BackupRetentionDays int
	// BackupWindow is daily and MaintenanceWindow weekly, both in UTC.
	BackupWindow, MaintenanceWindow string
	LogRetentionDays                int

	// ExtendedSupport lets RDS run the version past its standard support, for a charge. It only applies
	// when a database is created or restored.
	ExtendedSupport bool
	// ApplyImmediately applies changes at once instead of in the maintenance window, including
	// those that restart the database. An upgrade to another major version needs it: while it waits, every
	// plan shows the parameter group as a difference, and fails.
	// https://github.com/hashicorp/terraform-provider-aws/pull/47121
	ApplyImmediately bool
	// DeletionProtection makes AWS refuse to delete the database.
	DeletionProtection bool
	// FinalSnapshot takes a snapshot when the database is deleted, and keeps automated backups.
	FinalSnapshot bool
	// PreventDestroy makes Terraform refuse to plan the deletion.
	PreventDestroy bool

	// RestoreFromSnapshots are snapshots, each restored to another database beside the original.
	// The endpoints are those of the last one.
	RestoreFromSnapshots []string
	// DeletedDatabases are the databases to delete: [Original], or snapshots of
	// RestoreFromSnapshots except the last.
	DeletedDatabases []string

	// Exactly one of these is set; it chooses the engine.
	RDS    *RDS
	Aurora *Aurora
}

// RDS configures what only RDS for PostgreSQL has.
type RDS struct {
	// StorageGiB is the initial storage. It grows by itself up to MaxStorageGiB.
	StorageGiB, MaxStorageGiB int
	// MultiAZ keeps a synchronous standby in another zone.
	MultiAZ bool
	// Replicas is the number of read replicas, 0 to 5. RDS does not autoscale them.
	Replicas int
}

// Aurora configures what only Aurora has.
type Aurora struct {
	// MinReplicas and MaxReplicas bound the number of read replicas, 0 to 15.
	MinReplicas, MaxReplicas int
	// CPUPercent is autoscaling's target for the replicas' mean CPU use.
	CPUPercent int
}

// Postgres is a database, whichever engine runs it.
type Postgres struct {
	constructs.Construct
	// Arn is the server's or the cluster's.
	Arn *string
	// Endpoint is the host that takes writes.
	Endpoint *string
	// ReaderEndpoint is the host for reads, Endpoint if there are no replicas. Aurora's balances
	// over all replicas. RDS's lists them with commas, as PostgreSQL's clients accept them.
	ReaderEndpoint *string
	// Identifiers are the servers' names in CloudWatch.
	Identifiers Identifiers
	// Name is the database's name in the server.
	Name string
	// SecretArn is the Secrets Manager secret with username and password, as JSON.
	SecretArn *string
	// SecurityGroupID is a group without ingress. Clients' stacks add rules to it.
	SecurityGroupID *string
}

// Current returns the identifier of the instance, or of Aurora's cluster, that takes writes.
func (i Identifiers) Current() string { return cmp.Or(i.Cluster, i.Primary) }

// Identifiers are those of RDS instances, or of an Aurora cluster, whose instances come and go.
type Identifiers struct {
	Primary  string
	Replicas []string
	Cluster  string
}

// New creates a database.
func New(scope constructs.Construct, id string, config Config) *Postgres {
	this := constructs.NewConstruct(scope, &id)
	shared := &shared{
		scope:  this,
		config: config,
		subnets: dbsubnetgroup.NewDbSubnetGroup(this, jsii.String("subnets"), &dbsubnetgroup.DbSubnetGroupConfig{
			Name:        jsii.String(config.Name),
			Description: jsii.String("Database subnets without a route out"),
			SubnetIds:   &config.SubnetIDs,
		}).Name(),
		// Security: no ingress here. Each client's stack adds a rule for its own group.
		securityGroup: securitygroup.NewSecurityGroup(this, jsii.String("security-group"), &securitygroup.SecurityGroupConfig{
			Name:        jsii.String(config.Name),
			Description: jsii.String("PostgreSQL"),
			VpcId:       config.VpcID,
			Tags:        &map[string]*string{"Name": jsii.String(config.Name)},
		}).Id(),
		monitoring: iamrole.New(this, "monitoring-role", iamrole.Config{
			Name:            config.Name + "-monitoring",
			Description:     "Lets RDS publish enhanced monitoring",
			Trust:           monitoringTrust(config),
			ManagedPolicies: []string{"service-role/AmazonRDSEnhancedMonitoringRole"},
		}),
	}
	result := &Postgres{
		Construct:       this,
		Name:            config.DatabaseName,
		SecurityGroupID: shared.securityGroup,
	}
	if config.Aurora != nil {
		newAurora(shared, result)
	} else {
		newRDS(shared, result)
	}
	return result
}

// Original names, in DeletedDatabases, the database that was not restored from a snapshot.
const Original = "original"

// database is the original database or one restored from a snapshot. All databases of a Postgres share
// network and roles.
type database struct {
	*shared
	// scope is the parent of its own resources.
	scope constructs.Construct
	// name is its identifier, and the prefix of its replicas' identifiers.
	name string
	// snapshot is the one that it is restored from, nil for the original.
	snapshot *string
	// inUse is set for the last one, whose endpoints the Postgres has.
	inUse bool
}

// databases returns the databases to keep, the one in use last, and those to delete. The construct ids
// and names of one follow from its snapshot only, so that adding or removing one replaces no other.
func (s *shared) databases() (current, old []database) {
	add := func(as string, d database) {
		if slices.Contains(s.config.DeletedDatabases, as) {
			old = append(old, d)
		} else {
			current = append(current, d)
		}
	}
	last := len(s.config.RestoreFromSnapshots) - 1
	add(Original, database{shared: s, scope: s.scope, name: s.config.Name, inUse: last < 0})
	for i, snapshot := range s.config.RestoreFromSnapshots {
		hash := fmt.Sprintf("%x", sha256.Sum256([]byte(snapshot)))[:8]
		add(snapshot, database{
			shared: s, scope: constructs.NewConstruct(s.scope, jsii.String("restored-"+hash)),
			name: s.config.Name + "-" + hash, snapshot: jsii.String(snapshot), inUse: i == last,
		})
	}
	return current, old
}

// monitoringTrust lets RDS use the role for databases of this account only (confused deputy). It
// allows any database of the account, because autoscaling chooses its replicas' names.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Monitoring.OS.Enabling.html#USER_Monitoring.OS.confused-deputy
func monitoringTrust(config Config) policy.Statement {
	return policy.Statement{
		Principals: policy.Service("monitoring.rds.amazonaws.com"),
		Conditions: []policy.Condition{
			{Test: "StringEquals", Variable: "aws:SourceAccount", Values: []string{config.Account}},
			{Test: "ArnLike", Variable: "aws:SourceArn", Values: []string{
				fmt.Sprintf("arn:aws:rds:%s:%s:db:*", config.Region, config.Account),
			}},
		},
	}
}

// shared holds what both engines use.
type shared struct {
	// scope is not embedded: jsii maps a construct to one Go struct only.
	scope         constructs.Construct
	config        Config
	subnets       *string // the subnet group's name
	securityGroup *string // its id
	monitoring    *iamrole.Role
}

const (
	// monitoringSeconds is how often enhanced monitoring samples the operating system.
	monitoringSeconds = 60
	// insightsDays is the longest retention of Performance Insights that is free.
	insightsDays = 7
)

// parameters are set on every server. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
var parameters = []struct{ name, value, method string }{
	// Security: refuse connections without TLS. AWS reports this parameter as applied on reboot,
	// so any other method here would show a difference at every plan. A new server starts
	// with it. https://github.com/hashicorp/terraform-provider-aws/issues/39252
	{"rds.force_ssl", "1", "pending-reboot"},
	{"log_connections", "1", "immediate"},
	{"log_disconnections", "1", "immediate"},
	{"log_lock_waits", "1", "immediate"},
	// Log statements slower than this, in milliseconds.
	{"log_min_duration_statement", "1000", "immediate"},
}

// parameterGroup returns the name and lifecycle of the database's group for its major version. A group's
// family is immutable, and RDS deletes no group that a server uses. So an upgrade creates the next group
// first. The group of a database that is not in use keeps the family that it has.
func (d database) parameterGroup() (name *string, lifecycle *cdktf.TerraformResourceLifecycle) {
	lifecycle = &cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)}
	if !d.inUse {
		lifecycle.IgnoreChanges = jsii.Strings("name", "family")
	}
	return jsii.String(d.name + "-" + major(d.config.Version)), lifecycle
}

// major returns the major version, which parameter groups are named after.
func major(version string) string {
	before, _, _ := strings.Cut(version, ".")
	return before
}

// upgradesMinor reports whether RDS upgrades the minor version by itself. With a given minor, the next
// deployment would try to go back, which RDS refuses.
func (c Config) upgradesMinor() bool { return !strings.Contains(c.Version, ".") }

// logs creates the log group that RDS exports PostgreSQL's log to. kind is instance or cluster.
func (d database) logs(id, kind, identifier string) cloudwatchloggroup.CloudwatchLogGroup {
	return loggroup.New(d.scope, id, loggroup.Config{
		Name:          "/aws/rds/" + kind + "/" + identifier + "/postgresql",
		RetentionDays: d.config.LogRetentionDays,
		KeyArn:        d.config.KeyArn,
	})
}

// finalSnapshot returns the name of the snapshot to take on deletion, nil for none. The beginning of
// the key's id makes it differ from the snapshot of an earlier environment of the same name.
func (d database) finalSnapshot() *string {
	if !d.config.FinalSnapshot {
		return nil
	}
	id := cdktf.Fn_Element(cdktf.Fn_Split(jsii.String("/"), d.config.KeyArn), jsii.Number(1))
	start := cdktf.Fn_Substr(cdktf.Token_AsString(id, nil), jsii.Number(0), jsii.Number(8))
	return jsii.String(d.name + "-final-" + *start)
}

// lifecycle makes Terraform refuse to plan the deletion of data, if PreventDestroy is set.
func (s *shared) lifecycle() *cdktf.TerraformResourceLifecycle {
	return &cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(s.config.PreventDestroy)}
}

// lifecycle also ignores engine_lifecycle_support in a database that exists: the provider cannot change
// it, and every plan would show a difference. A database that is not in use keeps its version, so that
// the one in use can be a restored older version.
// https://github.com/hashicorp/terraform-provider-aws/issues/40870
func (d database) lifecycle() *cdktf.TerraformResourceLifecycle {
	ignored := []string{"engine_lifecycle_support"}
	if !d.inUse {
		ignored = append(ignored, "engine_version")
	}
	lifecycle := d.shared.lifecycle()
	lifecycle.IgnoreChanges = jsii.Strings(ignored...)
	return lifecycle
}

// lifecycleSupport returns whether RDS charges for extended support, its default, or upgrades the
// database at the end of standard support.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-creating-db-instance.html
func (s *shared) lifecycleSupport() *string {
	if s.config.ExtendedSupport {
		return jsii.String("open-source-rds-extended-support")
	}
	return jsii.String("open-source-rds-extended-support-disabled")
}

// dependsOn returns elements and the permissions of the monitoring role, which RDS checks when
// it creates an instance.
func (s *shared) dependsOn(elements ...cdktf.ITerraformDependable) *[]cdktf.ITerraformDependable {
	all := append(elements, s.monitoring.Permissions...)
	return &all
}
