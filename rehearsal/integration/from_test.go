package integration

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
	"sigs.k8s.io/yaml"

	"plinth/rehearsal/internal/rehearse"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
	"plinth/rehearsal/internal/synthesized"
)

// epoch is when the other versions are from, 30 November 2026: their Kubernetes and PostgreSQL are supported then.
const epoch = "1796000000"

// versionWith returns a version that differs from this one in settings of dev alone, each by its path.
func versionWith(t *testing.T, settings map[string]any) run.Source {
	t.Helper()
	folder := t.TempDir()
	absolute, err := filepath.Abs(root)
	assert.NilError(t, err)
	entries, err := os.ReadDir(absolute)
	assert.NilError(t, err)
	for _, entry := range entries {
		if entry.Name() != "environments" {
			assert.NilError(t, os.Symlink(filepath.Join(absolute, entry.Name()), filepath.Join(folder, entry.Name())))
		}
	}
	content, err := os.ReadFile(filepath.Join(absolute, "environments", "dev.yaml"))
	assert.NilError(t, err)
	var dev map[string]any
	assert.NilError(t, yaml.Unmarshal(content, &dev))
	for path, value := range settings {
		at, names := dev, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			if at[name] == nil {
				at[name] = map[string]any{}
			}
			at = at[name].(map[string]any)
		}
		at[names[len(names)-1]] = value
	}
	content, err = yaml.Marshal(dev)
	assert.NilError(t, err)
	assert.NilError(t, os.Mkdir(filepath.Join(folder, "environments"), 0o755))
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "environments", "dev.yaml"), content, 0o600))
	return run.Source{Root: folder, Synth: tools.Synth, Epoch: epoch}
}

// from rehearses the upgrade from another version to the working tree.
func from(t *testing.T, version run.Source) (*report.Upgrade, error) {
	t.Helper()
	folder := t.TempDir()
	r, err := run.New(root, "dev", filepath.Join(folder, "dev"), tools)
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, r.Close()) })
	out, err := os.Create(filepath.Join(folder, "out"))
	assert.NilError(t, err)
	defer out.Close()
	return rehearse.Upgrade(t.Context(), r, screen.New(out), version, "v1")
}

// did returns the types of an action on a stack.
func did(t *testing.T, found *report.Upgrade, stack, action string) (types []string) {
	t.Helper()
	i := slices.IndexFunc(found.Stacks, func(u *report.Upgraded) bool { return u.Stack == stack })
	assert.Assert(t, i >= 0, "no %s", stack)
	for _, change := range found.Stacks[i].Changes {
		if change.Action == action {
			types = append(types, change.Type())
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// TestFrom deploys a version with other settings, then this one, which changes, adds and destroys, and would
// lose the database.
func TestFrom(t *testing.T) {
	t.Parallel()
	found, err := from(t, versionWith(t, map[string]any{"database.name": "other", "network.nat": "per-zone", "logRetentionDays": 14}))
	assert.NilError(t, err)
	var names []string
	for _, u := range found.Stacks {
		names = append(names, u.Stack)
		assert.Equal(t, u.Failed, "", u.Stack)
		assert.Equal(t, len(u.Lost) > 0, u.Stack == "dev-data", u.Lost)
	}
	assert.DeepEqual(t, names, []string{"bootstrap-dev", "dev-network", "dev-cluster", "dev-data", "dev-addons", "dev-app", "dev-observability"})
	assert.DeepEqual(t, did(t, found, "dev-data", "replace"), []string{"aws_db_instance"})
	assert.Assert(t, slices.Contains(did(t, found, "dev-network", "destroy"), "aws_nat_gateway"))
	assert.Assert(t, slices.Contains(did(t, found, "dev-network", "change"), "aws_route"))
	assert.Assert(t, slices.Contains(did(t, found, "dev-cluster", "change"), "aws_cloudwatch_log_group"))
	assert.Assert(t, !found.Passed())
	assert.Equal(t, found.Verdict(), "1 stack would lose data.")
	text := found.Markdown()
	for _, want := range []string{"#### dev, deployed from v1\n", "| **loses data** |", "would be deleted with its data", "| dev-data | replace | `aws_db_instance` |", "**Costs**, dev-network: Deletes the NAT gateway"} {
		assert.Assert(t, strings.Contains(text, want), "no %q in\n%s", want, text)
	}
}

// TestUnchanged: the upgrade from a version to itself changes nothing.
func TestUnchanged(t *testing.T) {
	nightly(t)
	t.Parallel()
	found, err := from(t, versionWith(t, nil))
	assert.NilError(t, err)
	assert.Equal(t, found.Verdict(), "Nothing changes.")
	assert.Assert(t, found.Passed())
}

// TestUnreadable: a version that this one cannot read, or whose settings are wrong.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	_, err := from(t, versionWith(t, map[string]any{"network.nat": "both"}))
	assert.ErrorContains(t, err, `v1: its stacks cannot be rehearsed by this version of Plinth: environments/dev.yaml`)
	assert.ErrorContains(t, err, `must be none, single or per-zone, is "both"`)

	other := versionWith(t, nil)
	other.Synth = filepath.Join(other.Root, "synthesize")
	assert.NilError(t, os.WriteFile(other.Synth, []byte("#!/bin/sh\nmkdir -p \"$CDKTF_OUTDIR\" && echo '{\"stacks\": []}' > \"$CDKTF_OUTDIR/manifest.json\"\n"), 0o700))
	_, err = from(t, other)
	assert.ErrorContains(t, err, "v1: its stacks cannot be rehearsed by this version of Plinth: ")
	assert.ErrorContains(t, err, "manifest.json: json: cannot unmarshal array")
}

// TestMoved: an environment that moves to another account has nothing to upgrade there.
func TestMoved(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]map[string]any{
		"dev moves from account 222222222222 in eu-west-2 to 111111111111 in eu-west-2, where all of it is created anew": {"account": "222222222222"},
		"the states move from bucket mine to ": {"state.bucket": "mine"},
	} {
		r, err := run.New(root, "dev", filepath.Join(t.TempDir(), "dev"), tools)
		assert.NilError(t, err)
		assert.NilError(t, r.SynthFrom(t.Context(), versionWith(t, settings)))
		assert.ErrorContains(t, r.Synth(t.Context()), want)
		assert.NilError(t, r.Close())
	}
}

// TestMergeRequest runs the job of a merge request that changes a setting, in a clone.
func TestMergeRequest(t *testing.T) {
	nightly(t)
	t.Parallel()
	p := newPipeline(t, start(t, "dev"))
	git := func(args string) string { return strings.TrimSpace(p.in(p.folder, "git", strings.Fields(args)...)) }
	base := git("rev-parse HEAD")
	git("tag v1.0.0")
	file := filepath.Join(p.folder, "environments", "dev.yaml")
	assert.NilError(t, os.WriteFile(file, []byte(strings.Replace(p.read("environments/dev.yaml"), "logRetentionDays: 7", "logRetentionDays: 14", 1)), 0o600))
	git("-c user.name=a -c user.email=a@b commit --quiet --all --message change")
	mergeRequest := map[string]string{source: "merge_request_event", "CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
	p.run(synthesized.Review, mergeRequest, ".gitlab-ci.yml", "upgrade")
	text := p.read("build/upgrade/dev.md")
	p.contains(text, "#### dev, deployed from "+base[:12], "stacks would change; no resource that holds data is replaced or destroyed.", "| dev-cluster | change | `aws_cloudwatch_log_group` |")
	assert.Equal(t, strings.Count(text, "####"), 1, "the release is the same commit:\n%s", text)
}
