// Package postgres makes a PostgreSQL database that only named security groups can reach:
// RDS for PostgreSQL with a fixed number of read replicas, or Aurora with as many as the
// load asks for. The password is in Secrets Manager, and in nothing that Terraform writes. It can be
// restored from a snapshot, beside the one that is there.
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
	// Version is a major ("17") or a major and a minor ("17.6").
	Version string
	// InstanceClass sets CPU and memory, for example db.t4g.micro.
	InstanceClass string
	// DatabaseName is the database made in the server, Username its master user.
	DatabaseName, Username string
	// SecretName is the secret for the master password and PasswordVersion what to raise to
	// change it. Both are for RDS with replicas only; otherwise RDS takes care of it.
	SecretName      string
	PasswordVersion int
	// PasswordRotationDays is how often RDS changes a password that it takes care of; 0, where it
	// was never anything else, leaves it at RDS's own seven days.
	PasswordRotationDays int

	// Account and Region are where it is made.
	Account, Region string

	VpcID     *string
	SubnetIDs []*string
	// KeyArn encrypts storage, snapshots, the password, insights and logs.
	KeyArn *string

	BackupRetentionDays int
	// BackupWindow is daily and MaintenanceWindow weekly, both in UTC.
	BackupWindow, MaintenanceWindow string
	LogRetentionDays                int

	// ApplyImmediately makes changes at once instead of in the maintenance window, also
	// those that restart the database.
	ApplyImmediately bool
	// DeletionProtection makes AWS refuse to delete the database.
	DeletionProtection bool
	// FinalSnapshot keeps a snapshot when it is deleted all the same.
	FinalSnapshot bool
	// PreventDestroy makes Terraform refuse to plan the deletion.
	PreventDestroy bool

	// RestoreFromSnapshots are snapshots, each of which makes another database beside the original.
	// Others get the endpoints of the last one.
	RestoreFromSnapshots []string
	// DeletedDatabases are those that are gone again: [Original], or snapshots among
	// RestoreFromSnapshots, but for the last.
	DeletedDatabases []string

	// Exactly one of these is set; it chooses the engine.
	RDS    *RDS
	Aurora *Aurora
}

// RDS is what only RDS for PostgreSQL needs to know.
type RDS struct {
	// StorageGiB is what it starts with; it grows by itself up to MaxStorageGiB.
	StorageGiB, MaxStorageGiB int
	// MultiAZ keeps a synchronous standby in another zone.
	MultiAZ bool
	// Replicas is the number of read replicas, 0 to 5. RDS does not autoscale them.
	Replicas int
}

// Aurora is what only Aurora needs to know.
type Aurora struct {
	// MinReplicas and MaxReplicas bound the number of read replicas, 0 to 15.
	MinReplicas, MaxReplicas int
	// CPUPercent is the replicas' mean CPU use that autoscaling aims at.
	CPUPercent int
}

// Postgres is a database, whichever engine runs it.
type Postgres struct {
	constructs.Construct
	// Arn is the server's or the cluster's.
	Arn *string
	// Endpoint is the host that takes writes.
	Endpoint *string
	// ReaderEndpoint is a host for reads: of a replica where there is one. Aurora's balances
	// over all; RDS replicas are listed with commas, as PostgreSQL's clients take them.
	ReaderEndpoint *string
	// Identifiers are what CloudWatch knows the servers by.
	Identifiers Identifiers
	// Name is the database's name in the server.
	Name string
	// SecretArn is the Secrets Manager secret with username and password, as JSON.
	SecretArn *string
	// SecurityGroupID admits nobody until a rule is added to it.
	SecurityGroupID *string
}

// Current is the server, or Aurora's cluster, that takes writes.
func (i Identifiers) Current() string { return cmp.Or(i.Cluster, i.Primary) }

// Identifiers are those of RDS instances or of an Aurora cluster, whose instances come and go.
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
		// Security: no ingress here. Whoever needs the database adds a rule for its own group.
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

// Original is what DeletedDatabases calls the database that was restored from nothing.
const Original = "original"

// database is one of those that a Postgres has had: the original, or one that a snapshot was restored
// to. They share network, parameters and roles.
type database struct {
	*shared
	// scope is that of its own resources.
	scope constructs.Construct
	// name is its identifier, and begins those of its replicas.
	name string
	// snapshot is what it was restored from, nil of the original.
	snapshot *string
}

