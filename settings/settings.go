// Package settings reads the files in environments/: one YAML file for each environment,
// holding everything in which it differs from another. It knows nothing of Terraform.
package settings

// Environment is one file of environments/. Fields without a default are required.
//
// Every field can be overridden from the process environment: see [Variable].
type Environment struct {
	// Name is the file's name without .yaml; it prefixes every stack and resource.
	Name string `yaml:"-" json:"-"`

	// Project names the system; with Name it prefixes every AWS resource.
	Project string `yaml:"project" validate:"required,project"`
	// Repository is where this code lives; every resource is tagged with it.
	Repository string `yaml:"repository" validate:"required,tagvalue"`
	// Account is the 12-digit AWS account id. Every provider refuses any other account.
	Account string `yaml:"account" validate:"required,account" jsonschema:"oneof_type=string;number"`
	// Region is the AWS region that holds everything.
	Region string `yaml:"region" validate:"required,region"`
	// Protected guards data: deletion protection, final snapshots, prevent_destroy,
	// no forced deletion of images, no Kubernetes endpoint that the whole internet reaches.
	Protected bool `yaml:"protected"`
	// LogRetentionDays is how long every log group keeps its events.
	LogRetentionDays int `yaml:"logRetentionDays" validate:"retention"`

	State         State         `yaml:"state"`
	CI            CI            `yaml:"ci"`
	Network       Network       `yaml:"network"`
	Database      Database      `yaml:"database"`
	Registry      Registry      `yaml:"registry"`
	Cluster       Cluster       `yaml:"cluster"`
	App           App           `yaml:"app"`
	Observability Observability `yaml:"observability"`
}

// State says where Terraform keeps this environment's state.
type State struct {
	// Bucket is the S3 bucket; by default <project>-<environment>-state-<account>.
	Bucket string `yaml:"bucket" validate:"omitempty,bucket"`
	// Region is the bucket's region; by default the environment's.
	Region string `yaml:"region" validate:"omitempty,region"`
	// KMSKey is the ARN of the key that encrypts state; by default the alias
	// <project>-<environment>-state in the environment's account.
	KMSKey string `yaml:"kmsKey" validate:"omitempty,kmsarn"`
	// Endpoint is the URL of an S3-compatible server to use instead of AWS. It is
	// addressed by path, and what only AWS has (KMS, STS) is left out.
	Endpoint string `yaml:"endpoint" validate:"omitempty,endpoint"`
	// AccessLogBucket is an S3 bucket in the same region that gets the access log of the bucket for
	// state; without one there is none. It must let S3 write its logs.
	AccessLogBucket string `yaml:"accessLogBucket" validate:"omitempty,bucket"`
	// NoncurrentVersionRetentionDays is how long states that were replaced can be brought back.
	NoncurrentVersionRetentionDays int `yaml:"noncurrentVersionRetentionDays" validate:"between=7-3650"`

	// CreatesBucket and CreatesKey tell whether the bootstrap stack creates them.
	CreatesBucket bool `yaml:"-" json:"-"`
	CreatesKey    bool `yaml:"-" json:"-"`
}

// CI says whose pipelines deploy the environment: they get the roles of the bootstrap stack by
// OpenID Connect, without a key.
type CI struct {
	// Provider is gitlab or github.
	Provider CIProvider `yaml:"provider" validate:"oneof=gitlab github"`
	// Issuer is the URL of who issues the tokens; by default that of gitlab.com or github.com.
	Issuer string `yaml:"issuer" validate:"omitempty,issuer"`
	// Project is the project's path: group/project in GitLab, owner/repository in GitHub.
	Project string `yaml:"project" validate:"required,ciproject"`
	// Audience is whom the tokens are for.
	Audience string `yaml:"audience" validate:"audience"`
	// Branches are those that may deploy, with * for any part of a name. They must be protected
	// in the project: who can push to one can deploy. Any branch may plan.
	Branches []string `yaml:"branches" validate:"dive,ref"`
	// Tags are likewise those that may deploy, such as v*.
	Tags []string `yaml:"tags" validate:"dive,ref"`
	// MaxSessionMinutes is how long a pipeline's job may use its role, 60 to 720.
	MaxSessionMinutes int `yaml:"maxSessionMinutes" validate:"between=60-720"`
	// RunnerTags choose the GitLab runners of the environment's jobs, such as those in its VPC.
	RunnerTags []string `yaml:"runnerTags" validate:"dive,runnertag"`
	// UseExistingOIDCProvider leaves the OpenID Connect provider to another environment of the account:
	// an account can have one for each issuer.
	UseExistingOIDCProvider bool `yaml:"useExistingOIDCProvider"`
}

