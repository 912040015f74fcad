package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"plinth/cli/internal/sentence"
)

// finding is a line of the status.
type finding struct {
	what, text string
	// wrong is set if the application is not healthy because of it.
	wrong bool
}

func (f finding) String() string {
	mark := "✓"
	if f.wrong {
		mark = "✗"
	}
	return fmt.Sprintf("  %s %-10s %s", mark, f.what, f.text)
}

func fine(what, format string, args ...any) finding {
	return finding{what, fmt.Sprintf(format, args...), false}
}

func wrong(what, format string, args ...any) finding {
	return finding{what, fmt.Sprintf(format, args...), true}
}

// status is the command ./plinth status.
func (s *Session) status(ctx context.Context) error {
	e, err := s.environment()
	if err != nil {
		return err
	}
	// Check the connection first, by a path: for a resource's name, kubectl first lists all API types,
	// and retries that many times if it cannot reach the cluster.
	version, err := s.kubectl(ctx, e, "get", "--raw", "/version")
	if err != nil {
		return err
	}
	objects, err := s.objects(ctx, e)
	if err != nil {
		return err
	}
	var release, kubernetes, secrets, health []finding
	var at sync.WaitGroup
	at.Go(func() { release = s.release(ctx, e) })
	at.Go(func() { kubernetes = s.kubernetes(ctx, e, version) })
	at.Go(func() { secrets = s.secrets(ctx, e) })
	at.Go(func() { health = s.health(ctx, objects) })
	var found []finding
	for _, o := range objects {
		found = append(found, o.judge())
	}
	at.Wait()
	found = slices.Concat(release, found, secrets, health, kubernetes)

	if err := s.show(e, found); err != nil {
		return err
	}
	var reasons []string
	for _, f := range found {
		if f.wrong {
			reasons = append(reasons, f.what)
		}
	}
	if reasons != nil {
		return fmt.Errorf("%s: is not healthy: %s; look closer: kubectl --context %s --namespace %s get events",
			e.name, sentence.List(slices.Compact(reasons)), e.cluster, e.namespace)
	}
	return nil
}

