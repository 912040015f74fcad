package database

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	// A migration that waits for a table's lock blocks every query behind it: it must give up and try
	// again.
	migrationLockTimeout = 5 * time.Second
	migrationPause       = time.Second
)

// Migrate updates the schema to this version of the program. Replicas that start together wait for
// each other. It retries until ctx ends while the server is away. Its error is ctx's, or that of a
// migration that cannot succeed.
func (d *Database) Migrate(ctx context.Context, log *slog.Logger) error {
	for {
		err := d.migrate(ctx, log)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case broken(err):
			return err
		}
		log.Warn("the database cannot be migrated yet", "error", err)
		select {
		case <-time.After(migrationPause):
		case <-ctx.Done():
		}
	}
}

func (d *Database) migrate(ctx context.Context, log *slog.Logger) error {
	pooled := d.pool.Config()
	connection := *pooled.ConnConfig
	// Separate connections, since a migration may take longer than a request.
	connection.RuntimeParams["statement_timeout"] = "0"
	connection.RuntimeParams["lock_timeout"] = milliseconds(migrationLockTimeout)
	db := stdlib.OpenDB(connection, stdlib.OptionBeforeConnect(pooled.BeforeConnect))
	defer db.Close()

	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// An advisory lock: PostgreSQL releases it if this process dies.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300), lock.WithUnlockTimeout(1, 3))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithSessionLocker(locker),
		goose.WithLogger(goose.NopLogger()),
		goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	done, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		return fmt.Errorf("migrate the schema with %s: %w", partial.Failed.Source.Path, partial.Err)
	}
	if err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	for _, result := range done {
		log.Info("schema migrated", "version", result.Source.Version, "file", result.Source.Path, "seconds", result.Duration.Seconds())
	}
	return nil
}

// broken reports whether PostgreSQL itself refused a migration for good. Other errors, such as a lost
// connection, are temporary; Kubernetes restarts a pod that never becomes healthy.
func broken(err error) bool {
	var connecting *pgconn.ConnectError
	var answer *pgconn.PgError
	return !errors.As(err, &connecting) && errors.As(err, &answer) && !passingCode(answer.Code)
}
