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
	"plinth/cli/internal/synthesized"
)

// finding is a line of the status.
type finding struct {
	what, text string
	// wrong is set if the application or the cluster is not healthy because of it.
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

// group is a part of the status: that of one application, or that of the cluster.
type group struct {
	// title is what is not healthy if a finding is wrong.
	title string
	// application and namespace are empty for the cluster.
	application, namespace string
	found                  []finding
}

// status is the command ./plinth status.
func (s *Session) status(ctx context.Context) error {
	e, err := s.environment()
	if err != nil {
		return err
	}
	shown := e.applications
	if s.App != "" || len(shown) == 0 {
		a, err := synthesized.Choose(shown, s.App)
		if err != nil {
			return err
		}
		shown = []synthesized.Application{a}
	}
	// Check the connection first, by a path: for a resource's name, kubectl first lists all API types,
	// and retries that many times if it cannot reach the cluster.
	version, err := s.kubectl(ctx, e, shown[0].Namespace, "get", "--raw", "/version")
	if err != nil {
		return err
	}
	groups, failures := make([]group, len(shown)), make([]error, len(shown))
	var at sync.WaitGroup
	for i, a := range shown {
		at.Go(func() {
			groups[i] = group{title: a.Stack, application: a.Name, namespace: a.Namespace}
			groups[i].found, failures[i] = s.examine(ctx, &application{e, a})
		})
	}
	at.Wait()
	if len(shown) == 1 {
		if failures[0] != nil {
			return failures[0]
		}
		groups[0].title = e.name
		groups[0].found = append(groups[0].found, s.kubernetes(ctx, e, shown[0].Namespace, version)...)
	} else {
		for i, err := range failures { // the others are shown all the same
			if err != nil {
				groups[i].found = []finding{wrong("release", "%s", strings.Join(strings.Fields(err.Error()), " "))}
			}
		}
		groups = append(groups, group{title: e.name, found: s.kubernetes(ctx, e, shown[0].Namespace, version)})
	}
	return errors.Join(s.show(e, groups), unhealthy(e, groups))
}

// examine returns what there is to say about one application.
func (s *Session) examine(ctx context.Context, a *application) ([]finding, error) {
	objects, err := s.objects(ctx, a, viewed...)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(objects, func(o object) bool { return o.Kind == "Deployment" || o.Kind == "CronJob" }) {
		return nil, fmt.Errorf("%s: the application is not deployed; deploy it first: ./plinth deploy %s", a.name, a.Stack)
	}
	var release, secrets, health []finding
	var at sync.WaitGroup
	at.Go(func() { release = s.release(ctx, a, objects) })
	at.Go(func() { secrets = s.secrets(ctx, a) })
	at.Go(func() { health = s.health(ctx, objects) })
	var found []finding
	for _, o := range objects {
		if !o.ofCronJob() {
			found = append(found, o.judge())
		}
	}
	at.Wait()

	return slices.Concat(release, found, secrets, health), nil
}

// unhealthy returns an error if there is a wrong finding.
func unhealthy(e *environment, groups []group) error {
	var all []error
	for _, g := range groups {
		var reasons []string
		for _, f := range g.found {
			if f.wrong {
				reasons = append(reasons, f.what)
			}
		}
		if reasons == nil {
			continue
		}
		closer := "kubectl --context " + e.cluster
		if g.namespace != "" {
			closer += " --namespace " + g.namespace
		}
		all = append(all, fmt.Errorf("%s: is not healthy: %s; look closer: %s get events", g.title, sentence.List(slices.Compact(reasons)), closer))
	}
	return errors.Join(all...)
}

// show writes the findings for people or for a program.
func (s *Session) show(e *environment, groups []group) error {
	if !s.JSON {
		for _, g := range groups {
			title := e.cluster
			if g.namespace != "" {
				title += ", namespace " + g.namespace
			}
			fmt.Fprintln(s.Stdout, title)
			for _, f := range g.found {
				fmt.Fprintln(s.Stdout, f)
			}
		}
		return nil
	}
	type check struct {
		// Application is empty for a check of the cluster, and if the report is about one application.
		Application string `json:"application,omitempty"`
		Name        string `json:"name"`
		Healthy     bool   `json:"healthy"`
		Detail      string `json:"detail"`
	}
	report := struct {
		Cluster string `json:"cluster"`
		// Namespace is empty if the report is about several applications.
		Namespace string  `json:"namespace,omitempty"`
		Healthy   bool    `json:"healthy"`
		Checks    []check `json:"checks"`
	}{e.cluster, "", true, nil}
	if len(groups) == 1 {
		report.Namespace, groups[0].application = groups[0].namespace, ""
	}
	for _, g := range groups {
		for _, f := range g.found {
			report.Checks = append(report.Checks, check{g.application, f.what, !f.wrong, f.text})
			report.Healthy = report.Healthy && !f.wrong
		}
	}
	encoder := json.NewEncoder(s.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// viewed are the kinds of an application's objects that every viewer of the namespace may read.
var viewed = []string{
	"deployments.apps", "pods", "horizontalpodautoscalers.v2.autoscaling", "poddisruptionbudgets.policy", "ingresses.networking.k8s.io", "cronjobs.batch", "jobs.batch",
}

// objects returns the objects of the application's release, of some kinds.
func (s *Session) objects(ctx context.Context, a *application, kinds ...string) ([]object, error) {
	var answer struct {
		Items []object `json:"items"`
	}
	err := s.get(ctx, a, &answer, strings.Join(kinds, ","), "--selector", labelInstance+"="+a.Release)
	return answer.Items, err
}

// release returns the last revision of the Helm release, which is in a ConfigMap: see stacks/stack_kubernetes.go.
// It requests a table, which the server makes from the metadata alone. Only in the release itself is the last
// run of the release command, whose Job is among the objects if it has failed.
func (s *Session) release(ctx context.Context, a *application, objects []object) []finding {
	out, err := s.kubectl(ctx, a.environment, a.Namespace, "get", "configmaps", "--selector", "owner=helm,name="+a.Release,
		"--label-columns", "version,status", "--no-headers")
	if err != nil {
		return unread("release", err)
	}
	last, state, name := 0, "", ""
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		revision := 0
		if _, err := fmt.Sscan(fields[len(fields)-2], &revision); err == nil && revision > last {
			last, state, name = revision, fields[len(fields)-1], fields[0]
		}
	}
	switch {
	case last == 0:
		return []finding{wrong("release", "%s: Helm knows of none", a.Release)}
	case state != "deployed":
		return []finding{wrong("release", "%s: revision %d is %s", a.Release, last, state)}
	}
	found := []finding{fine("release", "%s: revision %d is deployed", a.Release, last)}
	if slices.ContainsFunc(objects, object.isRelease) {
		return found
	}
	return append(found, s.releaseCommand(ctx, a, name)...)
}

// secrets returns the ExternalSecrets, which copy secrets from Secrets Manager. EKS's policy for
// viewers does not include this custom type.
func (s *Session) secrets(ctx context.Context, a *application) []finding {
	objects, err := s.objects(ctx, a, "externalsecrets.external-secrets.io")
	if err != nil {
		return unread("secret", err)
	}
	var found []finding
	for _, o := range objects {
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

// get stores in answer what kubectl get prints as JSON, in the application's namespace.
func (s *Session) get(ctx context.Context, a *application, answer any, args ...string) error {
	out, err := s.kubectl(ctx, a.environment, a.Namespace, slices.Concat([]string{"get"}, args, []string{"--output", "json"})...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), answer); err != nil {
		return fmt.Errorf("kubectl: its output cannot be parsed: %w", err)
	}
	return nil
}

// kubectl runs kubectl in the environment's cluster and a namespace.
func (s *Session) kubectl(ctx context.Context, e *environment, namespace string, args ...string) (string, error) {
	out, err := s.output(ctx, s.Dir, nil, "kubectl",
		append([]string{"--context", e.cluster, "--namespace", namespace, "--request-timeout", "15s"}, args...)...)
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
