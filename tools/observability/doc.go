// Package observability holds what Prometheus and Grafana are told, in ../../observability, against
// what the application and Kubernetes export, with Prometheus' own parser and with promtool. This is a
// module of its own so that Prometheus' dependencies stay out of Plinth's.
package observability
