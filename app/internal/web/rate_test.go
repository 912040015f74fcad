package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is set by hand.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func (c *clock) wait(d time.Duration) { c.Time = c.Add(d) }

func TestRate(t *testing.T) {
	// A step sends events at once and waits.
	type step struct {
		events int
		wait   time.Duration
	}
	steps := func(n int, s step) []step {
		all := make([]step, n)
		for i := range all {
			all[i] = s
		}
		return all
	}
	for _, test := range []struct {
		name  string
		steps []step
		want  float64
	}{
		{"none yet", nil, 0},
		{"none for an hour", []step{{0, time.Hour}}, 0},
		{"the second that is not over does not count", []step{{5, 999 * time.Millisecond}}, 0},
		{"a young pod's mean is over its age", []step{{40, time.Second}, {20, time.Second}}, 30},
		{"ten a second for a minute", steps(60, step{10, time.Second}), 10},
		{"every two seconds", steps(60, step{10, 2 * time.Second}), 5},
		{"four times a second", steps(400, step{1, 250 * time.Millisecond}), 4},
		{"twice as many for half the window", append(steps(60, step{10, time.Second}), steps(15, step{20, time.Second})...), 15},
		{"at the window's end", []step{{60, 30 * time.Second}}, 2},
		{"past the window", []step{{60, 31 * time.Second}}, 0},
		{"an hour later", append(steps(60, step{10, time.Second}), step{0, time.Hour}), 0},
		{"again after an hour", []step{{1000, time.Hour}, {60, time.Second}}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
			r := newRate(c.now)
			for _, s := range test.steps {
				for range s.events {
					r.Add()
				}
				c.wait(s.wait)
			}
			for range 3 {
				if got := r.PerSecond(); got != test.want {
					t.Errorf("%v a second, want %v", got, test.want)
				}
			}
		})
	}
}

// go test -race detects races between requests and scrapes.
func TestRateOfManyAtOnce(t *testing.T) {
	begin := time.Now()
	var later sync.Map
	r := newRate(func() time.Time {
		if _, ok := later.Load("later"); ok {
			return begin.Add(10 * time.Second)
		}
		return begin
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for range 100 {
				r.Add()
				r.PerSecond()
			}
		})
	}
	all.Wait()
	later.Store("later", true)
	if got := r.PerSecond(); got != 100 {
		t.Errorf("%v a second, want 100", got)
	}
}

// Probes are not load to scale on: their number depends on the pods, not on the users.
func TestRateLeavesProbesOut(t *testing.T) {
	c := &clock{time.Now()}
	m := newMetrics(c.now, "dev")
	mux := http.NewServeMux()
	for _, pattern := range []string{"GET /{$}", "GET /health", "GET /livez"} {
		mux.HandleFunc(pattern, func(http.ResponseWriter, *http.Request) {})
	}
	handler := m.count(mux)
	for path, times := range map[string]int{"/": 6, "/nowhere": 4, "/health": 100, "/livez": 100} {
		for range times {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
		}
	}
	c.wait(2 * time.Second)
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := "\nhttp_requests_per_second 5\n"; !strings.Contains(string(text), want) {
		t.Errorf("want %q in\n%s", want, text)
	}
}
