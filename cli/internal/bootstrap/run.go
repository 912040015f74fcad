package bootstrap

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"plinth/cli/internal/terraform"
)

// run is one run of the program.
type run struct {
	env *environment
	// folder holds the files that must outlive a run and the next synthesis.
	folder  string
	program string // Terraform
	// locked are the variables that make Terraform only read the providers' checksums.
	locked   []string
	approved bool

	signals        <-chan os.Signal
	interrupted    bool
	stdin          io.Reader
	stdout, stderr io.Writer

	log *os.File
	// begun is the record of commands that lock the state. The first ones are of earlier runs: earlier
	// is their number.
	begun   []interval
	earlier int
}

const (
	logName = "log"
	// pause is the time between two looks at Terraform's log.
	pause = 100 * time.Millisecond
	// grace is how long to wait for Terraform to log that it got a signal itself.
	grace = time.Second
)

func (r *run) path(parts ...string) string {
	return filepath.Join(append([]string{r.folder}, parts...)...)
}

// say prints a line about the progress for people.
func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.stderr, r.env.stack+": "+format+"\n", args...)
}

// lock makes sure that there is one run at a time in this clone. The lock is on the log, which is
// also Terraform's standard output. So after this program alone is killed, the next run is refused
// until Terraform finishes. The kernel releases the lock when both have ended, for any reason.
func (r *run) lock() error {
	for {
		// Security: the folder will contain Terraform's state.
		if err := os.MkdirAll(r.folder, 0o700); err != nil {
			return err
		}
		var err error
		if r.log, err = os.OpenFile(r.path(logName), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
			return err
		}
		if err := syscall.Flock(int(r.log.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			return errors.Join(fmt.Errorf("%s is already being deployed from here, or an earlier run is finishing. Wait until it ends. Its log: %s", r.env.stack, r.log.Name()), r.log.Close())
		}
		current, err := r.current()
		if err != nil {
			return errors.Join(err, r.log.Close())
		}
		if current {
			return errors.Join(r.log.Truncate(0), r.readRecord())
		}
		// Another run removed the folder between open and flock: see tidy.
		if err := r.log.Close(); err != nil {
			return err
		}
	}
}

// current reports whether the open log is still the one in the folder.
func (r *run) current() (bool, error) {
	opened, err := r.log.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(r.path(logName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(opened, there), err
}

// tidy removes the folder of a run that could change nothing, unless an earlier run has left something
// to continue from: a state, even a damaged one, or a record of commands that may have left a lock.
func (r *run) tidy() error {
	if len(r.begun) > 0 {
		return nil
	}
	for _, name := range []string{localName, copyName, backupName} {
		info, err := os.Stat(r.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || info.Size() > 0 {
			return err
		}
	}
	return os.RemoveAll(r.folder)
}

var errInterrupted = errors.New("interrupted")

// command is a run of Terraform.
type command struct {
	args   []string
	folder string
	// output gets its standard output, instead of the log.
	output io.Writer
	// locks is set if it may leave a lock in the bucket.
	locks bool
	// watch is called again and again with the command's log so far.
	watch func(log string)
}

// terraform runs a command to its end and returns its log. After Ctrl-C it waits for Terraform to end
// in order, and returns errInterrupted.
func (r *run) terraform(c command) (log string, err error) {
	if r.interrupted {
		return "", errInterrupted
	}
	begin, err := r.log.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	program := exec.Command(r.program, c.args...)
	program.Dir = c.folder
	program.Env = slices.DeleteFunc(terraform.Environment(os.Environ()), func(v string) bool { return strings.HasPrefix(v, "TF_WORKSPACE=") })
	program.Env = append(program.Env, r.locked...)
	// Not a pipe: if this program were killed, Terraform would abort for lack of a reader.
	program.Stdout, program.Stderr = r.log, r.log
	if c.output != nil {
		program.Stdout = c.output
		program.WaitDelay = grace
	}
	if c.locks {
		if err := r.begin(); err != nil {
			return "", err
		}
	}
	if err := program.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- program.Wait() }()
	var asked <-chan time.Time
	for {
		select {
		case exit := <-ended:
			return r.ended(begin, exit)
		case <-r.signals:
			r.interrupted = true
			if asked == nil {
				r.say("Interrupted. Terraform is finishing the current operations.")
				asked = time.After(grace)
			}
		case <-asked:
			// A terminal sends Ctrl-C to Terraform too. After a second signal it would not finish.
			if log, err := r.logged(begin); err != nil || !strings.Contains(log, "Interrupt received") {
				_ = program.Process.Signal(os.Interrupt)
			}
		case <-time.After(pause):
			if c.locks {
				r.live()
			}
			if log, err := r.logged(begin); err == nil && c.watch != nil {
				c.watch(log)
			}
		}
	}
}

func (r *run) ended(begin int64, exit error) (string, error) {
	log, err := r.logged(begin)
	switch {
	case r.interrupted:
		return log, errInterrupted
	case err != nil:
		return log, err
	case exit != nil:
		return log, terraform.Explain(log, exit)
	}
	return log, nil
}

// logged returns the log from the offset begin.
func (r *run) logged(begin int64) (string, error) {
	content, err := io.ReadAll(io.NewSectionReader(r.log, begin, 1<<40))
	return string(content), err
}

// output runs a command and returns what it prints.
func (r *run) output(folder string, args ...string) ([]byte, error) {
	var output bytes.Buffer
	_, err := r.terraform(command{args: args, folder: folder, output: &output})
	return output.Bytes(), err
}

// initialize runs terraform init in the stack's folder, with the backend that its files name now.
func (r *run) initialize() error {
	_, err := r.terraform(command{args: []string{"init", "-reconfigure", "-input=false", "-no-color"}, folder: r.env.folder})
	return err
}

// wait waits, and returns false when it is interrupted.
func (r *run) wait(d time.Duration) bool {
	select {
	case <-r.signals:
		r.interrupted = true
	case <-time.After(d):
	}
	return !r.interrupted
}
