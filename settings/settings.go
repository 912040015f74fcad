// Package settings reads the files in environments/, one YAML file for each environment. It does not
// depend on Terraform.
//
// docs/settings.md and environments/schema.json are generated from the types, their comments and their
// tags: validate has the rules, example a value for the page, insteadOf the key that excludes this one.
package settings

import "plinth/images"

// Environment is one file of environments/.
//
// Every field can be overridden by a variable of the process environment: see [Variable].
type Environment struct {
	// Name is the file's name without .yaml; it prefixes every stack and resource.
	Name string `yaml:"-" json:"-"`
	// Images are the digests of third-party images; nil takes what their tags stand for. Load leaves it
	// to its caller.
	Images images.Lock `yaml:"-" json:"-"`
	// Warnings are about settings that are valid, but not for long, or perhaps not in the region.
	Warnings Problems `yaml:"-" json:"-"`

	// Project is the name of the system. AWS resources are named <project>-<environment>-….
	Project string `yaml:"project" validate:"required,project"`
	// Repository is the URL or path of this code. Every resource has it as a tag.
	Repository string `yaml:"repository" validate:"required,tagvalue" example:"gitlab.example.com/platform/plinth"`
	// Account is the AWS account ID. The AWS provider refuses credentials of any other account.
	Account string `yaml:"account" validate:"required,account" example:"'111111111111'" jsonschema:"oneof_type=string;number"`
	// DedicatedAccount says that the account holds nothing but environments of this repository. It must
	// be true: a pipeline's role could tag, and so take over, a KMS key or a default security group that
	// somebody else has left without tags.
	DedicatedAccount bool `yaml:"dedicatedAccount"`
	// Region is the AWS region of all resources.
	Region string `yaml:"region" validate:"required,region" example:"eu-west-2"`
	// Protected protects data: RDS deletion protection, final snapshots, prevent_destroy and no
	// forced deletion of images. It also refuses a Kubernetes API that is open to the internet, and an
	// application that is open to it without TLS.
	Protected bool `yaml:"protected"`
	// Baseline adds to the bootstrap stack what an account should have once: EBS encryption by default, a
	// block of public S3 buckets, IAM Access Analyzer, GuardDuty and CloudTrail. Not in an account of a
	// landing zone, which has them, and for one environment of each account.
	Baseline bool `yaml:"baseline"`
	// LogRetentionDays is the retention of every CloudWatch log group.
	LogRetentionDays int `yaml:"logRetentionDays" validate:"retention"`

	State    State    `yaml:"state"`
	CI       CI       `yaml:"ci"`
	Network  Network  `yaml:"network"`
	Database Database `yaml:"database"`
	Registry Registry `yaml:"registry"`
	Cluster  Cluster  `yaml:"cluster"`
	// Apps are the applications, by name. Each has a stack <environment>-<name>, and a namespace, Helm release
	// and image repository of its name.
	Apps          map[string]*App `yaml:"apps" keys:"appname" validate:"min=1,dive"`
	Observability Observability   `yaml:"observability"`
}

// State is the S3 backend of this environment's Terraform state.
type State struct {
	// Bucket is the S3 bucket. Default: <project>-<environment>-state-<account>.
	Bucket string `yaml:"bucket" validate:"omitempty,bucket" example:"example-terraform-state"`
	// Region is the bucket's region. Default: the environment's.
	Region string `yaml:"region" validate:"omitempty,region" example:"eu-west-1"`
	// KMSKey is the ARN of the KMS key that encrypts the state. Default: the alias
	// <project>-<environment>-state, which the bootstrap stack creates.
	KMSKey string `yaml:"kmsKey" validate:"omitempty,kmsarn" example:"arn:aws:kms:eu-west-1:111111111111:alias/terraform-state"`
	// Endpoint is the URL of an S3-compatible server to use instead of S3. It is used with
	// path-style requests, without KMS and STS.
	Endpoint string `yaml:"endpoint" validate:"omitempty,endpoint" example:"https://s3.example.com"`
	// AccessLogBucket is an existing S3 bucket for the state bucket's server access logs. It must be in
	// the same region and allow S3 to write. Default: no access logs.
	AccessLogBucket string `yaml:"accessLogBucket" validate:"omitempty,bucket" example:"example-s3-access-logs"`
	// Administrators are the IAM roles and users that may read and write the states, besides the pipelines'
	// roles: those that run bootstrap, and people who deploy by hand. For a role of IAM Identity Center,
	// * stands for the region and the end of its name. Default: whoever runs bootstrap.
	Administrators []string `yaml:"administrators" validate:"dive,administrator" example:"[role/platform-admin]"`
	// NoncurrentVersionRetentionDays is the retention of earlier versions of the state.
	NoncurrentVersionRetentionDays int `yaml:"noncurrentVersionRetentionDays" validate:"between=7-3650"`

	// CreatesBucket and CreatesKey are set if the bootstrap stack creates the bucket and the key.
	CreatesBucket bool `yaml:"-" json:"-"`
	CreatesKey    bool `yaml:"-" json:"-"`
}

