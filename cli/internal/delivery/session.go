// Package delivery builds and pushes an application's image, and shows applications' health and
// logs. It reads the names of AWS resources in cdktf.out, so synthesize first. It runs the user's own
// programs (go, git, docker or buildah, aws, kubectl) without a shell.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patience is the time limit of a command that ends by itself, even with an image on a slow line.
const patience = 15 * time.Minute

// Session is the context and the options of one command.
type Session struct {
	// Dir is a folder of the project.
	Dir     string
	Environ []string
	// Stdout is for output that a program may read: the digest, the status. Stderr is for people.
	Stdout, Stderr io.Writer
	// Stdin is for ./plinth run, if it is a terminal.
	Stdin io.Reader
	// Transport reaches registries and the application.
	Transport http.RoundTripper
	// JSON writes Stdout as JSON.
	JSON bool

	// Env is the environment.
	Env string
	// App is the application, empty for the only one. Status shows all then.
	App string
	// Builder is docker or buildah. Default: the one that works.
	Builder string
	// Repository is where to push an image instead of ECR, as registry/name.
	Repository string
	// Role is the ARN of the role that kubectl assumes, or none. Default: see assumed.
	Role string
	// Dotenv is a file to write the digest to, as a variable.
	Dotenv string
	// Process is a process of the application, empty for all, or for the usual one.
	Process string
	// Command is what ./plinth run runs.
	Command []string
	// Follow makes logs go on; Since is how far back they begin, as in 1h.
	Follow bool
	Since  string

	// APIPort and DatabasePort are the tunnel's local ports, unless they are taken; 0 is any.
	APIPort, DatabasePort int
}

// The commands of [Session.Run].
const (
	Image      = "image"
	Scan       = "scan"
	Push       = "push"
	Kubeconfig = "kubeconfig"
	Status     = "status"
	Verify     = "verify"
	Logs       = "logs"
	Tunnel     = "tunnel"
	Releases   = "releases"
	Restart    = "restart"
	RunOne     = "run"
)

// Run runs one of the commands.
func (s *Session) Run(ctx context.Context, command string) error {
	if command != Tunnel && command != Logs && command != RunOne { // these last as long as the user wants
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	err := map[string]func(*Session, context.Context) error{
		Image: (*Session).image, Scan: (*Session).scan, Push: (*Session).push, Kubeconfig: (*Session).kubeconfig,
		Status: (*Session).status, Verify: (*Session).verify, Logs: (*Session).logs, Tunnel: (*Session).tunnel,
		Releases: (*Session).releases, Restart: (*Session).restart, RunOne: (*Session).runCommand,
	}[command](s, ctx)
	switch {
	case errors.Is(err, errClosed):
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%s: not done after %s; check the network", command, patience)
	case ctx.Err() != nil:
		return fmt.Errorf("%s: interrupted", command)
	}
	return err
}

// say prints a line for people.
func (s *Session) say(format string, args ...any) { fmt.Fprintf(s.Stderr, format+"\n", args...) }
