package integration

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"sigs.k8s.io/yaml"

	"plinth/rehearsal/internal/cloud"
)

var oneByOne = flag.Bool("one-by-one", false, "change each setting alone, which takes much longer")

// nightly skips a test that only make test-changes runs, for the time that it takes. Most of these changes
// TestChanges makes as well, together with others.
func nightly(t *testing.T) {
	t.Helper()
	if !*oneByOne {
		t.Skip("make test-changes runs it")
	}
}

// walk is an environment in which settings are changed.
type walk struct {
	Environment string
	// LogBucket is somebody else's bucket, to which load balancers may write.
	LogBucket string
	// Base are overrides with which it is deployed.
	Base   map[string]string
	Rounds []round
}

// round is what is changed together, or each alone.
type round struct {
	// Settings are overrides to deploy the environment again with, and then to take back.
	Settings []map[string]string
	// Switches is on or off for features. Bootstrap runs before one is deployed, and after it is gone, since
	// the roles have the permissions for both only then.
	Switches string
	// Together says that the settings are always changed together.
	Together bool
	// OneWay says that the way back is refused.
	OneWay bool
}

// documented is what the settings say about a change: see package settings.
type documented struct {
	Effect    string
	Bootstrap bool
	Replaces  []string
}

// TestChanges deploys environments under their roles, changes settings, deploys again, and compares with
// what docs/settings.md says. Then it changes them back.
func TestChanges(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/changes.yaml")
	assert.NilError(t, err)
	var walks []walk
	assert.NilError(t, yaml.UnmarshalStrict(content, &walks))
	rows := documentedChanges(t)
	for i, w := range walks {
		if i > 0 && !*oneByOne {
			break // the first has everything on
		}
		t.Run(w.Environment, func(t *testing.T) {
			t.Parallel()
			seen, expected := w.play(t, rows)
			if i == 0 && !t.Failed() { // in the others, a replacement can need what they do not have
				assert.DeepEqual(t, seen, expected)
			}
		})
	}
}

// entries are keys of maps in a walked environment, by the end of the map's variable.
var entries = map[string]string{"APPS": "SHOP", "APPSSHOPWORKERS": "MAILER", "APPSSHOPJOBS": "NIGHTLYREPORT", "APPSSHOPSECRETS": "STRIPEKEY"}

// ofApplication matches the beginning of an application's variables.
var ofApplication = regexp.MustCompile(`^APPS_(SEARCH_INDEX|[A-Z]+)_`)

// documentedChanges returns the rows by the end of the setting's variable, without underscores.
func documentedChanges(t *testing.T) map[string]documented {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "environments", "schema.json"))
	assert.NilError(t, err)
	type node struct {
		Properties map[string]json.RawMessage `json:"properties"`
		// Entries is the schema of what a map has under any key.
		Entries json.RawMessage `json:"additionalProperties"`
		Change  *documented     `json:"x-change"`
	}
	rows := map[string]documented{}
	var read func(path string, content []byte)
	read = func(path string, content []byte) {
		var n node
		assert.NilError(t, json.Unmarshal(content, &n))
		if n.Change != nil {
			rows[path] = *n.Change
		}
		for name, inside := range n.Properties {
			read(path+strings.ToUpper(name), inside)
		}
		if name, ok := entries[path]; ok {
			read(path+name, n.Entries)
		}
	}
	read("", content)
	assert.Assert(t, len(rows) > 100, "%d rows", len(rows))
	return rows
}

// steps returns what to change at a time.
func (r round) steps() []map[string]string {
	if *oneByOne && !r.Together {
		return r.Settings
	}
	together := map[string]string{}
	for _, change := range r.Settings {
		maps.Copy(together, change)
	}
	return []map[string]string{together}
}

// play returns the types of which resources were replaced, and which the rows name.
func (w walk) play(t *testing.T, rows map[string]documented) (seen, expected map[string]bool) {
	base := w.overrides(nil)
	r := start(t, w.Environment, base...)
	assert.NilError(t, r.Bootstrap(t.Context()))
	if w.LogBucket != "" {
		r.logBucket(w.LogBucket)
	}
	walked := walker{rehearsal: r}
	walked.deploy()
	expected, seen = map[string]bool{}, map[string]bool{}
	for _, round := range w.Rounds {
		for _, step := range round.steps() {
			name := "together"
			if *oneByOne && !round.Together {
				name = strings.Join(slices.Sorted(maps.Keys(step)), " ")
			}
			if !t.Run(name, func(t *testing.T) {
				walked.t = t
				may := map[string]bool{}
				bootstrap := false
				for name := range step {
					row, ok := rows[strings.ReplaceAll(ofApplication.ReplaceAllString(name, "APPS_SHOP_"), "_", "")]
					assert.Assert(t, ok, "%s: no such setting", name)
					for _, kind := range row.Replaces {
						may[kind], expected[kind] = true, true
					}
					bootstrap = bootstrap || row.Bootstrap
				}
				check := func(replaced []string) {
					t.Helper()
					for _, kind := range replaced {
						seen[kind] = true
						assert.Check(t, may[kind], "%s is replaced, which settings/changes.go does not say", kind)
					}
				}
				check(walked.change(w.overrides(step), bootstrap && round.Switches != "off", bootstrap && round.Switches == "off"))
				if round.OneWay {
					maps.Copy(w.Base, step)
					base = w.overrides(nil)
				} else {
					check(walked.change(base, bootstrap && round.Switches != "on", bootstrap && round.Switches == "on"))
				}
			}) {
				return seen, expected // what follows would only fail for the same reason
			}
		}
	}
	return seen, expected
}

