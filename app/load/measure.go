package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tsenart/vegeta/v12/lib"
)

const (
	// turns spread the machine's other load evenly over all series.
	turns = 3
	// warmUp fills pools and caches. It is not counted.
	warmUp = time.Second
	// clients send requests without a pause: twice as many as the service has connections to
	// PostgreSQL, so that no connection is idle.
	clients = 16
	// clientsAtRate is how many may wait for answers at a given rate.
	clientsAtRate = 256
	// requestTimeout exceeds the service's own timeout.
	requestTimeout = 10 * time.Second
)

// series is one measured URL.
type series struct {
	name, url string

	metrics  vegeta.Metrics
	driven   time.Duration // until the last answer
	answered int           // successfully
	failed   int
}

// perSecond is the rate of successful requests.
func (s *series) perSecond() float64 { return float64(s.answered) / s.driven.Seconds() }

// measure drives all series, one after the other, in turns.
func measure(ctx context.Context, o options, all []*series, progress io.Writer) error {
	for _, s := range all {
		if err := s.drive(ctx, o, warmUp); err != nil {
			return err
		}
		*s = series{name: s.name, url: s.url}
	}
	for turn := range turns {
		for _, s := range all {
			fmt.Fprintf(progress, "load: turn %d of %d: %s\n", turn+1, turns, s.name)
			if err := s.drive(ctx, o, o.duration/turns); err != nil {
				return err
			}
		}
	}
	for _, s := range all {
		s.metrics.Close()
	}
	return nil
}

// drive sends requests for the duration.
func (s *series) drive(ctx context.Context, o options, duration time.Duration) error {
	most := uint64(clients)
	if o.rate > 0 {
		most = clientsAtRate
	}
	attacker := vegeta.NewAttacker(
		vegeta.Workers(clients), vegeta.MaxWorkers(most), vegeta.Connections(int(most)),
		vegeta.Timeout(requestTimeout), vegeta.HTTP2(false))
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodGet, URL: s.url})
	begin := time.Now()
	for result := range attacker.Attack(target, vegeta.Rate{Freq: o.rate, Per: time.Second}, duration, "") {
		s.metrics.Add(result)
		if result.Error == "" {
			s.answered++
		} else {
			s.failed++
		}
	}
	s.driven += time.Since(begin)
	return ctx.Err()
}
