// Package cluster installs the charts, with the values that the stacks give them, on a real
// Kubernetes control plane, with the real Helm.
package cluster

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
	"sigs.k8s.io/yaml"

	"plinth/rehearsal/internal/controlplane"
	"plinth/rehearsal/internal/guard"
	"plinth/tools/charts/published"
	"plinth/tools/charts/releases"
)

// programs take minutes to build, so the tests that need them run apart: make test-cluster
var programs = flag.String("kubernetes", "", "the folder with Kubernetes' programs, which make kubernetes fills")

// root is the repository; golden has its synthesized stacks.
const (
	root   = "../.."
	golden = root + "/wholeapp/testdata/golden/"
)

// kube is the control plane that all tests but TestRehearsal share.
var kube *controlplane.ControlPlane

func TestMain(m *testing.M) {
	guard.Run()
	flag.Parse()
	if *programs == "" {
		fmt.Println("not run here: make test-cluster runs these")
		return
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "cluster")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	if kube, err = controlplane.Start(context.Background(), *programs, filepath.Join(folder, "kubernetes"), "test"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = kube.Stop() }() // its guards end it at the latest
	if err := defineSecrets(folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// defineSecrets installs the custom resource definitions of External Secrets, as its release does.
func defineSecrets(folder string) error {
	ctx := context.Background()
	chart := filepath.Join(folder, "external-secrets")
	if err := published.ExternalSecrets.Package(ctx, chart); err != nil {
		return err
	}
	definitions, err := kube.Helm(ctx, "", "template", chart, "--show-only", "templates/definitions.yaml")
	if err != nil {
		return err
	}
	if _, err = kube.Kubectl(ctx, definitions, "apply", "--server-side", "--filename", "-"); err != nil {
		return err
	}
	if err := defineScaling(folder); err != nil {
		return err
	}
	_, err = kube.Kubectl(ctx, "", "wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout", "1m")
	return err
}

// defineScaling installs the custom resource definitions of KEDA.
func defineScaling(folder string) error {
	ctx := context.Background()
	chart := filepath.Join(folder, "keda")
	if err := published.KEDA.Package(ctx, chart); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(chart, "templates", "crds", "*.yaml"))
	if err != nil {
		return err
	}
	arguments := []string{"template", chart}
	for _, file := range files {
		arguments = append(arguments, "--show-only", "templates/crds/"+filepath.Base(file))
	}
	definitions, err := kube.Helm(ctx, "", arguments...)
	if err != nil {
		return err
	}
	_, err = kube.Kubectl(ctx, definitions, "apply", "--server-side", "--filename", "-")
	return err
}

// environments are those with golden files.
func environments(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(golden + "*-app.tf.json")
	assert.NilError(t, err)
	assert.Assert(t, len(files) > 0, "%s*-app.tf.json: no such file", golden)
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), "-app.tf.json")
	}
	return files
}

// application is the name of an environment's application, which its release and namespace share.
func application(t *testing.T, env string) string {
	t.Helper()
	file := golden + env + "-app.tf.json"
	all, err := releases.Read(file)
	assert.NilError(t, err)
	i := slices.IndexFunc(all, func(r releases.Release) bool {
		return r.Repository == "" && r.Name != "postgres" && r.Name != "security-groups"
	})
	assert.Assert(t, i >= 0, "%s: no helm_release of the application", file)
	return all[i].Name
}

// release is a chart in a namespace, with the values that a stack gives it.
type release struct {
	t               *testing.T
	client          controlplane.Client
	name, namespace string
	chart, values   string
	// groups are those to act as; none means as the administrator.
	groups []string
}

// prepare creates the namespace of a release of a stack. It has the stack's labels, but a name
// that no other test uses.
func prepare(t *testing.T, stack, name, namespace string) release {
	t.Helper()
	file := golden + stack + ".tf.json"
	all, err := releases.Read(file)
	assert.NilError(t, err)
	i := slices.IndexFunc(all, func(r releases.Release) bool { return r.Name == name })
	assert.Assert(t, i >= 0, "%s: no helm_release called %s", file, name)
	return prepareOf(t, stack, all[i], namespace)
}

// prepareOf does the same for a release that has been found.
func prepareOf(t *testing.T, stack string, found releases.Release, namespace string) release {
	t.Helper()
	file := golden + stack + ".tf.json"
	r := release{t: t, client: kube.Client, name: found.Name, namespace: namespace, chart: folder(found.Name)}
	if repository := found.Repository; repository != "" {
		source, ok := published.Find(repository, found.Chart, found.Version)
		assert.Assert(t, ok, "%s: chart %s %s is in no module that tools/charts/published knows", file, found.Chart, found.Version)
		r.chart = filepath.Join(t.TempDir(), found.Chart)
		assert.NilError(t, source.Package(t.Context(), r.chart))
	}
	values, err := yaml.Marshal(found.Values)
	assert.NilError(t, err)
	r.values = filepath.Join(t.TempDir(), "values.yaml")
	assert.NilError(t, os.WriteFile(r.values, values, 0o600))

	labels := namespaceLabels(t, found.Namespace, file, golden+environmentOf(stack)+"-addons.tf.json")
	assert.Equal(t, labels["pod-security.kubernetes.io/enforce"], "restricted")
	object, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace, "labels": labels}})
	assert.NilError(t, err)
	r.apply(string(object))
	t.Cleanup(func() {
		_, err := kube.Kubectl(context.Background(), "", "delete", "namespace", namespace, "--wait=false")
		assert.Check(t, err)
	})
	return r
}