// CIProvider is a kind of CI service.
type CIProvider string

// The kinds of CI services.
const (
	CIGitLab CIProvider = "gitlab"
	CIGitHub CIProvider = "github"
)

// Network sizes the VPC.
type Network struct {
	// CIDR is the VPC's private IPv4 range, /16 to /19; every subnet is computed from it.
	CIDR string `yaml:"cidr" validate:"required,vpccidr"`
	// Zones are the letters of 2 or 3 availability zones of the region. A zone's subnets
	// depend on its letter alone, so adding one moves no other; pods are started anew. The
	// first two hold the cluster's control plane and cannot be changed once it is made.
	Zones []string `yaml:"zones" validate:"required"`
	// NAT chooses the way out of private subnets: none, single or per-zone.
	NAT NAT `yaml:"nat" validate:"oneof=none single per-zone"`
	// InterfaceEndpoints are the AWS services reached through PrivateLink, such as ecr.api.
	// Without NAT, those that Fargate needs must all be here.
	InterfaceEndpoints []string `yaml:"interfaceEndpoints" validate:"dive,interface"`
	// AllowOverlapWith names environments of the same account whose CIDR may overlap this one.
	AllowOverlapWith []string `yaml:"allowOverlapWith"`
	// FlowLogs records accepted and rejected traffic of the VPC in CloudWatch.
	FlowLogs bool `yaml:"flowLogs"`
	// Bastion and VPN are ways for people to what is private: the Kubernetes API and the database.
	Bastion Bastion `yaml:"bastion"`
	// VPN is like Bastion.
	VPN VPN `yaml:"vpn"`
}

// Bastion is a small machine that is reached through Session Manager alone, as ./plinth tunnel does.
type Bastion struct {
	// Enabled makes it.
	Enabled bool `yaml:"enabled"`
	// InstanceType is one with an ARM processor, such as t4g.nano.
	InstanceType string `yaml:"instanceType" validate:"armtype"`
	// IdleTimeoutMinutes ends a shell in which nothing happens, 1 to 60.
	IdleTimeoutMinutes int `yaml:"idleTimeoutMinutes" validate:"between=1-60"`
	// MaxSessionMinutes ends every shell, 1 to 1440.
	MaxSessionMinutes int `yaml:"maxSessionMinutes" validate:"between=1-1440"`
}

// VPN is an AWS Client VPN endpoint, for teams that need the VPC all day. Its hours are paid for.
type VPN struct {
	// Enabled makes it.
	Enabled bool `yaml:"enabled"`
	// ClientCIDR is what people's machines get addresses of, /12 to /22, apart from the VPC's.
	ClientCIDR string `yaml:"clientCIDR" validate:"omitempty,clientcidr"`
	// ServerCertificateARN is the endpoint's own certificate in ACM.
	ServerCertificateARN string `yaml:"serverCertificateARN" validate:"omitempty,acmarn"`
	// SAMLProviderARN is a SAML provider of IAM's that lets people in.
	SAMLProviderARN string `yaml:"samlProviderARN" validate:"omitempty,samlarn"`
	// ClientCertificateARN is a certificate in ACM; who has another of the same authority gets in.
	// It, or SAMLProviderARN, must be set.
	ClientCertificateARN string `yaml:"clientCertificateARN" validate:"omitempty,acmarn"`
	// SessionTimeoutHours is how long a connection may last: 8, 10, 12 or 24.
	SessionTimeoutHours int `yaml:"sessionTimeoutHours" validate:"between=8-24"`
}

// NAT is a way out of the private subnets.
type NAT string

// The ways out of the private subnets.
const (
	NATNone    NAT = "none"
	NATSingle  NAT = "single"
	NATPerZone NAT = "per-zone"
)