// CI is the CI service whose pipelines deploy the environment. They assume the roles of the
// bootstrap stack with OpenID Connect, without access keys.
type CI struct {
	// Provider is the CI service.
	Provider CIProvider `yaml:"provider" validate:"oneof=gitlab github"`
	// Issuer is the URL of the OIDC issuer. GitHub's with data residency is
	// https://token.actions.<tenant>.ghe.com. Default: that of gitlab.com or github.com.
	Issuer string `yaml:"issuer" validate:"omitempty,issuer" example:"https://gitlab.example.com"`
	// Project is the project's path: group/project in GitLab, owner/repository in GitHub. A repository that
	// was created, renamed or transferred since 15 July 2026 has ids in its tokens: owner@1234/repository@5678.
	Project string `yaml:"project" validate:"required,ciproject" example:"platform/plinth"`
	// PreviousProject is the path before a rename or transfer, or without ids. Its tokens open the same
	// roles. Remove it soon: whoever is given the old path has them.
	PreviousProject string `yaml:"previousProject" validate:"omitempty,ciproject" example:"platform/old-name"`
	// Branches are the branches that may deploy; * stands for any part of a name. Protect them in the
	// project: whoever can push to one can deploy. Default: main, or none if protected.
	Branches []string `yaml:"branches" validate:"dive,ref" example:"[main]"`
	// Tags are the tags that may deploy; * stands for any part of a name. Protect them like branches.
	// Default: none, or v* if protected and no branch may deploy.
	Tags []string `yaml:"tags" validate:"dive,ref" example:"[v*]"`
	// PlanBranches are the branches that may plan besides those that may deploy. Planning runs a
	// branch's code with the rights of the plan roles, on the runners. '*' is every branch, tag and
	// merge request. Default: '*', or main if protected.
	PlanBranches []string `yaml:"planBranches" validate:"dive,planref" example:"['*']"`
	// MaxSessionMinutes is the maximum session duration of the pipelines' roles.
	MaxSessionMinutes int `yaml:"maxSessionMinutes" validate:"between=60-720"`
	// RunnerTags are the tags of the runners for the environment's jobs, such as runners in its VPC; GitHub
	// calls them labels. Default: GitLab's untagged runners, GitHub's ubuntu-24.04.
	RunnerTags []string `yaml:"runnerTags" validate:"dive,runnertag" example:"[aws-dev]"`
	// PlanRunnerTags are the tags of the runners for the jobs that plan and compare, so that a branch's
	// code does not run where deployments do. Default: ci.runnerTags.
	PlanRunnerTags []string `yaml:"planRunnerTags" validate:"dive,runnertag" example:"[aws-dev-plan]"`
	// UseExistingOIDCProvider uses the OIDC provider of another environment in the account instead of
	// creating one: an account can have one for each issuer. That provider must list this environment's
	// audiences: <project>-<environment>-plan, -deploy and -push.
	UseExistingOIDCProvider bool `yaml:"useExistingOIDCProvider"`

	// ProviderAudiences are the audiences of all environments that use the account's OIDC provider.
	ProviderAudiences []string `yaml:"-" json:"-"`
}

