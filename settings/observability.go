package settings

import (
	"maps"
	"slices"
	"strings"
)

// Observability is alarms, metrics, dashboards and logs.
type Observability struct {
	Alarms     Alarms     `yaml:"alarms"`
	Budget     Budget     `yaml:"budget"`
	Prometheus Prometheus `yaml:"prometheus"`
	Grafana    Grafana    `yaml:"grafana"`
	Loki       Loki       `yaml:"loki"`
}

// Alarms are the thresholds of the CloudWatch alarms, and where they are sent.
type Alarms struct {
	// Emails are the addresses that get every alarm, after each has confirmed AWS's first message.
	Emails []string `yaml:"emails" validate:"dive,email" example:"[oncall@example.com]"`

	Slack Slack `yaml:"slack"`

	// ErrorRatePercent is the share of requests that fail with a 5xx error.
	ErrorRatePercent int `yaml:"errorRatePercent" validate:"between=1-100"`
	// P95LatencyMilliseconds is the 95th percentile of response times.
	P95LatencyMilliseconds int `yaml:"p95LatencyMilliseconds" validate:"between=10-60000"`
	// ErrorLogsPer5Minutes is the number of an application's log lines in five minutes that are errors by its
	// errorLogs.
	ErrorLogsPer5Minutes int `yaml:"errorLogsPer5Minutes" validate:"between=1-1000000"`
	// DatabaseCPUPercent is the CPU use of a database instance over ten minutes.
	DatabaseCPUPercent int `yaml:"databaseCPUPercent" validate:"between=10-100"`
	// DatabaseConnections is the number of connections to an instance. Default: 80% of its
	// max_connections.
	DatabaseConnections int `yaml:"databaseConnections" validate:"between=0-5000" example:"90"`
	// DatabaseFreeStorageGiB is the free storage of an instance; with Aurora, its local storage.
	// Default: an eighth of database.storageGiB, with Aurora 5.
	DatabaseFreeStorageGiB int `yaml:"databaseFreeStorageGiB" validate:"between=0-65536" example:"4"`
	// ReplicaLagSeconds is the lag of a read replica. RDS reports up to 300 seconds while nothing is
	// written.
	ReplicaLagSeconds int `yaml:"replicaLagSeconds" validate:"between=1-86400"`
}

// Budget is an AWS budget for the account. Its alerts go to the recipients of the alarms.
type Budget struct {
	// MonthlyUSD is the monthly budget of the whole account, in US dollars. 0 is no budget.
	MonthlyUSD int `yaml:"monthlyUSD" validate:"between=0-100000000"`
	// ThresholdPercent is the share of the budget that triggers an alert. A forecast above 100% does
	// too.
	ThresholdPercent int `yaml:"thresholdPercent" validate:"between=1-100"`
}

// Slack is a Slack channel that gets every alarm. An administrator must authorize the workspace once, in
// the console of Amazon Q Developer in chat applications.
//
// https://docs.aws.amazon.com/chatbot/latest/adminguide/slack-setup.html
type Slack struct {
	// WorkspaceID is the ID of the workspace.
	WorkspaceID string `yaml:"workspaceID" validate:"omitempty,slackworkspace" example:"T0123456789"`
	// ChannelID is the ID of the channel, at the end of its link.
	ChannelID string `yaml:"channelID" validate:"omitempty,slackchannel" example:"C0123456789"`
}

// Prometheus is an Amazon Managed Prometheus workspace for metrics of the applications and their pods, with
// alerting rules.
type Prometheus struct {
	// Enabled creates the workspace and installs Prometheus as an agent.
	Enabled bool `yaml:"enabled"`
	// ScrapeIntervalSeconds is the scrape interval. AWS charges for each sample.
	ScrapeIntervalSeconds int `yaml:"scrapeIntervalSeconds" validate:"between=10-60"`
	// ContainerMetrics adds what containers use of CPU and memory, with rules and dashboards. To read it,
	// Prometheus needs get on nodes/proxy: whoever has its token can then run commands in every pod.
	ContainerMetrics bool `yaml:"containerMetrics"`
}

