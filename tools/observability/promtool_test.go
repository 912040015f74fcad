package observability

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// promtool is the path of promtool in go.mod's version. `go tool promtool` would check every time whether
// all of its hundreds of packages are up to date.
var promtool string

func TestMain(m *testing.M) {
	// First build it, then find its path.
	output, err := exec.Command("go", "tool", "promtool", "--version").CombinedOutput()
	if err == nil {
		output, err = exec.Command("go", "tool", "-n", "promtool").Output()
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "go tool promtool: %v\n%s", err, output)
		os.Exit(1)
	}
	promtool = strings.TrimSpace(string(output))
	os.Exit(m.Run())
}

// check returns promtool's output if it fails, otherwise "".
func check(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := exec.Command(promtool, arguments...).CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &exit):
		return fmt.Sprintf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	t.Fatal(err)
	return ""
}

func write(t *testing.T, file string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRules(t *testing.T) {
	t.Parallel()
	o := newObserved(t)
	embedded, err := filepath.Glob("../../observability/rules/*.yaml")
	if err != nil || len(embedded) != len(o.rules) {
		t.Fatalf("%q: %v", embedded, err)
	}
	// The rules as AMP gets them, beside copies of the unit tests.
	folder := t.TempDir()
	var files, tests []string
	for name, rules := range o.rules {
		files = append(files, write(t, filepath.Join(folder, name+".yaml"), []byte(rules)))
	}
	for _, file := range unitTests(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		here := strings.ReplaceAll(string(content), "../../../observability/rules/", "")
		tests = append(tests, write(t, filepath.Join(folder, "test-"+filepath.Base(file)), []byte(here)))
	}
	for _, words := range []string{
		check(t, append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, files...)...),
		check(t, append([]string{"test", "rules"}, tests...)...),
	} {
		if words != "" {
			t.Error(words)
		}
	}
}

func TestAgentConfiguration(t *testing.T) {
	t.Parallel()
	// The service account's files that it names do not exist here.
	accepted := func(config any) string {
		content, err := yaml.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		return check(t, "check", "config", "--agent", "--syntax-only", write(t, filepath.Join(t.TempDir(), "prometheus.yml"), content))
	}
	if words := accepted(agent.Config()); words != "" {
		t.Error(words)
	}
	without := agent
	without.Apps = nil
	if words := accepted(without.Config()); words != "" {
		t.Errorf("without applications that have metrics: %s", words)
	}
	for name, spoil := range map[string]func(config object){
		"rules, which an agent has not": func(config object) { config["rule_files"] = []string{"rules.yaml"} },
		"a field that there is not":     func(config object) { config["remote_writes"] = config["remote_write"] },
		"a timeout above the interval":  func(config object) { config["global"].(object)["scrape_interval"] = "5s" },
	} {
		config := agent.Config()
		spoil(config)
		if accepted(config) == "" {
			t.Errorf("%s passes", name)
		}
	}
}

// unitTests are promtool's unit tests, one for each file of rules.
// https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/
func unitTests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%q: %v", files, err)
	}
	return files
}

// Every record has a test. The next test checks the same for alerts.
func TestRecordsAreTested(t *testing.T) {
	t.Parallel()
	var tested []string
	for _, file := range unitTests(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tests struct {
			Tests []struct {
				Expressions []struct {
					Expr    string `yaml:"expr"`
					Samples []any  `yaml:"exp_samples"`
				} `yaml:"promql_expr_test"`
			} `yaml:"tests"`
		}
		if err := yaml.Unmarshal(content, &tests); err != nil {
			t.Fatal(err)
		}
		for _, test := range tests.Tests {
			for _, expression := range test.Expressions {
				if len(expression.Samples) > 0 {
					name, _, _ := strings.Cut(expression.Expr, "{")
					tested = append(tested, name)
				}
			}
		}
	}
	for _, rule := range newObserved(t).allRules() {
		if rule.Record != "" && !slices.Contains(tested, rule.Record) {
			t.Errorf("%s has no test", rule)
		}
	}
}

