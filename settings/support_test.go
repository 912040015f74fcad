package settings

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSupport checks settings that are valid on some days only.
func TestSupport(t *testing.T) {
	version := func(version string) string { return under("cluster", "version: "+version)(base) }
	postgres := func(lines ...string) string { return under("database", lines...)(base) }
	const (
		kubernetesThen = ": EKS upgrades the cluster by itself then; upgrade before, one minor version at a time"
		postgresThen   = ": RDS upgrades the database by itself then; upgrade before, or set database.extendedSupport for a new database"
		postgresPast   = "must be in standard support (15, 16, 17 or 18), is 14, whose support ended on 2027-02-28; " +
			"RDS creates no such database without database.extendedSupport; write the version that the database has now, or set database.extendedSupport"
	)
	for _, test := range []struct {
		name, file, day, warning, problem string
	}{
		{"long before", version("1.35"), "2026-12-26", "", ""},
		{"90 days before", version("1.35"), "2026-12-27", "dev.yaml:9: cluster.version: standard support of 1.35 ends on 2027-03-27, in 90 days" + kubernetesThen, ""},
		{"before EKS has it", version("1.36"), "2026-06-01", "", "dev.yaml:9: cluster.version: must be a version that AWS has (1.33, 1.34 or 1.35), is 1.36, which it has from 2026-06-02 on"},
		{"the default", base, "2027-03-26", "dev.yaml:8: cluster.version: standard support of 1.35 ends on 2027-03-27, in 1 day" + kubernetesThen, ""},
		{"on the day", version("1.35"), "2027-03-27", "", "dev.yaml:9: cluster.version: must be in standard support (1.36), is 1.35, whose support ended on 2027-03-27; " +
			"EKS creates and keeps no such cluster without extended support, which Plinth does not use; upgrade one minor version at a time, from the version that the cluster has now"},
		{"PostgreSQL, long before", postgres("version: 14"), "2026-11-29", "", ""},
		{"PostgreSQL, 90 days before", postgres("version: 14.9"), "2026-11-30", "dev.yaml:7: database.version: standard support of 14 ends on 2027-02-28, in 90 days" + postgresThen, ""},
		{"PostgreSQL, on the day", postgres("version: 14"), "2027-02-28", "*", "dev.yaml:7: database.version: " + postgresPast},
		{"PostgreSQL in extended support", postgres("version: 14", "extendedSupport: true"), "2026-12-01", "", ""},
		{"PostgreSQL in the cluster", swap("instanceClass: db.t4g.micro", "engine: in-cluster\n  version: 14")(base), "2026-12-01", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": test.file}, date(test.day))
			if got := fmt.Sprint(err); got != test.problem && (err != nil || test.problem != "") {
				t.Fatalf("got\n%s\nwant\n%s", got, test.problem)
			}
			if err != nil {
				return
			}
			if got := environments[0].Warnings.Error(); got != test.warning {
				t.Errorf("got\n%s\nwant\n%s", got, test.warning)
			}
		})
	}
}

// TestDayInTheAfternoon: days are counted by their dates.
func TestDayInTheAfternoon(t *testing.T) {
	environments, err := loadFiles(map[string]string{"dev": under("cluster", "version: 1.34")(base)}, "SOURCE_DATE_EPOCH=1796050800") // 2026-11-30, 15:00
	if err != nil {
		t.Fatal(err)
	}
	if got := environments[0].Warnings.Error(); !strings.Contains(got, "ends on 2026-12-02, in 2 days:") {
		t.Error(got)
	}
}

func TestDateThatIsNone(t *testing.T) {
	_, err := loadFiles(map[string]string{"dev": base}, "SOURCE_DATE_EPOCH=yesterday")
	if got := fmt.Sprint(err); !strings.Contains(got, `SOURCE_DATE_EPOCH: must be seconds since 1970, is "yesterday"`) {
		t.Error(got)
	}
}

// TestReleases: the default is in the table, and the tables are in order.
func TestReleases(t *testing.T) {
	if !isKubernetesVersion(Defaults().Cluster.Version) {
		t.Errorf("the default %s is not in the table", Defaults().Cluster.Version)
	}
	for _, releases := range [][]release{kubernetesReleases, postgresReleases} {
		for i, r := range releases[1:] {
			if !day(r.end).After(day(releases[i].end)) {
				t.Errorf("support of %s ends before that of %s", r.version, releases[i].version)
			}
		}
	}
}