// Grafana is Grafana behind an internal load balancer.
type Grafana struct {
	// Enabled installs Grafana.
	Enabled bool `yaml:"enabled"`
	// Domain is Grafana's DNS name. Required if enabled.
	Domain string `yaml:"domain" validate:"omitempty,domain" example:"grafana.example.com"`
	// CertificateARN is the ACM certificate of the domain. Required if enabled.
	CertificateARN string `yaml:"certificateARN" validate:"omitempty,acmarn" example:"arn:aws:acm:eu-west-2:111111111111:certificate/1234"`
	// AllowedCIDRs are the networks that may reach Grafana. Default: the VPC.
	AllowedCIDRs []string `yaml:"allowedCIDRs" validate:"dive,network" example:"[10.10.0.0/16]"`

	OIDC OIDC `yaml:"oidc"`
}

// OIDC is the OpenID Connect provider that authenticates users. Register Grafana there as a client with
// the redirect URL https://<domain>/login/generic_oauth.
type OIDC struct {
	// ClientID is the client ID. Required if enabled. Put the client secret into Secrets Manager as
	// <project>/<environment>/grafana before you deploy.
	ClientID string `yaml:"clientID" validate:"omitempty,audience" example:"grafana"`
	// AuthURL is the provider's authorization_endpoint, from its /.well-known/openid-configuration.
	// Required if enabled.
	AuthURL string `yaml:"authURL" validate:"omitempty,httpsurl" example:"https://login.example.com/oauth2/authorize"`
	// TokenURL is the provider's token_endpoint. Required if enabled.
	TokenURL string `yaml:"tokenURL" validate:"omitempty,httpsurl" example:"https://login.example.com/oauth2/token"`
	// UserInfoURL is the provider's userinfo_endpoint. Required if enabled.
	UserInfoURL string `yaml:"userInfoURL" validate:"omitempty,httpsurl" example:"https://login.example.com/oauth2/userinfo"`
	// AdminGroup is the group, in the token's claim groups, whose members get the role Admin.
	AdminGroup string `yaml:"adminGroup" validate:"omitempty,group" example:"platform"`
	// EditorGroup is the group whose members get the role Editor. Everybody else is a Viewer.
	EditorGroup string `yaml:"editorGroup" validate:"omitempty,group" example:"developers"`
}

// Loki stores the applications' logs for Grafana. CloudWatch has them too.
type Loki struct {
	// Enabled installs Loki with a bucket, and Alloy, which reads the pods' logs.
	Enabled bool `yaml:"enabled"`
	// RetentionDays is the retention of logs in Loki.
	RetentionDays int `yaml:"retentionDays" validate:"between=1-3650"`
	// Replicated runs three replicas of Loki instead of one, so that no log line is lost when one fails.
	Replicated bool `yaml:"replicated"`
}

// InCluster reports whether any part of it runs in the Kubernetes cluster.
func (o Observability) InCluster() bool {
	return o.Prometheus.Enabled || o.Grafana.Enabled || o.Loki.Enabled
}

// Enabled reports whether a Slack channel gets the alarms.
func (s Slack) Enabled() bool { return s.WorkspaceID != "" }

// checkObservability checks the settings of observability.
func (d *document) checkObservability() {
	o := d.env.Observability
	d.checkUnique("observability.alarms.emails", o.Alarms.Emails)
	const storage = "observability.alarms.databaseFreeStorageGiB"
	if free := o.Alarms.DatabaseFreeStorageGiB; d.isValid(storage, "database.engine", "database.storageGiB") &&
		d.env.Database.Engine == EnginePostgres && free >= d.env.Database.StorageGiB {
		d.report(storage, "must be less than database.storageGiB (%d), is %d: the alarm would never end", d.env.Database.StorageGiB, free)
	}
	const slack = "observability.alarms.slack"
	if s := o.Alarms.Slack; d.isValid(slack) && (s.WorkspaceID == "") != (s.ChannelID == "") {
		d.report(slack, "must have workspaceID and channelID, or neither")
	}
	if o.Grafana.Enabled {
		d.checkGrafana()
	}
	d.checkObservabilityWithoutNAT()
}

