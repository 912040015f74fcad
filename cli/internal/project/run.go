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
	// Folder is where it runs. Default: the root.
	Folder string
	// Environ is its whole environment. Default: the user's.
	Environ []string
	// Stdout gets its output. Default: the project's Stdout.
	Stdout io.Writer
}

// Run runs a program to its end. The program decides what to finish after Ctrl-C, which the terminal
// sends to it too. Run passes on a signal that reached only this process, as from a cancelled job.
// So the end of ctx does not end a running program, but no other is started.
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

// Status returns the exit code to pass on from another program. After a signal it is 128 and the
// signal's number, as in a shell.
func Status(exit *exec.ExitError) int {
	if status, is := exit.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// Ended reports whether the error is, or wraps, the failure of another program, and returns that.
func Ended(err error) (*exec.ExitError, bool) {
	var exit *exec.ExitError
	return exit, errors.As(err, &exit)
}
