package run

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/guard"
	"plinth/rehearsal/internal/synthesized"
)

func TestMain(m *testing.M) {
	guard.Run()
	os.Exit(m.Run())
}

func write(t *testing.T, path, content string) {
	t.Helper()
	assert.NilError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	assert.NilError(t, os.WriteFile(path, []byte(content), 0o700))
}

// start makes a rehearsal of which a version is synthesized.
func start(t *testing.T) *Rehearsal {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "environments", "dev.yaml"), "")
	write(t, filepath.Join(root, "standin"), "")
	r, err := New(root, "dev", filepath.Join(root, "out"), Tools{Standin: filepath.Join(root, "standin")})
	assert.NilError(t, err)
	t.Cleanup(func() { assert.Check(t, r.Close()) })
	r.App, r.source = &synthesized.App{}, Source{Root: root, Synth: "synth"}
	write(t, filepath.Join(r.output(), "manifest.json"), "of before")
	return r
}

// TestOtherVersionFails: a version that cannot be synthesized leaves the one before as it was.
func TestOtherVersionFails(t *testing.T) {
	t.Parallel()
	for want, program := range map[string]string{
		"environments/dev.yaml: no": "mkdir -p \"$CDKTF_OUTDIR\"; echo environments/dev.yaml: no; exit 1",
		"manifest.json":             "mkdir -p \"$CDKTF_OUTDIR\"; echo [] > \"$CDKTF_OUTDIR/manifest.json\"",
		"no stack bootstrap-dev":    "mkdir -p \"$CDKTF_OUTDIR\"; echo '{\"stacks\": {}}' > \"$CDKTF_OUTDIR/manifest.json\"",
		"no such file or directory": "",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			r := start(t)
			app, before := r.App, r.source
			other := Source{Root: t.TempDir(), Synth: filepath.Join(t.TempDir(), "synth")}
			if program != "" {
				write(t, other.Synth, "#!/bin/sh\n"+program+"\n")
			}
			assert.ErrorContains(t, r.SynthFrom(t.Context(), other), want)
			assert.Equal(t, r.App, app)
			assert.Equal(t, r.source, before)
			content, err := os.ReadFile(filepath.Join(r.output(), "manifest.json"))
			assert.NilError(t, err)
			assert.Equal(t, string(content), "of before")
		})
	}
}

// TestUpgradeReads: what cannot be read of the stacks before is the whole error.
func TestUpgradeReads(t *testing.T) {
	t.Parallel()
	const aws, s3 = `"provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"]}]}`, `"terraform": {"backend": {"s3": {"bucket": "states"}}}`
	app := func(stack string) *synthesized.App {
		folder := t.TempDir()
		write(t, filepath.Join(folder, "manifest.json"), `{"stacks": {"dev-network": {"synthesizedStackPath": "cdk.tf.json"}}}`)
		write(t, filepath.Join(folder, "cdk.tf.json"), stack)
		app, err := synthesized.Read(folder)
		assert.NilError(t, err)
		return app
	}
	r := start(t)
	r.App = app("{" + aws + ", " + s3 + "}")
	assert.Error(t, r.upgrade(app("{"+s3+"}"), Source{}), "no stack has an AWS provider")
	assert.Error(t, r.upgrade(app("{"+aws+"}"), Source{}), `dev-network: keeps its state in bucket "", another stack in ""; a rehearsal has one bucket`)
}
