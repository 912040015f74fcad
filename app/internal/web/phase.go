package web

import (
	"net/http"
	"sync/atomic"
)

// Phase is where the process is in its life. It only moves forward.
type Phase struct{ value atomic.Int32 }

const (
	starting = iota
	serving
	stopping
)

// Serve ends the start: the schema is ready.
func (p *Phase) Serve() { p.value.CompareAndSwap(starting, serving) }

// Stop announces the end. Requests are still served, but the load balancer is told to send no
// more, and clients to open another connection, which then leads elsewhere.
func (p *Phase) Stop() { p.value.Store(stopping) }

func (p *Phase) is(value int32) bool { return p.value.Load() == value }

// sendAway closes each connection after an answer once the process is stopping. Not with
// http.Server.SetKeepAlivesEnabled: that cuts idle connections at once, and with them the
// request that is just on its way.
func (p *Phase) sendAway(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.is(stopping) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
