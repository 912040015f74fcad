// Package delivery brings the application to its cluster, and tells how it does there. What an
// environment is called in AWS it reads in cdktf.out, so synthesize first. The work is done by the
// user's own programs (go, git, docker or buildah, aws, kubectl), which are started without a
// shell.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// patience is how long a command may take that ends by itself, an image on its way through a
// slow line included.
const patience = 15 * time.Minute

// Session is one command: where it runs, and with what.
type Session struct {
	// Dir is a folder of the project.
	Dir     string
	Environ []string
	// Stdout is for what the next program reads: the digest, the status. Stderr is for people.
	Stdout, Stderr io.Writer
	// Transport reaches registries and the application.
	Transport http.RoundTripper
	// JSON writes what Stdout gets as JSON.
	JSON bool

	// Env is the environment.
	Env string
	// Builder builds images: docker or buildah; without, the one that is installed.
	Builder string
	// Repository is where an image is pushed to instead of ECR, as registry/name.
	Repository string
	// Role is the ARN of the one that kubectl takes on, or none; without, the one that may.
	Role string
	// Dotenv is a file that gets the digest as a variable.
	Dotenv string
	// Follow has logs go on, Since is how far back they begin, as in 1h.
	Follow bool
	Since  string

	// APIPort and DatabasePort are where a tunnel begins, unless they are taken; 0 is any.
	APIPort, DatabasePort int
}

// What each command does: see [Session.Run].
const (
	Image      = "image"
	Scan       = "scan"
	Push       = "push"
	Kubeconfig = "kubeconfig"
	Status     = "status"
	Verify     = "verify"
	Logs       = "logs"
	Tunnel     = "tunnel"
)

// Run does one of the commands.
func (s *Session) Run(ctx context.Context, command string) error {
	if command != Tunnel && command != Logs { // which last as long as their user wants
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	err := map[string]func(*Session, context.Context) error{
		Image: (*Session).image, Scan: (*Session).scan, Push: (*Session).push, Kubeconfig: (*Session).kubeconfig,
		Status: (*Session).status, Verify: (*Session).verify, Logs: (*Session).logs, Tunnel: (*Session).tunnel,
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

// say tells a person something.
func (s *Session) say(format string, args ...any) { fmt.Fprintf(s.Stderr, format+"\n", args...) }
