package bootstrap

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strings"
	"time"

	"plinth/cli/internal/terraform"
)

// heldLock is a lock that Terraform could not acquire.
type heldLock struct{ id, who, operation, created string }

var lockInfo = regexp.MustCompile(`(?m)^\s*(ID|Who|Operation|Created):[ \t]*(.*?)[ \t]*$`)

// lockIn returns the lock that an error is about, nil for any other error.
func lockIn(err error) *heldLock {
	var failure *terraform.Failure
	if !errors.As(err, &failure) || !strings.Contains(failure.Words, "Error acquiring the state lock") {
		return nil
	}
	l := &heldLock{}
	for _, match := range lockInfo.FindAllStringSubmatch(failure.Words, -1) {
		*map[string]*string{"ID": &l.id, "Who": &l.who, "Operation": &l.operation, "Created": &l.created}[match[1]] = match[2]
	}
	return l
}

// withLock runs a command that locks the state in the bucket. It removes a lock that a killed run of
// this clone left. Any other lock is an error.
func (r *run) withLock(c command) (string, error) {
	c.locks = true
	log, err := r.terraform(c)
	lock := lockIn(err)
	if lock == nil {
		return log, err
	}
	if !r.ours(lock) {
		return "", fmt.Errorf(`%s is locked by %s, since %s. Nothing was changed.
If nobody is deploying it, remove the lock and try again:
  cd %s && terraform force-unlock %s`,
			r.env.object(), cmp.Or(lock.who, "somebody"), cmp.Or(lock.created, "some time"), r.scratch(), cmp.Or(lock.id, "<ID>"))
	}
	r.say("Removing the lock of a killed run (%s, %s)", lock.operation, lock.created)
	if _, err := r.terraform(command{args: []string{"force-unlock", "-force", "-no-color", lock.id}, folder: r.scratch()}); err != nil {
		return "", err
	}
	return r.terraform(c)
}

// ours reports whether a run of this clone left the lock: this user created it on this machine while
// such a run was alive. That run has ended, since only one run at a time holds the log's lock.
func (r *run) ours(l *heldLock) bool {
	created, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", l.created)
	return err == nil && l.id != "" && l.who == whoami() && r.within(created)
}

// whoami returns this user as Terraform writes it into a lock.
func whoami() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return name + "@" + host
}
