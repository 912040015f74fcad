package settings

// Effect is what a change of a setting does to what is deployed.
type Effect string

// The effects, from the smallest to the largest. Where a change does more in one direction or in one
// environment than in another, the larger effect counts.
const (
	// NoEffect changes nothing that is deployed.
	NoEffect Effect = "none"
	// InPlace changes, adds or removes resources while everything else runs on.
	InPlace Effect = "in place"
	// RollsPods replaces pods one after another. Where several run, no request is lost.
	RollsPods Effect = "rolls pods"
	// Outage keeps something from answering for some time.
	Outage Effect = "outage"
	// AtCreation is decided when the environment is created. A later change is refused, or is another
	// environment.
	AtCreation Effect = "at creation"
)

// Change is what a change of one setting does.
type Change struct {
	Effect Effect `json:"effect"`
	// Bootstrap is set if a deploy role can need permissions for it that it does not have: then
	// ./plinth bootstrap runs first.
	Bootstrap bool `json:"bootstrap,omitempty"`
	// Note completes the effect.
	Note string `json:"note,omitempty"`
	// Replaces are the types of which Terraform replaces a resource.
	Replaces []string `json:"replaces,omitempty"`
}

// words returns the change for a table.
func (c Change) words() string {
	words := string(c.Effect)
	if c.Bootstrap {
		words += ", bootstrap first"
	}
	if c.Note != "" {
		words += ": " + c.Note
	}
	return words
}

