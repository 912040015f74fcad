package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"plinth/app/internal/config"
	"plinth/app/internal/database"
	"plinth/app/internal/web"
)

// drainTimeout is the time for requests in flight at the end. With the longest delay before it, one
// second of Kubernetes' 30 remains for the rest.
const drainTimeout = 20 * time.Second

// run serves until a signal to stop arrives, or until it fails.
func run(settings config.Config, log *slog.Logger, orders <-chan os.Signal) error {
	// Listen first: /livez answers, and /health says DOWN, while the database is away.
	users, err := listen(settings.Port)
	if err != nil {
		return err
	}
	scrapers, err := listen(settings.MetricsPort)
	if err != nil {
		return err
	}
	db, err := database.Open(settings.Database, log)
	if err != nil {
		return err
	}
	metrics := web.NewMetrics(version, db)
	phase := new(web.Phase)
	app := &web.App{Version: version, Database: db, Phase: phase, Log: log, Metrics: metrics}
	server, metricsServer := web.NewServer(app.Handler(), settings.IdleTimeout, log), web.NewServer(metrics.Handler(), settings.IdleTimeout, log)

	failed := make(chan error, 3)
	serve := func(server *http.Server, listener net.Listener) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}
	go serve(server, users)
	go serve(metricsServer, scrapers)
	log.Info("listening", "port", settings.Port, "metricsPort", settings.MetricsPort)

	starting, cancel := context.WithCancel(context.Background())
	defer cancel()
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		if err := db.Migrate(starting, log); err != nil {
			failed <- err
			return
		}
		phase.Serve()
		log.Info("serving")
	}()

	select {
	case err := <-failed:
		return err
	case order := <-orders:
		log.Info("stopping", "signal", order.String())
	}
	go func() {
		order := <-orders
		log.Warn("stopping now", "signal", order.String())
		os.Exit(1)
	}()

	// /health now says DOWN, and every request is still served meanwhile: a load balancer that has not
	// noticed yet would turn a closed port into a failed request.
	cancel()
	phase.Stop()
	time.Sleep(settings.ShutdownDelay)

	limited, cancelLimited := context.WithTimeout(context.Background(), drainTimeout)
	defer cancelLimited()
	if err := server.Shutdown(limited); err != nil {
		return fmt.Errorf("requests were still running %s after the port was closed: %w", drainTimeout, err)
	}
	<-ready
	db.Close()
	return metricsServer.Close()
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", fmt.Sprintf(":%d", port))
}
