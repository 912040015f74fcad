package charts

import (
	"fmt"
	"testing"

	"plinth/tools/charts/render"
)

// TestScraped: a pod with metrics is exactly one target of Prometheus, which takes the port of a container that
// has the annotation's number, and the process's name from a label. See ../../observability/agent.go.
func TestScraped(t *testing.T) {
	scraped := map[string]string{}
	eachSample(t, func(t *testing.T, _ map[string]any, r *render.Release) {
		for _, p := range pods(r) {
			port, annotated := p.meta.Annotations["prometheus.io/port"]
			if !annotated {
				continue
			}
			targets := 0
			for _, c := range p.spec.Containers {
				for _, declared := range c.Ports {
					if fmt.Sprint(declared.ContainerPort) == port {
						targets++
					}
				}
			}
			if targets != 1 {
				t.Errorf("%s: %d containers' ports are its metrics' %s, want 1", p.object, targets, port)
			}
			if process := p.meta.Labels["app.kubernetes.io/component"]; process != "web" {
				t.Errorf("%s: its metrics are those of process %q, want web", p.object, process)
			}
			scraped[t.Name()] = port
		}
	})
	if ports := scraped["TestScraped/node"] + " " + scraped["TestScraped/spring"]; ports != "3000 8081" {
		t.Errorf("metrics of node and spring are on ports %s, want 3000 8081", ports)
	}
}
