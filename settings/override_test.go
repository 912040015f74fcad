package settings

import (
	"reflect"
	"strings"
	"testing"
)

func TestVariable(t *testing.T) {
	for path, want := range map[string]string{
		"account":                                 "PLINTH_DEV_ACCOUNT",
		"logRetentionDays":                        "PLINTH_DEV_LOG_RETENTION_DAYS",
		"apps.app.image.tag":                      "PLINTH_DEV_APPS_APP_IMAGE_TAG",
		"apps.app.web.memoryGiB":                  "PLINTH_DEV_APPS_APP_WEB_MEMORY_GIB",
		"apps.app.web.certificateARN":             "PLINTH_DEV_APPS_APP_WEB_CERTIFICATE_ARN",
		"apps.app.web.allowedCIDRs":               "PLINTH_DEV_APPS_APP_WEB_ALLOWED_CIDRS",
		"apps.app.web.webACLARN":                  "PLINTH_DEV_APPS_APP_WEB_WEB_ACL_ARN",
		"database.storageGiB":                     "PLINTH_DEV_DATABASE_STORAGE_GIB",
		"database.multiAZ":                        "PLINTH_DEV_DATABASE_MULTI_AZ",
		"database.autoscaling.cpuPercent":         "PLINTH_DEV_DATABASE_AUTOSCALING_CPU_PERCENT",
		"cluster.publicAccessCIDRs":               "PLINTH_DEV_CLUSTER_PUBLIC_ACCESS_CIDRS",
		"network.allowOverlapWith":                "PLINTH_DEV_NETWORK_ALLOW_OVERLAP_WITH",
		"observability.alarms.databaseCPUPercent": "PLINTH_DEV_OBSERVABILITY_ALARMS_DATABASE_CPU_PERCENT",
		"apps.app.web.waf.requestsPer5Minutes":    "PLINTH_DEV_APPS_APP_WEB_WAF_REQUESTS_PER5_MINUTES",
		"state.kmsKey":                            "PLINTH_DEV_STATE_KMS_KEY",
	} {
		if got := Variable("dev", path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestVariablesDiffer(t *testing.T) {
	if len(leaves()) < 40 {
		t.Fatalf("only %d settings found", len(leaves()))
	}
	seen := map[string]string{environmentsVariable: "the choice of environments"}
	for _, leaf := range leaves() {
		variable := Variable("dev", leaf.path)
		if other, ok := seen[variable]; ok {
			t.Errorf("%s is the variable of both %s and %s", variable, other, leaf.path)
		}
		seen[variable] = leaf.path
	}
}

func TestOverride(t *testing.T) {
	for _, test := range []struct {
		name     string
		variable string
		get      func(*Environment) any
		want     any
	}{
		{"text", "PLINTH_DEV_APPS_APP_IMAGE_TAG=2.0", func(e *Environment) any { return e.Apps["app"].Image.Tag }, "2.0"},
		{"text that is YAML", "PLINTH_DEV_REPOSITORY=a: b", func(e *Environment) any { return e.Repository }, "a: b"},
		{"text with an equals sign", "PLINTH_DEV_REPOSITORY=a=b", func(e *Environment) any { return e.Repository }, "a=b"},
		{"leading zeros", "PLINTH_DEV_ACCOUNT=012345678901", func(e *Environment) any { return e.Account }, "012345678901"},
		{"named text", "PLINTH_DEV_NETWORK_NAT=per-zone", func(e *Environment) any { return e.Network.NAT }, NATPerZone},
		{"web ACL taken away", "PLINTH_DEV_APPS_APP_WEB_WEB_ACL_ARN=none", func(e *Environment) any { return e.Apps["app"].Web.WebACLARN }, "none"},
		{"number", "PLINTH_DEV_DATABASE_REPLICAS=2", func(e *Environment) any { return e.Database.Replicas }, 2},
		{"true", "PLINTH_DEV_PROTECTED=true", func(e *Environment) any { return *e.Database.FinalSnapshot }, true},
		{"false where unset", "PLINTH_DEV_DATABASE_FINAL_SNAPSHOT=false", func(e *Environment) any { return *e.Database.FinalSnapshot }, false},
		{"list with commas", "PLINTH_DEV_NETWORK_ZONES=a, c", func(e *Environment) any { return e.Network.Zones }, []string{"a", "c"}},
		{"list as in YAML", "PLINTH_DEV_NETWORK_ZONES=[c, a]", func(e *Environment) any { return e.Network.Zones }, []string{"c", "a"}},
		{"list of one", "PLINTH_DEV_APPS_APP_WEB_ALLOWED_CIDRS=192.0.2.0/24", func(e *Environment) any { return e.Apps["app"].Web.AllowedCIDRs }, []string{"192.0.2.0/24"}},
		{"empty list", "PLINTH_DEV_CLUSTER_PUBLIC_ACCESS_CIDRS=[]", func(e *Environment) any { return e.Cluster.PublicAccessCIDRs }, []string{}},
		{"list of mappings", "PLINTH_DEV_CLUSTER_ACCESS_ENTRIES=[{principal: user/me, policy: admin}, {principal: role/ci}]",
			func(e *Environment) any { return e.Cluster.AccessEntries },
			[]AccessEntry{{"arn:aws:iam::111111111111:user/me", AccessAdmin, nil}, {"arn:aws:iam::111111111111:role/ci", AccessView, nil}}},
		{"empty is not set", "PLINTH_DEV_NETWORK_NAT=", func(e *Environment) any { return e.Network.NAT }, NATSingle},
		{"blank is not set", "PLINTH_DEV_NETWORK_NAT= ", func(e *Environment) any { return e.Network.NAT }, NATSingle},
		{"empty unknown is not set", "PLINTH_DEV_NETWORK_NAAT=", func(e *Environment) any { return e.Network.NAT }, NATSingle},
		{"a number of an application's process", "PLINTH_DEV_APPS_APP_WEB_PORT=3000", func(e *Environment) any { return e.Apps["app"].Web.Port }, 3000},
		{"variables of an application", "PLINTH_DEV_APPS_APP_ENV={NODE_ENV: production, WORKERS: 4}", func(e *Environment) any { return e.Apps["app"].Env }, map[string]string{"NODE_ENV": "production", "WORKERS": "4"}},
		{"a section that the file does not have", "PLINTH_DEV_APPS_APP_RELEASE_COMMAND=[npm, run, migrate]", func(e *Environment) any { return *e.Apps["app"].Release },
			Release{Command: []string{"npm", "run", "migrate"}, DeadlineMinutes: 10, CPU: "0.25", MemoryGiB: "0.5"}},
		{"others' variables", "PLINTHOS=1", func(e *Environment) any { return e.Network.NAT }, NATSingle},
		{"no value at all", "PLINTH_DEV_NETWORK_NAT", func(e *Environment) any { return e.Network.NAT }, NATSingle},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": closed(base)}, "HOME=/root", test.variable)
			if err != nil {
				t.Fatal(err)
			}
			if got := test.get(environments[0]); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func TestOverrideGivesWhatTheFileLacks(t *testing.T) {
	file := swap("account: \"111111111111\"\n", "")(base)
	environments, err := loadFiles(map[string]string{"dev": file}, "PLINTH_DEV_ACCOUNT=222222222222")
	if err != nil || environments[0].Account != "222222222222" {
		t.Errorf("got %v", err)
	}
}

// TestOverrideOfTheImage: CI can deploy its own image, whether the file has a tag or a digest.
// TestOverrideOfNamedEntries: the variable of what the file names, with dashes or with underscores.
func TestOverrideOfNamedEntries(t *testing.T) {
	file := swap("  app:\n", "  my-shop:\n    env: {NODE_ENV: test, s3Bucket: logs}\n    workers: {mail-sender: }\n    jobs: {night: {command: [x], schedule: 0 4 * * *}}\n")(base)
	environments, err := loadFiles(map[string]string{"dev": file}, "PLINTH_DEV_APPS_MY_SHOP_IMAGE_TAG=2.0.0", "PLINTH_DEV_APPS_MY_SHOP_ENV_NODE_ENV=production",
		"PLINTH_DEV_APPS_MY_SHOP_WORKERS_MAIL_SENDER_REPLICAS_MAX=9", "PLINTH_DEV_APPS_MY_SHOP_JOBS_NIGHT_SCHEDULE=0 5 * * *")
	if err != nil {
		t.Fatal(err)
	}
	shop := environments[0].Apps["my-shop"]
	if shop.Image.Tag != "2.0.0" || shop.Env["NODE_ENV"] != "production" || shop.Env["s3Bucket"] != "logs" ||
		shop.Workers["mail-sender"].Replicas != (Replicas{1, 9, 70, 80}) || shop.Jobs["night"].Schedule != "0 5 * * *" {
		t.Errorf("got %+v", shop)
	}
	for variable, want := range map[string]string{
		"PLINTH_DEV_APPS_SHOP_IMAGE_TAG=1":           "PLINTH_DEV_APPS_SHOP_IMAGE_TAG: names no setting; did you mean PLINTH_DEV_APPS_MY_SHOP_IMAGE_TAG?",
		"PLINTH_DEV_APPS_MY_SHOP_ENV_NODEENV=1":      "PLINTH_DEV_APPS_MY_SHOP_ENV_NODEENV: names no setting; did you mean PLINTH_DEV_APPS_MY_SHOP_ENV_NODE_ENV?",
		"PLINTH_DEV_APPS_MY_SHOP_JOBS_NIGHT=1":       "PLINTH_DEV_APPS_MY_SHOP_JOBS_NIGHT: names no setting; did you mean PLINTH_DEV_APPS_MY_SHOP_JOBS_NIGHT_CPU?",
		"PLINTH_DEV_APP_WAF_ENABLED=true":            "PLINTH_DEV_APP_WAF_ENABLED: is now PLINTH_DEV_APPS_<APPLICATION>_WEB_WAF_ENABLED, with the application's name; rename it",
		"PLINTH_DEV_APPS_MY_SHOP_WEB_METRICS_PORT=x": `PLINTH_DEV_APPS_MY_SHOP_WEB_METRICS_PORT: apps.my-shop.web.metrics.port: must be a whole number, is "x"`,
	} {
		_, err := loadFiles(map[string]string{"dev": file}, variable)
		expect(t, err, want)
	}
	// Nobody knows what a file that cannot be read has.
	_, err = loadFiles(map[string]string{"dev": "a: b: c"}, "PLINTH_DEV_APPS_MY_SHOP_IMAGE_TAG=1")
	expect(t, err, "dev.yaml:1: yaml: mapping values are not allowed in this context")
}

func TestOverrideOfTheImage(t *testing.T) {
	digest := func(digit string) string { return "sha256:" + strings.Repeat(digit, 64) }
	const tagged, digested = "PLINTH_DEV_APPS_APP_IMAGE_TAG=", "PLINTH_DEV_APPS_APP_IMAGE_DIGEST="
	byDigest := swap("tag: 1.2.3", "digest: "+digest("0"))
	byBoth := swap("tag: 1.2.3", "tag: 1.2.3\n      digest: "+digest("0"))
	keep := func(file string) string { return file }
	for _, test := range []struct {
		name    string
		edit    edit
		environ []string
		want    Image
		problem string
	}{
		{"tag instead of tag", keep, []string{tagged + "2"}, Image{Tag: "2"}, ""},
		{"digest instead of tag", keep, []string{digested + digest("1")}, Image{Digest: digest("1")}, ""},
		{"tag instead of digest", byDigest, []string{tagged + "2"}, Image{Tag: "2"}, ""},
		{"digest instead of digest", byDigest, []string{digested + digest("1")}, Image{Digest: digest("1")}, ""},
		{"empty is not set", byDigest, []string{tagged, digested}, Image{Digest: digest("0")}, ""},
		{"instead of a tag that is none", swap("1.2.3", "latest"), []string{digested + digest("1")}, Image{Digest: digest("1")}, ""},
		{"of another environment", keep, []string{"PLINTH_QA_APPS_APP_IMAGE_DIGEST=" + digest("1")}, Image{Tag: "1.2.3"}, ""},
		{"both in the file", byBoth, nil, Image{}, "dev.yaml:15: apps.app.image: must have a tag or a digest, has both"},
		{"both in the environment", keep, []string{tagged + "2", digested + digest("1")}, Image{}, "dev.yaml:15: apps.app.image: must have a tag or a digest, has both"},
		{"digest that is none", keep, []string{digested + "sha256:1"}, Image{}, "PLINTH_DEV_APPS_APP_IMAGE_DIGEST: apps.app.image.digest: must be an image digest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"dev": test.edit(base), "qa": withRange("222222222222", "10.0.0.0/16")}
			environments, err := loadFiles(files, test.environ...)
			switch {
			case test.problem != "":
				if err == nil || !strings.HasPrefix(err.Error(), test.problem) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %s", err, test.problem)
				}
			case err != nil:
				t.Error(err)
			case environments[0].Apps["app"].Image != test.want:
				t.Errorf("got %+v, want %+v", environments[0].Apps["app"].Image, test.want)
			}
		})
	}
}

// TestOverrideOfTheEngine: one variable is enough to try a database in the cluster, whatever the file's
// settings are.
func TestOverrideOfTheEngine(t *testing.T) {
	const inCluster = "PLINTH_DEV_DATABASE_ENGINE=in-cluster"
	managed := all(under("database", "version: 16", "name: shop", "replicas: 2", "finalSnapshot: true"), observe("alarms: {databaseConnections: 50}"))
	for _, test := range []struct {
		name    string
		edit    edit
		environ []string
		problem string
	}{
		{"instead of a server of AWS's", managed, []string{inCluster}, ""},
		{"with what is for such a server", managed, []string{inCluster, "PLINTH_DEV_DATABASE_REPLICAS=1"}, "PLINTH_DEV_DATABASE_REPLICAS: database.replicas: must not be set with engine in-cluster"},
		{"where it is protected", all(top("protected: true"), closed), []string{inCluster}, "PLINTH_DEV_DATABASE_ENGINE: database.engine: must not be in-cluster while protected is true"},
		{"the other way round, without a class", swap("instanceClass: db.t4g.micro", "engine: in-cluster"), []string{"PLINTH_DEV_DATABASE_ENGINE=postgres"}, "dev.yaml:6: database.instanceClass: must be set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": test.edit(base)}, test.environ...)
			switch {
			case test.problem != "":
				if err == nil || !strings.HasPrefix(err.Error(), test.problem) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %s", err, test.problem)
				}
			case err != nil:
				t.Error(err)
			default:
				database := environments[0].Database
				if database.Version != "16" || database.Name != "shop" || database.Replicas != 0 || *database.FinalSnapshot || database.InstanceClass != "" {
					t.Errorf("got %+v", database)
				}
			}
		})
	}
}

