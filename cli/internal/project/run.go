package project

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Program is one run of another program.
type Program struct {
	Path string
	Args []string
	// Folder is where it runs, the root without.
	Folder string
	// Environ is all of its environment, the user's without.
	Environ []string
	// Stdout gets its output, the user without.
	Stdout io.Writer
}

// Run runs a program to its end. Ctrl-C is for the program, which gets it from the terminal as this one
// does: it decides what to finish. What ends this one alone, as a cancelled job of a pipeline, is
// passed on. So ctx ends no program that runs; once it has ended, none is begun.
func (p *Project) Run(ctx context.Context, program Program) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	command := exec.Command(program.Path, program.Args...)
	command.Dir = cmp.Or(program.Folder, p.Root)
	command.Env = p.Environ
	if program.Environ != nil {
		command.Env = program.Environ
	}
	command.Stdin, command.Stdout, command.Stderr = p.Stdin, p.Stdout, p.Stderr
	if program.Stdout != nil {
		command.Stdout = program.Stdout
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-ended:
				return
			case s := <-signals:
				if s != os.Interrupt || !terminal(p.Stdin) {
					_ = command.Process.Signal(s)
				}
			}
		}
	}()
	err := command.Wait()
	close(ended)
	return err
}

// Status is the exit status that another program's end means for this one: its own, and for a
// signal what a shell makes of it.
func Status(exit *exec.ExitError) int {
	if status, is := exit.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// Ended says that the error is the end of another program, or comes of it.
func Ended(err error) (*exec.ExitError, bool) {
	var exit *exec.ExitError
	return exit, errors.As(err, &exit)
}
