// Package web serves HTTP: the application, its health and, on a separate port, its metrics.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"plinth/app/internal/database"
)

const (
	// healthTimeout is shorter than Kubernetes' probes wait, three seconds, and the load balancer, five.
	healthTimeout = 2 * time.Second
	// requestTimeout is how long a request waits for the database. A restart of PostgreSQL takes less
	// time; the load balancer and most clients wait longer.
	requestTimeout = 5 * time.Second
)

// Database is what requests need from the database.
type Database interface {
	// Ping returns once the database answers, or an error when ctx ends.
	Ping(ctx context.Context) error
	// CountVisit adds a visit and returns the number of visits.
	CountVisit(ctx context.Context) (int64, error)
	// Visits returns the number of visits, possibly an older one.
	Visits(ctx context.Context) (int64, error)
}

// App answers users.
type App struct {
	Version  string
	Database Database
	Phase    *Phase
	Log      *slog.Logger
	Metrics  *Metrics

	failures throttle
}

// Handler routes requests to the main port: all of them can come from the internet.
func (a *App) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /visits", a.visits)
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("GET /livez", a.alive)
	return a.Phase.sendAway(a.Metrics.count(mux))
}

// health reports whether the pod should get requests.
func (a *App) health(w http.ResponseWriter, r *http.Request) {
	if !a.Phase.is(serving) {
		text(w, http.StatusServiceUnavailable, "DOWN")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	if err := a.Database.Ping(ctx); err != nil {
		a.failures.warn(a.Log, "unhealthy", err)
		text(w, http.StatusServiceUnavailable, "DOWN")
		return
	}
	text(w, http.StatusOK, "UP")
}

// alive does not check the database: a restart of this process would not help it.
func (a *App) alive(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "UP") }

// home counts a visit. HEAD counts too; its answer is GET's without the body.
func (a *App) home(w http.ResponseWriter, r *http.Request) { a.tell(w, r, a.Database.CountVisit) }

// visits changes nothing.
func (a *App) visits(w http.ResponseWriter, r *http.Request) { a.tell(w, r, a.Database.Visits) }

// tell answers with the number of visits that number returns.
func (a *App) tell(w http.ResponseWriter, r *http.Request, number func(context.Context) (int64, error)) {
	if a.Phase.is(starting) {
		failed(w, http.StatusServiceUnavailable, "starting")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	visits, err := number(ctx)
	switch {
	case err == nil:
		answer(w, http.StatusOK, map[string]any{"version": a.Version, "visits": visits})
	case r.Context().Err() != nil:
		// The client has gone. 499 is nginx's code for that, for the metrics.
		w.WriteHeader(499)
	case errors.Is(err, database.ErrUnavailable), errors.Is(err, database.ErrUnknownOutcome):
		a.failures.warn(a.Log, "request not served", err)
		failed(w, http.StatusServiceUnavailable, "the database is unavailable, try again")
	default:
		a.Log.Error("request failed", "error", err)
		failed(w, http.StatusInternalServerError, "internal error")
	}
}

// failed answers with our own message: a database's error can reveal too much.
func failed(w http.ResponseWriter, code int, message string) {
	answer(w, code, map[string]any{"error": message})
}

func answer(w http.ResponseWriter, code int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// An error here means that the client has gone.
	_ = json.NewEncoder(w).Encode(body)
}

func text(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body+"\n")
}
