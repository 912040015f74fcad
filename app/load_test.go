package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// strictly makes a request that Go's client does not repeat when a kept connection turns out to be
// closed: load balancers do not repeat it either. Go's client does not repeat a request whose body it
// cannot read again.
func strictly(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, io.NopCloser(strings.NewReader("-")))
	if err != nil {
		return nil, err
	}
	request.ContentLength = 1
	return client.Do(request)
}

// load is many clients, each of which sends one visit after the other.
type load struct {
	stopping chan struct{}
	clients  sync.WaitGroup

	mu       sync.Mutex
	codes    map[int]int
	versions map[string]int
	failures []string
}

// newLoad sends requests to url until stop.
func newLoad(t *testing.T, url string) *load {
	l := &load{stopping: make(chan struct{}), codes: map[int]int{}, versions: map[string]int{}}
	for range 12 {
		l.clients.Add(1)
		go l.client(url)
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) client(url string) {
	defer l.clients.Done()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-l.stopping:
			return
		case <-time.After(20 * time.Millisecond):
			l.visit(client, url)
		}
	}
}

func (l *load) visit(client *http.Client, url string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := strictly(ctx, client, url)
	var answer struct{ Version, Error string }
	if err == nil {
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failures = append(l.failures, err.Error())
		return
	}
	l.codes[response.StatusCode]++
	if response.StatusCode == http.StatusOK {
		l.versions[answer.Version]++
	} else if len(l.failures) < 10 {
		l.failures = append(l.failures, fmt.Sprintf("%d %s", response.StatusCode, answer.Error))
	}
}

// stop returns once every request has been answered.
func (l *load) stop() {
	select {
	case <-l.stopping:
	default:
		close(l.stopping)
	}
	l.clients.Wait()
}

func (l *load) count(code int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.codes[code]
}

func (l *load) version(version string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.versions[version]
}

// more waits for a number of further answers with this status code.
func (l *load) more(t *testing.T, code, number int) {
	t.Helper()
	enough := l.count(code) + number
	eventually(t, fmt.Sprintf("%d more answers with status %d", number, code), func() bool { return l.count(code) >= enough })
}

// flawless stops the load and fails the test unless every answer was a success.
func (l *load) flawless(t *testing.T) {
	t.Helper()
	l.stop()
	t.Logf("answers: %v, of versions %v", l.codes, l.versions)
	if len(l.failures) > 0 {
		t.Errorf("failed requests:\n%s", strings.Join(l.failures[:min(10, len(l.failures))], "\n"))
	}
}

// balancer works like an ALB: it checks the health of its targets, and sends requests to the healthy
// ones in turn, over kept connections.
type balancer struct {
	url    string
	client *http.Client

	mu      sync.Mutex
	healthy map[string]bool
	next    int
	targets []string
}

func newBalancer(t *testing.T) *balancer {
	b := &balancer{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}, healthy: map[string]bool{}}
	server := httptest.NewServer(b)
	b.url = server.URL
	t.Cleanup(server.Close)
	return b
}

// add registers a target and returns once it is healthy.
func (b *balancer) add(t *testing.T, p *process) {
	t.Helper()
	b.mu.Lock()
	b.targets = append(b.targets, p.url)
	b.mu.Unlock()
	go func() {
		for t.Context().Err() == nil {
			healthy := p.health() == http.StatusOK
			b.mu.Lock()
			b.healthy[p.url] = healthy
			b.mu.Unlock()
			time.Sleep(200 * time.Millisecond)
		}
	}()
	eventually(t, "the balancer finds "+p.url+" healthy", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.healthy[p.url]
	})
}

func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.targets {
		b.next = (b.next + 1) % len(b.targets)
		if target := b.targets[b.next]; b.healthy[target] {
			return target
		}
	}
	return ""
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := b.pick()
	if target == "" {
		http.Error(w, `{"error":"balancer: no healthy target"}`, http.StatusServiceUnavailable)
		return
	}
	response, err := strictly(r.Context(), b.client, target+r.URL.Path)
	if err != nil {
		message, _ := json.Marshal(map[string]string{"error": "balancer: " + err.Error()})
		http.Error(w, string(message), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}
