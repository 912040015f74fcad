package settings

import (
	"fmt"
	"strings"
	"testing"
)

// base is the shortest good file.
const base = `account: "111111111111"
region: eu-west-2
network:
  cidr: 10.10.0.0/16
  zones: [a, b]
database:
  instanceClass: db.t4g.micro
cluster:
  access:
    - principal: role/admin
      policy: admin
app:
  image:
    tag: 1.2.3
`

type edit func(string) string

// swap replaces one piece of the file.
func swap(old, new string) edit {
	return func(file string) string {
		if strings.Count(file, old) != 1 {
			panic(fmt.Sprintf("%q is %d times in the file", old, strings.Count(file, old)))
		}
		return strings.Replace(file, old, new, 1)
	}
}

// under adds lines at the start of a section.
func under(section string, lines ...string) edit {
	return swap("\n"+section+":\n", "\n"+section+":\n  "+strings.Join(lines, "\n  ")+"\n")
}

// top adds lines at the start of the file.
func top(lines ...string) edit {
	return func(file string) string { return strings.Join(lines, "\n") + "\n" + file }
}

func all(edits ...edit) edit {
	return func(file string) string {
		for _, edit := range edits {
			file = edit(file)
		}
		return file
	}
}

// mirror is what an environment without NAT must have besides endpoints.
var mirror = under("cluster", "imageMirror: registry.example.com/mirror")

// whole replaces the file.
func whole(content string) edit {
	return func(string) string { return content }
}

func aurora(lines ...string) edit {
	return all(swap("db.t4g.micro", "db.r8g.large"), under("database", append([]string{"engine: aurora-postgresql"}, lines...)...))
}

