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
	// pause is between two looks at what is below.
	pause = 20 * time.Millisecond
	// grace is how long what the program has left may take to end by itself.
	grace = 5 * time.Second
)

// serve is the guard: it runs a program and returns its exit status.
func serve(listen []string, path string, args []string) int {
	// Only the pipe counts. What is sent to a group or a session is not for a guard. The
	// signals are caught and forgotten; if they were ignored, the program would ignore them.
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

// hear passes on what is said through the pipe, and its end as sayKill.
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

// asked are the processes that have been asked to stop. Asked twice, Terraform would not save
// its state any more.
type asked struct {
	listen []string
	pids   []int
}

// interrupt asks those below that listen and have not been asked yet.
func (a *asked) interrupt() {
	for _, p := range below() {
		if slices.Contains(a.pids, p.pid) || len(a.listen) > 0 && !slices.ContainsFunc(a.listen, p.is) {
			continue
		}
		a.pids = append(a.pids, p.pid)
		_ = syscall.Kill(p.pid, syscall.SIGINT) // it may have ended
	}
}

// endAll has all that the program has left end, by itself if it can: when cdktf fails, a
// Terraform that it leaves behind may still have a state to save.
func (a *asked) endAll() {
	for deadline := time.Now().Add(grace); reap() && time.Now().Before(deadline); time.Sleep(pause) {
		a.interrupt()
	}
	killAll()
}

// killAll ends all below this process. What a process starts before its own end is then below
// this process itself, and is found when looking again.
func killAll() {
	for reap() {
		for _, p := range below() {
			_ = syscall.Kill(p.pid, syscall.SIGKILL) // it may have ended
		}
		time.Sleep(time.Millisecond)
	}
}

// process is one that runs, or has ended without its parent's notice.
type process struct {
	pid, parent int
	name        string
}

// is tells whether it is a program of that name. Linux knows its first 15 letters.
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

// reap lets go of those that have ended right below this process. It returns whether any is left
// there; without, there is none further below either.
func reap() (left bool) {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return !errors.Is(err, syscall.ECHILD)
		}
	}
}

// status is how a shell would tell how a program has ended.
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
