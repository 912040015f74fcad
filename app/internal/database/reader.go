package database

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// readerTimeout is how long a read waits for a replica, from the queue for a connection to the
	// answer. It leaves four of a request's five seconds for the primary.
	readerTimeout = time.Second
	// readerLifetime is the lifetime of a connection, readerLifetimeJitter its random addition. A replica
	// that Aurora's autoscaling adds gets its share as connections are renewed. That may be soon, unlike
	// on the primary: while a password changes, reads that get no connection go there.
	readerLifetime, readerLifetimeJitter = 10 * time.Minute, 10 * time.Minute
	// readerRefill is how soon returning replicas are noticed.
	readerRefill = 5 * time.Second
)

// reader configures connections to replicas. At most as many as to the primary, because a replica is
// mostly of the same class, and at least one, which the pool tries to restore every
// readerRefill.
func (c Config) reader(log *slog.Logger) (*pgxpool.Config, error) {
	// Never to the primary: without a replica, Aurora's reader endpoint leads there. These connections
	// would double the primary's, and stay when there is a replica.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Endpoints.Reader.html
	pooled, err := c.pooled(strings.Join(c.Readers, ","), "standby")
	if err != nil {
		return nil, err
	}
	pooled.MinConns = 1
	pooled.HealthCheckPeriod = readerRefill
	pooled.MaxConnLifetime, pooled.MaxConnLifetimeJitter = readerLifetime, readerLifetimeJitter
	pooled.BeforeConnect = func(ctx context.Context, connection *pgx.ConnConfig) error {
		// pgx tries hosts in order; it lacks libpq's load_balance_hosts.
		if err := stdlib.RandomizeHostOrderFunc(ctx, connection); err != nil {
			return err
		}
		return c.beforeConnect(ctx, connection)
	}
	pooled.ConnConfig.Tracer = &readerLog{log: log}
	parameters := pooled.ConnConfig.RuntimeParams
	parameters["statement_timeout"] = milliseconds(readerTimeout)
	// A promoted replica keeps its sessions. They must not write even then.
	parameters["default_transaction_read_only"] = "on"
	return pooled, nil
}

// Querier is a connection for reading.
type Querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// Read runs do, which must change nothing, on a replica. If that fails within readerTimeout, for any
// reason, or if there is no replica, it runs do on the primary until ctx ends. So do may run several
// times. It may read older data than Transact has committed. Errors are ErrUnavailable, or an error of
// the statements themselves.
func (d *Database) Read(ctx context.Context, do func(context.Context, Querier) error) error {
	if d.readReplica(ctx, do) {
		return nil
	}
	return d.retryOnSchema(ctx, func() (again bool, err error) {
		connection, err := d.pool.Acquire(ctx)
		if err != nil {
			return true, err
		}
		defer connection.Release()
		limited, cancel := context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
		if err := do(limited, connection); err != nil {
			return passing(connection, err), err
		}
		d.answered.Store(time.Now().UnixNano())
		return false, nil
	})
}

// readReplica reports whether a replica has answered. It drops the error: the primary reports a wrong
// statement too.
func (d *Database) readReplica(ctx context.Context, do func(context.Context, Querier) error) bool {
	if d.reader == nil {
		return false
	}
	// Without a connection, do not wait for one: the pool keeps trying by itself.
	if stat := d.reader.Stat(); stat.IdleConns()+stat.AcquiredConns() == 0 {
		return false
	}
	limited, cancel := context.WithTimeout(ctx, readerTimeout)
	defer cancel()
	connection, err := d.reader.Acquire(limited)
	if err != nil {
		return false
	}
	defer connection.Release()
	return do(limited, connection) == nil
}
