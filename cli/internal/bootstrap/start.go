// Package bootstrap deploys the stack bootstrap-<environment>, for an administrator.
//
// The stack creates the bucket for its own state. So at first the state is in a local file,
// .bootstrap/dev/terraform.tfstate, where Terraform records every resource as soon as it creates it.
// At the end the state moves into the bucket, and the file is removed. From then on it is a
// deployment like any other.
//
// A deployment can be repeated, and continued after it was interrupted or killed at any point. It
// adopts resources that exist under the environment's names but are in no state.
package bootstrap

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"plinth/cli/internal/providers"
	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// Options are the choices of the user.
type Options struct {
	// Environment is the environment whose bootstrap stack is deployed.
	Environment string
	// AutoApprove deploys without asking.
	AutoApprove bool
	// State is the folder for the state until the bucket exists. Default: .bootstrap in the project.
	State          string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run deploys the bootstrap stack of an environment in the project that contains dir.
func Run(dir string, o Options) error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	return start(dir, o, signals)
}

// start reads the synthesized stack and deploys it.
func start(dir string, o Options, signals <-chan os.Signal) error {
	environment, err := readEnvironment(dir, o.Environment)
	if err != nil {
		return err
	}
	program, err := terraform.Find()
	if err != nil {
		return err
	}
	root, err := synthesized.Root(dir)
	if err != nil {
		return err
	}
	locked, err := providers.Use(context.Background(), root, environment.synthesized)
	if err != nil {
		return err
	}
	if o.State == "" {
		o.State = filepath.Join(root, ".bootstrap")
	}
	folder, err := filepath.Abs(filepath.Join(o.State, o.Environment))
	if err != nil {
		return err
	}
	r := &run{
		env: environment, folder: folder, program: program, locked: locked, approved: o.AutoApprove, signals: signals,
		stdin: o.Stdin, stdout: o.Stdout, stderr: o.Stderr,
	}
	if err := r.lock(); err != nil {
		return err
	}
	defer r.log.Close()
	return r.bootstrap()
}
