package settings

import (
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // for machines without the tz database

	"github.com/robfig/cron/v3"
)

// isSnapshotName refuses what RDS does: two hyphens in a row, and one at the end.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html
func isSnapshotName(s string) bool { return !strings.Contains(s, "--") && !strings.HasSuffix(s, "-") }

// snapshotName matches the name of an RDS snapshot. Automatic ones have the prefix rds: or awsbackup:.
const snapshotName = `^((rds|awsbackup):)?[A-Za-z][A-Za-z0-9-]{0,254}$`

// branchPattern is the pattern of the name of a branch or tag. A star stands for any part.
const branchPattern = `^[A-Za-z0-9_*][A-Za-z0-9_./*-]{0,200}$`

// rule is a rule for one text, independent of other settings. A field names its rules in its validate
// tag. The schema for editors has the same patterns.
type rule struct {
	// must completes "must be …".
	must    string
	pattern string
	// also checks what the pattern cannot express. It may be nil.
	also func(string) bool
	// repair returns what was probably meant. The message suggests it if it is valid.
	repair func(string) string
	// remedy returns what to do if neither the rule nor the repair shows it, or "".
	remedy func(string) string

	compiled func() *regexp.Regexp
}

func (r rule) holds(text string) bool {
	return (r.compiled == nil || r.compiled().MatchString(text)) && (r.also == nil || r.also(text))
}

func (r rule) message(text string) string { return r.explain("must be ", text) }

// keyMessage is the message about a map's key.
func (r rule) keyMessage(key string) string { return r.explain("the name must be ", key) }

func (r rule) explain(must, text string) string {
	message := must + r.must + ", is " + quote(text)
	if r.repair != nil {
		if repaired := r.repair(text); r.holds(repaired) {
			return message + "; write " + repaired
		}
	}
	if r.remedy != nil {
		if remedy := r.remedy(text); remedy != "" {
			message += "; " + remedy
		}
	}
	return message
}

