package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"plinth/app/internal/postgrestest"
	"plinth/app/internal/testrun"
)

func TestAnswers(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	service := start(t, database, options{version: "v1"}).up()

	for _, test := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/health", 200, "UP\n"},
		{"HEAD", "/health", 200, ""},
		{"GET", "/livez", 200, "UP\n"},
		{"GET", "/", 200, `{"version":"v1","visits":1}` + "\n"},
		{"GET", "/", 200, `{"version":"v1","visits":2}` + "\n"},
		{"HEAD", "/", 200, ""},
		{"GET", "/", 200, `{"version":"v1","visits":4}` + "\n"},
		{"GET", "/visits", 200, `{"version":"v1","visits":4}` + "\n"},
		{"HEAD", "/visits", 200, ""},
		{"GET", "/visits", 200, `{"version":"v1","visits":4}` + "\n"},
		{"POST", "/", 405, "Method Not Allowed\n"},
		{"POST", "/visits", 405, "Method Not Allowed\n"},
		{"DELETE", "/health", 405, "Method Not Allowed\n"},
		{"GET", "/elsewhere", 404, "404 page not found\n"},
		{"GET", "/metrics", 404, "404 page not found\n"},
	} {
		code, body, err := ask(test.method, service.url+test.path)
		if err != nil || code != test.code || body != test.body {
			t.Errorf("%s %s: %d %q %v, want %d %q", test.method, test.path, code, body, err, test.code, test.body)
		}
	}

	request, err := http.NewRequest(http.MethodGet, service.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", strings.Repeat("x", 64<<10))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 64 KB: %s", response.Status)
	}

	var metrics string
	eventually(t, "the metrics tell of a full pool", func() bool {
		_, metrics = get(t, service.metricsURL)
		return strings.Contains(metrics, `database_pool_connections{pool="primary"} 8`)
	})
	for _, line := range []string{
		`http_requests_total{code="200",handler="/"} 4`,
		`http_requests_total{code="200",handler="/livez"} 1`,
		`http_requests_total{code="404",handler="none"} 2`,
		`http_requests_total{code="200",handler="/visits"} 3`,
		`http_requests_total{code="405",handler="none"} 3`,
		`http_request_duration_seconds_count{handler="/"} 4`,
		`database_pool_connections_limit{pool="primary"} 8`,
		`app_build_info{goversion="go`,
		`version="v1"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	// Here the reader's host is the primary's.
	if strings.Contains(metrics, `pool="reader"`) {
		t.Error("there is a second pool")
	}
	if t.Failed() {
		t.Log(metrics)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	output, err := exec.Command(binary(t, "v2"), "-version").CombinedOutput()
	if err != nil || string(output) != "v2\n" {
		t.Errorf("%q %v", output, err)
	}
}

// helm test runs this, without any variable.
func TestAsk(t *testing.T) {
	t.Parallel()
	service := start(t, postgrestest.Start(t, postgrestest.Config{}), options{}).up()
	for _, test := range []struct {
		url    string
		code   int
		output string
	}{
		{service.url + "/health", 0, "200 OK UP\n"},
		{service.url + "/elsewhere", 1, "404 Not Found 404 page not found\n" + service.url + "/elsewhere: answers 404 Not Found, want 200\n"},
		{fmt.Sprintf("http://127.0.0.1:%d/", testrun.FreePort(t)), 1, "connection refused\n"},
	} {
		command := testrun.Command(binary(t, "v1"), "-ask", test.url)
		output, _ := command.CombinedOutput()
		if code := command.ProcessState.ExitCode(); code != test.code || !strings.HasSuffix(string(output), test.output) {
			t.Errorf("-ask %s: status %d, want %d; %q, want %q", test.url, code, test.code, output, test.output)
		}
	}
}

// The chart sets IDLE_TIMEOUT longer than the load balancer's.
func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	service := start(t, postgrestest.Start(t, postgrestest.Config{}), options{environment: map[string]string{"IDLE_TIMEOUT": "1s"}}).up()
	connection, err := net.Dial("tcp", strings.TrimPrefix(service.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "GET /livez HTTP/1.1\r\nHost: app\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = connection.SetReadDeadline(time.Now().Add(patience))
	answer, err := io.ReadAll(connection) // until the service closes it
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK") {
		t.Errorf("%q %v", answer, err)
	}
}

func TestBadConfiguration(t *testing.T) {
	t.Parallel()
	command := testrun.Command(binary(t, "v1"))
	command.Env = []string{"PORT=http", "METRICS_PORT=0", "DATABASE_NAME=app", "DATABASE_CREDENTIALS_DIR=/nowhere", "DATABASE_CA_FILE=/nowhere.pem", "SHUTDOWN_DELAY=soon"}
	output, _ := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 1 {
		t.Errorf("status %d", code)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	names := []string{"PORT", "METRICS_PORT", "SHUTDOWN_DELAY", "DATABASE_HOST", "DATABASE_CREDENTIALS_DIR", "DATABASE_CA_FILE"}
	if len(lines) != len(names) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(names), output)
	}
	for i, name := range names {
		var line struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
			t.Error(err)
		}
		if line.Level != "ERROR" || !strings.HasPrefix(line.Msg, "configuration: "+name+" is ") {
			t.Errorf("line %d is not about %s: %s", i+1, name, lines[i])
		}
	}
}

// A port in use ends the process at once, not after an apparently good start.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	database := postgrestest.Start(t, postgrestest.Config{})
	first := start(t, database, options{}).up()
	second := start(t, database, options{environment: map[string]string{"PORT": first.url[strings.LastIndex(first.url, ":")+1:]}})
	if code := second.exit(); code != 1 || !strings.Contains(second.output.String(), "address already in use") {
		t.Errorf("status %d", code)
	}
}
