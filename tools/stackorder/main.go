// Command stackorder says whether one stack can be deployed, or destroyed, on its own, and
// whether Terraform would refuse to destroy any of several:
//
//	stackorder deploy dev-data       exits 0 when everything that dev-data needs is deployed
//	stackorder destroy dev-network   exits 0 when nothing that needs dev-network is left
//	stackorder unprotected 'prod-*'  exits 0 when nothing in these stacks is protected
//	stackorder ordinary 'dev-*'      exits 0 when none of these stacks is an administrator's
//
// cdktf refuses a stack named without the stacks around it, whether these are there or not,
// unless CDKTF_IGNORE_MISSING_STACK_DEPENDENCIES is set, and then it checks nothing. This
// program is the check between the two: it looks into the states. Several stacks cdktf
// destroys one after another, and the last may turn out to be protected. It reads cdktf.out
// as it is, so synthesize first, and it changes nothing.
//
// It exits 3 when a stack cannot be deployed because what it needs has not been, and 1 in any
// other case.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// patience is how long all states may take together. It leaves time to type the code of a
// second factor, and does not keep a pipeline waiting for a server that never answers.
const patience = 2 * time.Minute

const usage = `Usage: stackorder deploy|destroy <stack>, with exactly one stack, or
       stackorder unprotected|ordinary <stack or pattern>...`

func main() {
	os.Exit(status(os.Args[1:]))
}

// status is main without the exit, so that what is deferred is done. What is deferred
// includes deleting the temporary folder.
func status(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := run(ctx, ".", args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.As(err, new(early)) {
			return 3
		}
		return 1
	}
	return 0
}

// run returns nil when the command in args may be done, else why not.
func run(ctx context.Context, dir string, args []string) error {
	if len(args) >= 2 && (args[0] == "unprotected" || args[0] == "ordinary") {
		all, err := load(dir)
		if err != nil {
			return err
		}
		targets, err := all.matching(args[1:])
		if err != nil {
			return err
		}
		if args[0] == "ordinary" {
			return refuseDeploy(targets)
		}
		if err := refuseDestroy(targets); err != nil {
			return err
		}
		return checkUnprotected(ctx, targets)
	}
	if len(args) != 2 || (args[0] != "deploy" && args[0] != "destroy") {
		return refusal(usage)
	}
	if strings.ContainsAny(args[1], "*?[]{}") {
		return refusal(args[1] + " is a pattern. Only one stack, by its name, is checked here; cdktf itself checks several.")
	}
	all, err := load(dir)
	if err != nil {
		return err
	}
	target, err := all.find(args[1])
	if err != nil {
		return err
	}
	if args[0] == "deploy" {
		if err := refuseDeploy(stacks{target}); err != nil {
			return err
		}
		return checkDeploy(ctx, all, target)
	}
	if err := refuseDestroy(stacks{target}); err != nil {
		return err
	}
	return checkDestroy(ctx, all, target)
}

// refusal is an error in whole sentences for the person who typed the command. It can have
// several lines.
type refusal string

func (r refusal) Error() string { return string(r) }

// early is a refusal of what can be done once something else is.
type early string

func (e early) Error() string { return string(e) }
