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
	Project string `yaml:"project" validate:"required,name" jsonschema:"default=plinth"`
	// Repository is where this code lives; every resource is tagged with it.
	Repository string `yaml:"repository" validate:"required,tagvalue" jsonschema:"default=plinth"`
	// Account is the 12-digit AWS account id. Every provider refuses any other account.
	Account string `yaml:"account" validate:"required,account"`
	// Region is the AWS region that holds everything.
	Region string `yaml:"region" validate:"required,region"`
	// Protected guards data: deletion protection, final snapshots, prevent_destroy,
	// no forced deletion of images, no Kubernetes endpoint that the whole internet reaches.
	Protected bool `yaml:"protected" jsonschema:"default=false"`
	// LogRetentionDays is how long every log group keeps its events.
	LogRetentionDays int `yaml:"logRetentionDays" validate:"retention" jsonschema:"default=30"`

	State    State    `yaml:"state"`
	Network  Network  `yaml:"network"`
	Database Database `yaml:"database"`
	Registry Registry `yaml:"registry"`
	Cluster  Cluster  `yaml:"cluster"`
	App      App      `yaml:"app"`
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
	Endpoint string `yaml:"endpoint" validate:"omitempty,http_url"`
}

// Network sizes the VPC.
type Network struct {
	// CIDR is the VPC's private IPv4 range, /16 to /19; every subnet is computed from it.
	CIDR string `yaml:"cidr" validate:"required,vpccidr"`
	// Zones are the letters of 2 or 3 availability zones of the region. A zone's subnets
	// depend on its letter alone, so adding one moves no other.
	Zones []string `yaml:"zones" validate:"required"`
	// NAT chooses the way out of private subnets: none, single or per-zone.
	NAT NAT `yaml:"nat" validate:"oneof=none single per-zone" jsonschema:"enum=none,enum=single,enum=per-zone,default=single"`
	// InterfaceEndpoints are the AWS services reached through PrivateLink, such as ecr.api.
	// Without NAT, those that Fargate needs must all be here.
	InterfaceEndpoints []string `yaml:"interfaceEndpoints" validate:"unique,dive,endpointservice"`
	// SharesRangeWith names environments of the same account whose CIDR may overlap this one.
	SharesRangeWith []string `yaml:"sharesRangeWith" validate:"unique"`
	// FlowLogs records accepted and rejected traffic of the VPC in CloudWatch.
	FlowLogs bool `yaml:"flowLogs" jsonschema:"default=true"`
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
	// Engine is postgres (RDS for PostgreSQL) or aurora-postgresql.
	Engine Engine `yaml:"engine" validate:"oneof=postgres aurora-postgresql" jsonschema:"enum=postgres,enum=aurora-postgresql,default=postgres"`
	// Version is a PostgreSQL major ("17": RDS picks the minor) or major.minor ("17.6").
	Version string `yaml:"version" validate:"postgresversion" jsonschema:"default=17"`
	// InstanceClass sets CPU and memory, for example db.t4g.micro.
	InstanceClass string `yaml:"instanceClass" validate:"required,instanceclass"`
	// Name is the database made in the server.
	Name string `yaml:"name" validate:"required,databasename" jsonschema:"default=app"`
	// Username is the master user; RDS makes, keeps and rotates its password.
	Username string `yaml:"username" validate:"required,databasename" jsonschema:"default=plinth"`
	// StorageGiB and MaxStorageGiB bound gp3 storage, which grows by itself. RDS only.
	StorageGiB    int `yaml:"storageGiB" validate:"min=20,max=65536" jsonschema:"default=20"`
	MaxStorageGiB int `yaml:"maxStorageGiB" validate:"min=22,max=65536" jsonschema:"default=100"`
	// MultiAZ keeps a synchronous standby in another zone. RDS only: Aurora's storage
	// always spans three zones, and its replicas stand by.
	MultiAZ bool `yaml:"multiAZ" jsonschema:"default=false"`
	// Replicas is the fixed number of RDS read replicas, 0 to 5. RDS only.
	Replicas int `yaml:"replicas" validate:"min=0,max=5" jsonschema:"default=0"`
	// Autoscaling bounds Aurora's read replicas. Aurora only.
	Autoscaling ReplicaAutoscaling `yaml:"autoscaling"`
	// BackupRetentionDays is how far back in time the database can be restored, 1 to 35.
	BackupRetentionDays int `yaml:"backupRetentionDays" validate:"min=1,max=35" jsonschema:"default=7"`
	// BackupWindow is the daily snapshot's time in UTC, hh:mm-hh:mm.
	BackupWindow string `yaml:"backupWindow" validate:"backupwindow" jsonschema:"default=02:00-03:00"`
	// MaintenanceWindow is the weekly time for patches in UTC, ddd:hh:mm-ddd:hh:mm.
	MaintenanceWindow string `yaml:"maintenanceWindow" validate:"maintenancewindow" jsonschema:"default=sun:03:30-sun:04:30"`
	// DeletionProtection makes AWS refuse to delete the database; by default as protected.
	DeletionProtection *bool `yaml:"deletionProtection"`
	// FinalSnapshot keeps a snapshot when the database is deleted; by default as protected.
	FinalSnapshot *bool `yaml:"finalSnapshot"`
}