// rules returns the rules by their name in validate tags.
var rules = sync.OnceValue(func() map[string]rule {
	all := map[string]rule{
		"project": {
			must:    "lower-case letters, digits and single dashes, starting with a letter but not with aws, sg- or internal-",
			pattern: `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`,
			also:    isFreeProject,
			repair:  dashed,
		},
		// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
		"tagvalue": {
			must:    "at most 256 letters, digits, spaces and _.:/=+-@, and not begin with aws:",
			pattern: `^[A-Za-z0-9 _.:/=+@-]{1,256}$`,
			also:    func(s string) bool { return !strings.HasPrefix(strings.ToLower(s), "aws:") },
		},
		"account": {
			must:    "an AWS account ID of 12 digits",
			pattern: `^[0-9]{12}$`,
			repair:  func(s string) string { return strings.ReplaceAll(s, "-", "") },
		},
		"region": {
			must:   "a commercial AWS region",
			also:   func(s string) bool { return zoneLetters[s] != "" },
			remedy: regionRemedy,
		},
		"bucket": {
			must:    "an S3 bucket's name (3 to 63 lower-case letters, digits and dashes)",
			pattern: `^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`,
			also:    unreservedBucket,
		},
		"kmsarn": {
			must:    "the ARN of a KMS key or alias",
			pattern: `^arn:aws:kms:[a-z0-9-]+:[0-9]{12}:(key/[A-Za-z0-9-]{1,60}|alias/[A-Za-z0-9/_-]{1,250})$`,
		},
		"registry": {
			must:    "a registry's host and optional path, without https:// and without a trailing slash",
			pattern: `^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)*$`,
		},
		"endpoint": {
			must:    "an http or https URL of a host, without a path",
			pattern: `^https?://[A-Za-z0-9.:\[\]-]+$`,
			also:    isEndpoint,
			repair:  endpointOf,
		},
		// https://openid.net/specs/openid-connect-discovery-1_0.html#IssuerDiscovery
		// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
		"issuer": {
			must:    "an https URL of at most 255 characters, without a port and without a trailing slash",
			pattern: `^https://[a-z0-9.-]+(/[A-Za-z0-9._/-]*[A-Za-z0-9._-])?$`,
			also:    func(s string) bool { return len(s) <= 255 },
			repair:  func(s string) string { return "https://" + strings.TrimPrefix(strings.Trim(s, "/"), "http://") },
		},
		// Security: no star, which would trust other projects.
		"ciproject": {
			must:    "a project's path, such as group/project, without the host",
			pattern: `^[A-Za-z0-9_.][A-Za-z0-9_.-]*(@[0-9]+)?(/[A-Za-z0-9_.][A-Za-z0-9_.-]*(@[0-9]+)?)+$`,
			repair:  projectOf,
		},
		"audience": {
			must:    "a name of 1 to 255 letters, digits and _.:/@-",
			pattern: `^[A-Za-z0-9_.:/@-]{1,255}$`,
		},
		"ref": {
			must:    "a branch's or tag's name (letters, digits and _./-), with * for a part of it",
			pattern: branchPattern,
			also:    isBranch,
			repair:  branchOf,
			remedy: func(s string) string {
				if s != "" && strings.Trim(s, "*/") == "" {
					return "any branch could deploy; name the protected branches"
				}
				return ""
			},
		},
		"planref": {
			must:    "a branch's name (letters, digits and _./-), with * for a part of it or alone for every branch, tag and merge request",
			pattern: branchPattern,
			also:    func(s string) bool { return s == everyBranch || isBranch(s) },
			repair:  branchOf,
		},
		"runnertag": {
			must:    "a runner's tag of letters, digits and _.-",
			pattern: `^[A-Za-z0-9_.-]{1,255}$`,
		},
		"vpccidr": {
			must:   "a private IPv4 range from /16 to /19",
			also:   isVPCRange,
			repair: networkOf,
			remedy: vpcRangeRemedy,
		},
		"network": {
			must:   "an IPv4 network such as 203.0.113.0/24",
			also:   isNetwork,
			repair: networkOf,
		},
		"interface": {
			must:    "an AWS service as in com.amazonaws.<region>.<service>, such as ecr.api",
			pattern: `^[a-z0-9]+([.-][a-z0-9]+)*$`,
			also:    isServiceName,
			repair:  serviceOf,
		},
		// https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-types.html
		"armtype": {
			must:    "an EC2 instance type of the families t, c, m or r with an ARM processor, such as t4g.nano",
			pattern: `^(t4g\.(nano|micro|small|medium|large|2?xlarge)|([cmr][678]gd?|c[678]gn)\.(medium|large|([248]|12|16)?xlarge))$`,
		},
		// https://docs.aws.amazon.com/vpn/latest/clientvpn-admin/what-is-best-practices.html
		"clientcidr": {
			must:   "a private IPv4 range from /12 to /22",
			also:   isClientRange,
			repair: networkOf,
		},
		"samlarn": {
			must:    "the ARN of a SAML provider in IAM",
			pattern: `^arn:aws:iam::[0-9]{12}:saml-provider/[A-Za-z0-9_.-]{1,128}$`,
		},
		"pgversion": {
			must:    "a PostgreSQL version from 14 to 18, such as 17 or 17.6",
			pattern: `^1[4-8](\.[0-9]{1,2})?$`,
		},
		"class": {
			must:   "an instance class for PostgreSQL, such as db.t4g.micro",
			also:   isInstanceClass,
			repair: func(s string) string { return "db." + s },
			remedy: instanceClassRemedy,
		},
		"dbname": {
			must:    "at most 63 lower-case letters, digits and underscores, starting with a letter, and not a reserved word of PostgreSQL or RDS",
			pattern: `^[a-z][a-z0-9_]{0,62}$`,
			also:    isFreeDatabaseName,
		},
		"appdbname": {
			must:    "at most 63 lower-case letters, digits, underscores and dashes, starting with a letter, and not a reserved word of PostgreSQL or RDS",
			pattern: `^[a-z][a-z0-9_-]{0,62}$`,
			also:    isFreeDatabaseName,
		},
		"imagerepository": {
			must:    "a registry's host and a repository, such as public.ecr.aws/nginx/nginx, without https:// and without a tag",
			pattern: `^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`,
			repair:  func(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://") },
		},
		// The load balancer hides it, which the root would be too much of.
		"metricspath": {
			must:    "a path such as /metrics, without a slash at its end",
			pattern: `^(/[A-Za-z0-9._~-]+)+$`,
			repair:  func(s string) string { return "/" + strings.Trim(s, "/") },
		},
		"dbuser": {
			must:    "at most 16 lower-case letters, digits and underscores, starting with a letter, and not a reserved word of PostgreSQL or RDS",
			pattern: `^[a-z][a-z0-9_]{0,15}$`,
			also:    isFreeUsername,
		},
		"backup": {
			must:    "a daily window in UTC of at least 30 minutes, hh:mm-hh:mm",
			pattern: `^` + clock + `-` + clock + `$`,
			also:    isBackupWindow,
		},
		"maintain": {
			must:    "a weekly window in UTC of 30 minutes to 24 hours, ddd:hh:mm-ddd:hh:mm",
			pattern: `^` + weekday + `:` + clock + `-` + weekday + `:` + clock + `$`,
			also:    isMaintenanceWindow,
		},
		// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBInstanceFromDBSnapshot.html
		"snapshot": {
			must:    "the name of an RDS snapshot, such as rds:plinth-dev-postgres-2026-11-26-02-10",
			pattern: snapshotName,
			also:    isSnapshotName,
			// An ARN ends with the name.
			repair: func(s string) string { _, name, _ := strings.Cut(s, "snapshot:"); return name },
		},
		"deleteddatabase": {
			must:    "original, or a snapshot of database.restoreFromSnapshots",
			pattern: snapshotName,
		},
		// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html
		"vaultarn": {
			must:    "the ARN of a backup vault",
			pattern: `^arn:aws:backup:[a-z0-9-]+:[0-9]{12}:backup-vault:[A-Za-z0-9_-]{2,50}$`,
		},
		"addonversion": {
			must:    "a version of an EKS add-on, such as v1.13.2-eksbuild.4",
			pattern: `^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$`,
			repair:  func(s string) string { return "v" + s },
		},
		"k8sversion": {
			must:    "a Kubernetes minor version of EKS, " + versionRange(kubernetesReleases),
			pattern: `^1\.[0-9]{2}$`,
			also:    isKubernetesVersion,
			repair:  kubernetesMinor,
			remedy:  kubernetesRemedy,
		},
		// The names of Identity Center's roles end in characters that change when one is assigned anew.
		// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
		"administrator": {
			must: "an IAM role or user: its ARN, role/<name> or user/<name>",
			pattern: `^(arn:aws:iam::[0-9]{12}:)?((role|user)/([!-)+-~]{1,500}/)?[A-Za-z0-9_+=,.@-]{1,64}` +
				`|role/aws-reserved/sso\.amazonaws\.com/(([a-z0-9-]+|\*)/)?AWSReservedSSO_[A-Za-z0-9_+=,.@-]{1,32}_\*)$`,
			also:   hasItsPath,
			remedy: administratorRemedy,
		},
		"principal": {
			must:    "an IAM role or user: its ARN, role/<name> or user/<name>",
			pattern: `^(arn:aws:iam::[0-9]{12}:)?(role|user)/([!-)+-~]{1,500}/)?[A-Za-z0-9_+=,.@-]{1,64}$`,
			also:    func(s string) bool { return hasItsPath(s) && !serviceLinked.MatchString(s) },
			remedy:  principalRemedy,
		},
		"dnslabel": {
			must:    "a Kubernetes name: at most 63 lower-case letters, digits and dashes",
			pattern: `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`,
		},
		"appname": {
			must:    "at most 20 lower-case letters, digits and single dashes, starting with a letter, and no name that Kubernetes or Plinth uses",
			pattern: `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`,
			also:    isFreeAppName,
			repair:  dashed,
		},
		"processname": {
			must:    "lower-case letters, digits and single dashes, starting with a letter, and none of " + list(processNames, "and"),
			pattern: `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`,
			also:    func(s string) bool { return !slices.Contains(processNames, s) },
			repair:  dashed,
		},
		"envname": {
			must:    "a variable's name: letters, digits and underscores, not starting with a digit",
			pattern: `^[A-Za-z_][A-Za-z0-9_]*$`,
			repair:  func(s string) string { return strings.ToUpper(strings.ReplaceAll(dashed(s), "-", "_")) },
		},
		// A service that manages a secret has its name and an exclamation mark before it: rds!db-….
		// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
		// https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
		"secretname": {
			must:    "a secret's name (letters, digits and /_+=.@-) or its ARN with the six characters at the end, and not managed by an AWS service",
			pattern: `^(arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}-[A-Za-z0-9]{6}|[A-Za-z0-9/_+=.@-]{1,512})$`,
		},
		"secretproperty": {
			must:    "a key of a JSON secret (letters, digits and _-), with dots between keys that are nested",
			pattern: `^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`,
			also:    func(s string) bool { return len(s) <= 255 },
		},
		"errorlogs": {
			must:   fmt.Sprintf("a condition of a CloudWatch Logs filter for JSON of at most %d characters, such as $.level = \"ERROR\" || $.log = \"*ERROR*\"", longestLogCondition),
			also:   func(s string) bool { _, err := parseLogCondition(s); return err == nil },
			remedy: logConditionRemedy,
		},
		// Far less than an object in Kubernetes may have, and more than anyone needs.
		"envvalue": {
			must: "at most 32,768 bytes",
			also: func(s string) bool { return len(s) <= 32768 },
		},
		"argument": {
			must: "an argument of 1 to 32,768 bytes",
			also: func(s string) bool { return s != "" && len(s) <= 32768 },
		},
		"folder": {
			must:    "the absolute path of a folder, such as /tmp, without a slash at its end, and not in /proc, /sys, /dev or /var/run/secrets",
			pattern: `^(/[A-Za-z0-9_.-]+)+$`,
			also:    isWritableFolder,
			repair:  func(s string) string { return "/" + strings.Trim(s, "/") },
		},
		"relativepath": {
			must:    "a path in this repository, such as app or services/shop",
			pattern: `^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`,
			also:    func(s string) bool { return path.Clean(s) == s && !strings.HasPrefix(s, "..") },
			repair:  func(s string) string { return strings.TrimPrefix(path.Clean(s), "/") },
		},
		"urlpath": {
			must:    "a path such as /healthz",
			pattern: `^/[A-Za-z0-9._~/-]*$`,
			repair:  func(s string) string { return "/" + s },
		},
		"schedule": {
			must:   "cron's five fields, such as 15 2 * * * for a quarter past two each night",
			also:   isSchedule,
			repair: func(s string) string { return strings.Join(strings.Fields(s), " ") },
			remedy: scheduleRemedy,
		},
		"timezone": {
			must:    "a name of the tz database, such as Europe/London or UTC",
			pattern: `^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`,
			also:    isTimeZone,
			repair:  func(s string) string { return strings.ReplaceAll(s, " ", "_") },
		},
		// The load balancer has a rule for the name, which is shorter than DNS's names and ends in letters.
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_HostHeaderConditionConfig.html
		"domain": {
			must:    "a DNS name such as app.example.com, of at most 128 characters and letters after the last dot",
			pattern: `^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`,
			also:    func(s string) bool { return len(s) <= 128 },
			repair:  func(s string) string { return strings.TrimSuffix(strings.ToLower(s), ".") },
		},
		"acmarn": {
			must:    "the ARN of an ACM certificate",
			pattern: `^arn:aws:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]{1,60}$`,
		},
		"webaclarn": {
			must:    "the ARN of a regional WAFv2 web ACL, or none",
			pattern: `^(none|arn:aws:wafv2:[a-z0-9-]+:[0-9]{12}:regional/webacl/[A-Za-z0-9_-]{1,128}/[0-9a-f-]{36})$`,
			remedy:  webACLRemedy,
		},
		"wafrule": {
			must:   "a rule of the managed groups in settings/waf.go, such as " + sizeOfBody,
			also:   func(s string) bool { return slices.Contains(ruleNames(), s) },
			remedy: func(s string) string { return didYouMean(s, ruleNames()) },
		},
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
		"logprefix": {
			must:    "a folder (letters, digits and _.-, separated by slashes) without AWSLogs, which AWS adds",
			pattern: `^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`,
			also:    func(s string) bool { return !strings.Contains(s, "AWSLogs") },
			repair:  func(s string) string { return strings.Trim(s, "/") },
		},
		"email": {
			must:    "an e-mail address",
			pattern: `^[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}$`,
		},
		// https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html
		"slackworkspace": {
			must:    "a Slack workspace's ID, such as T0123456789",
			pattern: `^[0-9A-Z]{1,255}$`,
		},
		"slackchannel": {
			must:    "a Slack channel's ID, such as C0123456789",
			pattern: `^[A-Z0-9]{1,255}$`,
		},
		"httpsurl": {
			must:    "an https URL",
			pattern: `^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?$`,
		},
		"group": {
			must:    "a group's name of letters, digits, spaces and _.:/@-",
			pattern: `^[A-Za-z0-9_.:/@-]([A-Za-z0-9 _.:/@-]{0,253}[A-Za-z0-9_.:/@-])?$`,
		},
		// https://docs.docker.com/reference/cli/docker/image/tag/
		"tag": {
			must:    "an image tag other than latest: at most 128 letters, digits and _.-",
			pattern: `^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`,
			also:    func(s string) bool { return !strings.EqualFold(s, "latest") },
			remedy:  tagRemedy,
		},
		"digest": {
			must:    "an image digest: sha256: and 64 hexadecimal digits",
			pattern: `^sha256:[a-f0-9]{64}$`,
		},
	}
	for name, rule := range all {
		if rule.pattern != "" {
			rule.compiled = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(rule.pattern) })
		}
		all[name] = rule
	}
	return all
})