// folder is the path of the chart of a release that is the repository's own.
func folder(release string) string {
	switch release {
	case "databases", "deploy-roles", "load-balancer-crds", "pod-logs", "postgres", "security-groups":
		return filepath.Join(root, "charts", release)
	}
	return filepath.Join(root, "charts", "app")
}

// environmentOf is the environment of a stack of the golden files, or of a folder beside them.
func environmentOf(stack string) string {
	name, _, _ := strings.Cut(filepath.Base(stack), "-")
	return filepath.Join(filepath.Dir(stack), name)
}

// namespaceLabels are the labels that the first of the stacks' files that has it gives a namespace.
func namespaceLabels(t *testing.T, name string, files ...string) map[string]string {
	t.Helper()
	type document struct {
		Resource struct {
			Namespaces map[string]struct {
				Metadata struct {
					Name   string
					Labels map[string]string
				}
			} `json:"kubernetes_namespace_v1"`
		}
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		assert.NilError(t, err)
		var stack document
		assert.NilError(t, json.Unmarshal(content, &stack), file)
		for _, namespace := range stack.Resource.Namespaces {
			if namespace.Metadata.Name == name {
				return namespace.Metadata.Labels
			}
		}
	}
	t.Fatalf("%s: makes no namespace %s", strings.Join(files, ", "), name)
	return nil
}

// helm runs a Helm command on the release; it must succeed. Use try for one that may fail.
func (r release) helm(verb string, arguments ...string) string {
	r.t.Helper()
	output, err := r.try(verb, arguments...)
	assert.NilError(r.t, err)
	return output
}

func (r release) try(verb string, arguments ...string) (string, error) {
	arguments = append(append(strings.Fields(verb), r.name, "--namespace", r.namespace), arguments...)
	return r.client.Helm(r.t.Context(), "", append(arguments, r.as("--kube-as-user", "--kube-as-group")...)...)
}

// as are the flags that make a program act as a user with the release's groups.
func (r release) as(user, group string) (flags []string) {
	if len(r.groups) == 0 {
		return nil
	}
	flags = []string{user + "=deployer"}
	for _, name := range r.groups {
		flags = append(flags, group+"="+name)
	}
	return flags
}

// install waits for the release as the stacks do.
func (r release) install() {
	r.t.Helper()
	r.helm("install", r.chart, "--values", r.values, "--wait", "--wait-for-jobs", "--atomic", "--timeout", "2m")
}

// upgrade changes the image tag and waits for the new pods. It rolls back on failure.
func (r release) upgrade(tag string, options ...string) error {
	_, err := r.try("upgrade", append([]string{r.chart, "--values", r.values, "--set", "image.digest=,image.tag=" + tag, "--wait", "--atomic", "--cleanup-on-fail"}, options...)...)
	return err
}

func (r release) kubectl(arguments ...string) string {
	r.t.Helper()
	output, err := r.tryKubectl(arguments...)
	assert.NilError(r.t, err)
	return output
}

func (r release) tryKubectl(arguments ...string) (string, error) {
	if !slices.Contains(arguments, "--namespace") {
		arguments = append(arguments, "--namespace", r.namespace)
	}
	return r.client.Kubectl(r.t.Context(), "", append(arguments, r.as("--as", "--as-group")...)...)
}

func (r release) apply(object string) {
	r.t.Helper()
	_, err := r.client.Kubectl(r.t.Context(), object, "apply", "--server-side", "--filename", "-")
	assert.NilError(r.t, err)
}

// get reads an object, or a list of objects, in the release's namespace.
func get[T any](r release, arguments ...string) T {
	r.t.Helper()
	var found T
	output := r.kubectl(append([]string{"get", "--output", "json"}, arguments...)...)
	assert.NilError(r.t, json.Unmarshal([]byte(output), &found), output)
	return found
}

// distinct are the environments, without those whose release has the same values as an earlier one's.
func distinct(t *testing.T, stack, name string) []string {
	t.Helper()
	var found []string
	seen := map[string]bool{}
	for _, env := range environments(t) {
		all, err := releases.Read(golden + env + "-" + stack + ".tf.json")
		assert.NilError(t, err)
		for _, r := range all {
			values, err := json.Marshal(r.Values)
			assert.NilError(t, err)
			if r.Name == name && !seen[string(values)] {
				seen[string(values)] = true
				found = append(found, env)
			}
		}
	}
	return found
}

// eventually retries for a minute until problem returns "".
func eventually(t *testing.T, what string, problem func() string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		p := problem()
		if p == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s", what, p)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
