package run

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"plinth/rehearsal/internal/guard"
	"plinth/rehearsal/internal/synthesized"
)

// Command is one run of a program. Its output goes to its own file under logs.
type Command struct {
	// Name is the name of the log.
	Name    string
	Program string
	Args    []string
	Folder  string
	// Env is the whole environment. nil means the rehearsal's.
	Env []string
	// Listen are the names of the programs that get Ctrl-C. Empty means all.
	Listen []string
	// Watch, if not nil, gets the output as it is written.
	Watch io.Writer

	// role is the role it runs under, the administrator if empty. ref is the job's branch or tag.
	role string
	ref  synthesized.Ref
}

// cdktf is a run of cdktf in the repository.
func (r *Rehearsal) cdktf(args ...string) Command {
	program := cmp.Or(r.tools.CDKTF, filepath.Join(r.root, "node_modules", ".bin", "cdktf"))
	return Command{Name: args[0], Program: program, Args: args, Folder: r.root}
}

// CDKTF is a run of cdktf deploy, diff or destroy on the latest synthesis.
func (r *Rehearsal) CDKTF(args ...string) Command {
	c := r.cdktf(append(args, "--skip-synth", "--no-color")...)
	c.Name = strings.Trim(strings.NewReplacer("*", "all", "'", "").Replace(strings.Join(args[:min(2, len(args))], "-")), "-")
	// On Ctrl-C cdktf would leave Terraform in the middle of its work. When Terraform stops, cdktf
	// stops too.
	c.Listen = []string{filepath.Base(terraform())}
	if args[0] != "diff" {
		c.Args = append(c.Args, "--auto-approve")
	}
	return c
}

// Alone makes cdktf work on one stack without the stacks that it needs.
func (r *Rehearsal) Alone(c Command) Command {
	return r.With(c, "CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES=true")
}

// With adds variables to a command's environment.
func (r *Rehearsal) With(c Command, variables ...string) Command {
	if c.Env == nil {
		c.Env = r.environment()
	}
	c.Env = append(slices.Clone(c.Env), variables...)
	return c
}

// As makes a command run under a role, as a pipeline's job for a branch or tag does.
func (r *Rehearsal) As(c Command, role string, ref synthesized.Ref) Command {
	c.role, c.ref = role, ref
	return c
}

// Terraform is a run of Terraform in the folder of a stack.
func (r *Rehearsal) Terraform(stack string, args ...string) Command {
	return Command{Name: "terraform-" + args[0], Program: terraform(), Args: args, Folder: r.App.Stack(stack).Folder}
}

// terraform is the program that cdktf itself would run.
func terraform() string { return cmp.Or(os.Getenv("TERRAFORM_BINARY_NAME"), "terraform") }

// Running is a command that has started.
type Running struct {
	*guard.Process
	// Log is the file with all its output.
	Log string

	command Command
	output  output
	file    *os.File
}

// Start starts a command.
func (r *Rehearsal) Start(c Command) (*Running, error) {
	running := &Running{command: c, Log: r.Path("logs", fmt.Sprintf("%02d-%s.log", r.logs.Add(1), c.Name))}
	file, err := os.Create(running.Log)
	if err != nil {
		return nil, err
	}
	running.file = file
	running.output.to = []io.Writer{&running.output.kept, file}
	if c.Watch != nil {
		running.output.to = append(running.output.to, c.Watch)
	}
	if c.Env == nil {
		c.Env = r.environment()
	}
	if c.role != "" {
		if c.Env, err = r.assume(c.Env, c.role, c.ref); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	running.Process, err = guard.Start(guard.Program{Path: c.Program, Args: c.Args, Folder: c.Folder, Env: c.Env, Output: &running.output, Listen: c.Listen})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return running, nil
}

// Log is the output of a command: its text, and its file.
type Log struct{ Text, File string }

// Wait waits for the command to end and returns its output. The error says how it failed.
func (r *Running) Wait() (Log, error) {
	err := errors.Join(r.Process.Wait(), r.file.Close())
	if err != nil {
		err = fmt.Errorf("%s failed (%w); its output is in %s", r.command.Name, err, r.Log)
	}
	return Log{r.output.String(), r.Log}, err
}

// Do runs a command to its end. When ctx ends, it interrupts the command, as Ctrl-C does, so that
// Terraform saves its state and releases its lock.
func (r *Rehearsal) Do(ctx context.Context, c Command) (Log, error) {
	running, err := r.Start(c)
	if err != nil {
		return Log{}, err
	}
	stop := context.AfterFunc(ctx, running.Interrupt)
	defer stop()
	log, err := running.Wait()
	if ctx.Err() != nil {
		return log, ctx.Err()
	}
	return log, err
}

// output keeps what a program writes and passes it on.
type output struct {
	mutex sync.Mutex
	kept  bytes.Buffer
	to    []io.Writer
}

func (o *output) Write(p []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for _, w := range o.to {
		if _, err := w.Write(p); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return Plain(o.kept.String())
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// Plain returns a program's output without colours.
func Plain(text string) string { return colours.ReplaceAllString(text, "") }