// CIProvider is a kind of CI service.
type CIProvider string

// The kinds of CI services.
const (
	CIGitLab CIProvider = "gitlab"
	CIGitHub CIProvider = "github"
)

// Network is the VPC.
type Network struct {
	// CIDR is the VPC's IPv4 range. The subnets' ranges are computed from it.
	CIDR string `yaml:"cidr" validate:"required,vpccidr" example:"10.10.0.0/16"`
	// Zones are the letters of 2 or 3 availability zones. The first two are the control plane's and
	// cannot be changed later. A third is added or removed in two steps. EKS is in all zones
	// but use1-az3, usw1-az2 and cac1-az3, whose letters differ by account: see aws ec2
	// describe-availability-zones.
	Zones []string `yaml:"zones" validate:"required" example:"[a, b]"`
	// PreviousZones are what Zones were, while they change: pods can still run there, and no subnet goes
	// until they have moved. See docs/operations.md.
	PreviousZones []string `yaml:"previousZones" example:"[a, b, c]"`
	// NAT is the number of NAT gateways: none, a single one, or one per zone.
	NAT NAT `yaml:"nat" validate:"oneof=none single per-zone"`
	// InterfaceEndpoints are the AWS services with an interface endpoint (PrivateLink). Without NAT,
	// all services that Fargate needs must be here.
	InterfaceEndpoints []string `yaml:"interfaceEndpoints" validate:"dive,interface" example:"[ecr.api, ecr.dkr]"`
	// EndpointAccounts are other AWS accounts whose resources the VPC endpoints let this account's roles
	// use, such as a bucket of another team's. Without any, the endpoints let through this account's alone.
	EndpointAccounts []string `yaml:"endpointAccounts" validate:"dive,account" example:"['444444444444']"`
	// AllowOverlapWith are the environments of the same account whose CIDR may overlap this one.
	AllowOverlapWith []string `yaml:"allowOverlapWith" example:"[preview]"`
	// FlowLogs records the VPC's accepted and rejected traffic in CloudWatch.
	FlowLogs bool `yaml:"flowLogs"`

	Bastion Bastion `yaml:"bastion"`
	VPN     VPN     `yaml:"vpn"`
}

// Bastion is an EC2 instance through which ./plinth tunnel reaches the Kubernetes API and the database.
// It is reached through Session Manager only.
type Bastion struct {
	// Enabled creates the instance.
	Enabled bool `yaml:"enabled"`
	// InstanceType is the instance's type.
	InstanceType string `yaml:"instanceType" validate:"armtype"`
	// IdleTimeoutMinutes is the time after which an idle shell session ends.
	IdleTimeoutMinutes int `yaml:"idleTimeoutMinutes" validate:"between=1-60"`
	// MaxSessionMinutes is the maximum duration of a shell session.
	MaxSessionMinutes int `yaml:"maxSessionMinutes" validate:"between=1-1440"`
}

// VPN is an AWS Client VPN endpoint, for teams that use the VPC all day. AWS charges for its hours.
type VPN struct {
	// Enabled creates the endpoint.
	Enabled bool `yaml:"enabled"`
	// ClientCIDR is the range of the clients' addresses. It must not overlap the VPC's. Required if
	// enabled.
	ClientCIDR string `yaml:"clientCIDR" validate:"omitempty,clientcidr" example:"10.200.0.0/22"`
	// ServerCertificateARN is the endpoint's certificate in ACM. Required if enabled.
	ServerCertificateARN string `yaml:"serverCertificateARN" validate:"omitempty,acmarn" example:"arn:aws:acm:eu-west-2:111111111111:certificate/1234"`
	// SAMLProviderARN is the IAM SAML provider that authenticates users. Set it or
	// clientCertificateARN.
	SAMLProviderARN string `yaml:"samlProviderARN" validate:"omitempty,samlarn" example:"arn:aws:iam::111111111111:saml-provider/sso"`
	// ClientCertificateARN is a certificate in ACM for mutual authentication: certificates of the same
	// CA are accepted. Set it or samlProviderARN.
	ClientCertificateARN string `yaml:"clientCertificateARN" validate:"omitempty,acmarn" example:"arn:aws:acm:eu-west-2:111111111111:certificate/5678" insteadOf:"samlProviderARN"`
	// SessionTimeoutHours is the maximum duration of a connection: 8, 10, 12 or 24.
	SessionTimeoutHours int `yaml:"sessionTimeoutHours" validate:"between=8-24"`
}

