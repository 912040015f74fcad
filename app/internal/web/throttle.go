package web

import (
	"log/slog"
	"sync"
	"time"
)

// throttle writes at most one line a second. Successful requests are not logged at all: the load
// balancer does that. While the database is away, each request would log the same line; the metrics
// count them.
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
