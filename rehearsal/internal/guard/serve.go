package guard

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// pause is the interval between two looks at the processes below.
	pause = 20 * time.Millisecond
	// grace is how long processes that the program leaves may take to end by themselves.
	grace = 5 * time.Second
)

// serve is the guard: it runs a program and returns its exit status.
func serve(listen []string, path string, args []string) int {
	// Only the pipe counts, not signals to a group or a session. Catch and drop the signals: if
	// they were ignored, the program would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE)
	adopt()
	// The kernel ends the program when the thread that started it ends.
	runtime.LockOSThread()
	command := exec.Command(path, args...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = attributes()
	if err := command.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return notStarted
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	words := make(chan byte)
	go hear(words)
	asked := asked{listen: listen}
	var again <-chan time.Time
	for {
		select {
		case err := <-ended:
			asked.endAll()
			return status(err)
		case word := <-words:
			if word == sayKill {
				killAll()
				return 128 + int(syscall.SIGKILL)
			}
			again = time.Tick(pause)
		case <-again:
			asked.interrupt()
		}
	}
}

// hear passes on the words from the pipe. When the pipe closes, it sends sayKill.
func hear(words chan<- byte) {
	pipe := os.NewFile(control, "control")
	word := make([]byte, 1)
	for {
		if _, err := pipe.Read(word); err != nil {
			word[0] = sayKill
		}
		words <- word[0]
		if word[0] == sayKill {
			return
		}
	}
}

// asked are the processes already interrupted. On a second interrupt Terraform would not save its
// state any more.
type asked struct {
	listen []string
	pids   []int
}

// interrupt interrupts the listening processes below that have not been interrupted yet.
func (a *asked) interrupt() {
	for _, p := range below() {
		if slices.Contains(a.pids, p.pid) || len(a.listen) > 0 && !slices.ContainsFunc(a.listen, p.is) {
			continue
		}
		a.pids = append(a.pids, p.pid)
		_ = syscall.Kill(p.pid, syscall.SIGINT) // it may have ended
	}
}

// endAll ends all processes that the program has left, first with an interrupt: when cdktf fails,
// a Terraform that it leaves behind may still have a state to save.
func (a *asked) endAll() {
	for deadline := time.Now().Add(grace); reap() && time.Now().Before(deadline); time.Sleep(pause) {
		a.interrupt()
	}
	killAll()
}

// killAll kills all processes below this one. Children of a killed process become this process's
// own, and the next look finds them.
func killAll() {
	for reap() {
		for _, p := range below() {
			_ = syscall.Kill(p.pid, syscall.SIGKILL) // it may have ended
		}
		time.Sleep(time.Millisecond)
	}
}

// process is a running process, or one that has ended but is not reaped.
type process struct {
	pid, parent int
	name        string
}

// is reports whether the process has that name. Linux keeps only its first 15 letters.
func (p process) is(name string) bool {
	return p.name == name || len(p.name) == 15 && strings.HasPrefix(name, p.name)
}

// below are the processes below this one.
func below() []process {
	all := processes()
	found := []process{{pid: os.Getpid()}}
	for i := 0; i < len(found); i++ {
		for _, p := range all {
			if p.parent == found[i].pid {
				found = append(found, p)
			}
		}
	}
	return found[1:]
}

// reap reaps ended children of this process and reports whether any child is left. Without children
// there are no processes further below either.
func reap() (left bool) {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return !errors.Is(err, syscall.ECHILD)
		}
	}
}

// status is the exit status that a shell would report for an ended program.
func status(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		return 1
	}
	if wait, ok := exit.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		return 128 + int(wait.Signal())
	}
	return exit.ExitCode()
}
