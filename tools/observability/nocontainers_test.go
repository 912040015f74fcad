package observability

import (
	"encoding/json"
	"strings"
	"testing"

	"plinth/observability"
)

// Without metrics of containers nothing scrapes the kubelets, and no rule or dashboard reads what they
// tell. The rest is as valid as with them.
func TestWithoutContainers(t *testing.T) {
	o := newObserved(t)
	without := agent
	without.Containers = false
	text, err := json.Marshal(without.Config())
	if err != nil {
		t.Fatal(err)
	}
	o.agent = nil
	if err := json.Unmarshal(text, &o.agent); err != nil {
		t.Fatal(err)
	}
	o.rules = observability.Rules(agent.Apps, false)
	shown := names
	shown.Containers = false
	o.dashboards = observability.Dashboards(shown)

	all := map[string]string{"prometheus.yml": string(text)}
	for name, text := range o.rules {
		all["rules/"+name] = text
	}
	for name, text := range o.dashboards {
		all["dashboards/"+name] = text
	}
	for name, text := range all {
		for _, of := range []string{"container_cpu", "container_memory", "job=\"cadvisor\"", "/proxy/"} {
			if strings.Contains(text, of) {
				t.Errorf("%s has %s", name, of)
			}
		}
	}
	for _, property := range properties {
		for _, broken := range property.check(o) {
			t.Errorf("%s: %s", property.name, broken)
		}
	}
}