// changes has a row for each setting, by its path. A test of the rehearsal changes each one and compares
// what Terraform does. What AWS does meanwhile is from these pages:
//   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html
//   - https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/cvpn-working-endpoint-modify.html
var changes = map[string]Change{
	"project":          {Effect: AtCreation, Note: "all names begin with it, and so does the state's"},
	"repository":       {Effect: InPlace, Note: "a tag"},
	"account":          {Effect: AtCreation, Note: "another account has nothing of this environment"},
	"dedicatedAccount": {Effect: NoEffect},
	"region":           {Effect: AtCreation, Note: "nothing moves between regions"},
	"protected":        {Effect: InPlace, Bootstrap: true, Note: "nothing is restarted"},
	"baseline":         {Effect: InPlace, Bootstrap: true},
	"logRetentionDays": {Effect: InPlace, Note: "a shorter retention deletes older lines"},

	"state.bucket":                         {Effect: AtCreation, Note: "the states would be left behind"},
	"state.region":                         {Effect: AtCreation, Note: "the states would be left behind"},
	"state.kmsKey":                         {Effect: AtCreation, Note: "the roles could not read the states that the old key encrypts"},
	"state.endpoint":                       {Effect: AtCreation, Note: "the states would be left behind"},
	"state.accessLogBucket":                {Effect: InPlace, Bootstrap: true},
	"state.administrators":                 {Effect: InPlace, Bootstrap: true},
	"state.noncurrentVersionRetentionDays": {Effect: InPlace, Bootstrap: true},

	"ci.provider":                {Effect: InPlace, Bootstrap: true, Note: "pipelines of the other service cannot deploy any more"},
	"ci.issuer":                  {Effect: InPlace, Bootstrap: true, Note: "pipelines of the old issuer cannot deploy any more"},
	"ci.project":                 {Effect: InPlace, Bootstrap: true, Note: "name the old one in ci.previousProject until all pipelines have moved"},
	"ci.previousProject":         {Effect: InPlace, Bootstrap: true},
	"ci.branches":                {Effect: InPlace, Bootstrap: true},
	"ci.tags":                    {Effect: InPlace, Bootstrap: true},
	"ci.planBranches":            {Effect: InPlace, Bootstrap: true},
	"ci.maxSessionMinutes":       {Effect: InPlace, Bootstrap: true},
	"ci.runnerTags":              {Effect: InPlace, Bootstrap: true, Note: "for pipelines that start later"},
	"ci.planRunnerTags":          {Effect: InPlace, Bootstrap: true, Note: "for pipelines that start later"},
	"ci.useExistingOIDCProvider": {Effect: InPlace, Bootstrap: true, Note: "the other environment must list the audiences first"},

	"network.cidr":                       {Effect: AtCreation, Note: "a VPC cannot be renumbered"},
	"network.zones":                      {Effect: RollsPods, Note: "all of them, with network.previousZones. Without it the change is refused. The first two are at creation only"},
	"network.previousZones":              {Effect: InPlace, Note: "when it goes, so do profiles, subnets and NAT gateways that nothing uses any more"},
	"network.nat":                        {Effect: Outage, Note: "open connections to the internet are cut, new ones work at once"},
	"network.interfaceEndpoints":         {Effect: InPlace, Bootstrap: true, Note: "open connections to the service are cut when its endpoint goes. Bootstrap only for the first endpoint, and after the last"},
	"network.endpointAccounts":           {Effect: InPlace},
	"network.allowOverlapWith":           {Effect: NoEffect},
	"network.flowLogs":                   {Effect: InPlace, Bootstrap: true, Note: "off deletes what is recorded"},
	"network.bastion.enabled":            {Effect: InPlace, Bootstrap: true, Note: "off ends all tunnels"},
	"network.bastion.instanceType":       {Effect: Outage, Note: "tunnels end, and the bastion is away for a minute or two"},
	"network.bastion.idleTimeoutMinutes": {Effect: InPlace, Note: "for sessions that start later"},
	"network.bastion.maxSessionMinutes":  {Effect: InPlace, Note: "for sessions that start later"},
	"network.vpn.enabled":                {Effect: InPlace, Bootstrap: true, Note: "off ends all connections"},
	"network.vpn.clientCIDR":             {Effect: Outage, Note: "the endpoint is replaced: people need its new configuration, after about ten minutes", Replaces: []string{"aws_ec2_client_vpn_authorization_rule", "aws_ec2_client_vpn_endpoint", "aws_ec2_client_vpn_network_association"}},
	"network.vpn.serverCertificateARN":   {Effect: InPlace, Note: "connections end and are made again"},
	"network.vpn.samlProviderARN":        {Effect: Outage, Note: "as for network.vpn.clientCIDR", Replaces: []string{"aws_ec2_client_vpn_authorization_rule", "aws_ec2_client_vpn_endpoint", "aws_ec2_client_vpn_network_association"}},
	"network.vpn.clientCertificateARN":   {Effect: Outage, Note: "as for network.vpn.clientCIDR", Replaces: []string{"aws_ec2_client_vpn_authorization_rule", "aws_ec2_client_vpn_endpoint", "aws_ec2_client_vpn_network_association"}},
	"network.vpn.sessionTimeoutHours":    {Effect: InPlace, Note: "for connections that start later"},

	"database.engine":                           {Effect: AtCreation, Note: "the data stay behind, and without protection they are deleted"},
	"database.version":                          {Effect: Outage, Note: "of the database, for minutes. It never goes back", Replaces: []string{"aws_db_parameter_group"}},
	"database.instanceClass":                    {Effect: Outage, Note: "of the database: about a minute with database.multiAZ, otherwise several. Without database.applyImmediately, in the maintenance window"},
	"database.name":                             {Effect: AtCreation, Note: "RDS would delete the database and create an empty one"},
	"database.username":                         {Effect: AtCreation, Note: "RDS would delete the database and create an empty one"},
	"database.passwordVersion":                  {Effect: InPlace, Note: "the master user's: no application uses it", Replaces: []string{"aws_secretsmanager_secret_version"}},
	"database.passwordRotationDays":             {Effect: InPlace, Bootstrap: true},
	"database.storageGiB":                       {Effect: InPlace, Note: "it can only grow, once in six hours"},
	"database.maxStorageGiB":                    {Effect: InPlace},
	"database.multiAZ":                          {Effect: InPlace, Note: "slower for a while"},
	"database.replicas":                         {Effect: RollsPods, Bootstrap: true, Note: "one that goes cuts its connections. Bootstrap before the first, and after the data stack when the last one goes. With both the master user's password changes"},
	"database.autoscaling.min":                  {Effect: InPlace, Bootstrap: true},
	"database.autoscaling.max":                  {Effect: InPlace, Bootstrap: true},
	"database.autoscaling.cpuPercent":           {Effect: InPlace},
	"database.backupRetentionDays":              {Effect: InPlace, Note: "fewer days delete older backups"},
	"database.backupWindow":                     {Effect: InPlace},
	"database.maintenanceWindow":                {Effect: InPlace},
	"database.applyImmediately":                 {Effect: InPlace, Note: "for changes that are deployed with it or later"},
	"database.deletionProtection":               {Effect: InPlace},
	"database.finalSnapshot":                    {Effect: InPlace, Bootstrap: true},
	"database.extendedSupport":                  {Effect: NoEffect, Note: "until a database is created or restored"},
	"database.restoreFromSnapshots":             {Effect: RollsPods, Note: "the application uses the snapshot's data: what was written since stays in the old database", Replaces: []string{"aws_backup_selection"}},
	"database.deletedDatabases":                 {Effect: InPlace, Note: "deletes their data"},
	"database.awsBackup.enabled":                {Effect: InPlace, Bootstrap: true, Note: "off deletes the vault, with its backups unless protected"},
	"database.awsBackup.retentionDays":          {Effect: InPlace, Note: "for backups that are made later"},
	"database.awsBackup.crossRegionVaultARN":    {Effect: InPlace, Bootstrap: true},
	"database.awsBackup.copyRetentionDays":      {Effect: InPlace, Note: "for copies that are made later"},
	"database.awsBackup.lock.mode":              {Effect: InPlace, Bootstrap: true, Note: "a compliance lock is for ever once its grace time is over", Replaces: []string{"aws_backup_vault_lock_configuration"}},
	"database.awsBackup.lock.minRetentionDays":  {Effect: InPlace, Replaces: []string{"aws_backup_vault_lock_configuration"}},
	"database.awsBackup.lock.maxRetentionDays":  {Effect: InPlace, Replaces: []string{"aws_backup_vault_lock_configuration"}},
	"database.awsBackup.lock.changeableForDays": {Effect: InPlace, Note: "until the grace time is over", Replaces: []string{"aws_backup_vault_lock_configuration"}},

	"registry.maxTaggedImages":       {Effect: InPlace, Note: "fewer delete older images within a day", Replaces: []string{"aws_ecr_lifecycle_policy"}},
	"registry.untaggedRetentionDays": {Effect: InPlace, Note: "fewer delete older images within a day", Replaces: []string{"aws_ecr_lifecycle_policy"}},

	"cluster.version":                 {Effect: RollsPods, Note: "the control plane and the managed add-ons with the cluster's stack, pods with their own stacks; PostgreSQL in the cluster begins empty. It never goes back", Replaces: []string{"terraform_data"}},
	"cluster.addonVersions.coreDNS":   {Effect: RollsPods, Note: "CoreDNS'"},
	"cluster.addonVersions.kubeProxy": {Effect: InPlace, Note: "no pod of it runs on Fargate"},
	"cluster.addonVersions.vpcCNI":    {Effect: InPlace, Note: "no pod of it runs on Fargate"},
	"cluster.publicAccessCIDRs":       {Effect: InPlace},
	"cluster.imageMirror":             {Effect: RollsPods, Note: "those of the add-ons, and of monitoring"},
	"cluster.keda":                    {Effect: InPlace, Note: "to remove it, requestsPerSecond 0 is deployed first"},
	"cluster.accessEntries":           {Effect: InPlace, Bootstrap: true, Replaces: []string{"aws_eks_access_policy_association"}},

	"apps.*.image.repository":               {Effect: RollsPods, Bootstrap: true, Note: "the first one deletes the application's own repository with its images"},
	"apps.*.image.tag":                      {Effect: RollsPods},
	"apps.*.image.digest":                   {Effect: RollsPods},
	"apps.*.build.context":                  {Effect: NoEffect, Note: "pipelines build from the new folder"},
	"apps.*.build.dockerfile":               {Effect: NoEffect, Note: "pipelines build from the new file"},
	"apps.*.user":                           {Effect: RollsPods},
	"apps.*.writable":                       {Effect: RollsPods},
	"apps.*.env":                            {Effect: RollsPods},
	"apps.*.database":                       {Effect: RollsPods, Bootstrap: true, Note: "off keeps the data, and lets nobody sign in to them"},
	"apps.*.databaseName":                   {Effect: RollsPods, Note: "the data stay in the old database"},
	"apps.*.passwordVersion":                {Effect: RollsPods, Note: "deploy data, addons and the application, in this order", Replaces: []string{"aws_secretsmanager_secret_version"}},
	"apps.*.secrets.*.name":                 {Effect: RollsPods, Bootstrap: true},
	"apps.*.secrets.*.property":             {Effect: RollsPods},
	"apps.*.errorLogs":                      {Effect: InPlace},
	"apps.*.web.command":                    {Effect: RollsPods},
	"apps.*.web.port":                       {Effect: RollsPods},
	"apps.*.web.health.path":                {Effect: RollsPods},
	"apps.*.web.health.livenessPath":        {Effect: RollsPods},
	"apps.*.web.health.startSeconds":        {Effect: RollsPods},
	"apps.*.web.metrics.port":               {Effect: RollsPods, Bootstrap: true, Note: "bootstrap only for the first, or after the last"},
	"apps.*.web.metrics.path":               {Effect: RollsPods},
	"apps.*.web.cpu":                        {Effect: RollsPods},
	"apps.*.web.memoryGiB":                  {Effect: RollsPods},
	"apps.*.parameters.enabled":             {Effect: RollsPods, Bootstrap: true},
	"apps.*.web.replicas.min":               {Effect: InPlace},
	"apps.*.web.replicas.max":               {Effect: InPlace},
	"apps.*.web.replicas.cpuPercent":        {Effect: InPlace},
	"apps.*.web.replicas.memoryPercent":     {Effect: InPlace},
	"apps.*.web.replicas.requestsPerSecond": {Effect: InPlace},
	"apps.*.web.domain":                     {Effect: Outage, Bootstrap: true, Note: "the old name stops answering when its record is replaced", Replaces: []string{"aws_acm_certificate", "aws_acm_certificate_validation", "aws_route53_record"}},
	"apps.*.web.hostedZone":                 {Effect: InPlace, Bootstrap: true},
	"apps.*.web.certificateARN":             {Effect: InPlace, Bootstrap: true},
	"apps.*.web.internal":                   {Effect: Outage, Note: "for minutes: the load balancer is replaced; deploy observability after the application, for the alarms"},
	"apps.*.web.allowedCIDRs":               {Effect: InPlace},
	"apps.*.web.webACLARN":                  {Effect: InPlace},
	"apps.*.web.waf.enabled":                {Effect: InPlace, Bootstrap: true, Note: "to switch it off, set webACLARN to none as well"},
	"apps.*.web.waf.countOnly":              {Effect: InPlace},
	"apps.*.web.waf.countRules":             {Effect: InPlace},
	"apps.*.web.waf.requestsPer5Minutes":    {Effect: InPlace},
	"apps.*.web.accessLogs.enabled":         {Effect: InPlace, Bootstrap: true, Note: "off deletes the bucket with its logs"},
	"apps.*.web.accessLogs.bucket":          {Effect: InPlace},
	"apps.*.web.accessLogs.prefix":          {Effect: InPlace, Note: "for requests from then on"},

	"apps.*.workers.*.command":                {Effect: RollsPods},
	"apps.*.workers.*.cpu":                    {Effect: RollsPods},
	"apps.*.workers.*.memoryGiB":              {Effect: RollsPods},
	"apps.*.workers.*.replicas.min":           {Effect: InPlace},
	"apps.*.workers.*.replicas.max":           {Effect: InPlace},
	"apps.*.workers.*.replicas.cpuPercent":    {Effect: InPlace},
	"apps.*.workers.*.replicas.memoryPercent": {Effect: InPlace},
	"apps.*.jobs.*.command":                   {Effect: InPlace, Note: "for runs that start later"},
	"apps.*.jobs.*.schedule":                  {Effect: InPlace},
	"apps.*.jobs.*.timeZone":                  {Effect: InPlace},
	"apps.*.jobs.*.deadlineMinutes":           {Effect: InPlace, Note: "for runs that start later"},
	"apps.*.jobs.*.concurrent":                {Effect: InPlace},
	"apps.*.jobs.*.cpu":                       {Effect: InPlace, Note: "for runs that start later"},
	"apps.*.jobs.*.memoryGiB":                 {Effect: InPlace, Note: "for runs that start later"},
	"apps.*.release.command":                  {Effect: InPlace, Bootstrap: true, Note: "it runs with each release. Bootstrap only before the first"},
	"apps.*.release.deadlineMinutes":          {Effect: InPlace},
	"apps.*.release.cpu":                      {Effect: InPlace},
	"apps.*.release.memoryGiB":                {Effect: InPlace},

	"observability.alarms.emails":                    {Effect: InPlace, Bootstrap: true, Note: "each new address must confirm"},
	"observability.alarms.slack.workspaceID":         {Effect: InPlace, Bootstrap: true, Replaces: []string{"aws_chatbot_slack_channel_configuration"}},
	"observability.alarms.slack.channelID":           {Effect: InPlace, Bootstrap: true},
	"observability.alarms.errorRatePercent":          {Effect: InPlace},
	"observability.alarms.p95LatencyMilliseconds":    {Effect: InPlace},
	"observability.alarms.errorLogsPer5Minutes":      {Effect: InPlace},
	"observability.alarms.databaseCPUPercent":        {Effect: InPlace},
	"observability.alarms.databaseConnections":       {Effect: InPlace},
	"observability.alarms.databaseFreeStorageGiB":    {Effect: InPlace},
	"observability.alarms.replicaLagSeconds":         {Effect: InPlace},
	"observability.budget.monthlyUSD":                {Effect: InPlace, Bootstrap: true},
	"observability.budget.thresholdPercent":          {Effect: InPlace},
	"observability.prometheus.enabled":               {Effect: InPlace, Bootstrap: true, Note: "off deletes all metrics"},
	"observability.prometheus.scrapeIntervalSeconds": {Effect: RollsPods, Note: "Prometheus' and Grafana's"},
	"observability.prometheus.containerMetrics":      {Effect: RollsPods, Note: "Prometheus' and Grafana's"},
	"observability.grafana.enabled":                  {Effect: InPlace, Bootstrap: true},
	"observability.grafana.domain":                   {Effect: RollsPods, Note: "Grafana's"},
	"observability.grafana.certificateARN":           {Effect: InPlace},
	"observability.grafana.allowedCIDRs":             {Effect: InPlace},
	"observability.grafana.oidc.clientID":            {Effect: RollsPods, Note: "Grafana's"},
	"observability.grafana.oidc.authURL":             {Effect: RollsPods, Note: "Grafana's"},
	"observability.grafana.oidc.tokenURL":            {Effect: RollsPods, Note: "Grafana's"},
	"observability.grafana.oidc.userInfoURL":         {Effect: RollsPods, Note: "Grafana's"},
	"observability.grafana.oidc.adminGroup":          {Effect: RollsPods, Note: "Grafana's"},
	"observability.grafana.oidc.editorGroup":         {Effect: RollsPods, Note: "Grafana's"},
	"observability.loki.enabled":                     {Effect: InPlace, Bootstrap: true, Note: "off deletes all lines that Loki keeps; CloudWatch has them still"},
	"observability.loki.retentionDays":               {Effect: RollsPods, Note: "Loki's"},
	"observability.loki.replicated":                  {Effect: RollsPods, Note: "Loki's"},
}