// TestClassOfRegion: whether a region has an instance class changes from month to month.
func TestClassOfRegion(t *testing.T) {
	in := func(region, class string, lines ...string) string {
		return all(swap("eu-west-2", region), swap("db.t4g.micro", class), under("database", lines...))(base)
	}
	const where = "dev.yaml:8: database.instanceClass: "
	for _, test := range []struct{ name, file, want string }{
		{"there", in("eu-west-2", "db.m7g.large", "multiAZ: true"), ""},
		{"not there", in("af-south-1", "db.m7g.large", "multiAZ: true"), where + "af-south-1 had no db.m7g for postgres in August 2026. To see what it has: " +
			"aws rds describe-orderable-db-instance-options --region af-south-1 --engine postgres --db-instance-class db.m7g.large"},
		{"there for RDS alone", in("il-central-1", "db.r6g.large", "multiAZ: true"), ""},
		{"not there for Aurora", in("il-central-1", "db.r6g.large", "engine: aurora-postgresql"), where + "il-central-1 had no db.r6g for aurora-postgresql in August 2026. To see what it has: " +
			"aws rds describe-orderable-db-instance-options --region il-central-1 --engine aurora-postgresql --db-instance-class db.r6g.large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			environments, err := loadFiles(map[string]string{"dev": test.file})
			if err != nil {
				t.Fatal(err)
			}
			if got := environments[0].Warnings.Error(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
	for _, region := range regionNames() {
		if _, ok := missingFamilies[region]; !ok {
			t.Errorf("no instance classes of %s", region)
		}
	}
}

// TestRegionalQuotas: environments share the quotas of their account and region.
func TestRegionalQuotas(t *testing.T) {
	contents := map[string]string{}
	for i, nat := range []string{"per-zone", "per-zone", "none", "single", "single"} {
		file := strings.Replace(base, "10.10.0.0/16", fmt.Sprintf("10.%d.0.0/16", i), 1)
		if i > 0 {
			file = shared(file)
		}
		file = under("network", "nat: "+nat)(file)
		if nat == "none" {
			file = mirror(under("network", "interfaceEndpoints: ["+strings.Join(endpointsForFargate, ", ")+"]")(file))
		}
		contents[fmt.Sprintf("e%d", i)] = file
	}
	warnings := func() (all []string) {
		environments, err := loadFiles(contents)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range environments {
			for _, w := range e.Warnings {
				all = append(all, w.String())
			}
		}
		return all
	}
	const want = "e4.yaml:3: network: is VPC number 5 of the account in eu-west-2, besides a default VPC. AWS allows 5 unless you ask for more: see docs/runbook.md#service-quota\n" +
		"e4.yaml:4: network.nat: takes the Elastic IP addresses of the account in eu-west-2 to 6. AWS allows 5 unless you ask for more: see docs/runbook.md#service-quota"
	if got := strings.Join(warnings(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	contents["e4"] = strings.Replace(contents["e4"], "eu-west-2", "eu-west-1", 1)
	if got := warnings(); got != nil {
		t.Errorf("in two regions: %s", got)
	}
}

// TestDocumentedReleases: docs/upgrades.md has the versions of EKS that were in standard support in its month,
// and later ones, with the dates of the table.
func TestDocumentedReleases(t *testing.T) {
	content, err := os.ReadFile("../docs/upgrades.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(content), "\n## End of support\n")
	section, _, _ = strings.Cut(section, "\n## ")
	found := regexp.MustCompile(`as of (\w+ \d{4}):`).FindStringSubmatch(section)
	if found == nil {
		t.Fatal("End of support does not say as of which month its table is")
	}
	month, err := time.Parse("January 2006", found[1])
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range kubernetesReleases {
		if month.Before(day(r.end)) {
			const asWritten = "2 January 2006"
			want = append(want, fmt.Sprintf("| %s | %s | %s |", r.version, day(r.begin).Format(asWritten), day(r.end).Format(asWritten)))
		}
	}
	if got := regexp.MustCompile(`(?m)^\| 1\..*`).FindAllString(section, -1); !slices.Equal(got, want) {
		t.Errorf("the table has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestChartTakesVersions: the chart of PostgreSQL in the cluster takes the versions that the settings take.
func TestChartTakesVersions(t *testing.T) {
	content, err := os.ReadFile("../charts/postgres/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct {
			Version struct{ Pattern string }
		}
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(schema.Properties.Version.Pattern)
	for _, release := range postgresReleases {
		if !pattern.MatchString(release.version) || !pattern.MatchString(release.version+".1") {
			t.Errorf("the chart refuses %s", release.version)
		}
	}
}
