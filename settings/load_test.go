package settings

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// loadFiles loads environments from memory: the file's content by the environment's name.
func loadFiles(contents map[string]string, environ ...string) ([]*Environment, error) {
	var files []file
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		files = append(files, file{path: name + ".yaml", name: name, content: []byte(contents[name])})
	}
	return load(files, append([]string{date("2026-11-30")}, environ...), nil)
}

// date is a variable that makes day today.
func date(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s=%d", dateVariable, at.Unix())
}

// folder writes files to a new directory.
func folder(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func names(environments []*Environment) string {
	var all []string
	for _, environment := range environments {
		all = append(all, environment.Name)
	}
	return strings.Join(all, " ")
}

const (
	// repositoryFolder has the users' own environments.
	repositoryFolder = "../environments"
	// sampleFolder has three environments that tests rely on.
	sampleFolder = "testdata/environments"
)

func TestRepositoryFiles(t *testing.T) {
	if _, err := Load(repositoryFolder, nil); err != nil {
		t.Error(err)
	}
}

func TestSamples(t *testing.T) {
	environments, err := Load(sampleFolder, []string{date("2026-11-30")})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(environments); got != "dev prod shapes staging" {
		t.Fatalf("environments are %s", got)
	}
	dev, prod := environments[0], environments[1]
	for _, check := range []struct {
		what      string
		got, want any
	}{
		{"dev's bucket", dev.State.Bucket, "plinth-dev-state-111111111111"},
		{"dev's state region", dev.State.Region, "eu-west-2"},
		{"dev's key", dev.State.KMSKey, "arn:aws:kms:eu-west-2:111111111111:alias/plinth-dev-state"},
		{"dev's changes of the database", *dev.Database.ApplyImmediately, true},
		{"prod's changes of the database", *prod.Database.ApplyImmediately, false},
		{"dev's deletion protection", *dev.Database.DeletionProtection, false},
		{"dev's final snapshot", *dev.Database.FinalSnapshot, false},
		{"dev's principal", dev.Cluster.AccessEntries[0].Principal, "arn:aws:iam::111111111111:role/developer"},
		{"dev's zones", strings.Join(dev.ZoneNames(), " "), "eu-west-2a eu-west-2b"},
		{"dev's flow logs, by default", dev.Network.FlowLogs, true},
		{"dev's parameter family", dev.Database.ParameterFamily(), "postgres17"},
		{"dev's cluster", dev.ResourceName(), "plinth-dev"},
		{"dev's replica", dev.ResourceName("postgres", "replica", "1"), "plinth-dev-postgres-replica-1"},
		{"prod's deletion protection", *prod.Database.DeletionProtection, true},
		{"prod's final snapshot", *prod.Database.FinalSnapshot, true},
		{"prod's CPU, not quoted", prod.Apps["app"].Web.CPU, "1"},
	} {
		if check.got != check.want {
			t.Errorf("%s is %v, want %v", check.what, check.got, check.want)
		}
	}
}

// TestTheSampleIsShort: an application with the defaults is a few lines.
func TestTheSampleIsShort(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(repositoryFolder, "dev.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, entry, _ := strings.Cut(string(content), "\n  app:\n")
	lines := strings.Split(strings.TrimSpace(entry), "\n")
	if len(lines) >= 6 {
		t.Errorf("the entry has %d lines, want less than 6", len(lines))
	}
}

func TestWarningOfFargateProfiles(t *testing.T) {
	for count, want := range map[int]string{5: "", 6: "dev.yaml:12: apps: need 11 Fargate profiles in the cluster; AWS allows 10 unless the account's quota for EKS, Fargate profiles per cluster, is raised"} {
		file := base
		for i := range count - 1 {
			file = swap("\nci:\n", fmt.Sprintf("\n  a%d: {image: {tag: 1}, web: {}}\nci:\n", i))(file)
		}
		environments, err := loadFiles(map[string]string{"dev": file})
		if err != nil {
			t.Fatal(err)
		}
		if got := environments[0].Warnings.Error(); got != want {
			t.Errorf("%d applications: got %s, want %s", count, got, want)
		}
	}
}

func TestDevFitsOnAScreen(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(sampleFolder, "dev.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(content, []byte("\n")); lines >= 40 {
		t.Errorf("dev.yaml has %d lines, want less than 40", lines)
	}
}

func TestFourthFile(t *testing.T) {
	contents := map[string]string{"qa.yaml": strings.Replace(base, "111111111111", "012345678901", 1)}
	for _, name := range []string{"dev.yaml", "staging.yaml", "prod.yaml"} {
		content, err := os.ReadFile(filepath.Join(sampleFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		contents[name] = string(content)
	}
	environments, err := Load(folder(t, contents), []string{date("2026-11-30")})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(environments); got != "dev prod qa staging" {
		t.Errorf("environments are %s", got)
	}
	if got := environments[2].Account; got != "012345678901" {
		t.Errorf("account is %s: its leading zero is lost", got)
	}
}

func TestGoodInput(t *testing.T) {
	for _, test := range []struct {
		name string
		edit edit
		get  func(*Environment) any
		want any
	}{
		{"account as a number", swap(`"111111111111"`, "012345678901"), func(e *Environment) any { return e.Account }, "012345678901"},
		{"version as a number keeps its zero", swap("1.2.3", "1.40"), func(e *Environment) any { return e.Apps["app"].Image.Tag }, "1.40"},
		{"version with a minor", under("database", "version: 16.10"), func(e *Environment) any { return e.Database.ParameterFamily() }, "postgres16"},
		{"tag as a number", swap("1.2.3", "1.10"), func(e *Environment) any { return e.Apps["app"].Image.Tag }, "1.10"},
		{"false is not the default", under("network", "flowLogs: false"), func(e *Environment) any { return e.Network.FlowLogs }, false},
		{"zero is not the default", aurora("autoscaling: {min: 0, max: 0}"), func(e *Environment) any { return e.Database.Autoscaling.Min }, 0},
		{"one of a section leaves the others", aurora("autoscaling: {min: 2}"), func(e *Environment) any { return e.Database.Autoscaling.Max }, 3},
		{"a developer has the application's namespace", swap("policy: admin", "policy: developer"), func(e *Environment) any { return strings.Join(e.Cluster.AccessEntries[0].Namespaces, " ") }, "app"},
		{"connections of a class's memory", observe("prometheus: {enabled: true}"), func(e *Environment) any { return e.Observability.Alarms.DatabaseConnections }, 80},
		{"those of a larger one", aurora(), func(e *Environment) any { return e.Observability.Alarms.DatabaseConnections }, 1297},
		{"those of the largest", swap("db.t4g.micro", "db.r8g.24xlarge"), func(e *Environment) any { return e.Observability.Alarms.DatabaseConnections }, 4000},
		{"connections as they are written", observe("alarms: {databaseConnections: 7}"), func(e *Environment) any { return e.Observability.Alarms.DatabaseConnections }, 7},
		{"free storage by the storage", under("database", "storageGiB: 80"), func(e *Environment) any { return e.Observability.Alarms.DatabaseFreeStorageGiB }, 10},
		{"Grafana from inside the VPC", observe(grafana), func(e *Environment) any { return e.Observability.Grafana.AllowedCIDRs[0] }, "10.10.0.0/16"},
		{"what was installed in the cluster can be deleted", observe("loki: {enabled: false}"), func(e *Environment) any { return strings.Join(e.KubernetesStacks(), " ") }, "addons observability app"},
		{"Aurora's family", aurora(), func(e *Environment) any { return e.Database.ParameterFamily() }, "aurora-postgresql17"},
		{"a database in the cluster needs nothing else", swap("instanceClass: db.t4g.micro", "engine: in-cluster"), func(e *Environment) any { return *e.Database.FinalSnapshot }, false},
		{"an empty section is as none", top("state:", "registry: # nothing"), func(e *Environment) any { return e.Registry.MaxTaggedImages }, 30},
		{"a protected database's changes at once", all(top("protected: true"), closed, under("database", "applyImmediately: true")), func(e *Environment) any { return *e.Database.ApplyImmediately }, true},
		{"the newest version", under("database", "version: 18.1"), func(e *Environment) any { return e.Database.ParameterFamily() }, "postgres18"},
		{"protection against the environment's", all(top("protected: true"), closed, under("database", "deletionProtection: false")), func(e *Environment) any { return *e.Database.DeletionProtection }, false},
		{"snapshot with the environment's", all(top("protected: true"), closed, under("database", "deletionProtection: false")), func(e *Environment) any { return *e.Database.FinalSnapshot }, true},
		{"plain HTTP inside the VPC", all(top("protected: true"), web("internal: true")), func(e *Environment) any { return e.Apps["app"].Web.AllowedCIDRs[0] }, "0.0.0.0/0"},
		{"plain HTTP to private networks", all(top("protected: true"), web("allowedCIDRs: [10.0.0.0/8]")), func(e *Environment) any { return e.Apps["app"].Web.Domain }, ""},
		{"TLS to the internet", all(top("protected: true"), web("domain: app.example.com", "hostedZone: example.com")), func(e *Environment) any { return e.Apps["app"].Web.AllowedCIDRs[0] }, "0.0.0.0/0"},
		{"plain HTTP to the internet where nothing is protected", whole(base), func(e *Environment) any { return e.Apps["app"].Web.AllowedCIDRs[0] }, "0.0.0.0/0"},
		{"state elsewhere", top("state: {region: eu-west-1, bucket: ours}"), func(e *Environment) any { return e.State }, State{Bucket: "ours", Region: "eu-west-1", KMSKey: "arn:aws:kms:eu-west-1:111111111111:alias/plinth-dev-state", NoncurrentVersionRetentionDays: 90, CreatesBucket: true, CreatesKey: true}},
		{"a protected environment deploys from tags", all(top("protected: true"), closed), func(e *Environment) any { return fmt.Sprint(e.CI.Branches, e.CI.Tags, e.CI.PlanBranches) }, "[] [v*] [main]"},
		{"another from main", all(), func(e *Environment) any { return fmt.Sprint(e.CI.Branches, e.CI.Tags, e.CI.PlanBranches) }, "[main] [] [*]"},
		{"plans on the runners of the rest", under("ci", "runnerTags: [a]"), func(e *Environment) any { return fmt.Sprint(e.CI.PlanRunnerTags) }, "[a]"},
		{"plans on runners of their own", all(top("protected: true"), closed, under("ci", "runnerTags: [a]", "planRunnerTags: [b]", "planBranches: ['*']")), func(e *Environment) any { return fmt.Sprint(e.CI.PlanRunnerTags) }, "[b]"},
		{"an issuer by the provider", under("ci", "provider: github"), func(e *Environment) any { return e.CI.Issuer }, "https://token.actions.githubusercontent.com"},
		{"a key of one's own is not made", top("state: {kmsKey: 'arn:aws:kms:eu-west-2:111111111111:key/1'}"), func(e *Environment) any { return e.State.CreatesKey }, false},
		{"another server has no bucket of AWS's", top("state: {endpoint: 'http://127.0.0.1:9000'}"), func(e *Environment) any { return e.State.CreatesBucket }, false},
		{"another server has no key", top("state: {endpoint: 'http://127.0.0.1:9000', kmsKey: 'arn:aws:kms:eu-west-2:111111111111:key/1'}"), func(e *Environment) any { return e.State.KMSKey }, ""},
		{"shared address space", swap("10.10.0.0/16", "100.64.0.0/19"), func(e *Environment) any { return e.Network.CIDR }, "100.64.0.0/19"},
		{"full internet where nothing is protected", under("cluster", "publicAccessCIDRs: [0.0.0.0/0]"), func(e *Environment) any { return e.Cluster.PublicAccessCIDRs[0] }, "0.0.0.0/0"},
		{"a long domain with a certificate", web("domain: "+strings.Repeat("a", 53)+".example.com", "certificateARN: arn:aws:acm:eu-west-2:111111111111:certificate/1"), func(e *Environment) any { return len(e.Apps["app"].Web.Domain) }, 65},
		{"the longest domain without a certificate", web("domain: "+strings.Repeat("a", 52)+".example.com", "hostedZone: example.com"), func(e *Environment) any { return len(e.Apps["app"].Web.Domain) }, 64},
		{"a label of 63 characters", web("domain: "+strings.Repeat("a", 63)+".example.com", "certificateARN: arn:aws:acm:eu-west-2:111111111111:certificate/1"), func(e *Environment) any { return len(e.Apps["app"].Web.Domain) }, 75},
		{"principal with a path", swap("role/admin", "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/Admin"), func(e *Environment) any { return e.Cluster.AccessEntries[0].Principal }, "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/Admin"},
		{"administrators", top("state: {administrators: [role/ops/admin, user/me, 'role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*']}"),
			func(e *Environment) any { return strings.Join(e.State.Administrators, " ") },
			"arn:aws:iam::111111111111:role/ops/admin arn:aws:iam::111111111111:user/me arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"},
		{"user", swap("role/admin", "user/me@example.com"), func(e *Environment) any { return e.Cluster.AccessEntries[0].Principal }, "arn:aws:iam::111111111111:user/me@example.com"},
		{"no NAT with all endpoints", all(under("network", "nat: none", "interfaceEndpoints: ["+strings.Join(endpointsForFargate, ", ")+"]"), under("cluster", "imageMirror: registry.example.com/mirror")), func(e *Environment) any { return e.Network.NAT }, NATNone},
		{"windows that touch", under("database", "backupWindow: 04:30-05:00"), func(e *Environment) any { return e.Database.BackupWindow }, "04:30-05:00"},
		{"storage with just enough room", under("database", "storageGiB: 101", "maxStorageGiB: 112"), func(e *Environment) any { return e.Database.MaxStorageGiB }, 112},
		{"pods of one number", web("replicas: {min: 4, max: 4}"), func(e *Environment) any { return e.Apps["app"].Web.Replicas.Min }, 4},
		{"replicas of one number", aurora("autoscaling: {min: 2, max: 2}"), func(e *Environment) any { return e.Database.Autoscaling.Max }, 2},
		{"longest name of a load balancer", all(top("project: a-name-of-17-chrs"), swap("\n  app:\n", "\n  ten-chars1:\n")), func(e *Environment) any { return len(e.ResourceName(e.ApplicationNames()[0])) }, 32},
		{"byte order mark", func(file string) string { return "\ufeff" + file }, func(e *Environment) any { return e.Region }, "eu-west-2"},
		{"Windows line ends", func(file string) string { return strings.ReplaceAll(file, "\n", "\r\n") }, func(e *Environment) any { return e.Region }, "eu-west-2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": test.edit(base)})
			if err != nil {
				t.Fatal(err)
			}
			if got := test.get(environments[0]); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestFolder(t *testing.T) {
	for _, test := range []struct {
		name     string
		contents map[string]string
		want     string // with DIR for the folder
	}{
		{"empty", nil, "DIR: must hold a YAML file for each environment, such as dev.yaml, holds none"},
		{"other files", map[string]string{"schema.json": "{}", ".dev.yaml": "", "README.md": ""}, "DIR: must hold a YAML file for each environment, such as dev.yaml, holds none"},
		{"yml", map[string]string{"dev.yml": base}, "DIR/dev.yml:1: file name: must end in .yaml; rename it to dev.yaml"},
		{"YAML", map[string]string{"dev.YAML": base}, "DIR/dev.YAML:1: file name: must end in .yaml; rename it to dev.yaml"},
		{"dash", map[string]string{"dev-eu.yaml": base}, `DIR/dev-eu.yaml:1: file name: must be an environment's name (1 to 10 lower-case letters and digits, starting with a letter) and .yaml, is "dev-eu.yaml"`},
		{"too long", map[string]string{"development.yaml": base}, `DIR/development.yaml:1: file name: must be an environment's name (1 to 10 lower-case letters and digits, starting with a letter) and .yaml, is "development.yaml"`},
		{"bootstrap", map[string]string{"bootstrap.yaml": base}, "DIR/bootstrap.yaml:1: file name: must not be bootstrap.yaml: the name is reserved"},
		{"every file's mistakes", map[string]string{
			"dev.yaml":  "account: 1\n" + strings.SplitN(base, "\n", 2)[1],
			"prod.yaml": "{",
			"qa.yaml":   strings.Replace(base, "eu-west-2", "mars", 1),
			"qa.yml":    "",
		}, `DIR/dev.yaml:1: account: must be an AWS account ID of 12 digits, is "1"
DIR/prod.yaml:1: yaml: did not find expected node content
DIR/qa.yaml:2: region: must be a commercial AWS region, is "mars"; add it to settings/regions.go if it is new
DIR/qa.yml:1: file name: must end in .yaml; rename it to qa.yaml`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.contents)
			_, err := Load(dir, nil)
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestFolderMissing(t *testing.T) {
	_, err := Load("no/such/folder", nil)
	want := "no/such/folder: must be the folder of the environments' YAML files: open no/such/folder: no such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestFileUnreadable(t *testing.T) {
	dir := folder(t, nil)
	if err := os.Symlink("nowhere", filepath.Join(dir, "dev.yaml")); err != nil {
		t.Skip(err)
	}
	_, err := Load(dir, nil)
	if err == nil || !strings.Contains(err.Error(), "/dev.yaml:1: file: cannot be read: ") {
		t.Errorf("got %v", err)
	}
}

// withRange returns a valid file with another range and account.
func withRange(account, cidr string) string {
	return strings.NewReplacer("111111111111", account, "10.10.0.0/16", cidr).Replace(shared(base))
}

// shared makes a file use the OIDC provider of another environment.
func shared(file string) string { return under("ci", "useExistingOIDCProvider: true")(file) }

func TestOneIdentityProviderInAnAccount(t *testing.T) {
	dev := strings.Replace(base, "10.10.0.0/16", "10.20.0.0/16", 1)
	github := under("ci", "provider: github")
	for _, test := range []struct {
		name, dev, qa, want string
	}{
		{"both make it", dev, base, `qa.yaml:17: ci.useExistingOIDCProvider: must be true: dev creates the OIDC provider for https://gitlab.com in the same account, which can have only one`},
		{"the later one leaves it", dev, shared(base), ""},
		{"the earlier one leaves it", shared(dev), base, ""},
		{"two issuers", github(dev), base, ""},
		{"the issuer by default and by name", under("ci", "issuer: https://gitlab.com")(dev), base,
			`qa.yaml:17: ci.useExistingOIDCProvider: must be true: dev creates the OIDC provider for https://gitlab.com in the same account, which can have only one`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadFiles(map[string]string{"dev": test.dev, "qa": test.qa})
			if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// TestMostAudiencesOfAnAccount: 33 environments have the 100 audiences that an OIDC provider can have.
func TestMostAudiencesOfAnAccount(t *testing.T) {
	contents := map[string]string{}
	for i := range 33 {
		file := strings.Replace(base, "10.10.0.0/16", fmt.Sprintf("10.%d.0.0/16", i), 1)
		if i > 0 {
			file = shared(file)
		}
		contents[fmt.Sprintf("e%02d", i)] = file
	}
	if _, err := loadFiles(contents); err != nil {
		t.Fatal(err)
	}
	contents["e33"] = shared(strings.Replace(base, "10.10.0.0/16", "10.33.0.0/16", 1))
	_, err := loadFiles(contents)
	const want = "e33.yaml:1: account: must not be shared by more than 33 environments with the same ci.issuer, is shared by 34: " +
		"IAM allows 100 audiences for an OIDC provider; use another account"
	if got := fmt.Sprint(err); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOnlyOneHasIt: what AWS has once, in the world or in an account's hosted zone.
func TestOnlyOneHasIt(t *testing.T) {
	const a, b = "111111111111", "222222222222"
	bucket := top("state: {bucket: example-states}")
	domain := web("domain: app.example.com", "hostedZone: example.com")
	dev, qa := withRange(a, "10.0.0.0/16"), withRange(b, "10.1.0.0/16")
	qaOfA := strings.Replace(qa, b, a, 1)
	for _, test := range []struct{ name, dev, qa, selected, want string }{
		{"a bucket", bucket(dev), bucket(qa), "", `qa.yaml:1: state.bucket: must differ from dev's, which creates the bucket, is "example-states" too`},
		{"a bucket, the other left out", bucket(dev), bucket(qa), "dev", `dev.yaml:1: state.bucket: must differ from qa's, which creates the bucket, is "example-states" too`},
		{"a bucket of another server", top("state: {bucket: example-states, endpoint: https://s3.example.com}")(dev), bucket(qa), "", ""},
		{"a record", domain(dev), domain(qaOfA), "", `qa.yaml:15: apps.app.web.domain: must differ from dev's, which creates the record in the same hosted zone, is app.example.com too`},
		{"a record in two accounts", domain(dev), domain(qa), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadFiles(map[string]string{"dev": test.dev, "qa": test.qa}, "PLINTH_ENVIRONMENTS="+test.selected)
			if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestOneBaselineInAnAccount(t *testing.T) {
	baseline := top("baseline: true")
	dev, other := baseline(withRange("111111111111", "10.20.0.0/16")), baseline(withRange("222222222222", "10.20.0.0/16"))
	for _, test := range []struct {
		name, dev, qa, selected, want string
	}{
		{"one account", dev, baseline(base), "", `qa.yaml:1: baseline: must not be true: dev creates the baseline of the same account, which can have only one; remove it from one of the two`},
		{"of which one is selected", dev, baseline(base), "dev", `dev.yaml:1: baseline: must not be true: qa creates the baseline of the same account, which can have only one; remove it from one of the two`},
		{"one of two", dev, base, "", ""},
		{"two accounts", other, baseline(base), "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadFiles(map[string]string{"dev": test.dev, "qa": test.qa}, "PLINTH_ENVIRONMENTS="+test.selected)
			if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestRangesOfOneAccount(t *testing.T) {
	const a, b = "111111111111", "222222222222"
	share := func(file, with string) string {
		return under("network", "allowOverlapWith: ["+with+"]")(file)
	}
	for _, test := range []struct {
		name     string
		contents map[string]string
		selected string
		want     string
	}{
		{name: "same range in two accounts", contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": withRange(b, "10.0.0.0/16")}},
		{name: "next to each other", contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": withRange(a, "10.1.0.0/16")}},
		{
			name:     "overlap",
			contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": withRange(a, "10.0.32.0/19")},
			want:     "qa.yaml:4: network.cidr: must not overlap the range of dev in the same account (10.0.0.0/16), is 10.0.32.0/19; take another range, or name dev in network.allowOverlapWith",
		},
		{
			name:     "names that begin like another's",
			contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": "project: plinth-dev\n" + withRange(a, "10.1.0.0/16")},
			want:     "qa.yaml:1: project: must not make names that begin like another environment's in the same account: plinth-dev-qa-… and plinth-dev-… of dev; use the same project, or another account",
		},
		{name: "such names in two accounts", contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": "project: plinth-dev\n" + withRange(b, "10.1.0.0/16")}},
		{name: "overlap that one allows", contents: map[string]string{"dev": share(withRange(a, "10.0.0.0/16"), "qa"), "qa": withRange(a, "10.0.32.0/19")}},
		{name: "overlap that the other allows", contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": share(withRange(a, "10.0.32.0/19"), "dev")}},
		{
			name:     "overlap with one left out",
			contents: map[string]string{"dev": withRange(a, "10.0.0.0/16"), "qa": withRange(a, "10.0.32.0/19")},
			selected: "dev",
			want:     "dev.yaml:4: network.cidr: must not overlap the range of qa in the same account (10.0.32.0/19), is 10.0.0.0/16; take another range, or name qa in network.allowOverlapWith",
		},
		{
			name:     "shared with itself",
			contents: map[string]string{"dev": share(base, "dev"), "qa": withRange(b, "10.0.0.0/16")},
			want:     `dev.yaml:4: network.allowOverlapWith[0]: must be another environment, is "dev"; there are qa`,
		},
		{
			name:     "shared with a misspelt one",
			contents: map[string]string{"dev": share(base, "stagin"), "staging": withRange(b, "10.0.0.0/16"), "prod": withRange("333333333333", "10.0.0.0/16")},
			want:     `dev.yaml:4: network.allowOverlapWith[0]: must be another environment, is "stagin"; there are prod and staging; did you mean staging?`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadFiles(test.contents, "PLINTH_ENVIRONMENTS="+test.selected)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestLongListsEndSoon(t *testing.T) {
	for name, content := range map[string]string{
		"entries":  under("cluster", "publicAccessCIDRs: ["+strings.Repeat("x,", maxSize/3)+"]")(base),
		"keys":     base + strings.Repeat("a: b\n", maxSize/6),
		"depth":    base + "x: " + strings.Repeat("[", maxSize/3),
		"braces":   base + "x: " + strings.Repeat("{a: ", maxSize/6),
		"aliases":  "a: &a [x,x,x,x,x,x,x,x]\n" + strings.Repeat("b: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n", 1000),
		"comments": base + strings.Repeat("# a\n", maxSize/6),
		"dashes":   "- " + strings.Repeat("- ", maxSize/4),
		"text":     base + "x: |\n" + strings.Repeat("  a\n", maxSize/6),
		"question": strings.Repeat("? ", maxSize/4),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, _ = loadFiles(map[string]string{"dev": content})
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Log(took)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(sampleFolder, []string{date("2026-11-30")}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestPagesOfLanguages: the applications in the pages for a language are settings without a mistake.
func TestPagesOfLanguages(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(apps:\n.*?)```")
	entry := regexp.MustCompile(`(?m)^(  [a-z-]+:\n)`)
	for _, page := range []string{"applications", "nodejs", "python"} {
		content, err := os.ReadFile("../docs/" + page + ".md")
		if err != nil {
			t.Fatal(err)
		}
		found := blocks.FindAllSubmatch(content, -1)
		if len(found) == 0 {
			t.Errorf("%s.md has no applications", page)
		}
		for _, block := range found {
			apps := string(block[1])
			if !strings.Contains(apps, "image:") { // a part of an entry
				rest := "    image: {tag: '1'}\n"
				if !strings.Contains(apps, "    web:") {
					rest += "    web:\n"
				}
				apps = entry.ReplaceAllString(apps, "${1}"+rest)
			}
			file := base[:strings.Index(base, "apps:\n")] + apps + base[strings.Index(base, "ci:\n"):]
			if _, err := loadFiles(map[string]string{"dev": file}); err != nil {
				t.Errorf("%s.md: %v", page, err)
			}
		}
	}
}
