package database

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// remakeTimeout is what making the schema again may take.
const remakeTimeout = time.Minute

// remake makes the schema again when it has gone under the running process: a database whose data
// goes with its pod comes back empty. Requests that find out together wait for one attempt.
type remake struct {
	mu   sync.Mutex
	done chan struct{} // nil while none is under way
}

// gone tells whether a statement has failed for want of a table.
// https://www.postgresql.org/docs/17/errcodes-appendix.html
func gone(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.Code == "42P01"
}

// retryOnSchema is retry, but for the first failure for want of a table: then the schema is made
// again, and the attempt after it decides. A statement that names a table which no migration makes
// fails all the same.
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

// remakeSchema returns when the schema has been made again, or could not be, or when ctx ends. It
// goes on without whoever began it: the next request needs it too.
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
