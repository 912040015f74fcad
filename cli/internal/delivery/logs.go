package delivery

import (
	"context"
	"os/exec"
	"slices"
	"time"
)

// lines is how many lines of each pod are shown without --since.
const lines = "100"

// logs is the command ./plinth logs. Each line begins with its pod's name.
// https://kubernetes.io/docs/reference/kubectl/generated/kubectl_logs/
func (s *Session) logs(ctx context.Context) error {
	a, err := s.application()
	if err != nil {
		return err
	}
	// Check the connection first: its errors are shorter than those of kubectl logs.
	if _, err := s.kubectl(ctx, a.environment, a.Namespace, "get", "--raw", "/version"); err != nil {
		return err
	}
	if s.Process != "" && s.Process != releaseProcess && s.Process != runProcess {
		all, err := s.workloads(ctx, a)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(w workload) bool { return w.process() == s.Process }) {
			return unknownProcess(a, s.Process, all, releaseProcess)
		}
	}
	program, err := s.find("kubectl")
	if err != nil {
		return err
	}
	selector := labelInstance + "=" + a.Release
	if s.Process != "" {
		selector += "," + labelComponent + "=" + s.Process
	}
	args := []string{
		"--context", a.cluster, "--namespace", a.Namespace, "logs", "--selector", selector,
		"--all-containers", "--prefix", "--max-log-requests", "50",
	}
	if s.Since != "" {
		args = append(args, "--since", s.Since, "--tail", "-1")
	} else {
		args = append(args, "--tail", lines)
	}
	if s.Follow {
		args = append(args, "--follow")
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = s.Dir, s.Environ, s.Stdout, s.Stderr
	command.WaitDelay = time.Second
	err = command.Run()
	if ctx.Err() != nil { // Ctrl-C ends --follow
		return errClosed
	}
	return err
}
