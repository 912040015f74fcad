package delivery

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// How much is shown of a failed release command, and how long it may take to read.
const (
	failureLines    = 20
	failurePatience = 30 * time.Second
)

// FailedRelease returns what a release command that failed since a time has said last. It is empty if none has.
// It asks as those AWS credentials that have deployed, without a context of kubectl, which a pipeline has not.
func (s *Session) FailedRelease(ctx context.Context, since time.Time) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failurePatience)
	defer cancel()
	a, err := s.application()
	if err != nil {
		return ""
	}
	folder, err := os.MkdirTemp("", "plinth-kubeconfig-")
	if err != nil {
		return ""
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "config")
	if _, err := s.aws(ctx, a.environment, "eks", "update-kubeconfig", "--name", a.cluster, "--alias", a.cluster, "--kubeconfig", file); err != nil {
		return ""
	}
	as := *s
	as.Environ = append(slices.Clone(s.Environ), "KUBECONFIG="+file)
	objects, err := as.objects(ctx, a, "jobs.batch")
	if err != nil {
		return ""
	}
	for _, o := range objects {
		// A minute, for clocks that differ: the Job of an earlier deployment stays until the next begins.
		if o.isRelease() && o.condition("Failed").Status == "True" && o.Metadata.Created.After(since.Add(-time.Minute)) {
			return as.lastWords(ctx, a, o)
		}
	}
	return ""
}

func (s *Session) lastWords(ctx context.Context, a *application, o object) string {
	text := fmt.Sprintf("%s: the release command failed: %s. Nothing of the new version has started, and the version before goes on serving.", a.Stack, o.condition("Failed").reason())
	log, err := s.kubectl(ctx, a.environment, a.Namespace, "logs", "job/"+o.Metadata.Name, "--tail", strconv.Itoa(failureLines))
	switch {
	case err != nil:
		text += "\nIts log cannot be read: " + err.Error()
	case log == "":
		text += "\nIt has logged nothing."
	default:
		text += "\nThe end of its log:\n" + indent(log)
	}
	return text + fmt.Sprintf("\nMore: ./plinth logs %s %s %s", s.Env, a.Name, releaseProcess)
}