// show writes the findings for people or for a program.
func (s *Session) show(e *environment, found []finding) error {
	if !s.JSON {
		fmt.Fprintf(s.Stdout, "%s, namespace %s\n", e.cluster, e.namespace)
		for _, f := range found {
			fmt.Fprintln(s.Stdout, f)
		}
		return nil
	}
	type check struct {
		Name    string `json:"name"`
		Healthy bool   `json:"healthy"`
		Detail  string `json:"detail"`
	}
	report := struct {
		Cluster   string  `json:"cluster"`
		Namespace string  `json:"namespace"`
		Healthy   bool    `json:"healthy"`
		Checks    []check `json:"checks"`
	}{e.cluster, e.namespace, true, nil}
	for _, f := range found {
		report.Checks = append(report.Checks, check{f.what, !f.wrong, f.text})
		report.Healthy = report.Healthy && !f.wrong
	}
	encoder := json.NewEncoder(s.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// objects returns the objects of the application's release, of the kinds that every viewer of the
// namespace may read.
func (s *Session) objects(ctx context.Context, e *environment) ([]object, error) {
	out, err := s.kubectl(ctx, e, "get", strings.Join([]string{
		"deployments.apps", "pods", "horizontalpodautoscalers.v2.autoscaling", "poddisruptionbudgets.policy", "ingresses.networking.k8s.io",
	}, ","), "--selector", "app.kubernetes.io/instance="+e.release, "--output", "json")
	if err != nil {
		return nil, err
	}
	var answer struct {
		Items []object `json:"items"`
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		return nil, fmt.Errorf("kubectl: its output cannot be parsed: %w", err)
	}
	for _, o := range answer.Items {
		if o.Kind == "Deployment" {
			return answer.Items, nil
		}
	}
	return nil, fmt.Errorf("%s: the application is not deployed; deploy it first: ./plinth deploy %[1]s-app", e.name)
}

// release returns the last revision of the Helm release, which is in a ConfigMap: see stacks/stack_kubernetes.go.
// It requests a table, which the server makes from the metadata alone.
func (s *Session) release(ctx context.Context, e *environment) []finding {
	out, err := s.kubectl(ctx, e, "get", "configmaps", "--selector", "owner=helm,name="+e.release,
		"--label-columns", "version,status", "--no-headers")
	if err != nil {
		return unread("release", err)
	}
	last, state := 0, ""
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		revision := 0
		if _, err := fmt.Sscan(fields[len(fields)-2], &revision); err == nil && revision > last {
			last, state = revision, fields[len(fields)-1]
		}
	}
	switch {
	case last == 0:
		return []finding{wrong("release", "%s: Helm knows of none", e.release)}
	case state != "deployed":
		return []finding{wrong("release", "%s: revision %d is %s", e.release, last, state)}
	}
	return []finding{fine("release", "%s: revision %d is deployed", e.release, last)}
}

// secrets returns the ExternalSecrets, which copy secrets from Secrets Manager. EKS's policy for
// viewers does not include this custom type.
func (s *Session) secrets(ctx context.Context, e *environment) []finding {
	out, err := s.kubectl(ctx, e, "get", "externalsecrets.external-secrets.io", "--selector", "app.kubernetes.io/instance="+e.release, "--output", "json")
	if err != nil {
		return unread("secret", err)
	}
	var answer struct {
		Items []object `json:"items"`
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		return unread("secret", err)
	}
	var found []finding
	for _, o := range answer.Items {
		found = append(found, o.judge())
	}
	return found
}

// unread returns a finding about a failed read. It is wrong unless the user merely lacks permission.
func unread(what string, err error) []finding {
	if strings.Contains(words(err), "(Forbidden)") {
		return []finding{fine(what, "unknown: this user may not read it")}
	}
	return []finding{wrong(what, "cannot be read: %s", strings.Join(strings.Fields(err.Error()), " "))}
}

var kubectlCauses = []struct {
	sign   *regexp.Regexp
	remedy func(*environment) string
}{
	{regexp.MustCompile(`context .* does not exist|context was not found`), func(e *environment) string {
		return "has no context " + e.cluster + " yet; ./plinth kubeconfig " + e.name
	}},
	{regexp.MustCompile(`executable aws (not found|failed)|getting credentials|must be logged in|Unauthorized|provide credentials`), func(*environment) string {
		return "has no valid AWS credentials, or for a principal without cluster access; sign in, or choose another with AWS_PROFILE"
	}},
	{regexp.MustCompile(`\(Forbidden\)`), func(*environment) string {
		return "access is denied: your role may not read the application's namespace; see cluster.accessEntries"
	}},
	{regexp.MustCompile(`Unable to connect|no such host|i/o timeout|refused|Client\.Timeout|deadline exceeded|TLS handshake`), func(e *environment) string {
		if e.private {
			return "cannot reach the Kubernetes API: it is private, and reachable from the VPC only"
		}
		return "cannot reach the Kubernetes API; check that your network is in cluster.publicAccessCIDRs. After creating a cluster: ./plinth kubeconfig " + e.name
	}},
}

// kubectl runs kubectl in the environment's cluster and the application's namespace.
func (s *Session) kubectl(ctx context.Context, e *environment, args ...string) (string, error) {
	out, err := s.output(ctx, s.Dir, nil, "kubectl",
		append([]string{"--context", e.cluster, "--namespace", e.namespace, "--request-timeout", "15s"}, args...)...)
	var f *failed
	if errors.As(err, &f) {
		for _, cause := range kubectlCauses {
			if cause.sign.MatchString(f.words) {
				f.remedy = cause.remedy(e)
				break
			}
		}
	}
	return out, err
}