// NAT is the number of NAT gateways.
type NAT string

// The numbers of NAT gateways.
const (
	NATNone    NAT = "none"
	NATSingle  NAT = "single"
	NATPerZone NAT = "per-zone"
)

// Database is the PostgreSQL database.
type Database struct {
	// Engine is RDS for PostgreSQL, Aurora, or a pod in the cluster. in-cluster is for short-lived
	// environments: ITS DATA IS LOST whenever the pod is replaced, as when AWS patches Fargate, and
	// there are no backups. It takes only version, name and username, and no protected environment may
	// use it.
	Engine Engine `yaml:"engine" validate:"oneof=postgres aurora-postgresql in-cluster"`
	// Version is the PostgreSQL version. With a major version alone, RDS chooses the minor one and upgrades
	// it in the maintenance window. It never goes back.
	Version string `yaml:"version" validate:"pgversion" jsonschema:"oneof_type=string;number"`
	// InstanceClass is the RDS instance class. Required, except with in-cluster.
	InstanceClass string `yaml:"instanceClass" validate:"omitempty,class" example:"db.t4g.micro"`
	// Name is the name of the first database. An application of this name has it, or the only one with a database,
	// or the one that names it.
	Name string `yaml:"name" validate:"required,dbname"`
	// Username is the master user. Its password is stored in Secrets Manager only.
	Username string `yaml:"username" validate:"required,dbuser"`
	// PasswordVersion changes the master password of an RDS database with replicas: increase it by 1.
	// RDS rotates the password of every other database itself.
	PasswordVersion int `yaml:"passwordVersion" validate:"between=1-1000000"`
	// PasswordRotationDays is how often RDS rotates the master password. 0 keeps RDS's default of 7
	// days; to return to it later, set 7, not 0. Not for an RDS database with replicas.
	PasswordRotationDays int `yaml:"passwordRotationDays" validate:"between=0-1000"`
	// StorageGiB is the initial gp3 storage. RDS only.
	StorageGiB int `yaml:"storageGiB" validate:"between=20-59578"` // 10% more are 65,536, RDS's most
	// MaxStorageGiB is the limit of storage autoscaling, at least 10% above storageGiB. RDS only.
	MaxStorageGiB int `yaml:"maxStorageGiB" validate:"between=22-65536"`
	// MultiAZ adds a synchronous standby in another zone. RDS only.
	MultiAZ bool `yaml:"multiAZ"`
	// Replicas is the number of read replicas. RDS only.
	Replicas int `yaml:"replicas" validate:"between=0-5"`

	Autoscaling ReplicaAutoscaling `yaml:"autoscaling"`
	// BackupRetentionDays is the retention of RDS's automated backups.
	BackupRetentionDays int `yaml:"backupRetentionDays" validate:"between=1-35"`
	// BackupWindow is the time of the daily automated backup.
	BackupWindow string `yaml:"backupWindow" validate:"backup"`
	// MaintenanceWindow is the weekly time for patches.
	MaintenanceWindow string `yaml:"maintenanceWindow" validate:"maintain"`
	// ApplyImmediately applies changes that restart the database at once instead of in the maintenance
	// window. An upgrade to another major version needs it. Default: true unless protected.
	ApplyImmediately *bool `yaml:"applyImmediately" example:"false"`
	// DeletionProtection makes RDS refuse to delete the database. Default: as protected.
	DeletionProtection *bool `yaml:"deletionProtection" example:"true"`
	// FinalSnapshot creates a final snapshot when the database is deleted. Default: as protected.
	FinalSnapshot *bool `yaml:"finalSnapshot" example:"true"`
	// ExtendedSupport lets RDS run a major version past its standard support, for a charge by vCPU and
	// hour. Otherwise RDS upgrades the database then. It only applies to a database that is created or
	// restored later.
	ExtendedSupport bool `yaml:"extendedSupport"`
	// RestoreFromSnapshots are the snapshots to restore: automated ones (rds:…), AWS Backup's
	// (awsbackup:…), or manual ones named <project>-<environment>-…. Each is restored to a new
	// database, and the applications use the last one. Add new entries at the end.
	RestoreFromSnapshots []string `yaml:"restoreFromSnapshots" validate:"dive,snapshot" example:"['rds:plinth-dev-postgres-2026-11-26-02-10']"`
	// DeletedDatabases are the databases to delete after a restore: original, and snapshots of
	// restoreFromSnapshots except the last. Never remove an entry from either list: Terraform would
	// create an empty original database and delete the one in use.
	DeletedDatabases []string `yaml:"deletedDatabases" validate:"dive,deleteddatabase" example:"[original]"`

	AWSBackup AWSBackup `yaml:"awsBackup"`
}

