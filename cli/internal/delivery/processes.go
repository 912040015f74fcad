package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"plinth/cli/internal/sentence"
)

// The labels that charts/app gives what belongs to a process. Those of web say app alone.
const (
	labelInstance  = "app.kubernetes.io/instance"
	labelName      = "app.kubernetes.io/name"
	labelComponent = "app.kubernetes.io/component"
)

// The names of processes that are not of the settings' own choice.
const (
	webProcess     = "web"
	releaseProcess = "release"
	runProcess     = "run" // a command of ./plinth run
)

// kind returns what a process is: web, worker, job, release or run. It is empty without the chart's labels.
func (o object) kind() string {
	switch name := o.Metadata.Labels[labelName]; {
	case name == "":
		return ""
	case strings.Contains(name, "-"):
		return name[strings.LastIndex(name, "-")+1:]
	}
	return webProcess
}

// process returns the name of an object's process in the settings.
func (o object) process() string { return cmp.Or(o.Metadata.Labels[labelComponent], webProcess) }

func (o object) isRelease() bool { return o.Kind == "Job" && o.kind() == releaseProcess }

// ofCronJob reports whether a CronJob made the Job. Its own line tells about the last one.
func (o object) ofCronJob() bool { return o.Kind == "Job" && o.kind() == "job" }

// cronJob returns the last and the next run. Each of charts/app is tried once, so without a success since its
// start, the last one has failed.
func (o object) cronJob(now time.Time) finding {
	status, text := o.Status, o.Metadata.Name+": "
	if next, err := cron.ParseStandard("CRON_TZ=" + cmp.Or(o.Spec.TimeZone, "Etc/UTC") + " " + o.Spec.Schedule); err == nil && !o.Spec.Suspend {
		text += "next run at " + next.Next(now).UTC().Format(time.RFC3339) + "; "
	}
	if o.Spec.Suspend {
		text += "suspended; "
	}
	active, _ := status.Active.([]any)
	switch {
	case len(active) > 0 && status.Scheduled != nil:
		return fine("job", "%sruns since %s", text, moment(status.Scheduled))
	case status.Scheduled != nil && (status.Succeeded == nil || status.Succeeded.Before(*status.Scheduled)):
		return wrong("job", "%sthe run of %s failed, last succeeded at %s", text, moment(status.Scheduled), moment(status.Succeeded))
	}
	return fine("job", "%slast succeeded at %s", text, moment(status.Succeeded))
}

func moment(t *time.Time) string {
	if t == nil {
		return "no time yet"
	}
	return t.UTC().Format(time.RFC3339)
}

// job returns the state of a release command, which is deleted once it has succeeded, or of ./plinth run.
func (o object) job() finding {
	what := cmp.Or(o.kind(), "job")
	if failed := o.condition("Failed"); failed.Status == "True" {
		f := fine(what, "%s: failed, %s", o.Metadata.Name, failed.reason())
		f.wrong = o.isRelease()
		return f
	}
	if o.condition("Complete").Status == "True" {
		return fine(what, "%s: succeeded", o.Metadata.Name)
	}
	return fine(what, "%s: runs since %s", o.Metadata.Name, moment(o.Status.Started))
}

// workload is a Deployment or a CronJob, with its text.
type workload struct {
	object
	text json.RawMessage
}

// workloads returns what runs an application's processes.
func (s *Session) workloads(ctx context.Context, a *application) ([]workload, error) {
	var answer struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := s.get(ctx, a, &answer, "deployments.apps,cronjobs.batch", "--selector", labelInstance+"="+a.Release); err != nil {
		return nil, err
	}
	var all []workload
	for _, text := range answer.Items {
		w := workload{text: text}
		if err := json.Unmarshal(text, &w.object); err != nil {
			return nil, fmt.Errorf("kubectl: its output cannot be parsed: %w", err)
		}
		all = append(all, w)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: the application is not deployed; deploy it first: ./plinth deploy %s", a.name, a.Stack)
	}
	return all, nil
}

// unknownProcess returns an error with the names of those that there are.
func unknownProcess(a *application, name string, all []workload, more ...string) error {
	names := slices.Clone(more)
	for _, w := range all {
		names = append(names, w.process())
	}
	slices.Sort(names)
	return fmt.Errorf("%s: there is no process %s; there are %s", a.Stack, name, sentence.List(names))
}
