package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// report is the result of a run.
type report struct {
	options options
	machine string
	series  []*series
}

// String formats the report as Markdown.
func (r *report) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s. The load, the service and PostgreSQL share it.\n", r.machine)
	fmt.Fprintf(&out, "%s, %s each, in %d turns.\n\n", r.demand(), r.options.duration, turns)
	fmt.Fprintf(&out, "| | requests/s | p50 | p95 | p99 | errors |\n|---|---|---|---|---|---|\n")
	for _, s := range r.series {
		l := s.metrics.Latencies
		fmt.Fprintf(&out, "| %s | %.0f | %s | %s | %s | %s |\n", s.name, s.perSecond(), milliseconds(l.P50), milliseconds(l.P95), milliseconds(l.P99), s.errors())
	}
	for _, s := range r.series {
		// vegeta lists each reason once.
		reasons := slices.Sorted(slices.Values(s.metrics.Errors))
		for _, reason := range reasons[:min(3, len(reasons))] {
			fmt.Fprintf(&out, "\n%s: %s\n", s.name, reason)
		}
		if r.options.rate > 0 && s.failed == 0 && s.perSecond() < 0.95*float64(r.options.rate) {
			fmt.Fprintf(&out, "\n%s: %d requests/s are more than it bears\n", s.name, r.options.rate)
		}
	}
	return out.String()
}

func (r *report) demand() string {
	if r.options.rate > 0 {
		return fmt.Sprintf("%d requests/s", r.options.rate)
	}
	return fmt.Sprintf("%d clients without a pause", clients)
}

func (s *series) errors() string {
	if s.failed == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%.1f %%)", s.failed, 100*float64(s.failed)/float64(s.answered+s.failed))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