// Database sizes PostgreSQL.
type Database struct {
	// Engine is postgres (RDS for PostgreSQL), aurora-postgresql, or in-cluster, for environments that
	// are thrown away: a pod beside the application's, on its own disk. ITS DATA IS GONE whenever the
	// pod is replaced, as when AWS patches Fargate, and there is no backup. Of the settings below it
	// takes version, name and username alone, and no environment that is protected may have it.
	Engine Engine `yaml:"engine" validate:"oneof=postgres aurora-postgresql in-cluster"`
	// Version is a PostgreSQL major ("17": RDS picks the minor) or major.minor ("17.6").
	Version string `yaml:"version" validate:"pgversion" jsonschema:"oneof_type=string;number"`
	// InstanceClass sets CPU and memory, for example db.t4g.micro. Required, but for in-cluster.
	InstanceClass string `yaml:"instanceClass" validate:"omitempty,class"`
	// Name is the database made in the server.
	Name string `yaml:"name" validate:"required,dbname"`
	// Username is the master user. Its password is in Secrets Manager only.
	Username string `yaml:"username" validate:"required,dbuser"`
	// PasswordVersion is raised to change the master password of an RDS database that has
	// replicas. RDS rotates the password of every other database by itself.
	PasswordVersion int `yaml:"passwordVersion" validate:"between=1-1000000"`
	// PasswordRotationDays is how often RDS changes the master password, 1 to 1000; 0, where nothing
	// else was ever set, leaves it at RDS's seven days. Not for an RDS database with replicas, whose
	// password RDS does not keep. To go back, set 7: at 0, RDS would change it no more.
	PasswordRotationDays int `yaml:"passwordRotationDays" validate:"between=0-1000"`
	// StorageGiB is how much gp3 storage the database starts with. RDS only.
	StorageGiB int `yaml:"storageGiB" validate:"between=20-65536"`
	// MaxStorageGiB is how far storage grows by itself, 10% or more above storageGiB. RDS only.
	MaxStorageGiB int `yaml:"maxStorageGiB" validate:"between=22-65536"`
	// MultiAZ keeps a synchronous standby in another zone. RDS only: Aurora's storage
	// always spans three zones, and its replicas stand by.
	MultiAZ bool `yaml:"multiAZ"`
	// Replicas is the fixed number of RDS read replicas, 0 to 5. RDS only.
	Replicas int `yaml:"replicas" validate:"between=0-5"`
	// Autoscaling bounds Aurora's read replicas. Aurora only.
	Autoscaling ReplicaAutoscaling `yaml:"autoscaling"`
	// BackupRetentionDays is how far back in time the database can be restored, 1 to 35.
	BackupRetentionDays int `yaml:"backupRetentionDays" validate:"between=1-35"`
	// BackupWindow is the daily snapshot's time in UTC, hh:mm-hh:mm.
	BackupWindow string `yaml:"backupWindow" validate:"backup"`
	// MaintenanceWindow is the weekly time for patches in UTC, ddd:hh:mm-ddd:hh:mm.
	MaintenanceWindow string `yaml:"maintenanceWindow" validate:"maintain"`
	// DeletionProtection makes AWS refuse to delete the database; by default as protected.
	DeletionProtection *bool `yaml:"deletionProtection"`
	// FinalSnapshot keeps a snapshot when the database is deleted; by default as protected.
	FinalSnapshot *bool `yaml:"finalSnapshot"`
	// RestoreFromSnapshots are names of snapshots: of RDS's own, as in
	// rds:plinth-dev-postgres-2026-11-26-02-10, of AWS Backup's, or of some that people have made and
	// named plinth-dev-…. Each is restored to a database of its own, and the application uses the
	// last one's. Add to the end.
	RestoreFromSnapshots []string `yaml:"restoreFromSnapshots" validate:"dive,snapshot"`
	// DeletedDatabases are databases that are no longer in use and are to be deleted: original, and
	// snapshots of restoreFromSnapshots but for the last. Never remove an entry of either list while
	// the environment exists: Terraform would create an empty original database and delete the one in use.
	DeletedDatabases []string `yaml:"deletedDatabases" validate:"dive,deleteddatabase"`
	// AWSBackup is kept apart from the database, and longer than RDS keeps its own.
	AWSBackup AWSBackup `yaml:"awsBackup"`
}

