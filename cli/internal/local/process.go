package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"plinth/cli/internal/sentence"
)

// grace is how long a process may take to stop, as on the cluster.
const grace = 40 * time.Second

// started is a process that runs, or has run. It leads a process group, so that what it has started stops
// with it, and so that Ctrl-C does not reach it but through stop.
type started struct {
	*process
	id     int
	exited chan struct{} // closed when it has exited
	err    error         // how, once it has
	closed chan struct{} // closed when all programs that write to its output have ended
}

func (r *run) start(p *process) (*started, error) {
	variables := r.environment(p)
	command := expand(p.command, variables)
	path, err := r.find(command[0])
	if err != nil {
		return nil, fmt.Errorf("%s.command: %w", p.path, err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	program := &exec.Cmd{
		Path: path, Args: command, Dir: r.folder, Env: list(variables), Stdout: writer, Stderr: writer,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if err := program.Start(); err != nil {
		reader.Close()
		return nil, fmt.Errorf("%s.command: %w", p.path, err)
	}
	s := &started{process: p, id: program.Process.Pid, exited: make(chan struct{}), closed: make(chan struct{})}
	lines := r.output.of(p.name)
	go func() {
		_, _ = io.Copy(lines, reader)
		lines.flush()
		reader.Close()
		close(s.closed)
	}()
	go func() {
		s.err = program.Wait()
		close(s.exited)
	}()
	return s, nil
}

// over reports whether the process and what it has started have ended.
func (s *started) over() bool {
	select {
	case <-s.exited:
	default:
		return false
	}
	select {
	case <-s.closed:
		return true
	default: // a program that it has left behind
		return errors.Is(syscall.Kill(-s.id, 0), syscall.ESRCH)
	}
}

// stubbornError says who had to be killed.
type stubbornError struct {
	names []string
	grace time.Duration
}

func (e *stubbornError) Error() string {
	return fmt.Sprintf("%s did not stop within %s of SIGTERM and %s killed. On the cluster the same happens", sentence.List(e.names), e.grace, one(e.names, "was", "were"))
}

// stop stops processes gracefully, and waits for them. It kills those that do not stop in time, and all of
// them at another signal.
func (r *run) stop(all ...*started) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	for _, s := range all {
		_ = syscall.Kill(-s.id, syscall.SIGTERM) // it may have ended
	}
	late := time.NewTimer(r.grace)
	defer late.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var stubborn []string
	for waiting := true; waiting; {
		left := slices.DeleteFunc(slices.Clone(all), (*started).over)
		if len(left) == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-again:
			waiting = false
		case <-late.C:
			for _, s := range left {
				stubborn = append(stubborn, s.name)
			}
			waiting = false
		}
	}
	for _, s := range all {
		_ = syscall.Kill(-s.id, syscall.SIGKILL) // also programs that have closed their output
		<-s.exited
		select {
		case <-s.closed:
		case <-time.After(time.Second): // a program has left the group and holds the output
		}
	}
	if stubborn != nil {
		return &stubbornError{stubborn, r.grace}
	}
	return nil
}

// expand replaces $(NAME) in a command by the variable, as Kubernetes does. $$ is a dollar sign; a name without
// a variable stays.
//
// https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
func expand(command []string, variables map[string]string) []string {
	expanded := make([]string, len(command))
	for i, argument := range command {
		var out strings.Builder
		for argument != "" {
			before, after, found := strings.Cut(argument, "$")
			out.WriteString(before)
			if !found {
				break
			}
			argument = after
			name, rest, closed := strings.Cut(strings.TrimPrefix(after, "("), ")")
			switch value, known := variables[name]; {
			case strings.HasPrefix(after, "$"):
				out.WriteByte('$')
				argument = after[1:]
			case strings.HasPrefix(after, "(") && closed && known:
				out.WriteString(value)
				argument = rest
			default:
				out.WriteByte('$')
			}
		}
		expanded[i] = out.String()
	}
	return expanded
}
