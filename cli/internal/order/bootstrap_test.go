package order

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// TestBootstrap adds a bootstrap stack.
func TestBootstrap(t *testing.T) {
	const kept = "bootstrap-dev is not destroyed: the states of dev are in its bucket. Nothing was destroyed. " +
		"To destroy the rest: ./plinth destroy 'dev-*'. To take this stack down after that: see docs/recovery.md, \"Destroy the bootstrap stack\"."
	const anAdministrators = "bootstrap-dev must be deployed by an administrator, since its state moves into the bucket that it creates: " +
		"./plinth bootstrap dev shows the plan and asks."
	s3 := newStorage(t)
	s3.put(t, "dev-network", 11)
	dir := project(t, s3.url, nil)
	listed := object{}
	for name := range platform {
		listed[name] = object{"name": name, "dependencies": []string{}, "synthesizedStackPath": "stacks/" + name + "/cdk.tf.json"}
	}
	listed["dev-network"].(object)["dependencies"] = []string{"bootstrap-dev"}
	with := maps.Clone(listed)
	with["bootstrap-dev"] = object{"name": "bootstrap-dev", "dependencies": []string{}, "synthesizedStackPath": "stacks/bootstrap-dev/cdk.tf.json"}
	write(t, filepath.Join(dir, "../../cdktf.out/manifest.json"), object{"stacks": with})
	protect(t, dir, s3.url, "bootstrap-dev", []string{"state/bucket"})

	for command, want := range map[string]string{
		"deploy bootstrap-dev":          anAdministrators,
		"deploy *":                      anAdministrators,
		"deploy bootstrap-d*":           anAdministrators,
		"deploy dev-network boot*-dev":  anAdministrators,
		"deploy dev-* staging-network":  "",
		"destroy bootstrap-dev":         kept,
		"destroy *":                     kept,
		"destroy dev-network bootst*":   kept,
		"destroy dev-* staging-network": "",
		"deploy dev-network":            "",
	} {
		t.Run(strings.ReplaceAll(command, " ", "_"), func(t *testing.T) {
			mustBe(t, answer(t, t.Context(), dir, command), want)
		})
	}
}