// AWSBackup is AWS Backup's plan for the database: once a day, twelve hours from backupWindow.
type AWSBackup struct {
	// Enabled makes the plan and its vault. For Aurora, AWS Backup must be opted in to it in the
	// account and region: aws backup describe-region-settings.
	Enabled bool `yaml:"enabled"`
	// RetentionDays is how long a backup is kept.
	RetentionDays int `yaml:"retentionDays" validate:"between=1-3650"`
	// CrossRegionVaultARN is a backup vault of the account in another region, which gets a copy of each
	// backup. Its key must not be an AWS managed one.
	CrossRegionVaultARN string `yaml:"crossRegionVaultARN" validate:"omitempty,vaultarn"`
	// CopyRetentionDays is how long a copy is kept.
	CopyRetentionDays int `yaml:"copyRetentionDays" validate:"between=1-3650"`
}

// Engine is a kind of PostgreSQL server.
type Engine string

// The kinds of PostgreSQL servers.
const (
	EnginePostgres  Engine = "postgres"
	EngineAurora    Engine = "aurora-postgresql"
	EngineInCluster Engine = "in-cluster"
)

// ReplicaAutoscaling bounds the number of Aurora's read replicas.
type ReplicaAutoscaling struct {
	// Min is the least number of replicas, 0 to 15.
	Min int `yaml:"min" validate:"between=0-15"`
	// Max is the greatest number of replicas, 0 to 15.
	Max int `yaml:"max" validate:"between=0-15"`
	// CPUPercent is the replicas' mean CPU use that Application Auto Scaling aims at.
	CPUPercent int `yaml:"cpuPercent" validate:"between=10-90"`
}

// Registry says how long ECR keeps images.
type Registry struct {
	// MaxTaggedImages is how many tagged images ECR keeps, newest first.
	MaxTaggedImages int `yaml:"maxTaggedImages" validate:"between=1-1000"`
	// UntaggedRetentionDays is after how many days an untagged image goes.
	UntaggedRetentionDays int `yaml:"untaggedRetentionDays" validate:"between=1-365"`
}

// Cluster configures EKS.
type Cluster struct {
	// Version is the Kubernetes minor version, for example 1.35.
	Version string `yaml:"version" validate:"k8sversion" jsonschema:"oneof_type=string;number"`
	// PublicAccessCIDRs are the networks that reach the API server over the internet.
	// Without any, it is private.
	PublicAccessCIDRs []string `yaml:"publicAccessCIDRs" validate:"dive,network"`
	// ImageMirror is a registry that holds the add-ons' images under their own paths, such as
	// 111111111111.dkr.ecr.eu-west-2.amazonaws.com/mirror. Required without NAT, since pods
	// then reach no public registry.
	ImageMirror string `yaml:"imageMirror" validate:"omitempty,registry"`
	// KEDA installs KEDA, which app.replicas.requestsPerSecond needs. To be rid of it, deploy that
	// setting as 0 first: only KEDA itself can delete what it scales by.
	KEDA bool `yaml:"keda"`
	// AccessEntries list who may use the Kubernetes API, besides the roles of the bootstrap stack.
	AccessEntries []AccessEntry `yaml:"accessEntries" validate:"dive"`
}

// AccessEntry lets an IAM principal use the Kubernetes API.
type AccessEntry struct {
	// Principal is the ARN of an IAM role or user, or role/<name> or user/<name> in the
	// environment's account.
	Principal string `yaml:"principal" validate:"required,principal"`
	// Policy is what the principal may do: admin (everything), edit, view, or developer: to look at
	// the application's namespace, read its logs, and run commands and forward ports in its pods.
	Policy AccessPolicy `yaml:"policy" validate:"oneof=admin edit view developer"`
	// Namespaces limits edit and view to these; empty means the whole cluster.
	Namespaces []string `yaml:"namespaces" validate:"dive,dnslabel"`
}

// AccessPolicy is an EKS access policy.
type AccessPolicy string

// The access policies, from most to least powerful.
const (
	AccessAdmin AccessPolicy = "admin"
	AccessEdit  AccessPolicy = "edit"
	AccessView  AccessPolicy = "view"
	// AccessDeveloper is Plinth's own.
	AccessDeveloper AccessPolicy = "developer"
)

