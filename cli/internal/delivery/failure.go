package delivery

import (
	"context"
	"encoding/json"
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
func (s *Session) FailedRelease(ctx context.Context, since time.Time, endpoint, ca string) string {
	ctx, cancel := context.WithTimeout(ctx, failurePatience)
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
	config, err := kubeconfigOf(a.environment, endpoint, ca)
	if err != nil || os.WriteFile(file, config, 0o600) != nil {
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

// kubeconfigOf returns a kubeconfig, in JSON, whose tokens are those of the Helm provider: see
// stacks/stack_kubernetes.go.
func kubeconfigOf(e *environment, endpoint, ca string) ([]byte, error) {
	type named = map[string]any
	return json.Marshal(named{
		"apiVersion": "v1", "kind": "Config", "current-context": e.cluster,
		"clusters": []named{{"name": e.cluster, "cluster": named{"server": endpoint, "certificate-authority-data": ca}}},
		"contexts": []named{{"name": e.cluster, "context": named{"cluster": e.cluster, "user": e.cluster}}},
		"users": []named{{"name": e.cluster, "user": named{"exec": named{
			"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "interactiveMode": "Never",
			"args": []string{"eks", "get-token", "--cluster-name", e.cluster, "--region", e.region, "--output", "json"},
		}}}},
	})
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
