package database

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is a pool of connections to PostgreSQL's primary, and another to its read replicas if
// there are any. Open returns at once, even without a server: each use waits for the
// server.
type Database struct {
	pool   *pgxpool.Pool
	reader *pgxpool.Pool // nil without replicas
	// answered is when the primary last answered, in nanoseconds since 1970.
	answered atomic.Int64
	remake   remake
	log      *slog.Logger
}

// Open makes the pools. It returns only errors of the configuration, never of the server. It logs
// unreachable replicas.
func Open(config Config, log *slog.Logger) (*Database, error) {
	primary, err := config.primary()
	if err != nil {
		return nil, err
	}
	d := &Database{log: log}
	if d.pool, err = pgxpool.NewWithConfig(context.Background(), primary); err != nil {
		return nil, err
	}
	if len(config.Readers) == 0 {
		return d, nil
	}
	reader, err := config.reader(log)
	if err == nil {
		d.reader, err = pgxpool.NewWithConfig(context.Background(), reader)
	}
	if err != nil {
		d.pool.Close()
		return nil, err
	}
	return d, nil
}

// Close waits until no connection is in use and closes them all.
func (d *Database) Close() {
	d.pool.Close()
	if d.reader != nil {
		d.reader.Close()
	}
}

// Ping returns once the primary has answered, or the last error when ctx ends. A success within the
// last second counts as an answer: under overload every connection is busy, and pods that became
// unhealthy would only leave more load to the others. It does not ask replicas: the service works
// without them.
func (d *Database) Ping(ctx context.Context) error {
	if time.Since(time.Unix(0, d.answered.Load())) < time.Second {
		return nil
	}
	return retry(ctx, func() (bool, error) {
		err := d.pool.Ping(ctx)
		if err == nil {
			d.answered.Store(time.Now().UnixNano())
		}
		return true, err
	})
}
