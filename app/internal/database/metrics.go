package database

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// statistic is one figure of a pool, read whenever Prometheus scrapes. Its label is the pool: primary,
// or reader if there are replicas.
type statistic struct {
	description *prometheus.Desc
	kind        prometheus.ValueType
	read        func(*pgxpool.Stat) float64
}

func newStatistic(name, help string, kind prometheus.ValueType, read func(*pgxpool.Stat) float64) statistic {
	return statistic{prometheus.NewDesc("database_pool_"+name, help, []string{"pool"}, nil), kind, read}
}

var statistics = []statistic{
	newStatistic("connections", "Connections there are.", prometheus.GaugeValue,
		func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) }),
	newStatistic("connections_in_use", "Connections that a request has.", prometheus.GaugeValue,
		func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) }),
	newStatistic("connections_limit", "Connections there can be.", prometheus.GaugeValue,
		func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) }),
	newStatistic("connects_total", "Attempts to make a connection.", prometheus.CounterValue,
		func(s *pgxpool.Stat) float64 { return float64(s.NewConnsCount()) }),
	newStatistic("acquires_total", "Times a connection was given to a request.", prometheus.CounterValue,
		func(s *pgxpool.Stat) float64 { return float64(s.AcquireCount()) }),
	newStatistic("acquire_waits_total", "Those for which none was idle.", prometheus.CounterValue,
		func(s *pgxpool.Stat) float64 { return float64(s.EmptyAcquireCount()) }),
	newStatistic("acquire_wait_seconds_total", "Time that these waited.", prometheus.CounterValue,
		func(s *pgxpool.Stat) float64 { return s.EmptyAcquireWaitTime().Seconds() }),
	newStatistic("acquire_cancels_total", "Times a request's patience ended before it had one.", prometheus.CounterValue,
		func(s *pgxpool.Stat) float64 { return float64(s.CanceledAcquireCount()) }),
}

// Describe is part of prometheus.Collector.
func (d *Database) Describe(descriptions chan<- *prometheus.Desc) {
	for _, s := range statistics {
		descriptions <- s.description
	}
}

// Collect is part of prometheus.Collector.
func (d *Database) Collect(metrics chan<- prometheus.Metric) {
	collect(metrics, d.pool.Stat(), "primary")
	if d.reader != nil {
		collect(metrics, d.reader.Stat(), "reader")
	}
}

func collect(metrics chan<- prometheus.Metric, stat *pgxpool.Stat, pool string) {
	for _, s := range statistics {
		metrics <- prometheus.MustNewConstMetric(s.description, s.kind, s.read(stat), pool)
	}
}
