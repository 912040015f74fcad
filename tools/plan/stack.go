package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plinth/tools/internal/synthesized"
	"plinth/tools/internal/terraform"
)

// notYet is stackorder's exit status for a stack whose producers are not deployed.
const notYet = 3

// planned is what is known of a stack once it has been planned.
type planned struct {
	shown
	// waits is why it cannot be planned yet, empty where it has been.
	waits string
	// secret says that what others have changed is not seen.
	secret bool
}

// plan plans a stack for review. What cannot be planned yet is no failure: its summary says so.
func (c *command) plan(ctx context.Context, stack string) error {
	p, err := c.examine(ctx, stack)
	if err != nil {
		return err
	}
	if p.waits != "" {
		return c.write(stack, waiting(stack, p.waits))
	}
	text := summary(stack, p.changes)
	if p.secret {
		text += unrefreshed
	}
	return c.write(stack, text)
}

// examine plans a stack, and keeps the plan.
func (c *command) examine(ctx context.Context, stack string) (planned, error) {
	var p planned
	all, err := synthesized.Read(c.root)
	if err != nil {
		return p, err
	}
	target, known := all[stack]
	if !known {
		return p, fmt.Errorf("%s: there is no such stack; there are %s", stack, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	folder := c.folder(stack)
	if err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o755)); err != nil {
		return p, err
	}
	var words bytes.Buffer
	err = c.start(ctx, nil, io.Discard, &words, filepath.Join(c.root, "build", "stackorder"), "deploy", stack)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == notYet:
		p.waits, _, _ = strings.Cut(words.String(), ". ")
		return p, nil
	case err != nil:
		return p, errors.New(cmp.Or(strings.TrimSpace(words.String()), err.Error()))
	}
	// Who plans must only read, and a lock is written.
	args, variables := "-lock=false ", []string(nil)
	if p.secret, err = holdsSecret(target); err != nil {
		return p, err
	}
	if p.secret {
		args, variables = args+"-refresh=false ", []string{"TF_VAR_" + planOnly + "=true"}
	}
	variables = append(variables, "TF_CLI_ARGS_plan="+args+c.getenv("TF_CLI_ARGS_plan"))
	var said bytes.Buffer
	if err := c.start(ctx, variables, io.MultiWriter(c.stdout, &said), io.MultiWriter(c.stderr, &said),
		filepath.Join(c.root, "node_modules", ".bin", "cdktf"), "diff", "--skip-synth", stack); err != nil {
		return p, fmt.Errorf("%s: cannot be planned: %s", stack, cmp.Or(terraform.FirstError(said.String()), err.Error()))
	}
	made := filepath.Join(filepath.Dir(target.File), "plan") // by cdktf
	var text bytes.Buffer
	words.Reset()
	show := exec.CommandContext(ctx, cmp.Or(c.getenv("TERRAFORM_BINARY_NAME"), "terraform"), "show", "-json", "plan")
	show.Dir, show.Stdout, show.Stderr = filepath.Dir(made), &text, &words
	if err := show.Run(); err != nil {
		return p, fmt.Errorf("%s: terraform show: %w\n%s", stack, err, words.String())
	}
	if p.shown, err = read(text.Bytes()); err != nil {
		return p, fmt.Errorf("%s: %w", stack, err)
	}
	content, err := os.ReadFile(made)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "plan"), content, 0o600)
	}
	return p, err
}

// planOnly is the variable of a stack that holds a secret, see constructs/postgres.
const planOnly = "plan_only"

// unrefreshed is why a plan of such a stack does not see everything. Security: the provider
// would read the secret's value with the rest, which whoever plans may not.
const unrefreshed = "\nCompared with the state: what was changed by others is not seen, since the stack holds a secret.\n"

func holdsSecret(stack synthesized.Stack) (bool, error) {
	var document struct {
		Variable map[string]struct{} `json:"variable"`
	}
	err := stack.Decode(&document)
	_, holds := document.Variable[planOnly]
	return holds, err
}

// write keeps a summary, and shows it.
func (c *command) write(stack, text string) error {
	fmt.Fprint(c.stdout, text)
	return os.WriteFile(filepath.Join(c.folder(stack), "summary.md"), []byte(text), 0o644)
}

// start runs a program in the repository. Interrupted it may let Terraform end in good order.
func (c *command) start(ctx context.Context, variables []string, stdout, stderr io.Writer, program string, args ...string) error {
	started := exec.CommandContext(ctx, program, args...)
	started.Dir, started.Stdout, started.Stderr = c.root, stdout, stderr
	started.Env = append(os.Environ(), variables...)
	started.Cancel = func() error { return started.Process.Signal(os.Interrupt) }
	started.WaitDelay = 30 * time.Second
	return started.Run()
}
