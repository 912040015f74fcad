package web

import (
	"log/slog"
	"sync"
	"time"
)

// throttle writes one line a second at most. Requests that succeed are not logged at all, as the
// load balancer does that; while the database is away each would fail with the same line. How
// many did is in the metrics.
type throttle struct {
	mu       sync.Mutex
	next     time.Time
	withheld int
}

func (t *throttle) warn(log *slog.Logger, message string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.next) {
		t.withheld++
		return
	}
	log.Warn(message, "error", err, "withheld", t.withheld)
	t.next, t.withheld = time.Now().Add(time.Second), 0
}
