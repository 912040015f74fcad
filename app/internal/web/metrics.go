package web

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the service's metrics for Prometheus.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	rate     *rate
}

// NewMetrics also registers the given collectors.
func NewMetrics(version string, others ...prometheus.Collector) *Metrics {
	return newMetrics(time.Now, version, others...)
}

func newMetrics(now func() time.Time, version string, others ...prometheus.Collector) *Metrics {
	m := &Metrics{
		rate:     newRate(now),
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total",
			Help: "Answered requests.",
		}, []string{"handler", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from a request's header to the end of its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"handler"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "app_build_info",
		Help:        "Always 1; its labels tell what is running.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	// A gauge, for an autoscaler that asks the pods themselves: only Prometheus computes a counter's rate.
	perSecond := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "http_requests_per_second",
		Help: fmt.Sprintf("Answered requests a second, without those of probes: the mean of the last %d seconds.", rateSeconds),
	}, m.rate.PerSecond)
	m.registry.MustRegister(m.requests, m.seconds, perSecond, build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(others...)
	return m
}

// Handler answers GET /metrics. It needs its own port: the Ingress exposes every path of the main
// port to the internet, and metrics reveal how the service is built and used.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// count measures each request that mux answers.
func (m *Metrics) count(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		recorder := &recorder{ResponseWriter: w, code: http.StatusOK}
		mux.ServeHTTP(recorder, r)
		name := handlerName(r.Pattern)
		m.requests.WithLabelValues(name, strconv.Itoa(recorder.code)).Inc()
		m.seconds.WithLabelValues(name).Observe(time.Since(begin).Seconds())
		if name != "/health" && name != "/livez" {
			m.rate.Add()
		}
	})
}

// handlerName is a pattern's path. It is not the request's: clients choose that, and each would be a
// time series.
func handlerName(pattern string) string {
	_, path, found := strings.Cut(pattern, " ")
	if !found {
		return "none"
	}
	return strings.TrimSuffix(path, "{$}")
}

// recorder records the status code.
type recorder struct {
	http.ResponseWriter
	code int
}

func (r *recorder) WriteHeader(code int) {
	r.code = code
	r.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
