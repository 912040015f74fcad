// Command delivery brings the application to its cluster, and tells how it does there:
//
//	delivery image                  builds the application's image
//	delivery scan                   looks for known vulnerabilities in the image's program
//	delivery push -env dev          pushes the commit's image and prints the digest to deploy
//	delivery kubeconfig -env dev    gives kubectl a context for the environment's cluster
//	delivery status -env dev        exits 0 when the application is healthy
//	delivery verify -env dev        waits until the load balancer says so
//	delivery tunnel -env dev        opens ways through the bastion, until Ctrl-C
//
// What an environment is called in AWS it reads in cdktf.out, so synthesize first. The work is
// done by the user's own programs (go, git, docker or buildah, aws, kubectl), which are started
// without a shell.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long a command may take that ends by itself, an image on its way through a
// slow line included.
const patience = 15 * time.Minute

// session is one command: where it runs, and with what.
type session struct {
	dir     string
	environ []string
	// stdout is for what the next program reads: the digest, the status. stderr is for people.
	stdout, stderr io.Writer
	// transport reaches registries and the application.
	transport http.RoundTripper
	// apiPort and databasePort are where a tunnel begins, unless they are taken.
	apiPort, databasePort int

	env, builder, repository, role, dotenv string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	s := &session{
		dir: ".", environ: os.Environ(), stdout: os.Stdout, stderr: os.Stderr, transport: http.DefaultTransport,
		apiPort: 8443, databasePort: 5433, // not 443 and 5432, where a developer's own may be
	}
	err := s.run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// commands are what the program can do, with the flags of each.
var commands = map[string]struct {
	do    func(*session, context.Context) error
	flags []string
}{
	"image":      {(*session).image, []string{"builder"}},
	"scan":       {(*session).scan, nil},
	"push":       {(*session).push, []string{"env", "builder", "repository", "dotenv"}},
	"kubeconfig": {(*session).kubeconfig, []string{"env", "role"}},
	"status":     {(*session).status, []string{"env"}},
	"verify":     {(*session).verify, []string{"env"}},
	"tunnel":     {(*session).tunnel, []string{"env"}},
}

var errUsage = errors.New(`usage: delivery image [-builder docker|buildah]
       delivery scan
       delivery push -env dev [-builder docker|buildah] [-repository registry/name] [-dotenv file]
       delivery kubeconfig -env dev [-role ARN|none]
       delivery status -env dev
       delivery verify -env dev
       delivery tunnel -env dev`)

func (s *session) run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	command, known := commands[args[0]]
	if !known {
		return errUsage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for _, name := range command.flags {
		flags.StringVar(map[string]*string{
			"env": &s.env, "builder": &s.builder, "repository": &s.repository, "role": &s.role, "dotenv": &s.dotenv,
		}[name], name, "", "")
	}
	if flags.Parse(args[1:]) != nil || flags.NArg() > 0 {
		return errUsage
	}
	if args[0] != "tunnel" { // which lasts as long as its user wants
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	err := command.do(s, ctx)
	switch {
	case errors.Is(err, errClosed):
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: not done after %s; is the network there?", args[0], patience)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted", args[0])
	}
	return err
}

// say tells a person something.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.stderr, format+"\n", args...) }