// AWSBackup is a daily backup plan of AWS Backup, in a vault of its own, twelve hours after
// backupWindow.
type AWSBackup struct {
	// Enabled creates the backup plan and its vault. For Aurora, opt in first in the account and region:
	// aws backup describe-region-settings shows it.
	Enabled bool `yaml:"enabled"`
	// RetentionDays is the retention of backups.
	RetentionDays int `yaml:"retentionDays" validate:"between=1-3650"`
	// CrossRegionVaultARN is an existing backup vault of the account in another region. Each backup is
	// copied to it. Its KMS key must be a customer managed one.
	CrossRegionVaultARN string `yaml:"crossRegionVaultARN" validate:"omitempty,vaultarn" example:"arn:aws:backup:eu-west-1:111111111111:backup-vault:copies"`
	// CopyRetentionDays is the retention of the copies.
	CopyRetentionDays int `yaml:"copyRetentionDays" validate:"between=1-3650"`

	Lock VaultLock `yaml:"lock"`
}

// VaultLock locks AWS Backup's vault, so that a backup is kept until its retention is over. A governance
// lock stops only those who may not remove it, a compliance lock everybody. Neither protects the key that
// encrypts the backups, nor RDS's own backups and final snapshots.
type VaultLock struct {
	// Mode is none, governance or compliance. Who may deploy the data stack can remove a governance lock.
	// NOBODY CAN REMOVE A COMPLIANCE LOCK, not even AWS, once changeableForDays are over.
	Mode LockMode `yaml:"mode" validate:"oneof=none governance compliance" example:"governance"`
	// MinRetentionDays is the shortest retention of a backup that the vault accepts. 0 is no minimum, which
	// mode compliance refuses: a deployment could keep every later backup for a day only.
	MinRetentionDays int `yaml:"minRetentionDays" validate:"between=0-3650" example:"30"`
	// MaxRetentionDays is the longest one. 0 is no maximum.
	MaxRetentionDays int `yaml:"maxRetentionDays" validate:"between=0-36500" example:"365"`
	// ChangeableForDays is how long a compliance lock can still be changed or removed, counted from its
	// deployment: at least 3. Required with compliance, and for it alone.
	ChangeableForDays int `yaml:"changeableForDays" validate:"between=0-36500"`
}

// LockMode is who can remove a lock.
type LockMode string

// The modes of a lock.
const (
	LockNone       LockMode = "none"
	LockGovernance LockMode = "governance"
	LockCompliance LockMode = "compliance"
)

// Engine is a kind of PostgreSQL server.
type Engine string

// The kinds of PostgreSQL servers.
const (
	EnginePostgres  Engine = "postgres"
	EngineAurora    Engine = "aurora-postgresql"
	EngineInCluster Engine = "in-cluster"
)

