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
	// A change that waits for a table's lock holds up every query behind it: better it gives
	// way and tries again.
	migrationLockTimeout = 5 * time.Second
	migrationPause       = time.Second
)

// Migrate brings the schema to what this version of the program needs. Replicas that start
// together wait for each other. While the server is away it tries again, without end until ctx
// ends; its error is ctx's or that of a migration which cannot succeed.
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
	// Connections of its own, since a migration may take longer than a request.
	connection.RuntimeParams["statement_timeout"] = "0"
	connection.RuntimeParams["lock_timeout"] = milliseconds(migrationLockTimeout)
	db := stdlib.OpenDB(connection, stdlib.OptionBeforeConnect(pooled.BeforeConnect))
	defer db.Close()

	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	// An advisory lock: PostgreSQL releases it should this process vanish.
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

// broken tells whether PostgreSQL itself refused a migration for good. Anything else, such as a
// connection that cannot be made or breaks, passes; Kubernetes ends a pod that is never healthy.
func broken(err error) bool {
	var connecting *pgconn.ConnectError
	var answer *pgconn.PgError
	return !errors.As(err, &connecting) && errors.As(err, &answer) && !passingCode(answer.Code)
}
