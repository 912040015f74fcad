// Package guard starts programs that leave nothing behind. Each runs below a guard, a second
// process of this program. The guard ends everything below itself when it is told to, when the
// program it runs ends, and when the process that started it is gone, even by kill -9.
package guard

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// argument marks a guard among the processes of this program.
const argument = "guard-of-a-rehearsal"

// The words for a guard, sent through the pipe by the process that started it. If the pipe
// closes, that process is gone.
const (
	sayInterrupt = 'i'
	sayKill      = 'k'
)

// control is the guard's end of that pipe, after standard input, output and error.
const control = 3

// notStarted is a guard's exit status if it could not start its program. No program that runs
// here uses it.
const notStarted = 113

// ready reports whether Run was called: only then can this program be a guard.
var ready bool

// Run must be the first call of main, or of TestMain. In a guard's process it serves as the
// guard and does not return.
func Run() {
	ready = true
	if len(os.Args) > 3 && os.Args[1] == argument {
		os.Exit(serve(strings.Fields(os.Args[2]), os.Args[3], os.Args[4:]))
	}
}

// Program is what to run.
type Program struct {
	Path   string // a name is looked up in this process's PATH
	Args   []string
	Folder string
	Env    []string  // the whole environment, as in exec.Cmd
	Output io.Writer // standard output and error together
	// Listen are the names of the programs that get an interrupt, this one or below it. Empty
	// means all.
	Listen []string
}

// Process is a program that was started, with all the processes below it.
type Process struct {
	command *exec.Cmd
	mutex   sync.Mutex
	control *os.File // nil once it has ended
	name    string
}

// Start starts a program below a guard.
func Start(p Program) (*Process, error) {
	if !ready {
		return nil, errors.New("guard.Run must be the first call of main, or of TestMain")
	}
	path, err := exec.LookPath(p.Path)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be started: %w", p.Path, err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	listening, speaking, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer listening.Close()
	command := exec.Command(self, append([]string{argument, strings.Join(p.Listen, " "), path}, p.Args...)...)
	command.Dir, command.Env = p.Folder, p.Env
	command.Stdout, command.Stderr = p.Output, p.Output
	command.ExtraFiles = []*os.File{listening}
	// Its own process group: we get what is typed at the terminal, and pass it on.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: cannot be started: %w", p.Path, err), speaking.Close())
	}
	return &Process{command: command, control: speaking, name: p.Path}, nil
}

// Interrupt interrupts the program, as Ctrl-C does, and every process that starts below it later.
func (p *Process) Interrupt() { p.say(sayInterrupt) }

// Kill ends the program and all that it has started at once, as kill -9 does. Nothing is left
// when Wait returns.
func (p *Process) Kill() { p.say(sayKill) }

func (p *Process) say(word byte) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.control != nil {
		_, _ = p.control.Write([]byte{word}) // a guard that is gone needs no word
	}
}

// Wait returns when the program has ended and nothing below it is left. A program that failed
// gives an *exec.ExitError.
func (p *Process) Wait() error {
	err := p.command.Wait()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	err = errors.Join(err, p.control.Close())
	p.control = nil
	if code := p.command.ProcessState.ExitCode(); code == notStarted {
		return fmt.Errorf("%s: could not be started", p.name)
	}
	return err
}
