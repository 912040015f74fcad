// Package local runs an application's processes on this machine, without a container: with a real
// PostgreSQL, and with the variables that they have on the cluster.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"plinth/cli/internal/sentence"
	"plinth/settings"
)

// Config configures a run.
type Config struct {
	// App is the application. Environment is the environment whose settings these are.
	App         *settings.App
	Environment string
	// Root is the repository's folder. Messages name files relative to it.
	Root string
	// State is the folder of what stays between runs, such as the database's data. PostgreSQL is the folder of its
	// programs, which all applications share.
	State, PostgreSQL string
	// Secrets are the variables that processes have from Secrets Manager on the cluster.
	Secrets []string
	// Environ is the user's environment.
	Environ []string
	// Job is the job to run instead of web and workers.
	Job string
	// Fresh deletes the database's data first.
	Fresh bool
	// Stdout gets the output of the processes, with colours if Color is set. Say prints a line for people.
	Stdout io.Writer
	Color  bool
	Say    func(format string, args ...any)

	grace time.Duration // tests shorten it
}

// Run runs the release command to its end, and then web and workers until ctx ends or one of them ends; or the
// job to its end. It stops what it has started. The error of a process that failed wraps its *exec.ExitError.
func Run(ctx context.Context, c Config) error {
	c.grace = cmp.Or(c.grace, grace)
	r := &run{Config: c}
	if err := r.prepare(ctx); err != nil {
		return r.interrupted(ctx, err)
	}
	shared, err := r.lock()
	defer r.unlock()
	if err != nil {
		return err
	}
	if c.App.Database {
		if shared {
			err = r.server.join()
		} else {
			err = r.server.run(ctx, c.Fresh)
			defer r.server.stop()
		}
		if err != nil {
			return r.interrupted(ctx, err)
		}
		r.say("PostgreSQL %s is at %s:%d. psql \"$(cat %s)\" connects to it.", r.server.version, databaseHost, r.server.port, r.short(r.server.urlFile()))
	}
	if c.App.Release != nil && !shared {
		if err := r.finish(ctx, r.release, c.App.Release.DeadlineMinutes); err != nil {
			return r.interrupted(ctx, err)
		}
	}
	if c.Job != "" {
		return r.interrupted(ctx, r.finish(ctx, r.processes[0], c.App.Jobs[c.Job].DeadlineMinutes))
	}
	return r.serve(ctx)
}

// run is one call of Run.
type run struct {
	Config
	folder    string // where the processes run
	output    *output
	server    *server
	local     map[string]string // the variables of the files .env
	release   *process          // nil without one
	processes []*process        // web and workers, or the job
	locked    *os.File
}

// process is a process that is to be started.
type process struct {
	name string
	// path is the setting, as in apps.shop.web.
	path    string
	command []string
	// variables are those that only this process has.
	variables map[string]string
}

func (r *run) say(format string, args ...any) { r.Say(format, args...) }

// short returns a path relative to the repository's folder.
func (r *run) short(path string) string {
	if short, err := filepath.Rel(r.Root, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}

func (r *run) setting(name string) string { return "apps." + r.App.Name + "." + name }

func (r *run) settingsFile() string { return "environments/" + r.Environment + ".yaml" }

// interrupted returns no error if ctx has ended: Ctrl-C is how a run ends, and a program that it stops fails. It is
// not how a job ends.
func (r *run) interrupted(ctx context.Context, err error) error {
	var stubborn *stubbornError
	switch {
	case ctx.Err() == nil || errors.As(err, &stubborn):
		return err
	case r.Job != "":
		return fmt.Errorf("%s was interrupted", r.Job)
	}
	return nil
}

// prepare finds every mistake that can be found before anything runs.
func (r *run) prepare(ctx context.Context) error {
	app := r.App
	if app.Build.Context == "" {
		return fmt.Errorf("%s: must be the folder of the application's files to run it on this machine; %s sets none", r.setting("build.context"), r.settingsFile())
	}
	r.folder = filepath.Join(r.Root, filepath.FromSlash(app.Build.Context))
	if info, err := os.Stat(r.folder); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: is %s, which is no folder of this repository; change it in %s", r.setting("build.context"), app.Build.Context, r.settingsFile())
	}
	if err := os.MkdirAll(r.State, 0o755); err != nil {
		return err
	}
	r.output = &output{to: r.Stdout, color: r.Color}
	if app.Database {
		var err error
		if r.server, err = r.newServer(); err != nil {
			return err
		}
	}
	if err := r.choose(); err != nil {
		return err
	}
	if err := r.readLocal(); err != nil {
		return err
	}
	if r.Job == "" {
		if err := r.checkPorts(); err != nil {
			return err
		}
	}
	resolver := r.newResolver(ctx)
	for _, p := range r.all() {
		r.output.width = max(r.output.width, len(p.name))
		if err := resolver.resolve(p); err != nil {
			return err
		}
	}
	return nil
}

// all returns all processes, the release command first.
func (r *run) all() []*process {
	if r.release == nil {
		return r.processes
	}
	return append([]*process{r.release}, r.processes...)
}

