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
	// readerTimeout is how long a read waits for a replica, from the queue for a connection to
	// the answer. Of a request's five seconds it leaves the primary four.
	readerTimeout = time.Second
	// readerLifetime of a connection, and what is added to it at random. A replica that Aurora's
	// autoscaling adds gets its share as connections are made anew. This can be soon, unlike on
	// the primary: what cannot connect while a password changes reads there.
	readerLifetime, readerLifetimeJitter = 10 * time.Minute, 10 * time.Minute
	// readerRefill is how soon the return of replicas is noticed.
	readerRefill = 5 * time.Second
)

// reader is how connections to replicas are made and kept: as many as to the primary at most,
// as a replica is most often of the same class, and one at least, which is tried to be had every
// readerRefill.
func (c Config) reader(log *slog.Logger) (*pgxpool.Config, error) {
	// Never the primary: Aurora's reader endpoint leads there while there is no replica, and
	// would take as many connections again from it, and keep them when there is one.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Endpoints.Reader.html
	pooled, err := c.pooled(strings.Join(c.Readers, ","), "standby")
	if err != nil {
		return nil, err
	}
	pooled.MinConns = 1
	pooled.HealthCheckPeriod = readerRefill
	pooled.MaxConnLifetime, pooled.MaxConnLifetimeJitter = readerLifetime, readerLifetimeJitter
	pooled.BeforeConnect = func(ctx context.Context, connection *pgx.ConnConfig) error {
		// pgx tries hosts in their order; it has no load_balance_hosts of libpq's.
		if err := stdlib.RandomizeHostOrderFunc(ctx, connection); err != nil {
			return err
		}
		return c.beforeConnect(ctx, connection)
	}
	pooled.ConnConfig.Tracer = &readerLog{log: log}
	parameters := pooled.ConnConfig.RuntimeParams
	parameters["statement_timeout"] = milliseconds(readerTimeout)
	// A replica that is promoted keeps its sessions. They must not write even then.
	parameters["default_transaction_read_only"] = "on"
	return pooled, nil
}

// Querier is what reads: a connection.
type Querier interface {
	Query(ctx context.Context, sql string, arguments ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, arguments ...any) pgx.Row
}

// Read runs do, which changes nothing, on a replica; should that fail within readerTimeout, for
// whatever reason, or should there be no replica, on the primary until ctx ends. So do may run
// several times. What it reads may be older than what Transact has committed. Errors are
// ErrUnavailable, or what is wrong with the statements themselves.
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

// readReplica tells whether a replica has answered. Why not is of no interest: what is wrong with
// the statement the primary says too.
func (d *Database) readReplica(ctx context.Context, do func(context.Context, Querier) error) bool {
	if d.reader == nil {
		return false
	}
	// Without a connection none is waited for: the pool itself tries to have one again.
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
