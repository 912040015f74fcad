package settings

import (
	"maps"
	"slices"
)

// App is an application: an image, and the processes that run it.
type App struct {
	// Name is the application's key in apps.
	Name string `yaml:"-" json:"-"`

	Image Image `yaml:"image"`
	Build Build `yaml:"build"`
	// User is the numeric user and group of all processes, whatever the image says. Root (0) is refused.
	User int `yaml:"user" validate:"between=1-2147483647"`
	// Writable are folders that processes may write to. They begin empty in each pod; the rest of the file
	// system is read-only.
	Writable []string `yaml:"writable" validate:"dive,folder" example:"[/tmp]"`
	// Env are environment variables of all processes. They are no place for secrets: whoever may read pods
	// reads them.
	Env map[string]string `yaml:"env" keys:"envname" validate:"dive,envvalue" example:"{LOG_FORMAT: json}"`
	// Web is the process behind the load balancer. Without it there is none.
	Web *Web `yaml:"web"`
	// Workers are processes that nothing sends requests to, by name.
	Workers map[string]*Worker `yaml:"workers" keys:"processname" validate:"dive"`
	// Jobs are processes that run at set times, by name.
	Jobs map[string]*Job `yaml:"jobs" keys:"processname" validate:"dive"`
	// Release is the command that runs to its end before the processes of a new release start, such as
	// database migrations. If it fails, the release before goes on.
	Release *Release `yaml:"release"`
	// Database gives the application a database and a user of its own, and all processes their address and
	// credentials. Without it, the data stay until somebody deletes them.
	Database bool `yaml:"database"`
	// DatabaseName is the database's name in the server. Default: the application's name.
	DatabaseName string `yaml:"databaseName" validate:"omitempty,appdbname" example:"app"`
	// PasswordVersion changes the password of the application's database user: increase it by 1, and deploy data,
	// addons and the application. Until then the old one works.
	PasswordVersion int        `yaml:"passwordVersion" validate:"between=1-1000000"`
	Parameters      Parameters `yaml:"parameters"`
	// Secrets are secrets of Secrets Manager that become environment variables of all processes, by the
	// variable's name.
	Secrets map[string]*Secret `yaml:"secrets" keys:"envname" validate:"dive"`
	// ErrorLogs is which log lines the alarm for error logs counts: a condition of a CloudWatch Logs filter for
	// JSON. A line that is not JSON is in the field log.
	ErrorLogs string `yaml:"errorLogs" validate:"errorlogs" example:"$.level >= 50"`
}

// Secret is a secret of Secrets Manager in the environment's account and region. Its key is the data stack's,
// alias/<project>-<environment>-data, or AWS's own.
type Secret struct {
	// Name is the secret's name or ARN. Names that begin with <project>/<environment>/ are Plinth's and other
	// applications', except below <project>/<environment>/<name>/.
	Name string `yaml:"name" validate:"required,secretname" example:"shop/stripe"`
	// Property is a key of a secret that is JSON, with dots between keys that are nested. Default: the whole
	// secret.
	Property string `yaml:"property" validate:"omitempty,secretproperty" example:"key"`
}

// Image is the application's image: a tag or a digest, not both.
type Image struct {
	// Tag is the image's tag. Tags are immutable, so latest is refused.
	Tag string `yaml:"tag" validate:"omitempty,tag" example:"1.2.3" jsonschema:"oneof_type=string;number"`
	// Digest is the image's digest.
	Digest string `yaml:"digest" validate:"omitempty,digest" example:"sha256:0000000000000000000000000000000000000000000000000000000000000000" insteadOf:"tag"`
	// Repository is the repository of an image that is not built here, without a tag. Default: the
	// application's own ECR repository, <project>-<environment>-<name>.
	Repository string `yaml:"repository" validate:"omitempty,imagerepository" example:"public.ecr.aws/nginx/nginx-unprivileged" insteadOf:"build"`
}

// Build is how pipelines build the application's image.
type Build struct {
	// Context is the folder that the Dockerfile copies from. Default: pipelines build no image, somebody else
	// pushes it.
	Context string `yaml:"context" validate:"omitempty,relativepath" example:"app"`
	// Dockerfile is the Dockerfile's path in this repository. Default: Dockerfile in the context.
	Dockerfile string `yaml:"dockerfile" validate:"omitempty,relativepath" example:"docker/app.Dockerfile"`
}

// File returns the path of the Dockerfile in the repository.
func (b Build) File() string {
	if b.Dockerfile != "" {
		return b.Dockerfile
	}
	return b.Context + "/Dockerfile"
}

