package database

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Database is a pool of connections to PostgreSQL. It is made at once, whether or not there is a
// server: every use waits for it.
type Database struct {
	pool *pgxpool.Pool
	// When PostgreSQL last answered, in nanoseconds since 1970.
	answered atomic.Int64
}

// Open makes the pool. Its error is one of the configuration, never of the server.
func Open(config Config) (*Database, error) {
	pooled, err := config.pooled()
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), pooled)
	if err != nil {
		return nil, err
	}
	return &Database{pool: pool}, nil
}

// Close waits until no connection is in use and closes them all.
func (d *Database) Close() { d.pool.Close() }

// Ping returns once PostgreSQL has answered, or the last error when ctx ends. A transaction
// within the last second is answer enough: under overload every connection is busy, and pods
// that then call themselves unhealthy only leave more load to the others.
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
