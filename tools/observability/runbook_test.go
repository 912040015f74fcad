package observability

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guide is the runbook, with the alerts and alarms that it must explain.
type guide struct {
	text string
	// alerts are Prometheus'. alarms are CloudWatch's: their descriptions by name without the
	// environment.
	alerts []string
	alarms map[string]string
}

// traps are the known problems in the runbook, by anchor.
var traps = []string{
	"fargate-no-profile", "fargate-capacity", "fargate-vcpu-quota", "coredns-pending", "old-kubelets", "service-quota",
	"left-over-load-balancer", "state-lock", "certificate-pending", "migration-failed", "in-cluster-database", "release-pending",
	"grafana-secret", "external-secret", "endpoint-policy", "data-lost", "waf-blocks", "budget", "nat-ports", "killed-deployment",
}

func newGuide(t *testing.T) guide {
	t.Helper()
	read := func(file string) string {
		content, err := os.ReadFile(filepath.Join("../..", file))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	g := guide{text: read("docs/runbook.md"), alarms: map[string]string{}}
	for _, rule := range newObserved(t).allRules() {
		if rule.Alert != "" {
			g.alerts = append(g.alerts, rule.Alert)
		}
	}
	goldens, err := filepath.Glob("../../wholeapp/testdata/golden/*-observability.tf.json")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range goldens {
		name := filepath.Base(file)
		environment, _, _ := strings.Cut(name, "-observability")
		maps.Copy(g.alarms, alarmsOf(t, read("wholeapp/testdata/golden/"+name), environment))
	}
	return g
}

// alarmsOf are the alarms of a stack, which are called <project>-<environment>-<id>.
func alarmsOf(t *testing.T, stack, environment string) map[string]string {
	t.Helper()
	var content struct {
		Resource struct {
			Alarms map[string]struct {
				Name        string `json:"alarm_name"`
				Description string `json:"alarm_description"`
			} `json:"aws_cloudwatch_metric_alarm"`
		} `json:"resource"`
	}
	if err := json.Unmarshal([]byte(stack), &content); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, alarm := range content.Resource.Alarms {
		_, id, found := strings.Cut(alarm.Name, "-"+environment+"-")
		if !found {
			t.Fatalf("alarm %s is not %s's", alarm.Name, environment)
		}
		all[id] = alarm.Description
	}
	if len(all) == 0 {
		t.Fatalf("%s has no alarms", environment)
	}
	return all
}

// section is the text under a heading of the third level.
type section struct {
	part, heading string
	anchors       []string
	body          string
}

var anchorTag = regexp.MustCompile(`<a id="([^"]*)"></a>`)

// sections are the runbook's sections. Anchors are on the line above a heading.
func (g guide) sections() (all []section) {
	part, anchors := "", []string(nil)
	for line := range strings.Lines(g.text) {
		switch {
		case strings.HasPrefix(line, "## "):
			part = strings.TrimSpace(line[3:])
		case strings.HasPrefix(line, "### "):
			all = append(all, section{part: part, heading: strings.TrimSpace(line[4:]), anchors: anchors})
			anchors = nil
		case strings.HasPrefix(line, "<a id="):
			for _, match := range anchorTag.FindAllStringSubmatch(line, -1) {
				anchors = append(anchors, match[1])
			}
		case len(all) > 0:
			all[len(all)-1].body += line
		}
	}
	return all
}

// anchors are the anchors of a part, including duplicates.
func (g guide) anchors(part string) (all []string) {
	for _, s := range g.sections() {
		if s.part == part {
			all = append(all, s.anchors...)
		}
	}
	return all
}

var (
	ofApplication = regexp.MustCompile(`^.+-(error-rate|latency|unhealthy-targets|error-logs)$`)
	ofServer      = regexp.MustCompile(`^database-.*-([a-z]+)$`)
)

// anchorOf is the anchor of a CloudWatch alarm: its id, without the application's or the server's name.
func anchorOf(id string) string {
	if found := ofApplication.FindStringSubmatch(id); found != nil {
		return found[1]
	}
	return ofServer.ReplaceAllString(id, "database-$1")
}

// guideProperties hold for the runbook. spoil breaks something on purpose: the check must notice.
var guideProperties = []struct {
	name  string
	check func(g guide) []string
	spoil map[string]func(g *guide)
}{
	{
		"every alarm is explained, and none that there is not", alarmsInGuide,
		map[string]func(g *guide){
			"an alert without":   reword(`<a id="appslow"></a>`, ""),
			"an alarm without":   reword(`<a id="database-lag"></a>`, ""),
			"another alert":      func(g *guide) { g.alerts = append(g.alerts, "AppHot") },
			"another alarm":      func(g *guide) { g.alarms["cost"] = "Dear. See docs/runbook.md#cost." },
			"an alarm that went": func(g *guide) { delete(g.alarms, "app-latency") },
			"an alert that went": func(g *guide) {
				g.alerts = slices.DeleteFunc(g.alerts, func(s string) bool { return s == "AppErrors" })
			},
			"an anchor that is twice":  reword(`<a id="latency"></a>`, `<a id="latency"></a><a id="error-rate"></a>`),
			"an alarm among the traps": reword("## Alarms", "## Troubleshooting"),
		},
	},
	{
		"every trap is explained", trapsInGuide,
		map[string]func(g *guide){
			"one is missing":      reword(`<a id="nat-ports"></a>`, ""),
			"one that nobody has": reword(`<a id="nat-ports"></a>`, `<a id="nat-ports"></a><a id="dns"></a>`),
			"one without a place": reword("## Troubleshooting", "## More"),
		},
	},
	{
		"alarms lead to their explanation", alarmsLeadToGuide,
		map[string]func(g *guide){
			"nowhere":     func(g *guide) { g.alarms["app-latency"] = "Slow." },
			"elsewhere":   func(g *guide) { g.alarms["app-latency"] = "Slow. See docs/runbook.md#error-rate." },
			"to a server": func(g *guide) { g.alarms["database-primary-cpu"] = "Busy. See docs/runbook.md#database-primary-cpu." },
			"too long": func(g *guide) {
				g.alarms["app-latency"] = strings.Repeat("Slow. ", longestDescription/6) + "See docs/runbook.md#latency."
			},
		},
	},
	{
		"what is seen, why, what to do", partsInGuide,
		map[string]func(g *guide){
			"not seen":          reword("**Seen.** Users get 5xx", "Users get 5xx"),
			"no reason":         reword("**Why.** Mostly a release", "Mostly a release"),
			"nothing to do":     reword("**Do.** `./plinth status` first", "`./plinth status` first"),
			"nothing behind it": func(g *guide) { g.text += "\n### More\n\n**Seen.**\n\n**Why.** It is.\n\n**Do.** Wait.\n" },
			"another order":     func(g *guide) { g.text += "\n### More\n\n**Why.** It is.\n\n**Seen.** It.\n\n**Do.** Wait.\n" },
			"no command":        func(g *guide) { g.text += "\n### More\n\n**Seen.** It.\n\n**Why.** It is.\n\n**Do.** Wait.\n" },
		},
	},
	{
		"links are there", linksInGuide,
		map[string]func(g *guide){
			"a link to nowhere": reword("(#database-cpu)", "(#database-load)"),
		},
	},
}

func TestGuide(t *testing.T) {
	real := newGuide(t)
	for _, property := range guideProperties {
		t.Run(property.name, func(t *testing.T) {
			for _, violation := range property.check(real) {
				t.Error(violation)
			}
			for name, spoil := range property.spoil {
				broken := real
				broken.alerts, broken.alarms = slices.Clone(real.alerts), maps.Clone(real.alarms)
				spoil(&broken)
				if len(property.check(broken)) == 0 {
					t.Errorf("%s passes", name)
				}
			}
		})
	}
}

// reword replaces a text of the runbook, and panics if the runbook lacks it.
func reword(from, to string) func(g *guide) {
	return func(g *guide) {
		if !strings.Contains(g.text, from) {
			panic(fmt.Sprintf("the runbook has no %q to spoil", from))
		}
		g.text = strings.ReplaceAll(g.text, from, to)
	}
}

func alarmsInGuide(g guide) []string {
	wanted := map[string]bool{}
	for _, alert := range g.alerts {
		wanted[strings.ToLower(alert)] = true
	}
	for id := range g.alarms {
		wanted[anchorOf(id)] = true
	}
	return compare("Alarms", g.anchors("Alarms"), slices.Collect(maps.Keys(wanted)))
}

func trapsInGuide(g guide) []string {
	return compare("Troubleshooting", g.anchors("Troubleshooting"), traps)
}

// compare reports missing, unknown and repeated anchors.
func compare(part string, found, wanted []string) (broken []string) {
	for _, anchor := range wanted {
		if !slices.Contains(found, anchor) {
			broken = append(broken, fmt.Sprintf("docs/runbook.md: %s: has no <a id=%q></a>", part, anchor))
		}
	}
	for i, anchor := range found {
		switch {
		case !slices.Contains(wanted, anchor):
			broken = append(broken, fmt.Sprintf("docs/runbook.md: %s: nothing is called %s", part, anchor))
		case slices.Contains(found[:i], anchor):
			broken = append(broken, fmt.Sprintf("docs/runbook.md: %s: %s is there twice", part, anchor))
		}
	}
	return broken
}

// longestDescription is CloudWatch's limit for an alarm's description.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const longestDescription = 1024

func alarmsLeadToGuide(g guide) (broken []string) {
	for id, description := range g.alarms {
		if want := " See docs/runbook.md#" + anchorOf(id) + "."; !strings.HasSuffix(description, want) {
			broken = append(broken, fmt.Sprintf("%s: its description does not end with%s", id, want))
		}
		if len(description) > longestDescription {
			broken = append(broken, fmt.Sprintf("%s: its description has %d characters, CloudWatch takes %d", id, len(description), longestDescription))
		}
	}
	return broken
}

var (
	// The three parts begin paragraphs and have text.
	partStart = regexp.MustCompile(`(?m)^\*\*([A-Z][a-z]+)\.\*\*( \S)?`)
	command   = regexp.MustCompile(`(?m)^    (make|\./plinth|kubectl|aws|cd|helm|export) `)
)

func partsInGuide(g guide) (broken []string) {
	for _, s := range g.sections() {
		var found []string
		for _, match := range partStart.FindAllStringSubmatch(s.body, -1) {
			if match[2] != "" {
				found = append(found, match[1])
			}
		}
		if !slices.Equal(found, []string{"Seen", "Why", "Do"}) {
			broken = append(broken, fmt.Sprintf("docs/runbook.md: %s: has the parts %v, not Seen, Why, Do", s.heading, found))
		}
		if !command.MatchString(s.body) {
			broken = append(broken, fmt.Sprintf("docs/runbook.md: %s: has no command", s.heading))
		}
	}
	return broken
}

func linksInGuide(g guide) (broken []string) {
	known := map[string]bool{}
	for _, match := range anchorTag.FindAllStringSubmatch(g.text, -1) {
		known[match[1]] = true
	}
	for line := range strings.Lines(g.text) {
		if hashes, heading, found := strings.Cut(line, "# "); found && strings.Trim(hashes, "#") == "" {
			known[strings.ReplaceAll(strings.ToLower(strings.TrimSpace(heading)), " ", "-")] = true
		}
	}
	for _, match := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(g.text, -1) {
		if !known[match[1]] {
			broken = append(broken, "docs/runbook.md: leads to #"+match[1]+", which is not there")
		}
	}
	return broken
}
