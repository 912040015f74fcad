package settings

import (
	"maps"
	"slices"
	"strings"
)

// Observability says what is watched, and who is told.
type Observability struct {
	Alarms     Alarms     `yaml:"alarms"`
	Budget     Budget     `yaml:"budget"`
	Prometheus Prometheus `yaml:"prometheus"`
	Grafana    Grafana    `yaml:"grafana"`
	Loki       Loki       `yaml:"loki"`
}

// Alarms says when CloudWatch raises an alarm, and where it tells it.
type Alarms struct {
	// Emails are told of every alarm, once each has confirmed AWS's first message.
	Emails []string `yaml:"emails" validate:"dive,email"`
	// Slack is a channel that is told too.
	Slack Slack `yaml:"slack"`
	// ErrorRatePercent is the share of requests that end in an error of the service (5xx).
	ErrorRatePercent int `yaml:"errorRatePercent" validate:"between=1-100"`
	// P95LatencyMilliseconds is what 95 of 100 requests may take.
	P95LatencyMilliseconds int `yaml:"p95LatencyMilliseconds" validate:"between=10-60000"`
	// ErrorLogsPer5Minutes is how many log lines of level ERROR there may be in five minutes.
	ErrorLogsPer5Minutes int `yaml:"errorLogsPer5Minutes" validate:"between=1-1000000"`
	// DatabaseCPUPercent is the CPU use of a database instance over ten minutes.
	DatabaseCPUPercent int `yaml:"databaseCPUPercent" validate:"between=10-100"`
	// DatabaseConnections is how many connections an instance may have; by default 80 % of what
	// PostgreSQL admits with the memory of its class.
	DatabaseConnections int `yaml:"databaseConnections" validate:"between=0-5000"`
	// DatabaseFreeStorageGiB is how much storage must be free, Aurora's local storage likewise;
	// by default an eighth of database.storageGiB, with Aurora 5.
	DatabaseFreeStorageGiB int `yaml:"databaseFreeStorageGiB" validate:"between=0-65536"`
	// ReplicaLagSeconds is how far a read replica may be behind. One of RDS seems to be up to five
	// minutes behind while nothing is written.
	ReplicaLagSeconds int `yaml:"replicaLagSeconds" validate:"between=1-86400"`
}

// Budget tells who is told of alarms what the account costs.
type Budget struct {
	// MonthlyUSD is what the account, with all that is in it, may cost in a month; 0 is no budget.
	MonthlyUSD int `yaml:"monthlyUSD" validate:"between=0-100000000"`
	// ThresholdPercent is what share of it must be spent before that is told. It is also told when AWS
	// expects more than all of it.
	ThresholdPercent int `yaml:"thresholdPercent" validate:"between=1-100"`
}

// Slack is a channel of a Slack workspace which an administrator has let AWS into, once, in the
// console of Amazon Q Developer in chat applications.
//
// https://docs.aws.amazon.com/chatbot/latest/adminguide/slack-setup.html
type Slack struct {
	// WorkspaceID is the workspace's, such as T0123456789.
	WorkspaceID string `yaml:"workspaceID" validate:"omitempty,slackworkspace"`
	// ChannelID is the channel's, such as C0123456789; it stands at the end of its link.
	ChannelID string `yaml:"channelID" validate:"omitempty,slackchannel"`
}

// Prometheus collects the application's and its pods' metrics in an Amazon Managed Prometheus
// workspace, whose rules raise alarms too.
type Prometheus struct {
	// Enabled makes the workspace and the agent that fills it.
	Enabled bool `yaml:"enabled"`
	// ScrapeIntervalSeconds is how often the metrics are taken; each is paid for.
	ScrapeIntervalSeconds int `yaml:"scrapeIntervalSeconds" validate:"between=10-60"`
}

// Grafana shows dashboards, at an address that is reached from inside the VPC only.
type Grafana struct {
	// Enabled installs it.
	Enabled bool `yaml:"enabled"`
	// Domain is its DNS name.
	Domain string `yaml:"domain" validate:"omitempty,domain"`
	// CertificateARN is the ACM certificate of Domain.
	CertificateARN string `yaml:"certificateARN" validate:"omitempty,acmarn"`
	// AllowedCIDRs are the networks that reach it; by default the VPC's.
	AllowedCIDRs []string `yaml:"allowedCIDRs" validate:"dive,network"`
	// OIDC is who lets people in.
	OIDC OIDC `yaml:"oidc"`
}

