package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// release is a version of Kubernetes or PostgreSQL.
type release struct {
	version string
	// begin is the day from which AWS offers it; empty: not checked. end is the day on which its standard
	// support ends. Both are in UTC.
	begin, end string
}

// kubernetesReleases are the versions that EKS has or had lately, as of November 2026.
//
// https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html#kubernetes-release-calendar
var kubernetesReleases = []release{
	{"1.31", "2024-09-26", "2025-11-26"},
	{"1.32", "2025-01-23", "2026-03-23"},
	{"1.33", "2025-05-29", "2026-07-29"},
	{"1.34", "2025-10-02", "2026-12-02"},
	{"1.35", "2026-01-27", "2027-03-27"},
	{"1.36", "2026-06-02", "2027-08-02"},
}

// postgresReleases are the versions of RDS and Aurora, whose dates are the same, as of November 2026.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraPostgreSQLReleaseNotes/aurorapostgresql-release-calendar.html
var postgresReleases = []release{
	{"14", "", "2027-02-28"},
	{"15", "", "2028-02-29"},
	{"16", "", "2029-02-28"},
	{"17", "", "2030-02-28"},
	{"18", "", "2031-02-28"},
}

// supportWarningDays is how long before the end of standard support the check warns.
const supportWarningDays = 90

// day returns the beginning of a day of the tables.
func day(date string) time.Time {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err) // only for a typing mistake in the tables above
	}
	return day
}

// supported returns the versions of a table that AWS has, and whose standard support has not ended.
func supported(releases []release, today time.Time) (versions []string) {
	for _, r := range releases {
		if (r.begin == "" || !today.Before(day(r.begin))) && today.Before(day(r.end)) {
			versions = append(versions, r.version)
		}
	}
	return versions
}

// checkSupport refuses versions past their standard support, and warns some time before.
func (d *document) checkSupport() {
	const kubernetes, postgres = "cluster.version", "database.version"
	if d.isValid(kubernetes) {
		// With the upgrade policy STANDARD, EKS creates no cluster in extended support, and keeps none.
		// https://docs.aws.amazon.com/eks/latest/userguide/disable-extended-support.html
		d.checkRelease(kubernetes, d.env.Cluster.Version, kubernetesReleases,
			"EKS upgrades the cluster by itself then; upgrade before, one minor version at a time",
			"EKS creates and keeps no such cluster without extended support, which Plinth does not use; upgrade one minor version at a time, "+
				"from the version that the cluster has now")
	}
	database := d.env.Database
	if !d.isValid(postgres, "database.engine", "database.extendedSupport") || database.Engine == EngineInCluster || database.ExtendedSupport {
		return
	}
	// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
	major, _, _ := strings.Cut(database.Version, ".")
	d.checkRelease(postgres, major, postgresReleases,
		"RDS upgrades the database by itself then; upgrade before, or set database.extendedSupport for a new database",
		"RDS creates no such database without database.extendedSupport; write the version that the database has now, or set database.extendedSupport")
}

// checkKubeProxy refuses a kube-proxy that is newer than the cluster.
//
// https://docs.aws.amazon.com/eks/latest/userguide/managing-kube-proxy.html
func (d *document) checkKubeProxy() {
	const path = "cluster.addonVersions.kubeProxy"
	cluster := d.env.Cluster
	if !d.isValid("cluster.version", path) || cluster.AddonVersions.KubeProxy == "" {
		return
	}
	minor := func(version string) int {
		_, digits, _ := strings.Cut(kubernetesMinor(version), ".")
		n, _ := strconv.Atoi(digits) // the fields' own rules see to the digits
		return n
	}
	if minor(cluster.AddonVersions.KubeProxy) > minor(cluster.Version) {
		d.report(path, "must not be newer than cluster.version (%s), is %s", cluster.Version, cluster.AddonVersions.KubeProxy)
	}
}

func (d *document) checkRelease(path, version string, releases []release, then, remedy string) {
	i := slices.IndexFunc(releases, func(r release) bool { return r.version == version })
	if i < 0 {
		return // the field's own rule refuses it
	}
	end := day(releases[i].end)
	if begin := releases[i].begin; begin != "" && d.today.Before(day(begin)) {
		d.report(path, "must be a version that AWS has (%s), is %s, which it has from %s on", list(supported(releases, d.today), "or"), version, begin)
		return
	}
	switch days := int(end.Sub(d.today).Hours() / 24); {
	case !d.today.Before(end):
		d.report(path, "must be in standard support (%s), is %s, whose support ended on %s; %s",
			list(supported(releases, d.today), "or"), version, releases[i].end, remedy)
	case days <= supportWarningDays:
		d.warn(path, "standard support of %s ends on %s, in %s: %s", version, releases[i].end, count(days, "day"), then)
	}
}

// isKubernetesVersion runs after the pattern 1.NN, which refuses 1.3, as 1.30 becomes if read as a number.
func isKubernetesVersion(s string) bool {
	return slices.ContainsFunc(kubernetesReleases, func(r release) bool { return r.version == s })
}

func kubernetesRemedy(s string) string {
	newest, _ := strconv.Atoi(strings.TrimPrefix(kubernetesReleases[len(kubernetesReleases)-1].version, "1."))
	if minor, err := strconv.Atoi(strings.TrimPrefix(s, "1.")); err == nil && minor > newest && strings.HasPrefix(s, "1.") {
		return "add it to settings/support.go if EKS has it since"
	}
	return ""
}

// kubernetesMinor returns the minor version: 1.35 for v1.35.2.
func kubernetesMinor(s string) string {
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// dateVariable is the date of reproducible builds, in seconds since 1970. With it, an old commit's settings
// stay valid.
//
// https://reproducible-builds.org/specs/source-date-epoch/
const dateVariable = "SOURCE_DATE_EPOCH"

// today returns the day in UTC that support is checked for: dateVariable's, or today.
func today(environ []string) (time.Time, *Problem) {
	now, problem := timeOf(environ)
	return now.UTC().Truncate(24 * time.Hour), problem
}

func timeOf(environ []string) (time.Time, *Problem) {
	at := place{variable: dateVariable}
	text := ""
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); name == dateVariable {
			text = value
		}
	}
	if text == "" {
		return time.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		problem := at.problem("", "must be seconds since 1970, is %s", quote(text))
		return time.Now(), &problem
	}
	return time.Unix(seconds, 0), nil
}

// count returns a number of things: 1 day, 2 days.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// versionRange returns the first and last version of a table, for a rule's text.
func versionRange(releases []release) string {
	return fmt.Sprintf("%s to %s", releases[0].version, releases[len(releases)-1].version)
}
