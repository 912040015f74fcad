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

// way is a port of this machine that leads to one in the VPC.
type way struct {
	what  string // is there, for people
	host  string
	port  int
	local int
}

// forward is the session that keeps a way open: the AWS CLI, and the plugin that it starts.
type forward struct {
	way
	group int // of its processes
	// ended is closed when no process of it is left.
	ended chan struct{}
	// words and exit are how it has ended, once it has.
	words string
	exit  error
}

// grace is how long a session has to end in order.
const grace = 3 * time.Second

// forward starts a session. What the plugin tells of a connection that fails is sent to notes.
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
	// A group of its own: Ctrl-C at the terminal is for us, and the plugin is ended with the CLI.
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

// watch waits until nothing holds the session's output any more. A plugin that outlives the
// CLI, as when that is killed, is ended.
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
		_ = output.SetReadDeadline(time.Now().Add(grace)) // should it be held by what is not of the group
		<-silent
	}
	output.Close()
}

// ordinary is what the plugin says of a session that is as it should be.
var ordinary = regexp.MustCompile(`^(Starting session with|Port \d+ opened for|Waiting for connections|Connection accepted for|Terminate signal received)`)

// listen returns what a session says, the last of it.
func (f *forward) listen(output io.Reader, notes chan<- string) string {
	const most = 20
	var kept []string
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		// Security: an old plugin gets the session's token as an argument, and the CLI tells the
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
	_, _ = io.Copy(io.Discard, output) // after a line that is too long
	return essence(strings.Join(kept, "\n"))
}

// accepts says that the way's beginning takes a connection.
func (f *forward) accepts() bool {
	connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", f.local), time.Second)
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// end ends the session as Ctrl-C in its own terminal would: the CLI leaves that to the plugin,
// which tells Session Manager. A plugin that has only just been started does not heed it yet and
// is told again. No process of the session is left afterwards.
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
	case <-f.ended: // its number may be another's by now
	default:
		_ = syscall.Kill(-f.group, signal)
	}
}

// freePorts are ports of this machine that nothing listens at: those that are wished for, or any.
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
		defer listener.Close() // once all are chosen, lest one is chosen twice
		free = append(free, listener.Addr().(*net.TCPAddr).Port)
	}
	return free, nil
}
