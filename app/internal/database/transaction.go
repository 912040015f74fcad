package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrUnknownOutcome means that the connection broke during COMMIT. Nobody knows whether it succeeded,
// so repeating the transaction could apply it twice.
var ErrUnknownOutcome = errors.New("unknown whether the transaction was committed")

// attemptTimeout limits the statements of one attempt at a transaction, before its COMMIT. A silent
// server costs a request this long, and leaves time for another attempt.
const attemptTimeout = 2 * time.Second

// Transact runs do in a transaction and commits it. Until COMMIT is sent, it repeats failures of the
// connection or of the server's state until ctx ends, so do must change only the database. Errors are
// ErrUnavailable (nothing was changed), ErrUnknownOutcome, or an error of the statements
// themselves.
func (d *Database) Transact(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	return d.retryOnSchema(ctx, func() (again bool, err error) {
		again, err = d.attempt(ctx, do)
		if err == nil {
			d.answered.Store(time.Now().UnixNano())
		}
		return again, err
	})
}

// attempt makes one attempt. again reports whether another may follow.
func (d *Database) attempt(ctx context.Context, do func(context.Context, pgx.Tx) error) (again bool, err error) {
	// Not limited by attemptTimeout: a request keeps its place in the queue.
	connection, err := d.pool.Acquire(ctx)
	if err != nil {
		// Wrong passwords too: the right one will arrive.
		return true, err
	}
	// Release closes a connection with an open transaction instead of reusing it.
	defer connection.Release()

	limited, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	tx, err := connection.Begin(limited)
	if err == nil {
		err = do(limited, tx)
	}
	if err != nil {
		return passing(connection, err), err
	}
	return commit(ctx, connection, tx)
}

// commit ends the transaction. Its results distinguish three failures: not committed and worth another
// attempt, not committed, and unknown.
func commit(ctx context.Context, connection *pgxpool.Conn, tx pgx.Tx) (again bool, err error) {
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	// From here on pgconn.SafeToRetry is unreliable: if the connection breaks while waiting for the
	// answer, pgx 5.12 forgets that and returns "conn closed", which it considers safe.
	err = tx.Commit(ctx)
	switch {
	case err == nil:
		return false, nil
	case refused(err), errors.Is(err, pgx.ErrTxCommitRollback):
		return passing(connection, err), err
	default:
		return false, fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
}

// refused reports whether PostgreSQL answered COMMIT with an error. It never does after a commit: it
// then holds interrupts, such as its own shutdown (57P01), until it has sent the success. The
// exceptions are crashes: its own, which writing this very commit may cause, and the notice of another
// session's (57P02), which may come at any time.
func refused(err error) bool {
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.SeverityUnlocalized != "PANIC" && answer.Code != "57P02"
}

// passing reports whether err, from before the commit, comes from the connection or from a temporary
// state of the server, not from the statement.
func passing(connection *pgxpool.Conn, err error) bool {
	var answer *pgconn.PgError
	if errors.As(err, &answer) && passingCode(answer.Code) {
		if answer.Code == readOnly {
			connection.Conn().Close(context.Background())
		}
		return true
	}
	// Whatever closed the connection, including a passed deadline.
	return connection.Conn().IsClosed() || pgconn.SafeToRetry(err)
}

// readOnly: after a failover the connection still leads to the old writer, now a reader.
const readOnly = "25006"

// https://www.postgresql.org/docs/17/errcodes-appendix.html
func passingCode(code string) bool {
	switch code[:2] {
	case
		"08", // connection exceptions
		"40", // rolled back: serialization failures, deadlocks
		"53", // too little memory, disk or connections
		"57", // shutdown, starting up, statement_timeout
		"58": // the server's own system
		return true
	}
	return code == readOnly || code == "55P03" // lock_timeout
}
