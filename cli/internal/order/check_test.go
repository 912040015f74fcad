package order

import (
	"strings"
	"testing"
)

func TestOneStackAlone(t *testing.T) {
	const empty = 0 // the state after a destroy
	for _, test := range []struct {
		name    string
		states  map[string]int // number of resources by stack; a stack that is missing here has no state
		command string
		want    string
	}{
		{
			name:    "deploy what needs nothing",
			command: "deploy dev-network",
		},
		{
			name:    "deploy on what is there",
			states:  map[string]int{"dev-network": 11},
			command: "deploy dev-data",
		},
		{
			name:    "deploy on what never was",
			command: "deploy dev-data",
			want:    "dev-data needs dev-network, which has not been deployed. Deploy it first: ./plinth deploy dev-network",
		},
		{
			name:    "deploy on what has been destroyed",
			states:  map[string]int{"dev-network": empty},
			command: "deploy dev-data",
			want:    "dev-data needs dev-network, which has not been deployed. Deploy it first: ./plinth deploy dev-network",
		},
		{
			name:    "deploy with another environment only",
			states:  map[string]int{"staging-network": 11},
			command: "deploy dev-data",
			want:    "dev-data needs dev-network, which has not been deployed. Deploy it first: ./plinth deploy dev-network",
		},
		{
			name:    "deploy on nothing at all",
			command: "deploy dev-app",
			want: `dev-app needs dev-network, dev-cluster, dev-data and dev-addons, which have not been deployed. Deploy them first, in this order:
  ./plinth deploy dev-network
  ./plinth deploy dev-cluster
  ./plinth deploy dev-data
  ./plinth deploy dev-addons`,
		},
		{
			name:    "deploy when an indirect dependency is missing",
			states:  map[string]int{"dev-data": 9, "dev-cluster": 28, "dev-addons": 4},
			command: "deploy dev-app",
			want:    "dev-app needs dev-network, which has not been deployed. Deploy it first: ./plinth deploy dev-network",
		},
		{
			name:    "deploy on everything",
			states:  map[string]int{"dev-network": 40, "dev-data": 11, "dev-cluster": 28, "dev-addons": 4},
			command: "deploy dev-app",
		},
		{
			name:    "destroy what nothing needs",
			states:  map[string]int{"dev-app": 5},
			command: "destroy dev-app",
		},
		{
			name:    "destroy when dependants never were",
			states:  map[string]int{"dev-network": 40},
			command: "destroy dev-network",
		},
		{
			name:    "destroy when dependants are gone",
			states:  map[string]int{"dev-network": 40, "dev-data": empty, "dev-cluster": empty, "dev-addons": empty, "dev-app": empty},
			command: "destroy dev-network",
		},
		{
			name:    "destroy with another environment there",
			states:  map[string]int{"staging-data": 11},
			command: "destroy dev-network",
		},
		{
			name:    "destroy under dependants",
			states:  map[string]int{"dev-network": 40, "dev-data": 11, "dev-cluster": 28},
			command: "destroy dev-network",
			want: `dev-network is still needed by dev-data (11 resources) and dev-cluster (28 resources). Destroy them first, in this order:
  ./plinth destroy dev-data
  ./plinth destroy dev-cluster`,
		},
		{
			name:    "destroy under an indirect dependant",
			states:  map[string]int{"dev-data": empty, "dev-app": 1},
			command: "destroy dev-network",
			want:    "dev-network is still needed by dev-app (1 resource). Destroy it first: ./plinth destroy dev-app",
		},
		{
			name:    "destroy at the bottom of everything",
			states:  map[string]int{"dev-network": 40, "dev-data": 11, "dev-cluster": 28, "dev-addons": 4, "dev-app": 5},
			command: "destroy dev-cluster",
			want: `dev-cluster is still needed by dev-app (5 resources) and dev-addons (4 resources). Destroy them first, in this order:
  ./plinth destroy dev-app
  ./plinth destroy dev-addons`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s3 := newStorage(t)
			for stack, resources := range test.states {
				s3.put(t, stack, resources)
			}
			mustBe(t, answer(t, t.Context(), project(t, s3.url, nil), test.command), test.want)
		})
	}
}

func TestNamesAndPatterns(t *testing.T) {
	dir := project(t, newStorage(t).url, nil)
	for command, want := range map[string]string{
		"deploy dev-app dev-data":  "",
		"deploy dev-*":             "",
		"destroy dev-{app,addons}": "dev-{app,addons} is not a supported pattern. Use * and ? only, or name the stacks one by one.",
		"deploy dev":               "There is no stack dev. Did you mean all stacks of that environment, 'dev-*'?",
		"destroy staging":          "There is no stack staging. Did you mean all stacks of that environment, 'staging-*'?",
		"deploy qa-*": `No stack matches qa-*.
The stacks are: dev-addons, dev-app, dev-cluster, dev-data, dev-network, staging-data, staging-network`,
		"deploy dev-netwerk": `There is no stack dev-netwerk. Did you mean dev-network?
The stacks are: dev-addons, dev-app, dev-cluster, dev-data, dev-network, staging-data, staging-network`,
	} {
		t.Run(strings.ReplaceAll(command, " ", "_"), func(t *testing.T) {
			mustBe(t, answer(t, t.Context(), dir, command), want)
		})
	}
}