// logBucket creates somebody else's bucket for access logs.
func (r rehearsal) logBucket(name string) {
	r.t.Helper()
	assert.NilError(r.t, r.Cloud().Update(func(w *cloud.World) error {
		const policy = `{"Statement": [{"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::%s/*"}]}`
		return errors.Join(
			w.Create("aws_s3_bucket", "", cloud.Attributes{"bucket": name}),
			w.Create("aws_s3_bucket_policy", "", cloud.Attributes{"bucket": name, "policy": fmt.Sprintf(policy, name)}),
		)
	}))
}

// overrides are the base with a change, as variables.
func (w walk) overrides(change map[string]string) []string {
	all := maps.Clone(w.Base)
	maps.Copy(all, change)
	var variables []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		variables = append(variables, fmt.Sprintf("PLINTH_%s_%s=%s", strings.ToUpper(w.Environment), name, all[name]))
	}
	return variables
}

// walker deploys an environment again and again.
type walker struct {
	rehearsal
	// deployed are the synthesized stacks at the last deployment.
	deployed map[string]string
}

// change deploys other settings, with ./plinth bootstrap before or after, and returns what deploy does.
func (w *walker) change(overrides []string, before, after bool) []string {
	w.t.Helper()
	w.synth(overrides...)
	bootstrap := func(now bool) {
		w.t.Helper()
		if now {
			assert.NilError(w.t, w.Bootstrap(w.t.Context()))
		}
	}
	bootstrap(before)
	replaced := w.deploy()
	bootstrap(after)
	return replaced
}

// deploy deploys every stack that changes, under its role and in order, and returns the types of which
// Terraform replaces a resource.
func (w *walker) deploy() []string {
	w.t.Helper()
	types := map[string]bool{}
	before := w.deployed
	w.deployed = map[string]string{}
	changed := false
	for _, stack := range w.App.Names() {
		content, err := os.ReadFile(filepath.Join(w.App.Stack(stack).Folder, "cdk.tf.json"))
		assert.NilError(w.t, err)
		w.deployed[stack] = string(content)
		changed = changed || before[stack] != string(content)
		if !changed { // nor does any stack before it
			continue
		}
		for _, kind := range w.apply(stack) {
			types[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// waits reports whether a database waits for its maintenance window.
func (w *walker) waits() (found bool) {
	w.world().Each(func(_, _ string, t *cloud.Thing) bool {
		found = len(t.Waiting) > 0
		return !found
	}, "aws_db_instance", "aws_rds_cluster_instance")
	return found
}

func (w *walker) apply(stack string) []string {
	w.t.Helper()
	role := w.App.Pipeline.DeployRoles[stack]
	terraform := func(args ...string) string {
		w.t.Helper()
		return w.do(w.As(w.Terraform(stack, args...), role, w.App.Pipeline.Release()))
	}
	assert.NilError(w.t, w.initialize(stack))
	var replaced []string
	changes := false
	// https://developer.hashicorp.com/terraform/internals/machine-readable-ui#planned-change
	for line := range strings.Lines(terraform("apply", "-json", "-input=false", "-auto-approve")) {
		var said struct {
			Type   string `json:"type"`
			Change struct {
				Action   string `json:"action"`
				Resource struct {
					Type string `json:"resource_type"`
				} `json:"resource"`
			} `json:"change"`
		}
		assert.NilError(w.t, json.Unmarshal([]byte(line), &said), line)
		if said.Type != "planned_change" {
			continue
		}
		changes = true
		if said.Change.Action == "replace" {
			replaced = append(replaced, said.Change.Resource.Type)
		}
	}
	if changes && w.waits() {
		w.contains(terraform("plan", "-input=false"), " to change") // until the maintenance window
		assert.NilError(w.t, w.Cloud().Update(func(world *cloud.World) error { world.Advance(7 * 24 * time.Hour); return nil }))
	}
	if changes {
		w.contains(terraform("plan", "-input=false", "-detailed-exitcode"), "No changes.")
	}
	return replaced
}
