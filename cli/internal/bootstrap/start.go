// Package bootstrap deploys the stack bootstrap-<environment>, as its administrator.
//
// The stack makes the bucket that its own state belongs into. So the first time the state is a
// file, .bootstrap/dev/terraform.tfstate, into which Terraform writes every resource as soon as
// it is made. When all is there it moves into the bucket, and the file goes. From then on the
// it is a deployment like any other.
//
// It can be repeated, and gone on with after it was interrupted or killed, however often and
// wherever it was. What exists under the environment's own names and is in no state is adopted
// instead of made once more.
package bootstrap

import (
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// Options are what a user chooses.
type Options struct {
	// Environment is the one whose stack is deployed.
	Environment string
	// AutoApprove does not ask.
	AutoApprove bool
	// State is the folder for the state until its bucket is there; .bootstrap in the project without.
	State          string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run deploys the stack of an environment in the project that dir is in.
func Run(dir string, o Options) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	return start(dir, o, signals)
}

// start reads what is synthesized, and runs.
func start(dir string, o Options, signals <-chan os.Signal) error {
	environment, err := readEnvironment(dir, o.Environment)
	if err != nil {
		return err
	}
	program, err := terraform.Find()
	if err != nil {
		return err
	}
	if o.State == "" {
		root, err := synthesized.Root(dir)
		if err != nil {
			return err
		}
		o.State = filepath.Join(root, ".bootstrap")
	}
	folder, err := filepath.Abs(filepath.Join(o.State, o.Environment))
	if err != nil {
		return err
	}
	r := &run{
		env: environment, folder: folder, program: program, approved: o.AutoApprove, signals: signals,
		stdin: o.Stdin, stdout: o.Stdout, stderr: o.Stderr,
	}
	if err := r.lock(); err != nil {
		return err
	}
	defer r.log.Close()
	return r.bootstrap()
}
