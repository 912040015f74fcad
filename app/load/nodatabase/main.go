// Command nodatabase is the service without PostgreSQL: the same handler with a counter in memory.
// It listens on PORT on loopback.
package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"plinth/app/internal/web"
)

type memory struct{ visits atomic.Int64 }

func (m *memory) Ping(context.Context) error                { return nil }
func (m *memory) CountVisit(context.Context) (int64, error) { return m.visits.Add(1), nil }
func (m *memory) Visits(context.Context) (int64, error)     { return m.visits.Load(), nil }

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	phase := new(web.Phase)
	phase.Serve()
	app := &web.App{Version: "dev", Database: new(memory), Phase: phase, Log: log, Metrics: web.NewMetrics("dev")}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", os.Getenv("PORT")))
	if err == nil {
		err = web.NewServer(app.Handler(), time.Minute, log).Serve(listener)
	}
	log.Error("ended", "error", err)
	os.Exit(1)
}
