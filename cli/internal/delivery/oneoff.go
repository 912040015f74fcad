package delivery

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"
)

// How long a command of ./plinth run may take, and its pod stays if nobody is left to delete it.
const (
	runSeconds     = 12 * 60 * 60
	runLeftSeconds = 60
)

var (
	// runPatience is how long its pod may take to start: on Fargate it needs a machine and the image.
	runPatience = 10 * time.Minute
	runPause    = time.Second
)

// runCommand is the command ./plinth run. It makes a Job of a process's own pod template. Kubernetes deletes a
// finished Job by itself, so nothing stays even if this program is killed.
func (s *Session) runCommand(ctx context.Context) (err error) {
	a, err := s.application()
	if err != nil {
		return err
	}
	all, err := s.workloads(ctx, a)
	if err != nil {
		return err
	}
	from := slices.IndexFunc(all, func(w workload) bool { return s.Process == "" || w.process() == s.Process })
	if web := slices.IndexFunc(all, func(w workload) bool { return w.Kind == "Deployment" && w.process() == webProcess }); s.Process == "" && web >= 0 {
		from = web
	}
	if from < 0 {
		return unknownProcess(a, s.Process, all)
	}
	interactive := isTerminal(s.Stdin) && isTerminal(s.Stdout)
	name := a.Release + "-run-" + strings.ToLower(rand.Text()[:6])
	job, err := oneOff(all[from], a, name, s.Command, interactive)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "plinth-run-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(job)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if _, err := s.kubectl(ctx, a.environment, a.Namespace, "create", "--filename", file.Name()); err != nil {
		if ctx.Err() != nil { // the Job may be there all the same
			return errors.Join(err, s.removed(ctx, a, name))
		}
		return denied(err, "run commands, which takes developer, edit or admin")
	}
	defer func() { err = errors.Join(err, s.removed(ctx, a, name)) }()
	s.say("%s: starting a pod of %s as job/%s …", a.Stack, all[from].process(), name)
	pod, err := s.started(ctx, a, name)
	if err != nil {
		return err
	}
	if err := s.watch(ctx, a, pod, interactive); err != nil {
		return err
	}
	return s.exit(ctx, a, pod)
}

// oneOff returns a Job that runs a command in the pod of a process: its image, variables, user, folders, size
// and service account.
func oneOff(from workload, a *application, name string, command []string, interactive bool) ([]byte, error) {
	var object map[string]any
	if err := json.Unmarshal(from.text, &object); err != nil {
		return nil, err
	}
	path := []string{"spec", "template"}
	if from.Kind == "CronJob" {
		path = []string{"spec", "jobTemplate", "spec", "template"}
	}
	template := object
	for _, key := range path {
		template, _ = template[key].(map[string]any)
	}
	metadata, _ := template["metadata"].(map[string]any)
	spec, _ := template["spec"].(map[string]any)
	containers, _ := spec["containers"].([]any)
	if metadata == nil || len(containers) == 0 {
		return nil, fmt.Errorf("%s: %s has no pod template", a.Stack, from.Metadata.Name)
	}
	container, _ := containers[0].(map[string]any)
	for _, key := range []string{"args", "ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle"} {
		delete(container, key)
	}
	container["command"] = command
	container["stdin"], container["stdinOnce"], container["tty"] = interactive, interactive, interactive
	container["name"] = runProcess
	spec["containers"] = []any{container}
	delete(spec, "topologySpreadConstraints")
	spec["restartPolicy"] = "Never"

	// Not those of the process, or the Service would send it requests and the Deployment count it.
	labels := map[string]any{}
	if old, is := metadata["labels"].(map[string]any); is {
		maps.Copy(labels, old)
	}
	chart, _ := labels[labelName].(string)
	chart, _, _ = strings.Cut(chart, "-")
	labels[labelName], labels[labelInstance], labels[labelComponent] = chart+"-"+runProcess, a.Release, runProcess
	annotations, _ := metadata["annotations"].(map[string]any)
	maps.DeleteFunc(annotations, func(key string, _ any) bool {
		return strings.HasPrefix(key, "prometheus.io/") || key == "kubectl.kubernetes.io/restartedAt"
	})
	return json.Marshal(map[string]any{
		"apiVersion": "batch/v1",
		"kind":       "Job",
		"metadata":   map[string]any{"name": name, "labels": labels},
		"spec": map[string]any{
			"backoffLimit": 0, "activeDeadlineSeconds": runSeconds, "ttlSecondsAfterFinished": runLeftSeconds,
			"template": map[string]any{"metadata": map[string]any{"labels": labels, "annotations": annotations}, "spec": spec},
		},
	})
}