// The unit tests notice an alert that never fires, one with twice or half of its threshold, and one
// that fires at once or late.
func TestUnitTestsNotice(t *testing.T) {
	for _, rule := range newObserved(t).allRules() {
		if rule.Alert == "" {
			continue
		}
		for _, change := range changes(t, rule) {
			t.Run(fmt.Sprintf("%s/%s/%s", rule.Alert, rule.Labels["severity"], change.name), func(t *testing.T) {
				t.Parallel()
				if check(t, "test", "rules", withRule(t, rule, change.to)) == "" {
					t.Errorf("testdata/%s.yaml does not notice", rule.File)
				}
			})
		}
	}
}

// change is a changed copy of a rule.
type change struct {
	name string
	to   rule
}

func changes(t *testing.T, from rule) (all []change) {
	t.Helper()
	add := func(name string, edit func(to *rule)) {
		to := from
		edit(&to)
		all = append(all, change{name, to})
	}
	add("never", func(to *rule) { to.Expr = "(" + from.Expr + ") and vector(1) > 2" })
	if from.For != "" {
		add("at once", func(to *rule) { to.For = "" })
		minutes, err := strconv.Atoi(strings.TrimSuffix(from.For, "m"))
		if err != nil {
			t.Fatal(err)
		}
		add("late", func(to *rule) { to.For = fmt.Sprintf("%dm", 3*minutes) })
	}
	parsed, err := parse(from.Expr)
	if err != nil {
		t.Fatal(err)
	}
	parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
		number, is := node.(*parser.NumberLiteral)
		if !is || number.Val == 0 || !isThreshold(number, path[len(path)-1]) {
			return nil
		}
		at := number.PosRange
		for name, factor := range map[string]float64{"twice": 2, "half": 0.5} {
			add(fmt.Sprintf("%s %v", name, number.Val), func(to *rule) {
				to.Expr = from.Expr[:at.Start] + fmt.Sprint(number.Val*factor) + from.Expr[at.End:]
			})
		}
		return nil
	})
	return all
}

// isThreshold is false for a quantile, which cannot be doubled, and for a factor of another
// number.
func isThreshold(number *parser.NumberLiteral, in parser.Node) bool {
	switch e := in.(type) {
	case *parser.Call:
		return e.Func.Name != "histogram_quantile"
	case *parser.BinaryExpr:
		return e.Op != parser.MUL || e.RHS != parser.Expr(number)
	}
	return true
}

// withRule copies the rules and the unit test of an alert, with the alert replaced, and returns the test.
func withRule(t *testing.T, from, to rule) string {
	t.Helper()
	read := func(content []byte) (document object) {
		if err := yaml.Unmarshal(content, &document); err != nil {
			t.Fatal(err)
		}
		return document
	}
	rules := read([]byte(newObserved(t).rules[from.File]))
	for _, group := range objects(rules["groups"]) {
		group["rules"] = slices.DeleteFunc(objects(group["rules"]), func(rule object) bool {
			if rule["alert"] == from.Alert && rule["expr"] == from.Expr && rule["labels"].(object)["severity"] == from.Labels["severity"] {
				rule["expr"], rule["for"] = to.Expr, cmp.Or(to.For, "0m")
			}
			return rule["alert"] != nil && rule["alert"] != from.Alert
		})
	}
	content, err := os.ReadFile(filepath.Join("testdata", from.File+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	test := read(content)
	test["rule_files"] = []string{"rules.yaml"}
	test["tests"] = slices.DeleteFunc(objects(test["tests"]), func(test object) bool {
		return !slices.ContainsFunc(objects(test["alert_rule_test"]), func(alert object) bool { return alert["alertname"] == from.Alert })
	})
	folder := t.TempDir()
	for name, document := range map[string]object{"rules.yaml": rules, "test.yaml": test} {
		content, err := yaml.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name), content)
	}
	return filepath.Join(folder, "test.yaml")
}
