// Command rehearsal deploys, compares and destroys all stacks of one environment on this
// machine: with the real cdktf and the real Terraform, and with simulators of AWS, Kubernetes
// and Helm. No AWS is involved. See ./plinth rehearse.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"plinth/rehearsal/internal/guard"
	"plinth/rehearsal/internal/rehearse"
	"plinth/rehearsal/internal/report"
	"plinth/rehearsal/internal/run"
	"plinth/rehearsal/internal/screen"
)

func main() {
	guard.Run()
	env := flag.String("env", "dev", "the environment, a file of environments/")
	keep := flag.Bool("keep", false, "deploy, and keep it to continue by hand")
	out := flag.String("out", "", "the folder for all output (default build/rehearsal/<env>)")
	standin := flag.String("standin", "", "the program that simulates the providers (default build/programs/standin)")
	synth := flag.String("synth", "", "the program that writes the stacks (default build/synth)")
	command := flag.String("command", "", "the program of ./plinth (default build/plinth)")
	kubernetes := flag.String("kubernetes", "", "the folder with the programs of a real Kubernetes control plane, to use instead of the simulated one")
	var u upgrade
	flag.StringVar(&u.from.Root, "from", "", "the folder of another version, with its program in build/synth: deploy that, then this version")
	flag.StringVar(&u.from.Epoch, "epoch", "", "the time of that version, in Unix seconds")
	flag.StringVar(&u.ref, "ref", "", "how reports name that version")
	flag.StringVar(&u.report, "report", "", "the file to which a report of -from is added")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "rehearsal: %s: unknown argument; known are -env, -keep, -out, -standin, -synth, -command, -kubernetes, -from, -epoch, -ref and -report\n", flag.Arg(0))
		os.Exit(2)
	}
	tools := run.Tools{Standin: *standin, Synth: *synth, Command: *command, Kubernetes: *kubernetes}
	if u.from.Root != "" {
		os.Exit(u.rehearse(*env, *out, tools))
	}
	os.Exit(rehearsal(*env, *out, tools, *keep))
}

// The exit statuses. 130 is what shells return after Ctrl-C.
const (
	passed      = 0
	failed      = 1
	interrupted = 130
)

// rehearsal runs one rehearsal, prints how it went, and returns the exit status.
func rehearsal(env, out string, tools run.Tools, keep bool) int {
	result, err := play(env, out, tools, keep)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return failed
	case result.Interrupted:
		return interrupted
	case result.Passed():
		return passed
	}
	return failed
}

// play runs a rehearsal to its end. It returns an error only if the rehearsal could not run.
func play(env, out string, tools run.Tools, keep bool) (result *report.Result, err error) {
	r, err := open(env, out, tools)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s := screen.New(os.Stdout)
	ctx, stop := interruptible(s)
	defer stop()
	if tools.Kubernetes == "" {
		s.Line("Rehearsal of %s: real cdktf and Terraform, simulated AWS, Kubernetes and Helm. No AWS is involved.", env)
	} else {
		s.Line("Rehearsal of %s: real cdktf, Terraform, Kubernetes control plane and Helm, simulated AWS. No AWS is involved, and no container runs.", env)
	}
	result, err = rehearse.Play(ctx, r, s, keep)
	if err != nil {
		return nil, err
	}
	if keep && result.Passed() {
		return result, stay(ctx, r, s, result)
	}
	return result, tell(s, result)
}

// open starts a rehearsal, by default in a folder and with the programs of the repository's folder build.
func open(env, out string, tools run.Tools) (*run.Rehearsal, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	built := func(path, name string) string { return cmp.Or(path, filepath.Join(root, "build", name)) }
	tools.Standin = built(tools.Standin, "programs/standin")
	tools.Synth = built(tools.Synth, "synth")
	tools.Command = built(tools.Command, "plinth")
	return run.New(root, env, built(out, filepath.Join("rehearsal", env)), tools)
}

// tell writes the report and prints the table.
func tell(s *screen.Screen, result *report.Result) error {
	if result.Interrupted {
		s.Line("Interrupted. The simulated account is discarded; the next rehearsal starts with an empty one. Logs: %s", display(result.Logs))
		return nil
	}
	if err := result.WriteHTML(result.Page); err != nil {
		return err
	}
	s.Title("Result")
	if err := result.Table(os.Stdout); err != nil {
		return err
	}
	s.Line("%-12s%s", "logs:", display(result.Logs))
	s.Line("%-12s%s", "report:", display(result.Page))
	for _, e := range result.Failures() {
		s.Line("")
		s.Result(false, e.Title+": "+e.Found)
		if e.Details != "" {
			s.Line("%s", result.Mask(e.Details))
		}
		if e.Log != "" {
			s.Line("Output of cdktf: %s", display(e.Log))
		}
	}
	s.Line("\n%s", result.Disclaimer())
	if result.Passed() {
		s.Result(true, fmt.Sprintf("All %d expectations are met (%.0f s).", len(result.Expectations), result.Took.Seconds()))
	} else {
		s.Result(false, fmt.Sprintf("%d of %d expectations are not met. The remaining steps were skipped.", len(result.Failures()), len(result.Expectations)))
	}
	return nil
}

// interruptible returns a context that the first Ctrl-C cancels, which stops in good order. The
// second Ctrl-C ends this program at once; its guards end everything it started.
func interruptible(s *screen.Screen) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt)
	go func() {
		<-signals
		s.Note("Stopping after Terraform has saved its state and released its lock. Ctrl-C again stops at once.")
		cancel()
		<-signals
		os.Exit(interrupted)
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// display shortens a path: relative to the working directory if that is shorter.
func repository() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := start; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "cdktf.json")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("there is no cdktf.json in %s or a folder above it: run this in the repository", start)
		}
	}
}

// display is a path as short as it can be from here.
func display(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || len(short) > len(path) {
		return path
	}
	return short
}
