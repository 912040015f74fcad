package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// bench has the paths of the programs to measure, and their settings.
type bench struct {
	ctx     context.Context
	root    string // the repository
	dir     string // for all output of the benchmark
	plain   string // a copy of the repository's project without what makes jsii quicker
	node    string // runs all JavaScript, jsii's included
	context string // cdktf.json's context, as the cdktf CLI passes it on

	progress io.Writer // for messages while the user waits
	// small skips what takes minutes: the published bindings, and many environments.
	small bool

	slimBuild, publishedBuild duration
}

// newBench prepares a benchmark that writes to a folder.
func newBench(ctx context.Context, root, dir string, small bool) (*bench, error) {
	b := &bench{ctx: ctx, root: root, dir: dir, small: small, progress: io.Discard}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return nil, err
	}
	var err error
	if b.node, err = exec.LookPath(cmp.Or(os.Getenv("JSII_NODE"), filepath.Join(root, "node_modules", ".bin", "node"))); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(filepath.Join(root, "cdktf.json"))
	if err != nil {
		return nil, err
	}
	var project struct {
		Context json.RawMessage `json:"context"`
	}
	if err := json.Unmarshal(content, &project); err != nil {
		return nil, fmt.Errorf("cdktf.json: %w", err)
	}
	b.context = string(project.Context)
	b.plain, err = b.plainProject()
	return b, err
}

// The programs. Each takes a project, which is a folder like the repository.
const (
	slim      = "Plinth"
	plain     = "The same, jsii as it is"
	published = "The same on the published AWS bindings, jsii as it is"
	peer      = "JavaScript, deep imports"
	cli       = "`cdktf synth` of Plinth"
)

// folder is the name of a program's files.
var folder = map[string]string{slim: "plinth", plain: "plain", published: "published", peer: "peer", cli: "cli"}

func (b *bench) binary(program string) string {
	if program == plain {
		program = slim
	}
	return filepath.Join(b.dir, "bin", folder[program])
}

// programs are the programs to compare.
func (b *bench) programs() []string {
	if b.small {
		return []string{slim, peer}
	}
	return []string{slim, published, peer}
}

// environments are the numbers of environments to compare.
func (b *bench) environments() []int {
	if b.small {
		return []int{1, 2}
	}
	return []int{1, 5, 10, 50}
}

// output is the folder of a program's synthesized stacks of a project.
func (b *bench) output(project, program string) string {
	return filepath.Join(b.dir, "out", filepath.Base(project), folder[program])
}

// command prepares one run of a program in a project, with jsii's package cache in cache.
func (b *bench) command(project, program, cache string) (*exec.Cmd, error) {
	out := b.output(project, program)
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	var args []string
	switch program {
	case peer:
		args = []string{b.node, filepath.Join(b.root, "tools", "bench", "peer", "main.js"), b.output(project, slim)}
	case cli:
		args = []string{b.node, filepath.Join(b.root, "node_modules", "cdktf-cli", "bundle", "bin", "cdktf"), "synth", "--output", out}
	default:
		args = []string{b.binary(program)}
	}
	cmd := exec.CommandContext(b.ctx, args[0], args[1:]...)
	cmd.Dir = project
	if (program == plain || program == published) && project == b.root {
		cmd.Dir = b.plain
	}
	cmd.Env = b.environment(out, cache)
	if b.small && project == b.root {
		cmd.Env = append(cmd.Env, "PLINTH_ENVIRONMENTS="+model)
	}
	return cmd, nil
}

// environment is what the cdktf CLI would set, plus the folder of jsii's package cache. It leaves
// out the user's own settings: all programs must make the same.
func (b *bench) environment(out, cache string) []string {
	var environment []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PLINTH_") {
			environment = append(environment, variable)
		}
	}
	if os.Getenv("NODE_OPTIONS") == "" {
		environment = append(environment, "NODE_OPTIONS=--max-old-space-size=4096")
	}
	return append(environment,
		"CDKTF_OUTDIR="+out,
		"CDKTF_CONTEXT_JSON="+b.context,
		"CDKTF_CONTINUE_SYNTH_ON_ERROR_ANNOTATIONS=true",
		"JSII_NODE="+b.node,
		"JSII_RUNTIME_PACKAGE_CACHE_ROOT="+cache,
		"CI=1", "CHECKPOINT_DISABLE=1",
	)
}

// warmCache is jsii's package cache after the first run.
func (b *bench) warmCache() string { return filepath.Join(b.dir, "cache") }

// say prints what the benchmark is doing: some of it takes a while.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, "bench: "+format+"\n", args...)
}
