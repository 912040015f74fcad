package database

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// CountVisit increments the counter of visits on the primary and returns its new value. Its errors are
// those of Transact.
func (d *Database) CountVisit(ctx context.Context) (int64, error) {
	var count int64
	err := d.Transact(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, "UPDATE visits SET count = count + 1 RETURNING count").Scan(&count)
	})
	return count, err
}

// Visits returns the counter of visits. A replica's value may be older. Its errors are those of Read.
func (d *Database) Visits(ctx context.Context) (int64, error) {
	var count int64
	err := d.Read(ctx, func(ctx context.Context, q Querier) error {
		return q.QueryRow(ctx, "SELECT count FROM visits").Scan(&count)
	})
	return count, err
}