// Engine is a kind of PostgreSQL server.
type Engine string

// The kinds of PostgreSQL servers.
const (
	EnginePostgres Engine = "postgres"
	EngineAurora   Engine = "aurora-postgresql"
)

// ReplicaAutoscaling bounds the number of Aurora's read replicas.
type ReplicaAutoscaling struct {
	// Min and Max bound the number of replicas, 0 to 15.
	Min int `yaml:"min" validate:"min=0,max=15" jsonschema:"default=1"`
	Max int `yaml:"max" validate:"min=0,max=15" jsonschema:"default=3"`
	// CPUPercent is the replicas' mean CPU use that Application Auto Scaling aims at.
	CPUPercent int `yaml:"cpuPercent" validate:"min=10,max=90" jsonschema:"default=60"`
}

// Registry says how long ECR keeps images.
type Registry struct {
	// KeepImages is how many tagged images ECR keeps, newest first.
	KeepImages int `yaml:"keepImages" validate:"min=1,max=1000" jsonschema:"default=30"`
	// UntaggedDays is after how many days an untagged image goes.
	UntaggedDays int `yaml:"untaggedDays" validate:"min=1,max=365" jsonschema:"default=7"`
}

// Cluster configures EKS.
type Cluster struct {
	// Version is the Kubernetes minor version, for example 1.35.
	Version string `yaml:"version" validate:"kubernetesversion" jsonschema:"default=1.35"`
	// PublicAccessCIDRs are the networks that reach the API server over the internet.
	// Without any, it is private.
	PublicAccessCIDRs []string `yaml:"publicAccessCIDRs" validate:"unique,dive,cidrv4"`
	// Access lists who may use the Kubernetes API. One admin at least: whoever deploys
	// the addons and app stacks.
	Access []Access `yaml:"access" validate:"min=1,dive"`
}

// Access lets an IAM principal use the Kubernetes API.
type Access struct {
	// Principal is the ARN of an IAM role or user, or role/<name> or user/<name> in the
	// environment's account.
	Principal string `yaml:"principal" validate:"required,principal"`
	// Policy is what the principal may do: admin (everything), edit or view.
	Policy AccessPolicy `yaml:"policy" validate:"oneof=admin edit view" jsonschema:"enum=admin,enum=edit,enum=view,default=view"`
	// Namespaces limits edit and view to these; empty means the whole cluster.
	Namespaces []string `yaml:"namespaces" validate:"unique,dive,dnslabel"`
}

// AccessPolicy is an EKS access policy.
type AccessPolicy string

// The access policies, from most to least powerful.
const (
	AccessAdmin AccessPolicy = "admin"
	AccessEdit  AccessPolicy = "edit"
	AccessView  AccessPolicy = "view"
)

// App configures the application's release.
type App struct {
	// Name names the application's namespace, release and image repository.
	Name string `yaml:"name" validate:"required,dnslabel,max=20" jsonschema:"default=app"`
	// Image is the version to run.
	Image Image `yaml:"image"`
	// CPU is what one pod gets: 0.25, 0.5, 1, 2, 4, 8 or 16 vCPU.
	CPU string `yaml:"cpu" jsonschema:"default=0.25"`
	// MemoryGiB is what one pod gets; Fargate offers a few sizes for each CPU.
	MemoryGiB string `yaml:"memoryGiB" jsonschema:"default=0.5"`
	// Replicas bounds the horizontal pod autoscaler.
	Replicas Replicas `yaml:"replicas"`
	// Domain is the DNS name the load balancer answers to; it needs CertificateARN.
	Domain string `yaml:"domain" validate:"omitempty,fqdn"`
	// CertificateARN is the ACM certificate of Domain. Without it the ALB speaks HTTP only.
	CertificateARN string `yaml:"certificateARN" validate:"omitempty,certificatearn"`
	// Internal puts the load balancer in the private subnets.
	Internal bool `yaml:"internal" jsonschema:"default=false"`
	// AllowedCIDRs are the networks that reach the load balancer.
	AllowedCIDRs []string `yaml:"allowedCIDRs" validate:"min=1,unique,dive,cidrv4" jsonschema:"default=0.0.0.0/0"`
}

// Image names one version of the application's image: a tag or a digest, not both.
type Image struct {
	Tag    string `yaml:"tag" validate:"omitempty,imagetag"`
	Digest string `yaml:"digest" validate:"omitempty,imagedigest"`
}

// Replicas bounds the number of the application's pods.
type Replicas struct {
	Min int `yaml:"min" validate:"min=1,max=100" jsonschema:"default=2"`
	Max int `yaml:"max" validate:"min=1,max=100" jsonschema:"default=6"`
	// CPUPercent is the pods' mean CPU use that the autoscaler aims at.
	CPUPercent int `yaml:"cpuPercent" validate:"min=10,max=90" jsonschema:"default=70"`
}
