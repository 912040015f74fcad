// Command app is Plinth's sample service: a counter of visits in PostgreSQL. It loses no request
// during a rolling update, scaling or a change of the database password.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"plinth/app/internal/config"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = "dev"

func main() {
	showVersion := flag.Bool("version", false, "print the version and end")
	question := flag.String("ask", "", "ask this URL and end: with status 0 when the answer is 200")
	flag.Parse()
	switch {
	case *showVersion:
		fmt.Println(version)
		return
	case *question != "":
		if err := ask(*question, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}

	level := new(slog.LevelVar)
	log := slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: level})).With("version", version)
	settings, err := config.Load(os.Getenv)
	if err != nil {
		for mistake := range strings.Lines(err.Error()) {
			log.Error("configuration: " + strings.TrimSpace(mistake))
		}
		os.Exit(1)
	}
	level.Set(settings.LogLevel)

	// Room for two signals: to stop, and to stop now.
	orders := make(chan os.Signal, 2)
	signal.Notify(orders, syscall.SIGTERM, syscall.SIGINT)
	if err := run(settings, log, orders); err != nil {
		log.Error("ended", "error", err)
		os.Exit(1)
	}
	log.Info("ended")
}