// choose sets the processes.
func (r *run) choose() error {
	app := r.App
	if app.Release != nil {
		r.release = r.process("release", "release", app.Release.Command, app.Release.Size(), 100)
	}
	if r.Job != "" {
		job, found := app.Jobs[r.Job]
		switch names := slices.Sorted(maps.Keys(app.Jobs)); {
		case !found && len(names) == 0:
			return fmt.Errorf("%s has no job %s, nor any other: %s sets none", app.Name, r.Job, r.settingsFile())
		case !found:
			return fmt.Errorf("%s has no job %s: %s has %s", app.Name, r.Job, r.settingsFile(), sentence.List(names))
		}
		r.processes = []*process{r.process(r.Job, "jobs."+r.Job, job.Command, job.Size(), 100)}
		return nil
	}
	if web := app.Web; web != nil {
		p := r.process("web", "web", web.Command, web.Size(), web.Replicas.MemoryPercent)
		p.variables["PORT"] = strconv.Itoa(web.Port)
		p.variables["IDLE_TIMEOUT"] = idleTimeout
		if web.Metrics.Port != 0 {
			p.variables["METRICS_PORT"] = strconv.Itoa(web.Metrics.Port)
		}
		r.processes = append(r.processes, p)
	}
	for _, name := range slices.Sorted(maps.Keys(app.Workers)) {
		worker := app.Workers[name]
		r.processes = append(r.processes, r.process(name, "workers."+name, worker.Command, worker.Size(), worker.Replicas.MemoryPercent))
	}
	if len(r.processes) == 0 {
		return fmt.Errorf("%s has jobs alone; run one of them: ./plinth dev %s --job %s", app.Name, app.Name, slices.Sorted(maps.Keys(app.Jobs))[0])
	}
	return nil
}

func (r *run) process(name, path string, command []string, size settings.Size, memoryPercent int) *process {
	return &process{
		name: name, path: r.setting(path), command: slices.Clone(command),
		variables: map[string]string{"GOMEMLIMIT": goMemoryLimit(size, memoryPercent)},
	}
}

// lock keeps others from running the application at the same time. A job may: then it reports that the server
// is another run's.
func (r *run) lock() (shared bool, err error) {
	file := filepath.Join(r.State, "lock")
	r.locked, err = os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	err = syscall.Flock(int(r.locked.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK) && r.Job != "" && !r.Fresh:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		holder, _ := os.ReadFile(file)
		return false, fmt.Errorf("%s runs on this machine already, as process %s; stop it first, with Ctrl-C where it runs or with kill %[2]s", r.App.Name, strings.TrimSpace(string(holder)))
	case err != nil:
		return false, fmt.Errorf("%s: %w", r.short(file), err)
	}
	if err := r.locked.Truncate(0); err != nil {
		return false, err
	}
	_, err = r.locked.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return false, err
}

// unlock undoes lock. To close the file is not enough while another goroutine starts a program, which has the file
// for a moment.
func (r *run) unlock() {
	if r.locked != nil {
		_ = syscall.Flock(int(r.locked.Fd()), syscall.LOCK_UN) // of no lock if it is another run's
		r.locked.Close()
	}
}

// finish runs a process to its end, as the release command and jobs.
func (r *run) finish(ctx context.Context, p *process, deadlineMinutes int) error {
	started, err := r.start(p)
	if err != nil {
		return err
	}
	deadline := time.NewTimer(time.Duration(deadlineMinutes) * time.Minute)
	defer deadline.Stop()
	select {
	case <-started.exited:
	case <-ctx.Done():
		return r.stop(started)
	case err := <-r.serverEnded():
		return errors.Join(err, r.stop(started))
	case <-deadline.C:
		return errors.Join(fmt.Errorf("%s took longer than %s.deadlineMinutes, %d, and was stopped", p.name, p.path, deadlineMinutes), r.stop(started))
	}
	if err := r.stop(started); err != nil { // the programs that it has left behind
		return err
	}
	switch {
	case started.err == nil:
		return nil
	case p == r.release:
		return fmt.Errorf("The release command failed, so nothing else was started: %w", started.err) //nolint:staticcheck // a person reads it as a sentence
	}
	return fmt.Errorf("%s failed: %w", p.name, started.err)
}

// serve runs web and workers until ctx ends, or until one of them ends.
func (r *run) serve(ctx context.Context) error {
	ended := make(chan *started, len(r.processes))
	var all []*started
	for _, p := range r.processes {
		s, err := r.start(p)
		if err != nil {
			return errors.Join(err, r.stop(all...))
		}
		all = append(all, s)
		go func() { <-s.exited; ended <- s }()
	}
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	if r.App.Web != nil {
		go r.awaitHealth(asking)
	}
	var failed error
	select {
	case <-ctx.Done():
		r.say("Stopping. Ctrl-C again stops at once.")
	case failed = <-r.serverEnded():
	case s := <-ended:
		if s.err != nil {
			failed = fmt.Errorf("%s failed, so the others were stopped: %w", s.name, s.err)
		} else {
			failed = fmt.Errorf("%s ended by itself, so the others were stopped. On the cluster it would be started again", s.name)
		}
	}
	cancel()
	if err := r.stop(all...); failed == nil {
		failed = err
	}
	return failed
}

// serverEnded never has a value without a server of this run.
func (r *run) serverEnded() <-chan error {
	if r.server == nil {
		return nil
	}
	return r.server.ended
}
