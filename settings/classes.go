package settings

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// The sizes of instance classes, by family.
const (
	burstableSizes = "micro small medium large xlarge 2xlarge"
	sizesTo16      = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
	sizesTo24      = sizesTo16 + " 24xlarge"
)

// classFamily is a family of instance classes for PostgreSQL, with the sizes that RDS and Aurora offer.
type classFamily struct {
	name        string
	rds, aurora []string
}

// classFamilies are from RDS's price list, which AWS names as the list of what it offers, of August 2026.
//
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.RegionSupport.html
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.DBInstanceClass.RegionSupportAurora.html
var classFamilies = sync.OnceValue(func() (all []classFamily) {
	for _, row := range []struct{ families, rds, aurora string }{
		{"t3 t4g", burstableSizes, "medium large"},
		{"m5 m5d", sizesTo24, ""},
		{"m6g m6gd", sizesTo16, ""},
		{"m6i m6id m6idn m6in", sizesTo24 + " 32xlarge", ""},
		{"m7g", sizesTo16, ""},
		{"m7i m8g m8gd", sizesTo24 + " 48xlarge", ""},
		{"r5", sizesTo24, sizesTo24},
		{"r5b r5d", sizesTo24, ""},
		{"r6g", sizesTo16, sizesTo16},
		{"r6gd", sizesTo16, strings.TrimPrefix(sizesTo16, "large ")},
		{"r6i", sizesTo24 + " 32xlarge", sizesTo24 + " 32xlarge"},
		{"r6id", sizesTo24 + " 32xlarge", "24xlarge 32xlarge"},
		{"r6idn r6in", sizesTo24 + " 32xlarge", ""},
		{"r7g", sizesTo16, sizesTo16},
		{"r7i r8g", sizesTo24 + " 48xlarge", sizesTo24 + " 48xlarge"},
		{"r8gd", sizesTo24 + " 48xlarge", strings.TrimPrefix(sizesTo24, "large ") + " 48xlarge"},
		{"x2g", sizesTo16, sizesTo16},
		{"x2idn", "16xlarge 24xlarge 32xlarge", ""},
		{"x2iedn", "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge", ""},
	} {
		for _, name := range strings.Fields(row.families) {
			all = append(all, classFamily{name, strings.Fields(row.rds), strings.Fields(row.aurora)})
		}
	}
	return all
})

// familyNames returns the names of the families that an engine has.
func familyNames(engine Engine) (names []string) {
	for _, f := range classFamilies() {
		if len(f.sizes(engine)) > 0 {
			names = append(names, f.name)
		}
	}
	return names
}

func (f classFamily) sizes(engine Engine) []string {
	if engine == EngineAurora {
		return f.aurora
	}
	return f.rds
}

func familyOf(name string) classFamily {
	i := slices.IndexFunc(classFamilies(), func(f classFamily) bool { return f.name == name })
	if i < 0 {
		return classFamily{}
	}
	return classFamilies()[i]
}

var instanceClass = regexp.MustCompile(`^db\.([a-z0-9]+)\.([a-z0-9]+)$`)

// splitClass returns the family and size of db.<family>.<size>, or empty strings.
func splitClass(class string) (family, size string) {
	if match := instanceClass.FindStringSubmatch(class); match != nil {
		return match[1], match[2]
	}
	return "", ""
}

func isInstanceClass(s string) bool {
	family, size := splitClass(s)
	return slices.Contains(familyOf(family).rds, size)
}

func instanceClassRemedy(s string) string {
	family, _ := splitClass(s)
	all := familyNames(EnginePostgres)
	switch {
	case family == "":
		return ""
	case !slices.Contains(all, family):
		_, size := splitClass(s)
		if near := nearest(family, all); near != "" && isInstanceClass("db."+near+"."+size) {
			return "did you mean db." + near + "." + size + "?"
		}
		return "families are " + list(all, "and")
	}
	return "sizes of " + family + " are " + list(familyOf(family).rds, "and")
}

