package database

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// readerLog is a pgx.ConnectTracer that logs when replicas become unreachable, and when they are
// reachable again. The pool does not report its attempts, and requests do not show it either: the
// primary serves them.
type readerLog struct {
	log  *slog.Logger
	away atomic.Bool
}

// TraceConnectEnd is part of pgx.ConnectTracer.
func (l *readerLog) TraceConnectEnd(_ context.Context, data pgx.TraceConnectEndData) {
	switch {
	case errors.Is(data.Err, context.Canceled): // the pool is being closed
	case data.Err != nil && l.away.CompareAndSwap(false, true):
		l.log.Warn("replicas cannot be reached, reads go to the primary", "error", data.Err)
	case data.Err == nil && l.away.CompareAndSwap(true, false):
		l.log.Info("replicas can be reached")
	}
}

// TraceConnectStart is part of pgx.ConnectTracer.
func (*readerLog) TraceConnectStart(ctx context.Context, _ pgx.TraceConnectStartData) context.Context {
	return ctx
}

// TraceQueryStart is part of pgx.QueryTracer, which every tracer must implement.
func (*readerLog) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd is part of pgx.QueryTracer.
func (*readerLog) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