// OIDC is a provider of OpenID Connect where Grafana is registered as a client, with
// https://<domain>/login/generic_oauth as the redirect URL.
type OIDC struct {
	// ClientID is Grafana's at the provider. The client's secret is in Secrets Manager, as
	// <project>/<environment>/grafana, put there by a person before Grafana is installed.
	ClientID string `yaml:"clientID" validate:"omitempty,audience"`
	// AuthURL, TokenURL and UserInfoURL are the provider's endpoints, as its
	// /.well-known/openid-configuration lists them.
	AuthURL string `yaml:"authURL" validate:"omitempty,httpsurl"`
	// TokenURL is like AuthURL.
	TokenURL string `yaml:"tokenURL" validate:"omitempty,httpsurl"`
	// UserInfoURL is like AuthURL.
	UserInfoURL string `yaml:"userInfoURL" validate:"omitempty,httpsurl"`
	// AdminGroup and EditorGroup are the groups, in the token's groups, whose members get
	// more than to look.
	AdminGroup string `yaml:"adminGroup" validate:"omitempty,group"`
	// EditorGroup is like AdminGroup.
	EditorGroup string `yaml:"editorGroup" validate:"omitempty,group"`
}

// Loki keeps the application's log lines where Grafana can search them, besides CloudWatch.
type Loki struct {
	// Enabled installs it, with its bucket, and what reads the pods' logs.
	Enabled bool `yaml:"enabled"`
	// RetentionDays is how long it keeps them.
	RetentionDays int `yaml:"retentionDays" validate:"between=1-3650"`
	// Replicated runs three of it instead of one, so that no line is lost when one fails.
	Replicated bool `yaml:"replicated"`
}

// InCluster tells whether anything of it is in the Kubernetes cluster.
func (o Observability) InCluster() bool {
	return o.Prometheus.Enabled || o.Grafana.Enabled || o.Loki.Enabled
}

// Enabled tells whether a channel is told.
func (s Slack) Enabled() bool { return s.WorkspaceID != "" }

// checkObservability looks at what is watched, and what that needs.
func (d *document) checkObservability() {
	o := d.env.Observability
	d.checkUnique("observability.alarms.emails", o.Alarms.Emails)
	const storage = "observability.alarms.databaseFreeStorageGiB"
	if free := o.Alarms.DatabaseFreeStorageGiB; d.isValid(storage, "database.engine", "database.storageGiB") &&
		d.env.Database.Engine == EnginePostgres && free >= d.env.Database.StorageGiB {
		d.report(storage, "must be less than database.storageGiB (%d), or the alarm never ends, is %d", d.env.Database.StorageGiB, free)
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

// checkGrafana: without a name and a provider nobody could log in.
func (d *document) checkGrafana() {
	const path = "observability.grafana"
	g := d.env.Observability.Grafana
	d.checkRequired(path, "Grafana", map[string]string{
		"domain": g.Domain, "certificateARN": g.CertificateARN, "oidc.clientID": g.OIDC.ClientID,
		"oidc.authURL": g.OIDC.AuthURL, "oidc.tokenURL": g.OIDC.TokenURL, "oidc.userInfoURL": g.OIDC.UserInfoURL,
	})
	if d.isValid(path+".domain", "app.domain") && g.Domain != "" && g.Domain == d.env.App.Domain {
		d.report(path+".domain", "must be another name than app.domain, is %s too", g.Domain)
	}
	d.checkARN(path+".certificateARN", g.CertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN(path+".certificateARN", g.CertificateARN, arnAccount, "account", d.env.Account)
	d.checkUnique(path+".allowedCIDRs", g.AllowedCIDRs)
}

// checkRequired reports what a part that is enabled cannot do without.
func (d *document) checkRequired(path, part string, values map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if at := path + "." + name; values[name] == "" && d.isValid(at) {
			d.report(at, "must be set where %s is enabled", part)
		}
	}
}

// checkObservabilityWithoutNAT: pods reach AWS through PrivateLink alone.
func (d *document) checkObservabilityWithoutNAT() {
	o := d.env.Observability
	if o.Grafana.Enabled && d.env.Network.NAT == NATNone && d.isValid("network.nat", "network.interfaceEndpoints") {
		d.report("observability.grafana.enabled", "must not be true with network.nat none: Grafana must reach the OpenID Connect provider over the internet")
	}
	if o.Prometheus.Enabled {
		d.checkEndpoints("Prometheus", "aps-workspaces")
	}
}

// deriveAlarms fills the thresholds that follow from the database's size.
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

// maxConnections is RDS's default of max_connections. It is computed from the memory that the
// class leaves to PostgreSQL, about nine tenths of what it has.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
func (d Database) maxConnections() int {
	const bytesEach, most = 9531392, 5000
	return min(d.memoryGiB()*(1<<30)/10*9/bytesEach, most)
}

// memoryGiB is what an instance of the class has: so much per family with size large, and twice
// as much with each size that is twice as big.
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