// App configures the application's release.
type App struct {
	// Name names the application's namespace, release and image repository.
	Name string `yaml:"name" validate:"required,appname"`
	// Image is the version to run.
	Image Image `yaml:"image"`
	// CPU is what one pod gets: 0.25, 0.5, 1, 2, 4, 8 or 16 vCPU.
	CPU string `yaml:"cpu" jsonschema:"oneof_type=string;number"`
	// MemoryGiB is what one pod gets; Fargate offers a few sizes for each CPU.
	MemoryGiB string `yaml:"memoryGiB" jsonschema:"oneof_type=string;number"`
	// Parameters are the application's own settings.
	Parameters Parameters `yaml:"parameters"`
	// Replicas bounds the horizontal pod autoscaler.
	Replicas Replicas `yaml:"replicas"`
	// Domain is the DNS name the load balancer answers to; it needs HostedZone or CertificateARN.
	// Without it the ALB speaks HTTP only.
	Domain string `yaml:"domain" validate:"omitempty,domain"`
	// HostedZone is the public Route 53 zone of the account that Domain is in, such as example.com:
	// Domain gets its record there and, where CertificateARN is left out, a certificate.
	HostedZone string `yaml:"hostedZone" validate:"omitempty,domain"`
	// CertificateARN is the ACM certificate of Domain, where that is not made.
	CertificateARN string `yaml:"certificateARN" validate:"omitempty,acmarn"`
	// Internal puts the load balancer in the private subnets.
	Internal bool `yaml:"internal"`
	// AllowedCIDRs are the networks that reach the load balancer.
	AllowedCIDRs []string `yaml:"allowedCIDRs" validate:"min=1,dive,network"`
	// WebACLARN is the regional AWS WAF (v2) web ACL in front of the load balancer. Left out,
	// the load balancer's is left as it is; none takes it away. Not without NAT.
	WebACLARN string `yaml:"webACLARN" validate:"omitempty,webaclarn"`
	// WAF makes a web ACL instead.
	WAF WAF `yaml:"waf"`
	// AccessLogs says where the load balancer writes down every request.
	AccessLogs AccessLogs `yaml:"accessLogs"`
}

// WAF is a web ACL with AWS's own rules and a limit to each address. Not without NAT.
type WAF struct {
	// Enabled makes it and puts it in front of the load balancer.
	Enabled bool `yaml:"enabled"`
	// CountOnly blocks nothing, and logs what would have been: to begin with.
	CountOnly bool `yaml:"countOnly"`
	// RequestsPer5Minutes is what one address may send.
	RequestsPer5Minutes int `yaml:"requestsPer5Minutes" validate:"between=10-2000000000"`
}

// Parameters are in SSM Parameter Store, below the path /<project>/<environment>/<app.name>: each is
// an environment variable of the application. They are plain or encrypted with the data stack's key.
type Parameters struct {
	// Enabled gives them to the application. There must be one before it is deployed, or its pods wait.
	Enabled bool `yaml:"enabled"`
}

// AccessLogs is a place in S3 for a load balancer's access logs.
type AccessLogs struct {
	// Enabled makes a bucket for them, kept as long as other logs. It goes with the application's stack.
	Enabled bool `yaml:"enabled"`
	// Bucket is one that is there already instead. It must be in the environment's region, let Elastic Load Balancing write, and encrypt with S3's own keys.
	Bucket string `yaml:"bucket" validate:"omitempty,bucket"`
	// Prefix is a folder in the bucket, without a slash at either end.
	Prefix string `yaml:"prefix" validate:"omitempty,logprefix"`
}

// Image names one version of the application's image: a tag or a digest, not both.
type Image struct {
	// Tag is the image's tag; tags never move, so latest is none.
	Tag string `yaml:"tag" validate:"omitempty,tag" jsonschema:"oneof_type=string;number"`
	// Digest is the image's digest, sha256:….
	Digest string `yaml:"digest" validate:"omitempty,digest"`
}

// Replicas bounds the number of the application's pods.
type Replicas struct {
	// Min is the least number of pods.
	Min int `yaml:"min" validate:"between=1-100"`
	// Max is the greatest number of pods.
	Max int `yaml:"max" validate:"between=1-100"`
	// CPUPercent is the pods' mean CPU use that the autoscaler aims at.
	CPUPercent int `yaml:"cpuPercent" validate:"between=10-90"`
	// MemoryPercent is likewise the pods' mean memory use. It is near the limit, since memory
	// hardly falls when load does; the autoscaler acts at a tenth more.
	MemoryPercent int `yaml:"memoryPercent" validate:"between=50-90"`
	// RequestsPerSecond is likewise the requests a second of each pod, besides CPU and memory; 0 for
	// those two alone. It needs cluster.keda, and an application that exports the gauge
	// http_requests_per_second.
	RequestsPerSecond int `yaml:"requestsPerSecond" validate:"between=0-100000"`
}