// databases are all that there are to be, the one in use last, and those that are to go. The
// construct ids and names of one follow from its snapshot alone, so that no other moves when one is
// added or removed.
func (s *shared) databases() (current, old []database) {
	add := func(as string, d database) {
		if slices.Contains(s.config.DeletedDatabases, as) {
			old = append(old, d)
		} else {
			current = append(current, d)
		}
	}
	add(Original, database{shared: s, scope: s.scope, name: s.config.Name})
	for _, snapshot := range s.config.RestoreFromSnapshots {
		hash := fmt.Sprintf("%x", sha256.Sum256([]byte(snapshot)))[:8]
		add(snapshot, database{
			shared: s, scope: constructs.NewConstruct(s.scope, jsii.String("restored-"+hash)),
			name: s.config.Name + "-" + hash, snapshot: jsii.String(snapshot),
		})
	}
	return current, old
}

// monitoringTrust lets databases of this account use the role, and no other account's through
// the shared service (confused deputy). Any database: autoscaling names its replicas itself.
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

// shared is what both engines build on.
type shared struct {
	// scope is not embedded: jsii knows a construct by one Go struct alone.
	scope         constructs.Construct
	config        Config
	subnets       *string // the subnet group's name
	securityGroup *string // its id
	monitoring    *iamrole.Role
}

const (
	// monitoringSeconds is how often enhanced monitoring samples the operating system.
	monitoringSeconds = 60
	// insightsDays is the retention of Performance Insights that costs nothing.
	insightsDays = 7
)

// parameters are set on every server. https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
var parameters = []struct{ name, value, method string }{
	// Security: a connection without TLS is refused. AWS reports this one as applied on
	// reboot, and any other method here as a difference at every plan; a new server starts
	// with it. https://github.com/hashicorp/terraform-provider-aws/issues/39252
	{"rds.force_ssl", "1", "pending-reboot"},
	{"log_connections", "1", "immediate"},
	{"log_disconnections", "1", "immediate"},
	{"log_lock_waits", "1", "immediate"},
	// Statements slower than a second, in milliseconds.
	{"log_min_duration_statement", "1000", "immediate"},
}

// parameterGroup names the group of a major version. It can neither be changed nor deleted
// while a server uses it, so an upgrade makes the next one first.
func (s *shared) parameterGroup() (name *string, lifecycle *cdktf.TerraformResourceLifecycle) {
	return jsii.String(s.config.Name + "-" + major(s.config.Version)),
		&cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)}
}

// major is the part of a version that parameter groups are named after.
func major(version string) string {
	before, _, _ := strings.Cut(version, ".")
	return before
}

// logs makes the group that RDS exports PostgreSQL's log to: kind is instance or cluster.
func (d database) logs(id, kind, identifier string) cloudwatchloggroup.CloudwatchLogGroup {
	return loggroup.New(d.scope, id, loggroup.Config{
		Name:          "/aws/rds/" + kind + "/" + identifier + "/postgresql",
		RetentionDays: d.config.LogRetentionDays,
		KeyArn:        d.config.KeyArn,
	})
}

// finalSnapshot names the snapshot that is made on deletion, nil when none is wanted. The
// beginning of the key's id keeps it apart from the snapshot of an earlier environment's database.
func (d database) finalSnapshot() *string {
	if !d.config.FinalSnapshot {
		return nil
	}
	id := cdktf.Fn_Element(cdktf.Fn_Split(jsii.String("/"), d.config.KeyArn), jsii.Number(1))
	start := cdktf.Fn_Substr(cdktf.Token_AsString(id, nil), jsii.Number(0), jsii.Number(8))
	return jsii.String(d.name + "-final-" + *start)
}

// lifecycle keeps Terraform from planning to delete what holds data.
func (s *shared) lifecycle() *cdktf.TerraformResourceLifecycle {
	return &cdktf.TerraformResourceLifecycle{PreventDestroy: jsii.Bool(s.config.PreventDestroy)}
}

// dependsOn are the given elements and the permissions of the monitoring role, which RDS
// checks as it makes an instance.
func (s *shared) dependsOn(elements ...cdktf.ITerraformDependable) *[]cdktf.ITerraformDependable {
	all := append(elements, s.monitoring.Permissions...)
	return &all
}
