package charts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/golden"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
)

const loadBalancerCRDs = "../../charts/load-balancer-crds"

func TestLoadBalancerCRDsLint(t *testing.T) {
	checkLint(t, loadBalancerCRDs, "load-balancer-crds", nil)
}

// TestGoldenCRDs: no chart of the stacks leaves definitions to Helm, which never upgrades those of crds/. Those
// of the load balancer controller are in a chart of ours, equal to the pinned version's.
// After a new version: make golden
func TestGoldenCRDs(t *testing.T) {
	for _, of := range published.All() {
		crds := loadPublished(t, of).CRDObjects()
		if of.Name != published.AWSLoadBalancerController.Name {
			if len(crds) > 0 {
				t.Errorf("chart %s has definitions in crds/, which nothing upgrades", of.Name)
			}
			continue
		}
		var names []string
		for _, crd := range crds {
			name := filepath.Base(crd.Filename)
			names = append(names, name)
			golden.Assert(t, string(crd.File.Data), absolute(t, filepath.Join(loadBalancerCRDs, "definitions", name)))
		}
		files, err := os.ReadDir(filepath.Join(loadBalancerCRDs, "definitions"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !slices.Contains(names, file.Name()) {
				t.Errorf("charts/load-balancer-crds/definitions/%s: chart %s %s has no such file", file.Name(), of.Name, of.Version)
			}
		}
	}
}

// TestLoadBalancerCRDs: the chart adds to the definitions only that Helm keeps them.
func TestLoadBalancerCRDs(t *testing.T) {
	var want []map[string]any
	kinds := 0
	for _, crd := range loadPublished(t, published.AWSLoadBalancerController).CRDObjects() {
		// Not split as the chart does, which could miss a separator.
		kinds += strings.Count("\n"+string(crd.File.Data), "\nkind: CustomResourceDefinition")
		for _, document := range strings.Split("\n"+string(crd.File.Data), "\n---\n") {
			var definition map[string]any
			if err := yaml.Unmarshal([]byte(document), &definition); err != nil {
				t.Fatal(err)
			}
			if definition != nil {
				want = append(want, definition)
			}
		}
	}
	got := mustRender(t, loadChart(t, loadBalancerCRDs), "load-balancer-crds", "load-balancers", nil).Objects
	if len(got) != kinds || len(want) != kinds || kinds < 4 {
		t.Fatalf("there are %d definitions, want %d, %d in the maker's files", len(got), len(want), kinds)
	}
	for _, definition := range want {
		name := definition["metadata"].(map[string]any)["name"]
		annotations := definition["metadata"].(map[string]any)["annotations"].(map[string]any)
		annotations["helm.sh/resource-policy"] = "keep"
		found := false
		for _, object := range got {
			if object.Name != name {
				continue
			}
			found = true
			if !reflect.DeepEqual(plainJSON(t, object.Fields), plainJSON(t, definition)) {
				t.Errorf("%s differs from the maker's", name)
			}
		}
		if !found {
			t.Errorf("%s is missing", name)
		}
	}
}

// plainJSON makes numbers of any type equal.
func plainJSON(t *testing.T, value any) (decoded any) {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

// TestCRDsComeFirst: each environment upgrades the definitions before the controller, also where Helm has
// installed them with the controller's chart.
func TestCRDsComeFirst(t *testing.T) {
	eachGolden(t, "addons", func(t *testing.T, installed []releases.Release) {
		i := slices.IndexFunc(installed, func(r releases.Release) bool { return r.Name == "load-balancer-crds" })
		if i < 0 {
			t.Fatal("the stack does not install load-balancer-crds")
		}
		_, stack, _ := strings.Cut(t.Name(), "/")
		content, err := os.ReadFile(filepath.Join(goldenFolder, stack+".tf.json"))
		if err != nil {
			t.Fatal(err)
		}
		var document struct {
			Resource struct {
				Releases map[string]struct {
					SkipCRDs      bool     `json:"skip_crds"`
					TakeOwnership bool     `json:"take_ownership"`
					Wait          bool     `json:"wait"`
					DependsOn     []string `json:"depends_on"`
				} `json:"helm_release"`
			}
		}
		if err := json.Unmarshal(content, &document); err != nil {
			t.Fatal(err)
		}
		crds := document.Resource.Releases[installed[i].ID]
		if !crds.TakeOwnership || !crds.Wait {
			t.Error("load-balancer-crds must take over the definitions that are there, and wait until they are served")
		}
		controller := document.Resource.Releases[find(t, installed, "aws-load-balancer-controller").ID]
		if !controller.SkipCRDs || !slices.Contains(controller.DependsOn, "helm_release."+installed[i].ID) {
			t.Errorf("the controller must leave the definitions to load-balancer-crds, and come after it: %+v", controller)
		}
	})
}
