// Package observability tests the input of Prometheus and Grafana, in ../../observability, against the
// metrics that the application and Kubernetes export, with Prometheus' own parser and promtool. This is
// a separate module so that Prometheus' dependencies stay out of Plinth's.
package observability
