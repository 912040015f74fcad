package web

import (
	"net/http"
	"sync/atomic"
)

// Phase is the phase of the process. It only moves forward.
type Phase struct{ value atomic.Int32 }

const (
	starting = iota
	serving
	stopping
)

// Serve ends the start: the schema is ready.
func (p *Phase) Serve() { p.value.CompareAndSwap(starting, serving) }

// Stop announces the end. Requests are still served, but the load balancer learns to send no more, and
// clients to open another connection, which then leads elsewhere.
func (p *Phase) Stop() { p.value.Store(stopping) }

func (p *Phase) is(value int32) bool { return p.value.Load() == value }

// sendAway closes each connection after its answer once the process is stopping. It does not use
// http.Server.SetKeepAlivesEnabled: that closes idle connections at once, and loses a request that is
// just arriving.
func (p *Phase) sendAway(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.is(stopping) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}