func TestOverrideOfOneEnvironment(t *testing.T) {
	files := map[string]string{"dev": base, "qa": withRange("222222222222", "10.0.0.0/16")}
	environments, err := loadFiles(files, "PLINTH_QA_APPS_APP_IMAGE_TAG=9", "PLINTH_QA_APPS_APP_IMAGE_TAG=10")
	if err != nil {
		t.Fatal(err)
	}
	if dev, qa := environments[0].Apps["app"].Image.Tag, environments[1].Apps["app"].Image.Tag; dev != "1.2.3" || qa != "10" {
		t.Errorf("tags are %s and %s, want 1.2.3 and, of two values, the last", dev, qa)
	}
}

func TestBadOverride(t *testing.T) {
	for _, test := range []struct {
		name    string
		edit    edit
		environ []string
		want    string
	}{
		{"value", nil, []string{"PLINTH_DEV_NETWORK_NAT=both"},
			`PLINTH_DEV_NETWORK_NAT: network.nat: must be none, single or per-zone, is "both"`},
		{"number", nil, []string{"PLINTH_DEV_DATABASE_REPLICAS=two"},
			`PLINTH_DEV_DATABASE_REPLICAS: database.replicas: must be a whole number, is "two"`},
		{"truth", nil, []string{"PLINTH_DEV_PROTECTED=1"},
			`PLINTH_DEV_PROTECTED: protected: must be true or false, is "1"`},
		{"YAML", nil, []string{"PLINTH_DEV_NETWORK_ZONES=[a"},
			`PLINTH_DEV_NETWORK_ZONES: network.zones: did not find expected ',' or ']'`},
		{"two documents", nil, []string{"PLINTH_DEV_DATABASE_REPLICAS=1\n---\n2"},
			`PLINTH_DEV_DATABASE_REPLICAS: database.replicas: must hold one YAML document, another starts here`},
		{"alias", nil, []string{"PLINTH_DEV_DATABASE_REPLICAS=&a 1"},
			`PLINTH_DEV_DATABASE_REPLICAS: database.replicas: must not use YAML anchors and aliases; write the value itself`},
		{"key in a list", nil, []string{"PLINTH_DEV_CLUSTER_ACCESS_ENTRIES=[{role: me}]"},
			`PLINTH_DEV_CLUSTER_ACCESS_ENTRIES: cluster.accessEntries[0].principal: must be set: it has no default
PLINTH_DEV_CLUSTER_ACCESS_ENTRIES: cluster.accessEntries[0].role: unknown key; known here are namespaces, policy and principal`},
		{"a word for a list of settings", nil, []string{"PLINTH_DEV_CLUSTER_ACCESS_ENTRIES=me"},
			`PLINTH_DEV_CLUSTER_ACCESS_ENTRIES: cluster.accessEntries: must be a list, is "me"`},
		{"key twice in a list", nil, []string{"PLINTH_DEV_CLUSTER_ACCESS_ENTRIES=[{policy: admin, policy: view, principal: role/me}]"},
			`PLINTH_DEV_CLUSTER_ACCESS_ENTRIES: cluster.accessEntries[0].policy: must be set once, is set again`},
		{"entry of a list", nil, []string{"PLINTH_DEV_NETWORK_ZONES=a,,b"},
			`PLINTH_DEV_NETWORK_ZONES: network.zones[1]: must be the letter of one of eu-west-2's zones (a, b or c), is ""`},
		{"file's mistake that it replaces", swap("[a, b]", "[a, q]"), []string{"PLINTH_DEV_NETWORK_ZONES=a,x"},
			`PLINTH_DEV_NETWORK_ZONES: network.zones[1]: must be the letter of one of eu-west-2's zones (a, b or c), is "x"`},
		{"rule of several settings", nil, []string{"PLINTH_DEV_DATABASE_ENGINE=aurora-postgresql", "PLINTH_DEV_DATABASE_INSTANCE_CLASS=db.r8g.large", "PLINTH_DEV_DATABASE_REPLICAS=1"},
			`PLINTH_DEV_DATABASE_REPLICAS: database.replicas: must not be set with engine aurora-postgresql: Aurora scales its replicas; use database.autoscaling`},
		{"several, after the file's", swap("1.2.3", "latest"), []string{"PLINTH_DEV_REGION=mars", "PLINTH_DEV_NETWORK_NAT=x"},
			`dev.yaml:16: apps.app.image.tag: must be an image tag other than latest: at most 128 letters, digits and _.-, is "latest"; name a version: tags are immutable
PLINTH_DEV_NETWORK_NAT: network.nat: must be none, single or per-zone, is "x"
PLINTH_DEV_REGION: region: must be a commercial AWS region, is "mars"; add it to settings/regions.go if it is new`},
		{"unknown setting", nil, []string{"PLINTH_DEV_NETWORK_NATT=none"},
			`PLINTH_DEV_NETWORK_NATT: names no setting; did you mean PLINTH_DEV_NETWORK_NAT?`},
		{"section", nil, []string{"PLINTH_DEV_STATE={}"},
			`PLINTH_DEV_STATE: names no setting`},
		{"unknown environment", nil, []string{"PLINTH_DVE_NETWORK_NAT=none"},
			`PLINTH_DVE_NETWORK_NAT: names no environment; environments are dev; did you mean PLINTH_DEV_NETWORK_NAT?`},
		{"neither", nil, []string{"PLINTH_HOME=/opt/plinth/with/a/long/name"},
			`PLINTH_HOME: names no environment; environments are dev`},
		{"environments misspelt", nil, []string{"PLINTH_ENVIRONMENT=dev"},
			`PLINTH_ENVIRONMENT: names no environment; environments are dev; did you mean PLINTH_ENVIRONMENTS?`},
		{"environment chosen", nil, []string{"PLINTH_ENVIRONMENTS=dev,def"},
			`PLINTH_ENVIRONMENTS: must name environments (dev), names "def"; did you mean dev?`},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := base
			if test.edit != nil {
				file = test.edit(base)
			}
			_, err := loadFiles(map[string]string{"dev": file}, test.environ...)
			if err == nil {
				t.Fatalf("no error, want\n%s", test.want)
			}
			if got := err.Error(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestEnvironmentsVariable(t *testing.T) {
	files := map[string]string{
		"dev":  base,
		"prod": withRange("333333333333", "10.30.0.0/16"),
		"qa":   swap("eu-west-2", "mars")(withRange("222222222222", "10.20.0.0/16")),
		"test": "{",
	}
	for value, want := range map[string]string{
		"dev":        "dev",
		"prod,dev":   "dev prod",
		" dev , dev": "dev",
	} {
		environments, err := loadFiles(files, "PLINTH_ENVIRONMENTS="+value)
		if err != nil {
			t.Errorf("%s: %v", value, err)
		} else if got := names(environments); got != want {
			t.Errorf("%s loads %s, want %s", value, got, want)
		}
	}
	_, err := loadFiles(files, "PLINTH_ENVIRONMENTS=dev,stag", "PLINTH_QA_NOTHING=1")
	want := `PLINTH_ENVIRONMENTS: must name environments (dev, prod, qa and test), names "stag"
PLINTH_QA_NOTHING: names no setting`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