var badInput = []struct {
	name string
	edit edit
	want string
}{
	{"account of letters", swap(`"111111111111"`, "my-account"),
		`dev.yaml:1: account: must be an AWS account id of 12 digits, is "my-account"`},
	{"account too short", swap(`"111111111111"`, "11111111111"),
		`dev.yaml:1: account: must be an AWS account id of 12 digits, is "11111111111"`},
	{"account with dashes", swap(`"111111111111"`, "1111-1111-1111"),
		`dev.yaml:1: account: must be an AWS account id of 12 digits, is "1111-1111-1111"; write 111111111111`},
	{"account in scientific notation", swap(`"111111111111"`, "1.1e11"),
		`dev.yaml:1: account: must be an AWS account id of 12 digits, is "1.1e11"`},
	{"account missing", swap("account: \"111111111111\"\n", ""),
		`dev.yaml:1: account: must be set: it has no default`},
	{"account empty text", swap(`"111111111111"`, `""`),
		`dev.yaml:1: account: must not be empty`},
	{"account without a value", swap(`"111111111111"`, ""),
		`dev.yaml:1: account: must be text, is empty`},
	{"account a list", swap(`"111111111111"`, "[1]"),
		`dev.yaml:1: account: must be text, is a list`},
	{"project with capitals", top("project: Plinth"),
		`dev.yaml:1: project: must be lower-case letters, digits and single dashes, a letter first, beginning with none of aws, sg- and internal-, is "Plinth"`},
	{"project ends in a dash", top("project: plinth-"),
		`dev.yaml:1: project: must be lower-case letters, digits and single dashes, a letter first, beginning with none of aws, sg- and internal-, is "plinth-"`},
	{"project with two dashes", top("project: my--app"),
		`dev.yaml:1: project: must be lower-case letters, digits and single dashes, a letter first, beginning with none of aws, sg- and internal-, is "my--app"`},
	{"project begins with aws", top("project: awsome"),
		`dev.yaml:1: project: must be lower-case letters, digits and single dashes, a letter first, beginning with none of aws, sg- and internal-, is "awsome"`},
	{"project of a security group", top("project: sg"),
		`dev.yaml:1: project: must be lower-case letters, digits and single dashes, a letter first, beginning with none of aws, sg- and internal-, is "sg"`},
	{"project of an internal load balancer", top("project: internal"),
		`dev.yaml:1: project: must be lower-case letters, digits and single dashes, a letter first, beginning with none of aws, sg- and internal-, is "internal"`},
	{"project too long", top("project: a-rather-long-name-of-a-system"),
		`dev.yaml:1: project: must leave room for the load balancer a-rather-long-name-of-a-system-dev-app, which has 38 characters of AWS's 32; shorten project or app.name`},
	{"project of S3's own buckets", top("project: sthree"),
		`dev.yaml:1: project: must not begin as only S3's own buckets do, is "sthree"`},
	{"application's name too long for its load balancer", all(under("app", "name: a-name-of-twenty-chr"), top("project: twelve-chars")),
		`dev.yaml:1: project: must leave room for the load balancer twelve-chars-dev-a-name-of-twenty-chr, which has 37 characters of AWS's 32; shorten project or app.name`},
	{"repository with a newline", top(`repository: "a\nb"`),
		`dev.yaml:1: repository: must be at most 256 letters, digits, spaces and _.:/=+-@, is "a\nb"`},
	{"repository with other characters", top("repository: a&b"),
		`dev.yaml:1: repository: must be at most 256 letters, digits, spaces and _.:/=+-@, is "a&b"`},
	{"region unknown", swap("eu-west-2", "eu-wets-2"),
		`dev.yaml:2: region: must be a commercial AWS region, is "eu-wets-2"; did you mean eu-west-2?`},
	{"region is a zone", swap("eu-west-2", "eu-west-2a"),
		`dev.yaml:2: region: must be a commercial AWS region, is "eu-west-2a"; did you mean eu-west-2?`},
	{"region of China", swap("eu-west-2", "cn-north-1"),
		`dev.yaml:2: region: must be a commercial AWS region, is "cn-north-1"; Plinth knows neither China's regions nor the government's`},
	{"protected in other words", top("protected: yes"),
		`dev.yaml:1: protected: must be true or false, is "yes"`},
	{"protected quoted", top(`protected: "true"`),
		`dev.yaml:1: protected: must be true or false, is the text "true"; remove the quotes`},
	{"retention not offered", top("logRetentionDays: 10"),
		`dev.yaml:1: logRetentionDays: must be a number of days that CloudWatch offers, is 10; nearest are 7 and 14`},
	{"retention zero", top("logRetentionDays: 0"),
		`dev.yaml:1: logRetentionDays: must be a number of days that CloudWatch offers, is 0; nearest are 1 and 3`},
	{"retention beyond the longest", top("logRetentionDays: 5000"),
		`dev.yaml:1: logRetentionDays: must be a number of days that CloudWatch offers, is 5000; nearest are 3288 and 3653`},
	{"retention quoted", top(`logRetentionDays: "7"`),
		`dev.yaml:1: logRetentionDays: must be a whole number, is the text "7"; remove the quotes`},
	{"retention a fraction", top("logRetentionDays: 7.5"),
		`dev.yaml:1: logRetentionDays: must be a whole number, is "7.5"`},
	{"retention octal", top("logRetentionDays: 07"),
		`dev.yaml:1: logRetentionDays: must be a whole number, is "07"`},
	{"retention too large for a number", top("logRetentionDays: 99999999999999999999"),
		`dev.yaml:1: logRetentionDays: must be a whole number, is "99999999999999999999"`},
	{"state bucket with capitals", top("state: {bucket: My-Bucket}"),
		`dev.yaml:1: state.bucket: must be an S3 bucket's name (3 to 63 lower-case letters, digits and dashes), is "My-Bucket"`},
	{"state bucket reserved", top("state: {bucket: my-bucket-s3alias}"),
		`dev.yaml:1: state.bucket: must be an S3 bucket's name (3 to 63 lower-case letters, digits and dashes), is "my-bucket-s3alias"`},
	{"state region unknown", top("state: {region: moon-1}"),
		`dev.yaml:1: state.region: must be a commercial AWS region, is "moon-1"; add it to settings/regions.go if it is new`},
	{"state key's id alone", top("state: {kmsKey: 11111111-2222-3333-4444-555555555555}"),
		`dev.yaml:1: state.kmsKey: must be the ARN of a KMS key or alias, is "11111111-2222-3333-4444-555555555555"`},
	{"state key in another region", top("state: {kmsKey: arn:aws:kms:eu-west-1:111111111111:alias/state}"),
		`dev.yaml:1: state.kmsKey: must be in eu-west-2 (region), is in eu-west-1`},
	{"state key in another region than the bucket", top("state: {region: eu-west-1, kmsKey: arn:aws:kms:eu-west-2:111111111111:alias/state}"),
		`dev.yaml:1: state.kmsKey: must be in eu-west-1 (state.region), is in eu-west-2`},
	{"state endpoint without scheme", top("state: {endpoint: localhost}"),
		`dev.yaml:1: state.endpoint: must be an http or https URL of a host, without a path, is "localhost"`},
	{"state endpoint with a path", top("state: {endpoint: http://localhost:9000/bucket}"),
		`dev.yaml:1: state.endpoint: must be an http or https URL of a host, without a path, is "http://localhost:9000/bucket"; write http://localhost:9000`},
	{"cidr public", swap("10.10.0.0/16", "8.8.0.0/16"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "8.8.0.0/16"; private are 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 100.64.0.0/10`},
	{"cidr with host bits", swap("10.10.0.0/16", "10.10.1.0/16"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "10.10.1.0/16"; write 10.10.0.0/16`},
	{"cidr too small", swap("10.10.0.0/16", "10.10.0.0/20"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "10.10.0.0/20"`},
	{"cidr too large", swap("10.10.0.0/16", "10.0.0.0/8"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "10.0.0.0/8"`},
	{"cidr of services", swap("10.10.0.0/16", "10.100.0.0/16"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "10.100.0.0/16"; EKS gives 10.100.0.0/16 or 172.20.0.0/16 to Kubernetes services`},
	{"cidr of services, a part", swap("10.10.0.0/16", "172.20.32.0/19"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "172.20.32.0/19"; EKS gives 10.100.0.0/16 or 172.20.0.0/16 to Kubernetes services`},
	{"cidr IPv6", swap("10.10.0.0/16", "fd00::/16"),
		`dev.yaml:4: network.cidr: must be a private IPv4 range from /16 to /19, is "fd00::/16"`},
	{"cidr missing", swap("  cidr: 10.10.0.0/16\n", ""),
		`dev.yaml:3: network.cidr: must be set: it has no default`},
	{"zones too few", swap("[a, b]", "[a]"),
		`dev.yaml:5: network.zones: must name 2 or 3 zones, names 1`},
	{"zones none", swap("[a, b]", "[]"),
		`dev.yaml:5: network.zones: must name 2 or 3 zones, names 0`},
	{"zones too many", swap("[a, b]", "[a, b, c, d, e]"),
		`dev.yaml:5: network.zones: must name 2 or 3 zones, names 5
dev.yaml:5: network.zones[3]: must be the letter of one of eu-west-2's zones (a, b or c), is "d"
dev.yaml:5: network.zones[4]: must be the letter of one of eu-west-2's zones (a, b or c), is "e"`},
	{"zone twice", swap("[a, b]", "[a, b, a]"),
		`dev.yaml:5: network.zones[2]: must be another zone than those before, is a again`},
	{"zone the region lacks", swap("[a, b]", "[a, d]"),
		`dev.yaml:5: network.zones[1]: must be the letter of one of eu-west-2's zones (a, b or c), is "d"`},
	{"zone with its region", swap("[a, b]", "[a, eu-west-2b]"),
		`dev.yaml:5: network.zones[1]: must be a zone's letter, is "eu-west-2b"; write b`},
	{"zone that Canada lost", all(swap("eu-west-2", "ca-central-1"), swap("[a, b]", "[d, c]")),
		`dev.yaml:5: network.zones[1]: must be the letter of one of ca-central-1's zones (a, b or d), is "c"`},
	{"zone of another region", swap("[a, b]", "[a, us-east-1b]"),
		`dev.yaml:5: network.zones[1]: must be the letter of one of eu-west-2's zones (a, b or c), is "us-east-1b"`},
	{"zones a text", swap("[a, b]", "ab"),
		`dev.yaml:5: network.zones: must be a list, is "ab"; write [ab]`},
	{"zones without a value", swap("[a, b]", ""),
		`dev.yaml:5: network.zones: must be a list, is empty; write [] for none`},
	{"zones missing", swap("  zones: [a, b]\n", ""),
		`dev.yaml:3: network.zones: must be set: it has no default`},
	{"zone a list", swap("[a, b]", "[a, [b]]"),
		`dev.yaml:5: network.zones[1]: must be text, is a list`},
	{"nat unknown", under("network", "nat: both"),
		`dev.yaml:4: network.nat: must be none, single or per-zone, is "both"`},
	{"nat misspelt", under("network", "nat: perzone"),
		`dev.yaml:4: network.nat: must be none, single or per-zone, is "perzone"; did you mean per-zone?`},
	{"nat none without endpoints", all(mirror, under("network", "nat: none")),
		`dev.yaml:3: network.interfaceEndpoints: must hold what Fargate needs without NAT, lacks ec2, ecr.api, ecr.dkr, eks, elasticloadbalancing, logs, secretsmanager and sts`},
	{"nat none with some endpoints", all(mirror, under("network", "nat: none", "interfaceEndpoints: [ec2, ecr.api, ecr.dkr, eks, logs, sts]")),
		`dev.yaml:5: network.interfaceEndpoints: must hold what Fargate needs without NAT, lacks elasticloadbalancing and secretsmanager`},
	{"nat none without a mirror", under("network", "nat: none", "interfaceEndpoints: ["+strings.Join(withoutNAT, ", ")+"]"),
		`dev.yaml:10: cluster.imageMirror: must be set without NAT: pods cannot reach the registries of the add-ons; copy their images to a registry in the region and name it here`},
	{"mirror as a URL", under("cluster", "imageMirror: https://registry.example.com/"),
		`dev.yaml:9: cluster.imageMirror: must be a registry's host, with a path if need be, without https:// and without a slash at the end, is "https://registry.example.com/"`},
	{"endpoint in full", under("network", "interfaceEndpoints: [com.amazonaws.eu-west-2.ecr.api]"),
		`dev.yaml:4: network.interfaceEndpoints[0]: must be an AWS service as in com.amazonaws.<region>.<service>, such as ecr.api, is "com.amazonaws.eu-west-2.ecr.api"; write ecr.api`},
	{"endpoint with capitals", under("network", "interfaceEndpoints: [ECR]"),
		`dev.yaml:4: network.interfaceEndpoints[0]: must be an AWS service as in com.amazonaws.<region>.<service>, such as ecr.api, is "ECR"`},
	{"endpoint twice", under("network", "interfaceEndpoints: [sts, logs, sts]"),
		`dev.yaml:4: network.interfaceEndpoints[2]: must not repeat an entry, repeats "sts"`},
	{"range shared with nobody", under("network", "sharesRangeWith: [qa]"),
		`dev.yaml:4: network.sharesRangeWith[0]: must be another environment, is "qa"; there is none`},
	{"engine misspelt", under("database", "engine: postgress"),
		`dev.yaml:7: database.engine: must be postgres or aurora-postgresql, is "postgress"; did you mean postgres?`},
	{"version too old", under("database", "version: 11"),
		`dev.yaml:7: database.version: must be a PostgreSQL version from 14 to 17, such as 17 or 17.6, is "11"`},
	{"version with a patch", under("database", "version: 17.6.1"),
		`dev.yaml:7: database.version: must be a PostgreSQL version from 14 to 17, such as 17 or 17.6, is "17.6.1"`},
	{"class without db", swap("db.t4g.micro", "t4g.micro"),
		`dev.yaml:7: database.instanceClass: must be an instance class for PostgreSQL, such as db.t4g.micro, is "t4g.micro"; write db.t4g.micro`},
	{"class of no family", swap("db.t4g.micro", "db.t4q.micro"),
		`dev.yaml:7: database.instanceClass: must be an instance class for PostgreSQL, such as db.t4g.micro, is "db.t4q.micro"; did you mean db.t4g.micro?`},
	{"class of no family at all", swap("db.t4g.micro", "db.banana.micro"),
		`dev.yaml:7: database.instanceClass: must be an instance class for PostgreSQL, such as db.t4g.micro, is "db.banana.micro"; families are t3, t4g, m5, m5d, m6g, m6gd, m6i, m6id, m6idn, m6in, m7g, m7i, m8g, m8gd, r5, r5b, r5d, r6g, r6gd, r6i, r6id, r6idn, r6in, r7g, r7i, r8g, r8gd, x2g, x2idn and x2iedn`},
	{"class of no size, burstable", swap("db.t4g.micro", "db.t4g.nano"),
		`dev.yaml:7: database.instanceClass: must be an instance class for PostgreSQL, such as db.t4g.micro, is "db.t4g.nano"; sizes of t4g are micro, small, medium, large, xlarge and 2xlarge`},
	{"class of no size", swap("db.t4g.micro", "db.m7g.medium"),
		`dev.yaml:7: database.instanceClass: must be an instance class for PostgreSQL, such as db.t4g.micro, is "db.m7g.medium"; sizes of m7g are among large, xlarge, 2xlarge, 4xlarge, 8xlarge, 10xlarge, 12xlarge, 16xlarge, 24xlarge, 32xlarge and 48xlarge`},
	{"class missing", swap("\n  instanceClass: db.t4g.micro", " {}"),
		`dev.yaml:6: database.instanceClass: must be set: it has no default`},
	{"class too small for Aurora", all(under("database", "engine: aurora-postgresql")),
		`dev.yaml:8: database.instanceClass: must be db.t4g.medium or db.t4g.large with engine aurora-postgresql, is "db.t4g.micro"`},
	{"class that Aurora lacks", all(swap("db.t4g.micro", "db.m7g.large"), under("database", "engine: aurora-postgresql")),
		`dev.yaml:8: database.instanceClass: must be of a family that Aurora offers (t3, t4g, r5, r6g, r6gd, r6i, r6id, r7g, r7i, r8g, r8gd or x2g), is "db.m7g.large"`},
	{"database reserved", under("database", "name: select"),
		`dev.yaml:7: database.name: must be at most 63 lower-case letters, digits and underscores, a letter first, and no word that PostgreSQL or RDS reserves, is "select"`},
	{"database with a dash", under("database", "name: my-app"),
		`dev.yaml:7: database.name: must be at most 63 lower-case letters, digits and underscores, a letter first, and no word that PostgreSQL or RDS reserves, is "my-app"`},
	{"database of a template", under("database", "name: template1"),
		`dev.yaml:7: database.name: must be at most 63 lower-case letters, digits and underscores, a letter first, and no word that PostgreSQL or RDS reserves, is "template1"`},
	{"username reserved by RDS", under("database", "username: admin"),
		`dev.yaml:7: database.username: must be at most 16 lower-case letters, digits and underscores, a letter first, and no word that PostgreSQL or RDS reserves, is "admin"`},
	{"username of a PostgreSQL role", under("database", "username: pg_admin"),
		`dev.yaml:7: database.username: must be at most 16 lower-case letters, digits and underscores, a letter first, and no word that PostgreSQL or RDS reserves, is "pg_admin"`},
	{"username too long", under("database", "username: a12345678901234567"),
		`dev.yaml:7: database.username: must be at most 16 lower-case letters, digits and underscores, a letter first, and no word that PostgreSQL or RDS reserves, is "a12345678901234567"`},
	{"storage too small", under("database", "storageGiB: 10"),
		`dev.yaml:7: database.storageGiB: must be 20 to 65536, is 10`},
	{"storage without room to grow", under("database", "storageGiB: 100", "maxStorageGiB: 109"),
		`dev.yaml:8: database.maxStorageGiB: must be at least 10% more than storageGiB (100), that is 110, is 109`},
	{"storage without room to grow, rounded up", under("database", "storageGiB: 101", "maxStorageGiB: 111"),
		`dev.yaml:8: database.maxStorageGiB: must be at least 10% more than storageGiB (101), that is 112, is 111`},
	{"storage larger than the default bound", under("database", "storageGiB: 200"),
		`dev.yaml:6: database.maxStorageGiB: must be at least 10% more than storageGiB (200), that is 220, is 100`},
	{"storage as text", under("database", "storageGiB: 20 GiB"),
		`dev.yaml:7: database.storageGiB: must be a whole number, is "20 GiB"`},
	{"replicas too many", under("database", "replicas: 6"),
		`dev.yaml:7: database.replicas: must be 0 to 5, is 6`},
	{"replicas below zero", under("database", "replicas: -1"),
		`dev.yaml:7: database.replicas: must be 0 to 5, is -1`},
	{"replicas of Aurora", aurora("replicas: 2"),
		`dev.yaml:8: database.replicas: must not be set with engine aurora-postgresql: Aurora's replicas come and go; use database.autoscaling`},
	{"replicas of Aurora, none", aurora("replicas: 0"),
		`dev.yaml:8: database.replicas: must not be set with engine aurora-postgresql: Aurora's replicas come and go; use database.autoscaling`},
	{"standby of Aurora", aurora("multiAZ: true"),
		`dev.yaml:8: database.multiAZ: must not be set with engine aurora-postgresql: Aurora's storage spans zones by itself and its replicas stand by; use database.autoscaling`},
	{"storage of Aurora", aurora("storageGiB: 20", "maxStorageGiB: 200"),
		`dev.yaml:8: database.storageGiB: must not be set with engine aurora-postgresql: Aurora's storage grows without bounds to set
dev.yaml:9: database.maxStorageGiB: must not be set with engine aurora-postgresql: Aurora's storage grows without bounds to set`},
	{"autoscaling of RDS", under("database", "autoscaling: {min: 1, max: 2}"),
		`dev.yaml:7: database.autoscaling.max: must not be set with engine postgres: RDS's replicas do not scale; use database.replicas
dev.yaml:7: database.autoscaling.min: must not be set with engine postgres: RDS's replicas do not scale; use database.replicas`},
	{"autoscaling from nothing", aurora("autoscaling: {min: 0, max: 2}"),
		`dev.yaml:8: database.autoscaling.min: must be at least 1 where max is above 0, is 0: without a replica there is no load to go by; set max to 0 for none at all`},
	{"autoscaling upside down", aurora("autoscaling: {min: 4, max: 2}"),
		`dev.yaml:8: database.autoscaling.min: must be at most max (2), is 4`},
	{"autoscaling above the default", aurora("autoscaling: {min: 4}"),
		`dev.yaml:8: database.autoscaling.min: must be at most max (3), is 4`},
	{"autoscaling beyond Aurora", aurora("autoscaling: {max: 16}"),
		`dev.yaml:8: database.autoscaling.max: must be 0 to 15, is 16`},
	{"backups off", under("database", "backupRetentionDays: 0"),
		`dev.yaml:7: database.backupRetentionDays: must be 1 to 35, is 0`},
	{"backup window in words", under("database", "backupWindow: at night"),
		`dev.yaml:7: database.backupWindow: must be a time of day in UTC of at least 30 minutes, hh:mm-hh:mm, is "at night"`},
	{"backup window of no hour", under("database", "backupWindow: 24:00-25:00"),
		`dev.yaml:7: database.backupWindow: must be a time of day in UTC of at least 30 minutes, hh:mm-hh:mm, is "24:00-25:00"`},
	{"backup window too short", under("database", "backupWindow: 02:00-02:29"),
		`dev.yaml:7: database.backupWindow: must be a time of day in UTC of at least 30 minutes, hh:mm-hh:mm, is "02:00-02:29"`},
	{"maintenance window without days", under("database", "maintenanceWindow: 03:30-04:30"),
		`dev.yaml:7: database.maintenanceWindow: must be a time of the week in UTC of 30 minutes to 24 hours, ddd:hh:mm-ddd:hh:mm, is "03:30-04:30"`},
	{"maintenance window too short", under("database", "maintenanceWindow: mon:03:30-mon:03:45"),
		`dev.yaml:7: database.maintenanceWindow: must be a time of the week in UTC of 30 minutes to 24 hours, ddd:hh:mm-ddd:hh:mm, is "mon:03:30-mon:03:45"`},
	{"maintenance window backwards", under("database", "maintenanceWindow: mon:05:30-mon:04:30"),
		`dev.yaml:7: database.maintenanceWindow: must be a time of the week in UTC of 30 minutes to 24 hours, ddd:hh:mm-ddd:hh:mm, is "mon:05:30-mon:04:30"`},
	{"windows overlap", under("database", "backupWindow: 04:00-05:00"),
		`dev.yaml:6: database.maintenanceWindow: must not overlap backupWindow (04:00-05:00), is sun:03:30-sun:04:30`},
	{"windows overlap over midnight", under("database", "backupWindow: 23:45-00:30", "maintenanceWindow: mon:00:00-mon:01:00"),
		`dev.yaml:8: database.maintenanceWindow: must not overlap backupWindow (23:45-00:30), is mon:00:00-mon:01:00`},
	{"windows overlap over the week's end", under("database", "backupWindow: 00:15-01:00", "maintenanceWindow: sun:23:30-mon:00:30"),
		`dev.yaml:8: database.maintenanceWindow: must not overlap backupWindow (00:15-01:00), is sun:23:30-mon:00:30`},
	{"deletion protection as a number", under("database", "deletionProtection: 1"),
		`dev.yaml:7: database.deletionProtection: must be true or false, is "1"`},
	{"images kept, none", top("registry: {keepImages: 0}"),
		`dev.yaml:1: registry.keepImages: must be 1 to 1000, is 0`},
	{"untagged images kept too long", top("registry: {untaggedDays: 400}"),
		`dev.yaml:1: registry.untaggedDays: must be 1 to 365, is 400`},
	{"Kubernetes version as a number", under("cluster", "version: 1.3"),
		`dev.yaml:9: cluster.version: must be a Kubernetes minor version, 1.31 or later, is "1.3"`},
	{"Kubernetes version too old", under("cluster", "version: 1.30"),
		`dev.yaml:9: cluster.version: must be a Kubernetes minor version, 1.31 or later, is "1.30"`},
	{"Kubernetes version with a patch", under("cluster", "version: v1.35.2"),
		`dev.yaml:9: cluster.version: must be a Kubernetes minor version, 1.31 or later, is "v1.35.2"; write 1.35`},
	{"whole internet while protected", all(top("protected: true"), under("cluster", "publicAccessCIDRs: [0.0.0.0/0]")),
		`dev.yaml:10: cluster.publicAccessCIDRs[0]: must be /8 or smaller while protected is true, is 0.0.0.0/0; name the networks that need the Kubernetes API`},
	{"half the internet while protected", all(top("protected: true"), under("cluster", "publicAccessCIDRs: [203.0.113.0/24, 128.0.0.0/1]")),
		`dev.yaml:10: cluster.publicAccessCIDRs[1]: must be /8 or smaller while protected is true, is 128.0.0.0/1; name the networks that need the Kubernetes API`},
	{"private network over the internet", under("cluster", "publicAccessCIDRs: [10.0.0.0/8]"),
		`dev.yaml:9: cluster.publicAccessCIDRs[0]: must be a network of the internet, is 10.0.0.0/8; private networks reach the API from inside the VPC`},
	{"address without a size", under("cluster", "publicAccessCIDRs: [203.0.113.7]"),
		`dev.yaml:9: cluster.publicAccessCIDRs[0]: must be an IPv4 network such as 203.0.113.0/24, is "203.0.113.7"; write 203.0.113.7/32`},
	{"network with host bits", under("cluster", "publicAccessCIDRs: [203.0.113.7/24]"),
		`dev.yaml:9: cluster.publicAccessCIDRs[0]: must be an IPv4 network such as 203.0.113.0/24, is "203.0.113.7/24"; write 203.0.113.0/24`},
	{"network twice", under("cluster", "publicAccessCIDRs: [203.0.113.0/24, 203.0.113.0/24]"),
		`dev.yaml:9: cluster.publicAccessCIDRs[1]: must not repeat an entry, repeats "203.0.113.0/24"`},
	{"network IPv6", under("cluster", "publicAccessCIDRs: [\"2001:db8::/32\"]"),
		`dev.yaml:9: cluster.publicAccessCIDRs[0]: must be an IPv4 network such as 203.0.113.0/24, is "2001:db8::/32"`},
	{"access for nobody", swap("\n    - principal: role/admin\n      policy: admin", " []"),
		`dev.yaml:9: cluster.access: must have an entry, has none`},
	{"access missing", swap("cluster:\n  access:\n    - principal: role/admin\n      policy: admin\n", ""),
		`dev.yaml:1: cluster.access: must be set: it has no default`},
	{"access without an admin", swap("policy: admin", "policy: edit"),
		`dev.yaml:9: cluster.access: must give one principal the policy admin: whoever deploys the addons and app stacks`},
	{"access by default a view", swap("      policy: admin\n", ""),
		`dev.yaml:9: cluster.access: must give one principal the policy admin: whoever deploys the addons and app stacks`},
	{"access without a principal", swap("principal: role/admin\n      policy", "policy"),
		`dev.yaml:10: cluster.access[0].principal: must be set: it has no default`},
	{"access of an unknown kind", swap("policy: admin", "policy: owner"),
		`dev.yaml:11: cluster.access[0].policy: must be admin, edit or view, is "owner"`},
	{"access twice", swap("      policy: admin\n", "      policy: admin\n    - principal: arn:aws:iam::111111111111:role/admin\n"),
		`dev.yaml:12: cluster.access[1].principal: must be another principal than those before, is arn:aws:iam::111111111111:role/admin again`},
	{"admin of a namespace", swap("      policy: admin\n", "      policy: admin\n      namespaces: [app]\n"),
		`dev.yaml:12: cluster.access[0].namespaces: must not be set with policy admin, which is for the whole cluster; use edit or view`},
	{"namespace with capitals", swap("      policy: admin\n", "      policy: admin\n    - principal: role/dev\n      namespaces: [App]\n"),
		`dev.yaml:13: cluster.access[1].namespaces[0]: must be a Kubernetes name: at most 63 lower-case letters, digits and dashes, is "App"`},
	{"namespace twice", swap("      policy: admin\n", "      policy: admin\n    - principal: role/dev\n      namespaces: [app, app]\n"),
		`dev.yaml:13: cluster.access[1].namespaces[1]: must not repeat an entry, repeats "app"`},
	{"principal root", swap("role/admin", "arn:aws:iam::111111111111:root"),
		`dev.yaml:10: cluster.access[0].principal: must be an IAM role or user: its ARN, role/<name> or user/<name>, is "arn:aws:iam::111111111111:root"; name a role: EKS takes no account as a whole`},
	{"principal everyone", swap("role/admin", `"*"`),
		`dev.yaml:10: cluster.access[0].principal: must be an IAM role or user: its ARN, role/<name> or user/<name>, is "*"; name one role or user, not many`},
	{"principal with a wildcard", swap("role/admin", "role/team-*"),
		`dev.yaml:10: cluster.access[0].principal: must be an IAM role or user: its ARN, role/<name> or user/<name>, is "role/team-*"; name one role or user, not many`},
	{"principal a session", swap("role/admin", "arn:aws:sts::111111111111:assumed-role/admin/me"),
		`dev.yaml:10: cluster.access[0].principal: must be an IAM role or user: its ARN, role/<name> or user/<name>, is "arn:aws:sts::111111111111:assumed-role/admin/me"; write role/admin, the role that is assumed`},
	{"principal a group", swap("role/admin", "group/admins"),
		`dev.yaml:10: cluster.access[0].principal: must be an IAM role or user: its ARN, role/<name> or user/<name>, is "group/admins"`},
	{"application's name with capitals", under("app", "name: App"),
		`dev.yaml:13: app.name: must be at most 20 lower-case letters, digits and single dashes, a letter first, and no namespace that Kubernetes or Plinth uses, is "App"`},
	{"application's name too long", under("app", "name: abcdefghijklmnopqrstu"),
		`dev.yaml:13: app.name: must be at most 20 lower-case letters, digits and single dashes, a letter first, and no namespace that Kubernetes or Plinth uses, is "abcdefghijklmnopqrstu"`},
	{"application in a system namespace", under("app", "name: kube-system"),
		`dev.yaml:13: app.name: must be at most 20 lower-case letters, digits and single dashes, a letter first, and no namespace that Kubernetes or Plinth uses, is "kube-system"`},
	{"image of no version", swap("image:\n    tag: 1.2.3", "image: {}"),
		`dev.yaml:13: app.image: must have a tag or a digest, has neither`},
	{"image of two versions", swap("    tag: 1.2.3", "    tag: 1.2.3\n    digest: sha256:0123456789012345678901234567890123456789012345678901234567890123"),
		`dev.yaml:13: app.image: must have a tag or a digest, has both (1.2.3 and sha256:0123456789012345678901234567890123456789012345678901234567890123); remove one`},
	{"image latest", swap("1.2.3", "latest"),
		`dev.yaml:14: app.image.tag: must be an image tag other than latest: at most 128 letters, digits and _.-, is "latest"; name one version: the registry's tags never move`},
	{"image tag with a space", swap("1.2.3", "1.2 3"),
		`dev.yaml:14: app.image.tag: must be an image tag other than latest: at most 128 letters, digits and _.-, is "1.2 3"`},
	{"image tag with the repository", swap("1.2.3", "app:1.2.3"),
		`dev.yaml:14: app.image.tag: must be an image tag other than latest: at most 128 letters, digits and _.-, is "app:1.2.3"`},
	{"image digest too short", swap("tag: 1.2.3", "digest: sha256:0123"),
		`dev.yaml:14: app.image.digest: must be an image digest: sha256: and 64 hexadecimal digits, is "sha256:0123"`},
	{"cpu not offered", under("app", "cpu: 0.75"),
		`dev.yaml:13: app.cpu: must be a CPU that Fargate offers (0.25, 0.5, 1, 2, 4, 8 or 16), is "0.75"`},
	{"cpu in millicores", under("app", "cpu: 250m"),
		`dev.yaml:13: app.cpu: must be a CPU that Fargate offers (0.25, 0.5, 1, 2, 4, 8 or 16), is "250m"`},
	{"memory not offered with the least cpu", under("app", "memoryGiB: 4"),
		`dev.yaml:13: app.memoryGiB: must be what Fargate offers with cpu 0.25 (0.5, 1 or 2), is "4"`},
	{"memory not offered with half a cpu", under("app", "cpu: 0.5"),
		`dev.yaml:12: app.memoryGiB: must be what Fargate offers with cpu 0.5 (1 to 4), is "0.5"`},
	{"memory not offered with four cpus", under("app", "cpu: 4", "memoryGiB: 31"),
		`dev.yaml:14: app.memoryGiB: must be what Fargate offers with cpu 4 (8 to 30), is "31"`},
	{"memory between the steps", under("app", "cpu: 8", "memoryGiB: 18"),
		`dev.yaml:14: app.memoryGiB: must be what Fargate offers with cpu 8 (16 to 60 in steps of 4), is "18"`},
	{"memory with its unit", under("app", "memoryGiB: 1Gi"),
		`dev.yaml:13: app.memoryGiB: must be what Fargate offers with cpu 0.25 (0.5, 1 or 2), is "1Gi"`},
	{"pods upside down", under("app", "replicas: {min: 5, max: 3}"),
		`dev.yaml:13: app.replicas.min: must be at most max (3), is 5`},
	{"pods, none", under("app", "replicas: {min: 0}"),
		`dev.yaml:13: app.replicas.min: must be 1 to 100, is 0`},
	{"pods above the default", under("app", "replicas: {min: 7}"),
		`dev.yaml:13: app.replicas.min: must be at most max (6), is 7`},
	{"cpu target too high", under("app", "replicas: {cpuPercent: 100}"),
		`dev.yaml:13: app.replicas.cpuPercent: must be 10 to 90, is 100`},
	{"domain without certificate", under("app", "domain: app.example.com"),
		`dev.yaml:13: app.domain: must come with app.certificateARN, the ACM certificate of app.example.com`},
	{"domain with a dot at the end", under("app", "domain: App.example.com.", "certificateARN: arn:aws:acm:eu-west-2:111111111111:certificate/1"),
		`dev.yaml:13: app.domain: must be a DNS name such as app.example.com, is "App.example.com."; write app.example.com`},
	{"domain a wildcard", under("app", `domain: "*.example.com"`),
		`dev.yaml:13: app.domain: must be a DNS name such as app.example.com, is "*.example.com"`},
	{"certificate without domain", under("app", "certificateARN: arn:aws:acm:eu-west-2:111111111111:certificate/1"),
		`dev.yaml:13: app.certificateARN: must come with app.domain, the name the certificate is for`},
	{"certificate in another region", under("app", "domain: app.example.com", "certificateARN: arn:aws:acm:us-east-1:111111111111:certificate/1"),
		`dev.yaml:14: app.certificateARN: must be in eu-west-2 (region), is in us-east-1`},
	{"certificate in another account", under("app", "domain: app.example.com", "certificateARN: arn:aws:acm:eu-west-2:222222222222:certificate/1"),
		`dev.yaml:14: app.certificateARN: must be in 111111111111 (account), is in 222222222222`},
	{"certificate of IAM", under("app", "domain: app.example.com", "certificateARN: arn:aws:iam::111111111111:server-certificate/app"),
		`dev.yaml:14: app.certificateARN: must be the ARN of an ACM certificate, is "arn:aws:iam::111111111111:server-certificate/app"`},
	{"nobody reaches the load balancer", under("app", "allowedCIDRs: []"),
		`dev.yaml:13: app.allowedCIDRs: must have an entry, has none`},
	{"unknown key", swap("  zones:", "  zone:"),
		`dev.yaml:5: network.zone: unknown key; did you mean zones?`},
	{"unknown key of another section", top("nat: none"),
		`dev.yaml:1: nat: unknown key; did you mean network.nat?`},
	{"unknown key like no other", under("network", "colour: blue"),
		`dev.yaml:4: network.colour: unknown key; known here are cidr, flowLogs, interfaceEndpoints, nat, sharesRangeWith and zones`},
	{"unknown key at the top", top("colour: blue"),
		`dev.yaml:1: colour: unknown key; known here are account, app, cluster, database, logRetentionDays, network, project, protected, region, registry, repository and state`},
	{"unknown key in other case", under("database", "multiaz: true"),
		`dev.yaml:7: database.multiaz: unknown key; did you mean multiAZ?`},
	{"unknown key in a list", swap("policy: admin", "polices: admin"),
		`dev.yaml:11: cluster.access[0].polices: unknown key; did you mean policy?`},
	{"unknown key with a newline", top(`"a\nb": 1`),
		`dev.yaml:1: "a\nb": unknown key; known here are account, app, cluster, database, logRetentionDays, network, project, protected, region, registry, repository and state`},
	{"key twice", swap("region: eu-west-2\n", "region: eu-west-2\nregion: eu-west-1\n"),
		`dev.yaml:3: region: must be set once, is set again, first on line 2`},
	{"key a list", top("[a, b]: c"),
		`dev.yaml:1: yaml: must have names as keys, one is a list`},
	{"section a list", swap("network:\n  cidr: 10.10.0.0/16\n  zones: [a, b]", "network: [a]"),
		`dev.yaml:3: network: must be a mapping (key: value), is a list`},
	{"section a text", swap("database:\n  instanceClass: db.t4g.micro", "database: postgres"),
		`dev.yaml:6: database: must be a mapping (key: value), is "postgres"`},
	{"section empty", swap("network:\n  cidr: 10.10.0.0/16\n  zones: [a, b]", "network:\n  # nothing yet"),
		`dev.yaml:3: network.cidr: must be set: it has no default
dev.yaml:3: network.zones: must be set: it has no default`},
	{"entry a text", swap("- principal: role/admin\n      policy: admin", "- role/admin"),
		`dev.yaml:10: cluster.access[0]: must be a mapping (key: value), is "role/admin"`},
	{"text a mapping", swap("1.2.3", "{a: b}"),
		`dev.yaml:14: app.image.tag: must be text, is a mapping`},
	{"anchor and alias", swap("region: eu-west-2", "region: &here eu-west-2\nrepository: *here"),
		`dev.yaml:2: region: must not use YAML anchors and aliases; write the value itself
dev.yaml:3: repository: must not use YAML anchors and aliases; write the value itself`},
	{"merge key", under("app", "<<: {name: web}"),
		`dev.yaml:13: app."<<": unknown key; known here are allowedCIDRs, certificateARN, cpu, domain, image, internal, memoryGiB, name and replicas`},
	{"type tag", swap("1.2.3", "!!str 1.2.3"),
		`dev.yaml:14: app.image.tag: must not use YAML tags such as "!!str"; write the value alone`},
	{"list too long", under("cluster", "publicAccessCIDRs: ["+strings.Repeat("a, ", 101)+"]"),
		`dev.yaml:9: cluster.publicAccessCIDRs: must have at most 100 entries, has 101`},
	{"empty file", whole(""),
		`dev.yaml:1: yaml: must hold settings, is empty`},
	{"only comments", whole("# nothing\n# yet\n"),
		`dev.yaml:1: yaml: must hold settings, is empty`},
	{"only null", whole("---\n~\n"),
		`dev.yaml:1: yaml: must hold settings, is empty`},
	{"a list for a file", whole("- a\n- b\n"),
		`dev.yaml:1: yaml: must be a mapping (key: value), is a list`},
	{"a text for a file", whole("\nhello\n"),
		`dev.yaml:2: yaml: must be a mapping (key: value), is "hello"`},
	{"two documents", top("account: 1", "---"),
		`dev.yaml:2: yaml: must hold one YAML document, another starts here`},
	{"syntax error", swap("zones: [a, b]", "zones: [a, b"),
		`dev.yaml:5: yaml: did not find expected ',' or ']'`},
	{"tab", swap("  cidr", "\tcidr"),
		`dev.yaml:4: yaml: found character that cannot start any token; a tab does not indent, and @ or a backtick needs quotes`},
	{"control character", swap("eu-west-2", "eu\x07"),
		`dev.yaml:2: yaml: must be text without control characters, holds U+0007`},
	{"indentation lost", swap("  zones:", " zones:"),
		`dev.yaml:5: yaml: did not find expected key; check the indentation from here on`},
	{"indentation lost at the top", swap("region:", " region:"),
		`dev.yaml:2: yaml: did not find expected key; check the indentation from here on`},
	{"unquoted at sign", swap("1.2.3", "@1"),
		`dev.yaml:14: yaml: found character that cannot start any token; a tab does not indent, and @ or a backtick needs quotes`},
	{"colon in a text", swap("1.2.3", "a: b"),
		`dev.yaml:14: yaml: mapping values are not allowed in this context`},
	{"unclosed quote", swap("1.2.3", `"1.2.3`),
		`dev.yaml:14: yaml: found unexpected end of stream`},
	{"password of Aurora", aurora("passwordVersion: 2"),
		`dev.yaml:8: database.passwordVersion: must not be set with engine aurora-postgresql: RDS rotates Aurora's password by itself`},
	{"password version zero", under("database", "passwordVersion: 0"),
		`dev.yaml:7: database.passwordVersion: must be 1 to 1000000, is 0`},
	{"region of the government", swap("eu-west-2", "us-gov-west-1"),
		`dev.yaml:2: region: must be a commercial AWS region, is "us-gov-west-1"; Plinth knows neither China's regions nor the government's`},
	{"alias of nothing", swap("eu-west-2", "*nothing"),
		`dev.yaml:2: yaml: must not use YAML anchors and aliases; write the value itself`},
	{"not UTF-8", swap("eu-west-2", "eu-\xff-2"),
		`dev.yaml:2: yaml: must be UTF-8 text, holds other bytes`},
	{"too large", top("# " + strings.Repeat("x", maxSize)),
		`dev.yaml:1: yaml: must be at most 1 MiB, is larger`},
	{"mistakes by the dozen", all(top("protected: maybe"), swap("eu-west-2", "eu-west-9"), swap("[a, b]", "[a, q]"), under("database", "storageGib: 5", "replicas: 9"), swap("1.2.3", "latest")),
		`dev.yaml:1: protected: must be true or false, is "maybe"
dev.yaml:3: region: must be a commercial AWS region, is "eu-west-9"; did you mean eu-west-1?
dev.yaml:8: database.storageGib: unknown key; did you mean storageGiB?
dev.yaml:9: database.replicas: must be 0 to 5, is 9
dev.yaml:17: app.image.tag: must be an image tag other than latest: at most 128 letters, digits and _.-, is "latest"; name one version: the registry's tags never move`},
}

func TestBadInput(t *testing.T) {
	names := map[string]bool{}
	for _, test := range badInput {
		if names[test.name] {
			t.Errorf("two cases are named %s", test.name)
		}
		names[test.name] = true
		t.Run(test.name, func(t *testing.T) {
			_, err := loadFiles(map[string]string{"dev": test.edit(base)})
			if err == nil {
				t.Fatalf("no error, want\n%s", test.want)
			}
			if got := err.Error(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
