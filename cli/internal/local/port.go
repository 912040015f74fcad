package local

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"plinth/settings"
)

// checkPorts returns an error if another program listens on a port of web.
func (r *run) checkPorts() error {
	if r.App.Web == nil {
		return nil
	}
	ports := map[string]int{"web.port": r.App.Web.Port}
	if metrics := r.App.Web.Metrics.Port; metrics != 0 && metrics != r.App.Web.Port {
		ports["web.metrics.port"] = metrics
	}
	for _, setting := range []string{"web.port", "web.metrics.port"} {
		port, used := ports[setting]
		if !used || !taken(port) {
			continue
		}
		holder, stop := "another program", "Stop it"
		if id, name := listener(port); id != 0 {
			holder, stop = fmt.Sprintf("%s, process %d", cmp.Or(name, "another program"), id), fmt.Sprintf("Stop it with kill %d", id)
		}
		other := port
		for other < 1024 || other == port || taken(other) {
			other = other%65535 + 1
		}
		return fmt.Errorf("Port %d, which is %s, is taken by %s. %s, or take another port: %s=%d ./plinth dev %s", //nolint:staticcheck // a person reads it as sentences
			port, r.setting(setting), holder, stop, settings.Variable(r.Environment, r.setting(setting)), other, r.App.Name)
	}
	return nil
}

// taken reports whether a program listens on a port, on all addresses or on loopback. On macOS, one does not
// exclude the other.
func taken(port int) bool {
	for _, address := range []string{"", "127.0.0.1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if errors.Is(err, syscall.EADDRINUSE) {
			return true
		}
		if err == nil {
			l.Close()
		}
	}
	return false
}

// listening is the state of a listening socket in /proc/net/tcp.
const listening = "0A"

// listener returns the process that listens on a port, 0 if it cannot be found: it may be another user's.
func listener(port int) (id int, name string) {
	if _, err := os.Stat("/proc/net/tcp"); err != nil {
		return listenerByLsof(port)
	}
	sockets := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		file, err := os.Open(table)
		if err != nil {
			continue
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			// https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
			fields := strings.Fields(lines.Text())
			if len(fields) > 9 && fields[3] == listening && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				sockets["socket:["+fields[9]+"]"] = true
			}
		}
		file.Close()
	}
	descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is valid
	for _, descriptor := range descriptors {
		if target, err := os.Readlink(descriptor); err == nil && sockets[target] {
			process := filepath.Dir(filepath.Dir(descriptor))
			id, _ := strconv.Atoi(filepath.Base(process))
			name, _ := os.ReadFile(filepath.Join(process, "comm"))
			return id, strings.TrimSpace(string(name))
		}
	}
	return 0, ""
}

// listenerByLsof is listener on macOS, which has lsof.
func listenerByLsof(port int) (id int, name string) {
	out, err := exec.Command("lsof", "-nP", "-iTCP:"+strconv.Itoa(port), "-sTCP:LISTEN", "-Fpc").Output()
	if err != nil {
		return 0, ""
	}
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if text, is := strings.CutPrefix(line, "p"); is && id == 0 {
			id, _ = strconv.Atoi(text)
		}
		if text, is := strings.CutPrefix(line, "c"); is && name == "" {
			name = text
		}
	}
	return id, name
}

// awaitHealth says when web is healthy, or that it is not yet after the time that it may take to start.
func (r *run) awaitHealth(ctx context.Context) {
	web := r.App.Web
	base := fmt.Sprintf("http://127.0.0.1:%d", web.Port)
	client := &http.Client{Timeout: 5 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	late := time.Now().Add(time.Duration(web.Health.StartSeconds) * time.Second)
	for said := false; ; {
		answer := ask(ctx, client, base+web.Health.Path)
		switch {
		case ctx.Err() != nil:
			return
		case answer == "200":
			r.say("%s is healthy: %s%s", r.App.Name, base, web.Health.Path)
			return
		case !said && time.Now().After(late):
			said = true
			r.say("web is not healthy after %s, %d seconds: %s%s: %s. On the cluster it would be restarted or get no requests.",
				r.setting("web.health.startSeconds"), web.Health.StartSeconds, base, web.Health.Path, answer)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// ask returns the status of the answer, or the error.
func ask(ctx context.Context, client *http.Client, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	response.Body.Close()
	return strconv.Itoa(response.StatusCode)
}
