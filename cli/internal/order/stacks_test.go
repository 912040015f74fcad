package order

import (
	"strings"
	"testing"

	"plinth/cli/internal/synthesized"
)

func names(all stacks) string {
	var found []string
	for _, s := range all {
		found = append(found, s.Name)
	}
	return strings.Join(found, " ")
}

func TestOrder(t *testing.T) {
	byName := map[string]stack{}
	for name, dependencies := range platform {
		byName[name] = stack{synthesized.Stack{Name: name, Dependencies: dependencies}}
	}
	all, err := inOrder(byName)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ got, want string }{
		"all":                   {names(all), "dev-network staging-network dev-cluster dev-data staging-data dev-addons dev-app"},
		"dev-app needs":         {names(all.dependencies(byName["dev-app"])), "dev-network dev-cluster dev-data dev-addons"},
		"dev-data needs":        {names(all.dependencies(byName["dev-data"])), "dev-network"},
		"dev-network needs":     {names(all.dependencies(byName["dev-network"])), ""},
		"dev-network needed by": {names(all.dependants(byName["dev-network"])), "dev-app dev-addons dev-data dev-cluster"},
		"dev-data needed by":    {names(all.dependants(byName["dev-data"])), "dev-app"},
		"dev-app needed by":     {names(all.dependants(byName["dev-app"])), ""},
	} {
		t.Run(name, func(t *testing.T) { mustBe(t, test.got, test.want) })
	}
}

func TestOrderRefuses(t *testing.T) {
	const want = "cdktf.out/manifest.json: the dependencies of a and b form a cycle or are missing. Synthesize again: ./plinth synth"
	for name, dependencies := range map[string]map[string][]string{
		"a circle":         {"a": {"b"}, "b": {"a"}, "c": nil},
		"an unknown stack": {"a": {"d"}, "b": {"a"}, "c": nil},
	} {
		t.Run(name, func(t *testing.T) {
			byName := map[string]stack{}
			for name, needed := range dependencies {
				byName[name] = stack{synthesized.Stack{Name: name, Dependencies: needed}}
			}
			_, err := inOrder(byName)
			if err == nil {
				t.Fatal("accepted")
			}
			mustBe(t, err.Error(), want)
		})
	}
}