// started waits until the Job's pod runs or has ended, and returns the pod's name.
func (s *Session) started(ctx context.Context, a *application, job string) (string, error) {
	deadline, last := time.Now().Add(runPatience), "there is no pod yet"
	for time.Now().Before(deadline) {
		pods, err := s.podsOf(ctx, a, job)
		if err != nil {
			return "", err
		}
		for _, pod := range pods {
			if pod.Status.Phase != "Pending" {
				return pod.Metadata.Name, nil
			}
			if last = pod.pod().text; strings.Contains(last, "ImagePullBackOff") || strings.Contains(last, "CreateContainerConfigError") {
				return "", fmt.Errorf("%s: the pod does not start: %s", a.Stack, last)
			}
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(runPause):
		}
	}
	return "", fmt.Errorf("%s: the pod has not started after %s: %s", a.Stack, runPatience, last)
}

func (s *Session) podsOf(ctx context.Context, a *application, job string) ([]object, error) {
	var answer struct {
		Items []object `json:"items"`
	}
	err := s.get(ctx, a, &answer, "pods", "--selector", "job-name="+job)
	return answer.Items, err
}

// watch connects the terminal with the command, or shows its output from the beginning.
func (s *Session) watch(ctx context.Context, a *application, pod string, interactive bool) error {
	program, err := s.find("kubectl")
	if err != nil {
		return err
	}
	args := []string{"--context", a.cluster, "--namespace", a.Namespace, "logs", "--follow", pod}
	if interactive {
		args = []string{"--context", a.cluster, "--namespace", a.Namespace, "attach", "--stdin", "--tty", pod}
		s.say("No prompt? Press Enter.")
	}
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Env, command.Stdout, command.Stderr = s.Dir, s.Environ, s.Stdout, s.Stderr
	if interactive {
		command.Stdin = s.Stdin
	}
	command.WaitDelay = time.Second
	err = command.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return nil // the pod's own exit code says more
	}
	return err
}

// exit returns an error unless the command has ended with 0.
func (s *Session) exit(ctx context.Context, a *application, pod string) error {
	for range 10 { // the kubelet tells it a moment after the output has ended
		var o object
		if err := s.get(ctx, a, &o, "pod", pod); err != nil {
			return err
		}
		for _, c := range o.Status.ContainerStatuses {
			if ended := c.State.Terminated; ended.Code != 0 {
				return fmt.Errorf("%s: exit code %d, %s", strings.Join(s.Command, " "), ended.Code, ended.Reason)
			}
		}
		switch o.Status.Phase {
		case "Succeeded":
			return nil
		case "Failed": // the pod, before its command ended: it was evicted, or out of time
			return fmt.Errorf("%s: %s", strings.Join(s.Command, " "), cmp.Or(o.Status.Reason, "failed for no reason that is told"))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(runPause):
		}
	}
	return fmt.Errorf("%s: the connection has ended before the command", a.Stack)
}

// removed deletes the Job with its pod, also after Ctrl-C.
func (s *Session) removed(ctx context.Context, a *application, job string) error {
	interrupted := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if _, err := s.kubectl(ctx, a.environment, a.Namespace, "delete", "job", job, "--wait=false", "--ignore-not-found"); err != nil {
		err = fmt.Errorf("job/%s is not deleted; delete it: kubectl --context %s --namespace %s delete job %s\n%w", job, a.cluster, a.Namespace, job, err)
		if interrupted { // which is all that Run says
			s.say("%v", err)
		}
		return err
	}
	return nil
}

func isTerminal(stream any) bool {
	file, is := stream.(*os.File)
	return is && term.IsTerminal(int(file.Fd()))
}
