package delivery

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// way is a port forwarding from this machine to a host in the VPC.
type way struct {
	what  string // the target's name in messages
	host  string
	port  int
	local int
}

// forward is the session that keeps a way open: the AWS CLI and its plugin.
type forward struct {
	way
	group int // the process group's ID
	// ended is closed when all its processes have ended.
	ended chan struct{}
	// words and exit are its last output and its error, once it has ended.
	words string
	exit  error
}

// grace is how long a session may take to end in order.
const grace = 3 * time.Second

// forward starts a session. It sends the plugin's messages about failed connections to notes.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-sessions-start.html
func (s *Session) forward(e *environment, instance string, w way, notes chan<- string) (*forward, error) {
	program, err := s.find("aws")
	if err != nil {
		return nil, err
	}
	listening, speaking, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, "ssm", "start-session", "--target", instance,
		"--document-name", "AWS-StartPortForwardingSessionToRemoteHost",
		"--parameters", fmt.Sprintf("host=%s,portNumber=%d,localPortNumber=%d", w.host, w.port, w.local), "--region", e.region)
	command.Dir, command.Env = s.Dir, s.Environ
	command.Stdout, command.Stderr = speaking, speaking
	// A process group of its own: Ctrl-C at the terminal reaches only this program, and a signal to the
	// group ends CLI and plugin.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = command.Start()
	speaking.Close()
	if err != nil {
		listening.Close()
		return nil, err
	}
	f := &forward{way: w, group: command.Process.Pid, ended: make(chan struct{})}
	go f.watch(command, listening, notes)
	return f, nil
}

// watch waits until no process holds the session's output. It kills a plugin that outlives the CLI,
// as when the CLI was killed.
func (f *forward) watch(command *exec.Cmd, output *os.File, notes chan<- string) {
	defer close(f.ended)
	silent := make(chan struct{})
	go func() {
		defer close(silent)
		f.words = f.listen(output, notes)
	}()
	f.exit = command.Wait()
	select {
	case <-silent:
	case <-time.After(time.Second):
		f.signal(syscall.SIGKILL)
		_ = output.SetReadDeadline(time.Now().Add(grace)) // in case a process outside the group holds it
		<-silent
	}
	output.Close()
}

// ordinary matches the plugin's output in a session without errors.
var ordinary = regexp.MustCompile(`^(Starting session with|Port \d+ opened for|Waiting for connections|Connection accepted for|Terminate signal received)`)

// listen returns the last lines of a session's output.
func (f *forward) listen(output io.Reader, notes chan<- string) string {
	const most = 20
	var kept []string
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		// Security: an old plugin gets the session's token as an argument, and the CLI prints the
		// arguments of a plugin that fails.
		if line == "" || ordinary.MatchString(line) || strings.Contains(line, "TokenValue") {
			continue
		}
		if strings.HasPrefix(line, "Connection to destination port failed") {
			select {
			case notes <- fmt.Sprintf("%s: the bastion cannot reach %s, port %d", f.what, f.host, f.port):
			default:
			}
			continue
		}
		if kept = append(kept, line); len(kept) > most {
			kept = kept[1:]
		}
	}
	_, _ = io.Copy(io.Discard, output) // the rest after a line that is too long
	return essence(strings.Join(kept, "\n"))
}

// accepts reports whether the local port accepts a connection.
func (f *forward) accepts() bool {
	connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", f.local), time.Second)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// end ends the session as Ctrl-C in its own terminal would: the CLI ignores the signal, and the plugin
// tells Session Manager. A plugin that has just started ignores the signal too, so end repeats it.
// After grace, end kills all processes of the session.
func (f *forward) end() {
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); {
		f.signal(syscall.SIGINT)
		select {
		case <-f.ended:
			return
		case <-time.After(grace / 10):
		}
	}
	f.signal(syscall.SIGKILL)
	<-f.ended
}

func (f *forward) signal(signal syscall.Signal) {
	select {
	case <-f.ended: // the ID may be another group's by now
	default:
		_ = syscall.Kill(-f.group, signal)
	}
}

// freePorts returns free ports of this machine: the wished ones, or others where these are taken.
func freePorts(wished ...int) ([]int, error) {
	var free []int
	for _, port := range wished {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			listener, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			return nil, err
		}
		defer listener.Close() // only at the end, so that no port is chosen twice
		free = append(free, listener.Addr().(*net.TCPAddr).Port)
	}
	return free, nil
}