// checkGrafana checks the settings that Grafana requires: without a domain and an OpenID Connect provider
// nobody could log in.
func (d *document) checkGrafana() {
	const path = "observability.grafana"
	g := d.env.Observability.Grafana
	d.checkRequired(path, "Grafana", map[string]string{
		"domain": g.Domain, "certificateARN": g.CertificateARN, "oidc.clientID": g.OIDC.ClientID,
		"oidc.authURL": g.OIDC.AuthURL, "oidc.tokenURL": g.OIDC.TokenURL, "oidc.userInfoURL": g.OIDC.UserInfoURL,
	})
	for _, app := range d.env.Applications() {
		if app.Web == nil || g.Domain == "" || g.Domain != app.Web.Domain {
			continue
		}
		if domain := webPath(app)("domain"); d.isValid(path+".domain", domain) {
			d.report(path+".domain", "must differ from %s, is %s too", domain, g.Domain)
		}
	}
	d.checkARN(path+".certificateARN", g.CertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN(path+".certificateARN", g.CertificateARN, arnAccount, "account", d.env.Account)
	d.checkAllowed(path+".allowedCIDRs", g.AllowedCIDRs, "port 80", "port 443")
}

// checkRequired reports the required settings of an enabled part that are missing.
func (d *document) checkRequired(path, part string, values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if at := path + "." + name; values[name] == "" && d.isValid(at) {
			d.report(at, "must be set if %s is enabled", part)
		}
	}
}

// checkObservabilityWithoutNAT checks what needs the internet or more interface endpoints.
func (d *document) checkObservabilityWithoutNAT() {
	o := d.env.Observability
	if o.Grafana.Enabled && d.env.Network.NAT == NATNone && d.isValid("network.nat", "network.interfaceEndpoints") {
		d.report("observability.grafana.enabled", "must not be true with network.nat none: Grafana must reach the OpenID Connect provider over the internet")
	}
	if o.Prometheus.Enabled {
		d.checkEndpoints("Prometheus", "aps-workspaces")
	}
}

// deriveAlarms sets the default thresholds that depend on the database's size.
func (e *Environment) deriveAlarms() {
	alarms := &e.Observability.Alarms
	if alarms.DatabaseConnections == 0 {
		alarms.DatabaseConnections = e.Database.maxConnections() * 80 / 100
	}
	if alarms.DatabaseFreeStorageGiB == 0 {
		alarms.DatabaseFreeStorageGiB = 5
		if e.Database.Engine == EnginePostgres {
			alarms.DatabaseFreeStorageGiB = max(1, e.Database.StorageGiB/8)
		}
	}
	if len(e.Observability.Grafana.AllowedCIDRs) == 0 {
		e.Observability.Grafana.AllowedCIDRs = []string{e.Network.CIDR}
	}
}

// maxConnections returns RDS's default of max_connections. RDS computes it from the memory that is
// available to PostgreSQL, here taken as 90% of the instance's.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
func (d Database) maxConnections() int {
	const bytesEach, most = 9531392, 5000
	return min(d.memoryGiB()*(1<<30)/10*9/bytesEach, most)
}

// memoryGiB returns the memory of the instance class. It depends on the family for size large, and is
// proportional to the size.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Summary.html
func (d Database) memoryGiB() int {
	family, size := splitClass(d.InstanceClass)
	large := 8 // t and m
	switch {
	case strings.HasPrefix(family, "r"):
		large = 16
	case family == "x2g", family == "x2idn":
		large = 32
	case family == "x2iedn":
		large = 64
	}
	switch size {
	case "micro":
		return 1
	case "small":
		return 2
	case "medium":
		return 4
	case "large":
		return large
	case "xlarge":
		return 2 * large
	}
	times := 0
	for _, digit := range strings.TrimSuffix(size, "xlarge") {
		times = times*10 + int(digit-'0')
	}
	return 2 * large * times
}
