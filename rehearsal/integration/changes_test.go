package integration

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"sigs.k8s.io/yaml"
)

var oneByOne = flag.Bool("one-by-one", false, "change each setting alone, which takes much longer")

// walk is an environment in which settings are changed.
type walk struct {
	Environment string
	// Base are overrides with which it is deployed.
	Base map[string]string
	// Changes are overrides to deploy it again with, each set for itself.
	Changes []map[string]string
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
	for _, w := range walks {
		t.Run(w.Environment, func(t *testing.T) {
			t.Parallel()
			w.play(t, rows)
		})
	}
}

// documentedChanges returns the rows by the end of the setting's variable, without underscores.
func documentedChanges(t *testing.T) map[string]documented {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "environments", "schema.json"))
	assert.NilError(t, err)
	type node struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Change     *documented                `json:"x-change"`
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
	}
	read("", content)
	assert.Assert(t, len(rows) > 100, "%d rows", len(rows))
	return rows
}

// rounds are the changes to make together: each alone, or as many as do not name the same setting.
func (w walk) rounds() []map[string]string {
	if *oneByOne {
		return w.Changes
	}
	var rounds []map[string]string
	for _, change := range w.Changes {
		i := slices.IndexFunc(rounds, func(round map[string]string) bool {
			for name := range change {
				if _, there := round[name]; there {
					return false
				}
			}
			return true
		})
		if i < 0 {
			i, rounds = len(rounds), append(rounds, map[string]string{})
		}
		maps.Copy(rounds[i], change)
	}
	return rounds
}

func (w walk) play(t *testing.T, rows map[string]documented) {
	base := w.overrides(w.Base, nil)
	r := start(t, w.Environment, base...)
	assert.NilError(t, r.Bootstrap(t.Context()))
	walked := walker{rehearsal: r, initialized: map[string]bool{}}
	walked.deploy()
	for _, round := range w.rounds() {
		name := strings.Join(slices.Sorted(maps.Keys(round)), " ")
		if len(name) > 80 {
			name = "together"
		}
		t.Run(name, func(t *testing.T) {
			walked.t = t
			var wanted []string
			bootstrap := false
			for name := range round {
				row, ok := rows[strings.ReplaceAll(name, "_", "")]
				assert.Assert(t, ok, "%s: no such setting", name)
				wanted = append(wanted, row.Replaces...)
				bootstrap = bootstrap || row.Bootstrap
			}
			slices.Sort(wanted)
			wanted = slices.Compact(wanted)
			for _, overrides := range [][]string{w.overrides(w.Base, round), base} {
				walked.synth(overrides...)
				if bootstrap {
					assert.NilError(t, r.Bootstrap(t.Context()))
				}
				assert.DeepEqual(t, walked.deploy(), wanted)
			}
		})
	}
}

// overrides are the base with a change, as variables.
func (w walk) overrides(base, change map[string]string) []string {
	all := maps.Clone(base)
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
	deployed    map[string]string
	initialized map[string]bool
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

func (w *walker) apply(stack string) []string {
	w.t.Helper()
	role := w.App.Pipeline.DeployRoles[stack]
	terraform := func(args ...string) string {
		w.t.Helper()
		return w.do(w.As(w.Terraform(stack, args...), role, w.App.Pipeline.Release()))
	}
	if !w.initialized[stack] {
		terraform("init", "-input=false")
		w.initialized[stack] = true
	}
	terraform("plan", "-input=false", "-out=plan")
	shown := terraform("show", "-json", "plan")
	var plan struct {
		Changes []struct {
			Type   string `json:"type"`
			Mode   string `json:"mode"`
			Change struct {
				Actions []string `json:"actions"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	assert.NilError(w.t, json.Unmarshal([]byte(shown), &plan))
	var replaced []string
	changes := false
	for _, c := range plan.Changes {
		if len(c.Change.Actions) == 2 {
			replaced = append(replaced, c.Type)
		}
		changes = changes || c.Mode == "managed" && !slices.Equal(c.Change.Actions, []string{"no-op"})
	}
	terraform("apply", "-input=false", "plan")
	if changes {
		w.contains(terraform("plan", "-input=false", "-detailed-exitcode"), "No changes.")
	}
	return replaced
}
