// Command bootstrap deploys the stack bootstrap-<environment>, as its administrator:
//
//	bootstrap -env dev                 shows the plan and asks
//	bootstrap -env dev -auto-approve   does not ask
//
// The stack makes the bucket that its own state belongs into. So the first time the state is a
// file, .bootstrap/dev/terraform.tfstate, into which Terraform writes every resource as soon as
// it is made. When all is there it moves into the bucket, and the file goes. From then on the
// program is a deployment like any other.
//
// It can be repeated, and gone on with after it was interrupted or killed, however often and
// wherever it was. What exists under the environment's own names and is in no state is adopted
// instead of made once more.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"plinth/tools/internal/synthesized"
	"plinth/tools/internal/terraform"
)

func main() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := start(".", os.Args[1:], signals, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: bootstrap -env dev [-auto-approve] [-state folder]")

// start reads the command line and what is synthesized, and runs.
func start(dir string, args []string, signals <-chan os.Signal, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bootstrap", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	env := flags.String("env", "", "")
	approve := flags.Bool("auto-approve", false, "")
	state := flags.String("state", "", "")
	if flags.Parse(args) != nil || flags.NArg() > 0 || *env == "" {
		return errUsage
	}
	environment, err := readEnvironment(dir, *env)
	if err != nil {
		return err
	}
	program, err := terraform.Find()
	if err != nil {
		return err
	}
	if *state == "" {
		root, err := synthesized.Root(dir)
		if err != nil {
			return err
		}
		*state = filepath.Join(root, ".bootstrap")
	}
	folder, err := filepath.Abs(filepath.Join(*state, *env))
	if err != nil {
		return err
	}
	r := &run{
		env: environment, folder: folder, program: program, approved: *approve, signals: signals,
		stdin: os.Stdin, stdout: stdout, stderr: stderr,
	}
	if err := r.lock(); err != nil {
		return err
	}
	defer r.log.Close()
	return r.bootstrap()
}
