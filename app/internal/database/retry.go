package database

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// ErrUnavailable means that PostgreSQL could not be reached in time, and nothing was changed.
var ErrUnavailable = errors.New("database unavailable")

// Pause briefly at first, as another connection may be free, and never for long: a request has seconds.
const (
	firstPause   = 20 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// retry repeats attempt while again is true, until ctx ends. Then it returns ErrUnavailable with the
// last error other than the deadline's.
func retry(ctx context.Context, attempt func() (again bool, err error)) error {
	var reason error
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		again, err := attempt()
		if err == nil || !again {
			return err
		}
		if reason == nil || ctx.Err() == nil {
			reason = err
		}
		// Spread the attempts of many requests that wait for the same server.
		wait := pause/2 + rand.N(pause/2) //nolint:gosec // no secret depends on it
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, reason)
		}
	}
}