// isFreeProject refuses prefixes that resource names must not have: aws in several services, sg- for a
// security group, internal- for a load balancer.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func isFreeProject(s string) bool {
	name := s + "-"
	return !strings.HasPrefix(name, "aws") && !strings.HasPrefix(name, "sg-") && !strings.HasPrefix(name, "internal-")
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
func unreservedBucket(s string) bool {
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(s, prefix) {
			return false
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(s, suffix) {
			return false
		}
	}
	return true
}

// projectOf returns the project's path from its URL.
func projectOf(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return strings.Trim(s, "/")
	}
	return strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
}

// isBranch reports whether a pattern does not match every branch.
func isBranch(s string) bool { return strings.Trim(s, "*/") != "" && !strings.HasPrefix(s, "refs/") }

// branchOf returns the short name of a branch or tag.
func branchOf(s string) string {
	return strings.TrimPrefix(strings.TrimPrefix(s, "refs/heads/"), "refs/tags/")
}

func parseEndpoint(s string) (*url.URL, bool) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return nil, false
	}
	return u, true
}

func isEndpoint(s string) bool {
	u, ok := parseEndpoint(s)
	return ok && s == u.Scheme+"://"+u.Host
}

func endpointOf(s string) string {
	u, ok := parseEndpoint(s)
	if !ok {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func isNetwork(s string) bool {
	prefix, err := netip.ParsePrefix(s)
	return err == nil && prefix.Addr().Is4() && prefix == prefix.Masked() && prefix.String() == s
}

// networkOf clears the host bits of a network, and appends /32 to an address.
func networkOf(s string) string {
	if prefix, err := netip.ParsePrefix(s); err == nil {
		return prefix.Masked().String()
	}
	return s + "/32"
}

// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
func isServiceName(s string) bool { return !strings.HasPrefix(s, "com.amazonaws.") }

// serviceOf returns the part of a full service name after com.amazonaws.<region>.
func serviceOf(s string) string {
	parts := strings.SplitN(s, ".", 4)
	return parts[len(parts)-1]
}

func administratorRemedy(s string) string {
	if strings.HasSuffix(s, ":root") {
		return "name a role: the root user is for emergencies, and can always change the bucket's policy"
	}
	return principalRemedy(s)
}

// Identity Center's roles are below a path, which the ARN of a role's session does not have.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
var withoutItsPath = regexp.MustCompile(`(^|:)role/(AWSReservedSSO_[^/*]*)`)

func hasItsPath(s string) bool { return !withoutItsPath.MatchString(s) }

// Services assume these roles. They cannot have access entries.
// https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
var serviceLinked = regexp.MustCompile(`(^|:)role/aws-service-role/`)

func principalRemedy(s string) string {
	// The ARN is that of a role's session, but EKS's access entries are for roles.
	if _, session, ok := strings.Cut(s, ":assumed-role/"); ok {
		role, _, _ := strings.Cut(session, "/")
		if !hasItsPath("role/" + role) {
			return lookUpRole(role)
		}
		return "write role/" + oneLine(role) + ", the role that is assumed, with its path if it has one"
	}
	if found := withoutItsPath.FindStringSubmatch(s); found != nil {
		return lookUpRole(found[2])
	}
	switch {
	case strings.Contains(s, "*"):
		return "name one role or user"
	case strings.HasSuffix(s, ":root"):
		return "name a role: EKS accepts no whole account"
	case serviceLinked.MatchString(s):
		return "name a role that people assume: EKS accepts no service-linked role"
	}
	return ""
}

func lookUpRole(name string) string {
	return "roles of IAM Identity Center have a path; write the ARN that aws iam get-role --role-name " + oneLine(name) +
		" --query Role.Arn shows, or the IAM console"
}

// stackNames are the names of Plinth's own stacks. An application's stack has the application's.
var stackNames = []string{"addons", "bootstrap", "cluster", "data", "network", "observability"}

// appNamespaces are the namespaces of Kubernetes, of EKS's log router and of Plinth's add-ons.
var appNamespaces = []string{
	"default", "aws-observability", "databases", "external-secrets", "grafana", "keda", "kube-state-metrics", "loki", "metrics-server", "pod-logs", "postgres", "prometheus",
	"security-groups", // a release in the application's namespace
}

// appRoles are the suffixes of the environment's other IAM roles. The suffix of an application's role is its
// name.
var appRoles = []string{"alarms-slack", "aws-load-balancer-controller", "bastion", "database-backup", "flow-logs", "postgres-monitoring", "push"}

// appProfiles are the names of the cluster's other Fargate profiles.
var appProfiles = []string{"database", "ingress-metrics", "databases", "keda", "system"}

// appKeys are the suffixes of the aliases of the environment's KMS keys. That of the key that encrypts an
// application's web ACL's log is its name.
var appKeys = []string{"state"}

func isFreeAppName(s string) bool {
	for _, prefix := range []string{"addons-", "deploy-", "fargate-", "kube-", "plan-"} {
		if strings.HasPrefix(s, prefix) {
			return false
		}
	}
	return len(s) <= 20 && !slices.Contains(slices.Concat(stackNames, appNamespaces, appRoles, appProfiles, appKeys), s)
}

// processNames are what no worker and no job may be called: other processes of an application, and objects
// whose names end like this.
var processNames = []string{"database", "developers", "metrics", "parameters", "release", "requests", "secrets", "test", "web"}

// isWritableFolder refuses the folders that the container runtime and Kubernetes mount.
func isWritableFolder(s string) bool {
	for _, taken := range []string{"/proc", "/sys", "/dev", "/var/run/secrets", "/run/secrets", "/var/run/database-certificates"} {
		if s == taken || strings.HasPrefix(s, taken+"/") || strings.HasPrefix(taken, s+"/") {
			return false
		}
	}
	return path.Clean(s) == s
}

// isSchedule reports whether Kubernetes takes a schedule: it has the same parser.
func isSchedule(s string) bool {
	_, err := cron.ParseStandard(s)
	return err == nil && len(strings.Fields(s)) == 5 && strings.Join(strings.Fields(s), " ") == s && !strings.Contains(s, "TZ=")
}

func scheduleRemedy(s string) string {
	switch fields := strings.Fields(s); {
	case strings.Contains(s, "TZ="):
		return "set timeZone instead of TZ="
	case strings.HasPrefix(s, "@"):
		return "write the five fields"
	case len(fields) != 5:
		return fmt.Sprintf("it has %d fields", len(fields))
	}
	if _, err := cron.ParseStandard(s); err != nil {
		return err.Error()
	}
	return ""
}

// isTimeZone reports whether the tz database has the zone. Local is none.
func isTimeZone(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil && s != "" && s != "Local"
}

// dashed converts a text to a name of lower-case letters, digits and single dashes.
func dashed(s string) string {
	return strings.Trim(undashed.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

var undashed = regexp.MustCompile(`[^a-z0-9]+`)

func webACLRemedy(s string) string {
	if strings.Contains(s, ":global/webacl/") {
		return "global web ACLs are for CloudFront; create one in the environment's region"
	}
	return ""
}

func tagRemedy(s string) string {
	if strings.EqualFold(s, "latest") {
		return "name a version: tags are immutable"
	}
	return ""
}