// ReplicaAutoscaling is the autoscaling of Aurora's read replicas. Aurora only.
type ReplicaAutoscaling struct {
	// Min is the minimum number of replicas.
	Min int `yaml:"min" validate:"between=0-15"`
	// Max is the maximum number of replicas.
	Max int `yaml:"max" validate:"between=0-15"`
	// CPUPercent is the target for the replicas' mean CPU use.
	CPUPercent int `yaml:"cpuPercent" validate:"between=10-90"`
}

// Registry is the ECR repository's lifecycle policy.
type Registry struct {
	// MaxTaggedImages is the number of tagged images to keep, newest first.
	MaxTaggedImages int `yaml:"maxTaggedImages" validate:"between=1-1000"`
	// UntaggedRetentionDays is the retention of untagged images.
	UntaggedRetentionDays int `yaml:"untaggedRetentionDays" validate:"between=1-365"`
}

// Cluster is the EKS cluster.
type Cluster struct {
	// Version is the Kubernetes version. It must be in EKS's standard support: the check warns 90 days
	// before that ends.
	Version string `yaml:"version" validate:"k8sversion" jsonschema:"oneof_type=string;number"`
	// AddonVersions are the versions of EKS's managed add-ons. Default: those that were AWS's defaults when
	// cluster.version last changed.
	AddonVersions AddonVersions `yaml:"addonVersions"`
	// PublicAccessCIDRs are the networks that may reach the Kubernetes API over the internet. Without
	// any, the API is private.
	PublicAccessCIDRs []string `yaml:"publicAccessCIDRs" validate:"dive,network" example:"[203.0.113.0/24]"`
	// ImageMirror is a registry with copies of the add-ons' images, under their own paths. Required
	// without NAT: pods cannot reach public registries then.
	ImageMirror string `yaml:"imageMirror" validate:"omitempty,registry" example:"111111111111.dkr.ecr.eu-west-2.amazonaws.com/mirror"`
	// KEDA installs KEDA with the add-ons, which web.replicas.requestsPerSecond of an application needs. To remove
	// it, deploy the applications with requestsPerSecond 0 first: only KEDA can delete its ScaledObjects.
	KEDA bool `yaml:"keda"`
	// AccessEntries are the IAM principals that may use the Kubernetes API, in addition to the roles of the
	// bootstrap stack.
	AccessEntries []AccessEntry `yaml:"accessEntries" validate:"dive"`
}

// AddonVersions are versions of EKS's managed add-ons.
type AddonVersions struct {
	// CoreDNS is the version of the add-on coredns.
	CoreDNS string `yaml:"coreDNS" validate:"omitempty,addonversion" example:"v1.13.2-eksbuild.4"`
	// KubeProxy is the version of the add-on kube-proxy. It must not be newer than the cluster's.
	KubeProxy string `yaml:"kubeProxy" validate:"omitempty,addonversion" example:"v1.35.3-eksbuild.2"`
	// VPCCNI is the version of the add-on vpc-cni.
	VPCCNI string `yaml:"vpcCNI" validate:"omitempty,addonversion" example:"v1.21.1-eksbuild.3"`
}

// AccessEntry is an IAM principal that may use the Kubernetes API.
type AccessEntry struct {
	// Principal is an IAM role or user: its ARN, or role/<name> or user/<name> in the environment's
	// account. A role of IAM Identity Center has a path, which aws iam get-role shows.
	Principal string `yaml:"principal" validate:"required,principal" example:"role/developer"`
	// Policy is the access policy. developer may view the applications' namespaces, read their logs, forward
	// ports, and run commands in their pods and in new ones.
	Policy AccessPolicy `yaml:"policy" validate:"oneof=admin edit view developer"`
	// Namespaces are the namespaces that edit and view are limited to. Default: the whole cluster.
	Namespaces []string `yaml:"namespaces" validate:"dive,dnslabel" example:"[app]"`
}

// AccessPolicy is an EKS access policy.
type AccessPolicy string

// The access policies, from most to least powerful.
const (
	AccessAdmin AccessPolicy = "admin"
	AccessEdit  AccessPolicy = "edit"
	AccessView  AccessPolicy = "view"
	// AccessDeveloper is a policy of Plinth, not of EKS.
	AccessDeveloper AccessPolicy = "developer"
)
