package main_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"plinth/app/internal/postgrestest"
)

var update = flag.Bool("update", false, "accept the metrics that there are now: write metrics.txt")

// The service has the metrics of metrics.txt, which include those of ../observability/metrics.txt.
func TestMetrics(t *testing.T) {
	t.Parallel()
	service := start(t, postgrestest.Start(t, postgrestest.Config{}), options{}).up()
	code, text := get(t, service.metricsURL)
	if code != 200 {
		t.Fatalf("status %d", code)
	}
	there := describe(text)
	const file = "metrics.txt"
	if *update {
		if runtime.GOOS != "linux" {
			t.Fatalf("%s is what Linux has, where the service runs", file)
		}
		if err := os.WriteFile(file, []byte(strings.Join(there, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	listed := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
	process := func(metric string) bool { return strings.HasPrefix(metric, "process_") }
	if runtime.GOOS != "linux" {
		// Process metrics differ by platform.
		there, listed = slices.DeleteFunc(there, process), slices.DeleteFunc(listed, process)
	}
	for _, metric := range there {
		if !slices.Contains(listed, metric) {
			t.Errorf("%s lacks %q", file, metric)
		}
	}
	for _, metric := range listed {
		if !slices.Contains(there, metric) {
			t.Errorf("%s has %q, the service has not", file, metric)
		}
	}
	demanded, err := os.ReadFile("../observability/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	for metric := range strings.Lines(string(demanded)) {
		if metric = strings.TrimSpace(metric); !slices.Contains(listed, metric) && (runtime.GOOS == "linux" || !process(metric)) {
			t.Errorf("%s has no %q, which rules and dashboards count on", file, metric)
		}
	}
	if t.Failed() {
		t.Log("To accept it: go test . -run TestMetrics -update")
	}
}

func TestDescribe(t *testing.T) {
	got := describe(`# HELP a_seconds Help.
# TYPE a_seconds histogram
a_seconds_bucket{path="/{x=\"y\"}",le="1"} 2
a_seconds_sum{path="/"} 3
a_seconds_count{path="/"} 4
# TYPE b_total counter
b_total 5
# TYPE c gauge
c{two="b, three=",one="a"} 1 1700000000000
`)
	if want := []string{"a_seconds histogram path", "b_total counter", "c gauge one two"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// describe returns one sorted line for each metric in Prometheus' text format: its name, its type and
// the names of its labels, without those that every histogram or summary has.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/
func describe(text string) []string {
	label := regexp.MustCompile(`([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"`)
	metrics := map[string]bool{}
	var name, kind string
	for line := range strings.Lines(text) {
		if _, err := fmt.Sscanf(line, "# TYPE %s %s", &name, &kind); err == nil || strings.HasPrefix(line, "#") {
			continue
		}
		labels := []string{name, kind}
		for _, match := range label.FindAllStringSubmatch(line, -1) {
			if match[1] != "le" && match[1] != "quantile" {
				labels = append(labels, match[1])
			}
		}
		slices.Sort(labels[2:])
		metrics[strings.Join(labels, " ")] = true
	}
	return slices.Sorted(maps.Keys(metrics))
}
