package delivery

import (
	"context"
	"fmt"
	"strings"

	"plinth/cli/internal/sentence"
)

// restart is the command ./plinth restart: a rolling update to the same version. The old pods go only once new
// ones serve, so no request is lost.
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/
func (s *Session) restart(ctx context.Context) error {
	a, err := s.application()
	if err != nil {
		return err
	}
	all, err := s.workloads(ctx, a)
	if err != nil {
		return err
	}
	var targets, names []string
	for _, w := range all {
		switch {
		case s.Process != "" && w.process() != s.Process:
		case w.Kind == "Deployment":
			targets, names = append(targets, "deployment.apps/"+w.Metadata.Name), append(names, w.process())
		case s.Process != "":
			return fmt.Errorf("%s: %s is a job, which has a new pod in each run", a.Stack, s.Process)
		}
	}
	if targets == nil && s.Process != "" {
		return unknownProcess(a, s.Process, all)
	}
	if targets == nil {
		return fmt.Errorf("%s: has only jobs, which have a new pod in each run", a.Stack)
	}
	if _, err := s.kubectl(ctx, a.environment, a.Namespace, append([]string{"rollout", "restart"}, targets...)...); err != nil {
		return denied(err, "restart processes, which takes edit or admin")
	}
	s.say("%s: restarting %s.", a.Stack, sentence.List(names))
	for i, target := range targets {
		// Longer than a pod's start may take. Helm waits as long.
		if _, err := s.output(ctx, s.Dir, nil, "kubectl", "--context", a.cluster, "--namespace", a.Namespace, "rollout", "status", target, "--timeout", "840s"); err != nil {
			return fmt.Errorf("%s: %s is not restarted; the old pods go on. See ./plinth status %s %s\n%s", a.Stack, names[i], s.Env, a.Name, indent(words(err)))
		}
		s.say("%s: %s is restarted.", a.Stack, names[i])
	}
	return nil
}

// denied says what the role of the user lacks, if the cluster has refused a change.
func denied(err error, what string) error {
	// kubectl create says (Forbidden), kubectl rollout does not.
	if said := words(err); strings.Contains(said, "(Forbidden)") || strings.Contains(said, " is forbidden: ") {
		return fmt.Errorf("kubectl: access is denied: your role may not %s; see cluster.accessEntries\n%s", what, indent(said))
	}
	return err
}
