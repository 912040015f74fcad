package web

import (
	"sync"
	"time"
)

// rateWindow is how many seconds a rate is the mean of: enough that a burst of a second brings no
// pods, and little enough that a rise is seen before the pods are at their limit.
const rateWindow = 30

// rate knows how many events there are a second. Unlike a counter, from which whoever reads it at
// two times can tell the same, it can be read by somebody who comes once, as an autoscaler does.
type rate struct {
	mu  sync.Mutex
	now func() time.Time
	// counts are by second, the running one among them, and seconds tell which.
	counts, seconds [rateWindow + 1]int64
}

// add counts one event.
func (r *rate) add() {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := r.now().Unix()
	i := second % int64(len(r.counts))
	if r.seconds[i] != second {
		r.seconds[i], r.counts[i] = second, 0
	}
	r.counts[i]++
}

// perSecond is the mean of the last seconds that are over.
func (r *rate) perSecond() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, all := r.now().Unix(), int64(0)
	for i, second := range r.seconds {
		if second < now && second >= now-rateWindow {
			all += r.counts[i]
		}
	}
	return float64(all) / rateWindow
}