// missingFamilies are, by region, the families that RDS and, after the bar, Aurora did not offer there in
// August 2026, by the same price list.
var missingFamilies = map[string]string{
	"af-south-1":     "m6gd m6id m6idn m6in m7g m7i m8gd r5b r6gd r6id r6idn r6in r7g r7i r8g x2g x2idn x2iedn | r6gd r6id r7i r8g x2g",
	"ap-east-1":      "m6id m6idn m6in m7g m7i m8gd r5b r6gd r6id r6idn r6in r7i x2g x2idn x2iedn | r6gd r6id r7i x2g",
	"ap-northeast-1": "x2g x2idn x2iedn | x2g",
	"ap-northeast-2": "m6id m6idn m6in m8gd r5b r6gd r6id r6idn r6in x2g x2idn x2iedn | x2g",
	"ap-northeast-3": "m6id m6idn m6in m7i m8g m8gd r5b r6id r6idn r6in r7i r8gd x2g x2idn x2iedn | r6gd r6id r8gd x2g",
	"ap-south-1":     "m6id m6idn m6in m8gd r5b r6id r6idn r6in r8gd x2g x2idn x2iedn | r8gd x2g",
	"ap-south-2":     "m5d m6id m6idn m6in m7i m8gd r5b r5d r6gd r6i r6id r6idn r6in r7i r8gd x2g x2idn x2iedn | r6gd r6id r8gd x2g",
	"ap-southeast-1": "m6id m6idn m6in m8gd r6id r6idn r6in r8gd x2g x2idn x2iedn | r8gd x2g",
	"ap-southeast-2": "m6idn m6in r5b r6idn r6in x2g | x2g",
	"ap-southeast-3": "m6id m6idn m6in m8g m8gd r5b r6i r6id r6idn r6in x2g x2idn x2iedn | r6gd r6id x2g",
	"ap-southeast-4": "m5d m6i m6id m6idn m6in m8g m8gd r5b r5d r6gd r6i r6id r6idn r6in r7g r7i r8gd x2g x2idn x2iedn | r6gd r6id r7g r8gd x2g",
	"ap-southeast-5": "m5 m5d m6idn m6in r5 r5b r5d r6idn r6in x2g x2idn x2iedn | r5 x2g",
	"ap-southeast-7": "m5 m5d m6idn m6in m7i m8g m8gd r5 r5b r5d r6idn r6in r7i r8g r8gd x2g x2idn x2iedn | r5 r8g r8gd x2g",
	"ca-central-1":   "m6id m6idn m6in m8g r5b r6id r6idn r6in x2g | r6id x2g",
	"ca-west-1":      "t4g m5 m5d m6idn m6in m7g m7i m8gd r5 r5b r5d r6gd r6idn r6in r7i r8g x2g x2idn x2iedn | r6gd r6i r6id r7i r8g x2g",
	"eu-central-1":   "m6idn m6in r6idn r6in x2g | x2g",
	"eu-central-2":   "m5d m6i m6id m6idn m6in m7i m8gd r5b r5d r6i r6id r6idn r6in r7i r8gd x2g x2idn x2iedn | r6gd r6id r7i r8gd x2g",
	"eu-north-1":     "m6id m6idn m6in m8gd r5b r6gd r6id r6idn r6in r8gd x2g | r6id r8gd x2g",
	"eu-south-1":     "m6id m6idn m6in m7g m7i m8gd r5b r6gd r6id r6idn r6in r8g r8gd x2g | r6gd r6id r8g r8gd x2g",
	"eu-south-2":     "m5d m6i m6id m6idn m6in r5b r5d r6i r6id r6idn r6in x2g x2idn x2iedn | r6gd r6id",
	"eu-west-1":      "r5b | ",
	"eu-west-2":      "m6id m6idn m6in r5b r6gd r6id r6idn r6in x2g x2idn x2iedn | x2g",
	"eu-west-3":      "m6id m6idn m6in m8gd r5b r6id r6idn r6in r7g r8gd x2g x2idn x2iedn | r6id r8gd x2g",
	"il-central-1":   "m5d m6id m6idn m6in m7i m8g m8gd r5b r5d r6idn r6in r7i r8g r8gd x2g x2idn x2iedn | t4g r6g r6gd r6i r6id r7i r8g r8gd x2g",
	"me-central-1":   "m6i m6id m6idn m6in m7i m8g m8gd r5b r6gd r6i r6id r6idn r6in r7g r7i r8g r8gd x2g x2idn x2iedn | r6gd r6id r7i r8g r8gd x2g",
	"me-south-1":     "m6id m6idn m6in m7i m8g m8gd r5b r6gd r6id r6idn r6in r7i r8g r8gd x2g x2idn x2iedn | r6gd r6id r7i r8g r8gd x2g",
	"mx-central-1":   "m5 m5d m6idn m6in m8g m8gd r5 r5b r5d r6idn r6in r8gd x2g x2idn x2iedn | r5 r8gd x2g",
	"sa-east-1":      "m6gd m6id m6idn m6in r5b r6gd r6id r6idn r6in x2g x2idn x2iedn | r6id x2g",
	"us-east-1":      "x2idn | ",
	"us-east-2":      "x2idn x2iedn | ",
	"us-west-1":      "m6id m6idn m6in m8gd r5b r6id r6idn r6in x2g x2idn x2iedn | r6id x2g",
	"us-west-2":      "x2idn | ",
}

// checkInstanceClass checks what the engine and the region have of the classes.
func (d *document) checkInstanceClass() {
	const path = "database.instanceClass"
	database := d.env.Database
	name, size := splitClass(database.InstanceClass)
	if name == "" || !d.isValid("database.engine", path) {
		return
	}
	family := familyOf(name)
	switch sizes := family.sizes(database.Engine); {
	case len(sizes) == 0:
		d.report(path, "must be of a family that Aurora offers (%s), is %s", list(familyNames(EngineAurora), "or"), quote(database.InstanceClass))
		return
	case !slices.Contains(sizes, size):
		classes := make([]string, len(sizes))
		for i, size := range sizes {
			classes[i] = "db." + name + "." + size
		}
		d.report(path, "must be %s with engine %s, is %s", list(classes, "or"), database.Engine, quote(database.InstanceClass))
		return
	}
	if !d.isValid("region") {
		return
	}
	rds, aurora, _ := strings.Cut(missingFamilies[d.env.Region], " | ")
	missing := rds
	if database.Engine == EngineAurora {
		missing = aurora
	}
	// A warning: AWS offers more families in more regions from month to month.
	if slices.Contains(strings.Fields(missing), name) {
		d.warn(path, "%s had no db.%s for %s in August 2026. To see what it has: "+
			"aws rds describe-orderable-db-instance-options --region %[1]s --engine %[3]s --db-instance-class %s", d.env.Region, name, database.Engine, database.InstanceClass)
	}
}