// Web is the process behind the load balancer. Its replicas get the requests.
type Web struct {
	// Command is the command with its arguments. Default: the image's own.
	Command []string `yaml:"command" validate:"dive,argument" example:"[node, server.js]"`
	// Port is the port that the process listens on. The process finds it in PORT.
	Port    int     `yaml:"port" validate:"port"`
	Health  Health  `yaml:"health"`
	Metrics Metrics `yaml:"metrics"`
	// CPU is the vCPU of each pod: 0.25, 0.5, 1, 2, 4, 8 or 16.
	CPU string `yaml:"cpu" jsonschema:"oneof_type=string;number"`
	// MemoryGiB is the memory of each pod. Fargate offers some sizes for each CPU.
	MemoryGiB string      `yaml:"memoryGiB" jsonschema:"oneof_type=string;number"`
	Replicas  WebReplicas `yaml:"replicas"`
	// Domain is the application's DNS name. It needs hostedZone or certificateARN. Without a domain
	// the load balancer serves HTTP only.
	Domain string `yaml:"domain" validate:"omitempty,domain" example:"app.example.com"`
	// HostedZone is the public Route 53 hosted zone of the domain, in the same account. It gets the DNS
	// record and, without certificateARN, the validation record of a new certificate.
	HostedZone string `yaml:"hostedZone" validate:"omitempty,domain" example:"example.com"`
	// CertificateARN is an existing ACM certificate of the domain.
	CertificateARN string `yaml:"certificateARN" validate:"omitempty,acmarn" example:"arn:aws:acm:eu-west-2:111111111111:certificate/1234"`
	// Internal makes the load balancer internal: in the private subnets.
	Internal bool `yaml:"internal"`
	// AllowedCIDRs are the networks that may reach the load balancer.
	AllowedCIDRs []string `yaml:"allowedCIDRs" validate:"min=1,dive,network"`
	// WebACLARN is an existing regional AWS WAF web ACL for the load balancer. none removes it; without
	// a value it stays as it is. Not without NAT.
	WebACLARN string `yaml:"webACLARN" validate:"omitempty,webaclarn" example:"none" insteadOf:"waf"`

	WAF        WAF        `yaml:"waf"`
	AccessLogs AccessLogs `yaml:"accessLogs"`
}

// Health is how Kubernetes and the load balancer ask whether the process is well.
type Health struct {
	// Path answers 200 while the process can take requests. The load balancer sends it none otherwise.
	Path string `yaml:"path" validate:"urlpath"`
	// LivenessPath answers 200 unless the process must be restarted. It should not ask the database, or all
	// pods restart while that is away. Default: a connection to the port is enough.
	LivenessPath string `yaml:"livenessPath" validate:"omitempty,urlpath" example:"/livez"`
	// StartSeconds is how long the process may take until it listens. Helm gives up on a release after 900.
	StartSeconds int `yaml:"startSeconds" validate:"between=10-840"`
}

// Metrics is where the process serves metrics for Prometheus. The load balancer does not pass them on.
type Metrics struct {
	// Port is the port of the metrics. It may be the process's own. 0 means that there are none, and no alarm
	// expects any.
	Port int `yaml:"port" validate:"metricsport" example:"9090"`
	// Path is the path of the metrics.
	Path string `yaml:"path" validate:"metricspath"`
}

// WebReplicas are the number of the process's pods, and the targets of its autoscaling.
type WebReplicas struct {
	// Min is the minimum number of pods.
	Min int `yaml:"min" validate:"between=1-100"`
	// Max is the maximum number of pods.
	Max int `yaml:"max" validate:"between=1-100"`
	// CPUPercent is the target for the pods' mean CPU use.
	CPUPercent int `yaml:"cpuPercent" validate:"between=10-90"`
	// MemoryPercent is the target for the pods' mean memory use. Keep it near the limit: memory hardly
	// falls with the load.
	MemoryPercent int `yaml:"memoryPercent" validate:"between=50-90"`
	// RequestsPerSecond is the target for each pod's requests per second. It needs cluster.keda and the
	// gauge http_requests_per_second among the process's metrics. 0 scales by CPU and memory only.
	RequestsPerSecond int `yaml:"requestsPerSecond" validate:"between=0-100000"`
}

// WAF is an AWS WAF web ACL for the load balancer, with AWS managed rules and a rate limit. Not without
// NAT.
type WAF struct {
	// Enabled creates the web ACL and associates it with the load balancer.
	Enabled bool `yaml:"enabled"`
	// CountOnly counts and logs matching requests instead of blocking them. Use it first.
	CountOnly bool `yaml:"countOnly"`
	// CountRules are rules of AWS's managed groups that count and log matching requests, while the others
	// block. By default, requests may have bodies of more than 8 KB.
	CountRules []string `yaml:"countRules" validate:"dive,wafrule"`
	// RequestsPer5Minutes is the rate limit of each client address.
	RequestsPer5Minutes int `yaml:"requestsPer5Minutes" validate:"between=10-2000000000"`
}

