package database

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// remakeTimeout limits how long making the schema again may take.
const remakeTimeout = time.Minute

// remake makes the schema again when it disappears under the running process: a database whose data
// is in its pod comes back empty. Concurrent requests wait for one attempt.
type remake struct {
	mu   sync.Mutex
	done chan struct{} // nil unless an attempt is running
}

// gone reports whether a statement failed because a table does not exist.
// https://www.postgresql.org/docs/17/errcodes-appendix.html
func gone(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == "42P01"
}

// retryOnSchema is retry with one addition: when a table is missing for the first time, it makes the
// schema again, and the next attempt decides. A statement with a table that no migration makes still
// fails.
func (d *Database) retryOnSchema(ctx context.Context, attempt func() (again bool, err error)) error {
	remade := false
	return retry(ctx, func() (bool, error) {
		again, err := attempt()
		if !gone(err) || remade {
			return again, err
		}
		remade = true
		d.remakeSchema(ctx)
		return true, err
	})
}

// remakeSchema returns when the schema was made again, when that failed, or when ctx ends. The attempt
// continues after ctx: the next request needs it too.
func (d *Database) remakeSchema(ctx context.Context) {
	r := &d.remake
	r.mu.Lock()
	if r.done == nil {
		done := make(chan struct{})
		r.done = done
		go func() {
			d.migrateAgain()
			r.mu.Lock()
			r.done = nil
			r.mu.Unlock()
			close(done)
		}()
	}
	done := r.done
	r.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (d *Database) migrateAgain() {
	ctx, cancel := context.WithTimeout(context.Background(), remakeTimeout)
	defer cancel()
	d.log.Warn("a table is missing, the schema is made again")
	if err := d.migrate(ctx, d.log); err != nil {
		d.log.Error("the schema cannot be made again", slog.Any("error", err))
	}
}
