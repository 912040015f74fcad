package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for _, test := range []struct {
		rate, duration string
		want           options
		mistake        string
	}{
		{"", "", options{duration: 10 * time.Second}, ""},
		{"500", "1m", options{rate: 500, duration: time.Minute}, ""},
		{"many", "", options{}, `RATE is "many": give whole requests per second, 1 to 100000, or nothing for as many as are answered`},
		{"0", "", options{}, `RATE is "0"`},
		{"100001", "", options{}, `RATE is "100001"`},
		{"", "10", options{}, `DURATION is "10": give a time with its unit, 1s to 10m`},
		{"", "999ms", options{}, `DURATION is "999ms"`},
		{"", "601s", options{}, `DURATION is "601s"`},
	} {
		o, err := newOptions(test.rate, test.duration)
		switch {
		case test.mistake == "" && (err != nil || o != test.want):
			t.Errorf("RATE=%s DURATION=%s: %+v %v, want %+v", test.rate, test.duration, o, err, test.want)
		case test.mistake != "" && (err == nil || !strings.HasPrefix(err.Error(), test.mistake)):
			t.Errorf("RATE=%s DURATION=%s: %v, want %s", test.rate, test.duration, err, test.mistake)
		}
	}
}

// Every fourth request fails.
func TestFailuresAreCounted(t *testing.T) {
	var requests, failures atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1)%4 == 0 {
			failures.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer service.Close()
	bad := &series{name: "bad", url: service.URL}
	const rate, duration = 100, 1500 * time.Millisecond
	r := report{options: options{rate: rate, duration: duration}, series: []*series{bad}}
	if err := measure(t.Context(), r.options, r.series, io.Discard); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := r.print(&out)
	if failed := bad.failed; failed == 0 || err == nil || err.Error() != strconv.Itoa(failed)+" requests failed" {
		t.Errorf("%d failed: %v", failed, err)
	}
	// The warm-up is not counted, so the server has seen more.
	all := bad.answered + bad.failed
	if share := float64(bad.failed) / float64(all); share < 0.2 || share > 0.3 {
		t.Errorf("%d of %d failed, want a quarter", bad.failed, all)
	}
	if most := int(duration.Seconds()*rate) + turns; all > most || bad.failed >= int(failures.Load()) {
		t.Errorf("%d requests, want %d at most", all, most)
	}
	for _, part := range []string{fmt.Sprintf(" ms | %d (", bad.failed), "bad: 503 Service Unavailable"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("not in the report: %s\n%s", part, &out)
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	r := report{options: options{rate: 10, duration: time.Second}, series: []*series{{name: "away", url: closed.URL}}}
	if err := measure(t.Context(), r.options, r.series, io.Discard); err != nil {
		t.Fatal(err)
	}
	if away := r.series[0]; away.failed == 0 || away.answered > 0 || away.perSecond() != 0 {
		t.Errorf("%d failed, %d did not, %.1f a second", away.failed, away.answered, away.perSecond())
	}
}

// A service that is slow on purpose: the latency is measured, and all clients send at once.
func TestTimeIsMeasured(t *testing.T) {
	const takes = 30 * time.Millisecond
	var now, most atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(takes)
		now.Add(-1)
	}))
	defer service.Close()
	slow := &series{name: "slow", url: service.URL}
	r := report{options: options{duration: time.Second}, series: []*series{slow}}
	if err := measure(t.Context(), r.options, r.series, io.Discard); err != nil {
		t.Fatal(err)
	}
	l := slow.metrics.Latencies
	if l.P50 < takes || l.P50 > l.P95 || l.P95 > l.P99 {
		t.Errorf("p50 %s, p95 %s, p99 %s", l.P50, l.P95, l.P99)
	}
	limit := float64(clients) / takes.Seconds()
	if rate := slow.perSecond(); rate > limit || rate < limit/10 {
		t.Errorf("%.0f a second, can be %.0f", rate, limit)
	}
	if most.Load() != clients {
		t.Errorf("%d clients at once, want %d", most.Load(), clients)
	}
}