// AccessLogs is the S3 bucket of the load balancer's access logs.
type AccessLogs struct {
	// Enabled creates a bucket. Its logs are kept for logRetentionDays. The bucket is deleted with the
	// application's stack.
	Enabled bool `yaml:"enabled"`
	// Bucket is an existing bucket to use instead. It must be in the environment's region, allow Elastic
	// Load Balancing to write, and use SSE-S3.
	Bucket string `yaml:"bucket" validate:"omitempty,bucket" example:"example-alb-logs" insteadOf:"enabled"`
	// Prefix is a folder in the bucket.
	Prefix string `yaml:"prefix" validate:"omitempty,logprefix" example:"plinth"`
}

// Worker is a process that nothing sends requests to, such as one that reads a queue.
type Worker struct {
	// Command is the command with its arguments. Default: the image's own.
	Command []string `yaml:"command" validate:"dive,argument" example:"[node, mailer.js]"`
	// CPU is the vCPU of each pod, as of web.
	CPU string `yaml:"cpu" jsonschema:"oneof_type=string;number"`
	// MemoryGiB is the memory of each pod, as of web.
	MemoryGiB string   `yaml:"memoryGiB" jsonschema:"oneof_type=string;number"`
	Replicas  Replicas `yaml:"replicas"`
}

// Replicas are the number of a worker's pods, and the targets of its autoscaling.
type Replicas struct {
	// Min is the minimum number of pods.
	Min int `yaml:"min" validate:"between=1-100"`
	// Max is the maximum number of pods.
	Max int `yaml:"max" validate:"between=1-100"`
	// CPUPercent is the target for the pods' mean CPU use.
	CPUPercent int `yaml:"cpuPercent" validate:"between=10-90"`
	// MemoryPercent is the target for the pods' mean memory use.
	MemoryPercent int `yaml:"memoryPercent" validate:"between=50-90"`
}

// Job is a process that runs at set times.
type Job struct {
	// Command is the command with its arguments.
	Command []string `yaml:"command" validate:"min=1,dive,argument" example:"[node, report.js]"`
	// Schedule is when it runs, in cron's five fields: minute, hour, day of the month, month, day of the
	// week.
	Schedule string `yaml:"schedule" validate:"required,schedule" example:"15 2 * * *"`
	// TimeZone is the schedule's time zone, as in the tz database.
	TimeZone string `yaml:"timeZone" validate:"timezone"`
	// DeadlineMinutes is how long a run may take. Then it is stopped, and has failed.
	DeadlineMinutes int `yaml:"deadlineMinutes" validate:"between=1-1440"`
	// Concurrent lets a run start while the one before goes on. Otherwise it is left out.
	Concurrent bool `yaml:"concurrent"`
	// CPU is the vCPU of the pod, as of web.
	CPU string `yaml:"cpu" jsonschema:"oneof_type=string;number"`
	// MemoryGiB is the memory of the pod, as of web.
	MemoryGiB string `yaml:"memoryGiB" jsonschema:"oneof_type=string;number"`
}

// Release is the command that runs before each release. Only one runs at a time.
type Release struct {
	// Command is the command with its arguments.
	Command []string `yaml:"command" validate:"min=1,dive,argument" example:"[npm, run, migrate]"`
	// DeadlineMinutes is how long it may take. Then it is stopped, and the release has failed.
	DeadlineMinutes int `yaml:"deadlineMinutes" validate:"between=1-60"`
	// CPU is the vCPU of the pod, as of web.
	CPU string `yaml:"cpu" jsonschema:"oneof_type=string;number"`
	// MemoryGiB is the memory of the pod, as of web.
	MemoryGiB string `yaml:"memoryGiB" jsonschema:"oneof_type=string;number"`
}

// Parameters are the application's own settings in SSM Parameter Store: each parameter below
// /<project>/<environment>/<application> becomes an environment variable.
type Parameters struct {
	// Enabled passes the parameters to the application. Create at least one before you deploy it, or its
	// pods stay pending.
	Enabled bool `yaml:"enabled"`
}

// Applications returns the applications, sorted by name.
func (e *Environment) Applications() []*App {
	var all []*App
	for _, name := range slices.Sorted(maps.Keys(e.Apps)) {
		all = append(all, e.Apps[name])
	}
	return all
}

// ApplicationNames returns the applications' names, sorted.
func (e *Environment) ApplicationNames() []string { return slices.Sorted(maps.Keys(e.Apps)) }
