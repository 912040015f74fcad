// Command load sends requests to the service, with a real PostgreSQL behind it, and prints the
// throughput that it sustains: of reads, of writes and, as the upper limit, of the same handler
// without a database. It is a separate module: the service does not need its dependencies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// interrupted is the exit status after Ctrl-C.
const interrupted = 130

func main() {
	rate := flag.String("rate", "", "requests per second; empty: as many as are answered")
	duration := flag.String("duration", "", "how long each is driven; empty: 10s")
	service := flag.String("service", "build/load/app", "the service's program")
	limit := flag.String("nodatabase", "build/load/nodatabase", "the program without a database")
	flag.Parse()
	o, err := newOptions(*rate, *duration)
	if err == nil && flag.NArg() > 0 {
		err = fmt.Errorf("%q is no option", flag.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
	o.service, o.nodatabase = *service, *limit

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	switch err := run(ctx, o, os.Stdout, os.Stderr); {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "load: interrupted")
		os.Exit(interrupted)
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options are the parameters of a run.
type options struct {
	rate                int // requests per second, 0: as many as are answered
	duration            time.Duration
	service, nodatabase string // paths of the programs
}

// newOptions parses what make passes on; empty means the default.
func newOptions(rate, duration string) (options, error) {
	const highest, shortest, longest = 100_000, time.Second, 10 * time.Minute
	o := options{duration: 10 * time.Second}
	var err error
	if rate != "" {
		if o.rate, err = strconv.Atoi(rate); err != nil || o.rate < 1 || o.rate > highest {
			return o, fmt.Errorf("RATE is %q: give whole requests per second, 1 to %d, or nothing for as many as are answered", rate, highest)
		}
	}
	if duration != "" {
		if o.duration, err = time.ParseDuration(duration); err != nil || o.duration < shortest || o.duration > longest {
			return o, fmt.Errorf("DURATION is %q: give a time with its unit, %.0fs to %.0fm", duration, shortest.Seconds(), longest.Minutes())
		}
	}
	return o, nil
}
