package charts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

const postgresChart = "../../charts/postgres"

func postgresSample(t *testing.T) map[string]any {
	t.Helper()
	return readValues(t, filepath.Join(postgresChart, "ci", "preview-values.yaml"))
}

func renderPostgres(t *testing.T, values map[string]any) *render.Release {
	t.Helper()
	return mustRender(t, loadChart(t, postgresChart), "postgres", "postgres", values)
}

func TestPostgresLint(t *testing.T) { checkLint(t, postgresChart, "postgres", postgresSample(t)) }

func TestPostgresReadmeIsCurrent(t *testing.T) { checkReadme(t, postgresChart) }

func TestPostgres(t *testing.T) {
	checkPostgres(t, renderPostgres(t, postgresSample(t)), postgresSample(t))
}

// TestGoldenPostgres does the same with the values of the stack that installs it. It also checks that
// the application connects to it.
func TestGoldenPostgres(t *testing.T) {
	byName := map[string]releases.Release{}
	for _, stack := range []string{"dev-addons", "dev-app"} {
		installed, err := releases.Read(filepath.Join(goldenFolder, "..", "in-cluster", stack+".tf.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range installed {
			byName[r.Name] = r
		}
	}
	of := byName["postgres"]
	database := mustRender(t, loadChart(t, postgresChart), of.Name, of.Namespace, of.Values)
	checkPostgres(t, database, of.Values)

	of = byName["app"]
	app := mustRender(t, loadChart(t, appChart), of.Name, of.Namespace, of.Values)
	checkRestricted(t, app)
	checkFargate(t, app)
	service := one[*corev1.Service](t, database)
	prepare := one[*appsv1.Deployment](t, database).Spec.Template.Spec.InitContainers[0]
	c := one[*appsv1.Deployment](t, app).Spec.Template.Spec.Containers[0]
	for name, want := range map[string]string{
		"DATABASE_HOST":        service.Name + "." + service.Namespace + ".svc.cluster.local",
		"DATABASE_READER_HOST": service.Name + "." + service.Namespace + ".svc.cluster.local",
		"DATABASE_PORT":        fmt.Sprint(service.Spec.Ports[0].Port),
		"DATABASE_NAME":        env(prepare, "DATABASE"),
		"DATABASE_TLS":         "channel-binding",
	} {
		if got := env(c, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got, want := secretRead(t, app), secretRead(t, database); got != want {
		t.Errorf("the application has the password of %s, the database that of %s", got, want)
	}
}

// secretRead is the key of the secret that a release's only ExternalSecret reads.
func secretRead(t *testing.T, r *render.Release) string {
	t.Helper()
	entry := &unstructured.Unstructured{Object: field[[]any](t, custom(t, r, "ExternalSecret"), "spec.data")[0].(map[string]any)}
	return field[string](t, entry, "remoteRef.key")
}

func checkPostgres(t *testing.T, r *render.Release, values map[string]any) {
	t.Helper()
	checkRestricted(t, r)
	checkFargate(t, r)
	checkFargateSize(t, r)
	checkRoles(t, r, values)
	checkWithin(t, r)
	if len(pods(r)) != 1 || len(all[*corev1.Secret](r)) != 0 || len(rules(r)) != 0 {
		t.Errorf("the chart makes %d kinds of pods, %d Secrets and roles %v; want a pod alone", len(pods(r)), len(all[*corev1.Secret](r)), rules(r))
	}
	d := one[*appsv1.Deployment](t, r)
	if *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		t.Errorf("%d pods, replaced by %s: two would be two databases", *d.Spec.Replicas, d.Spec.Strategy.Type)
	}
	pod := d.Spec.Template.Spec
	account := one[*corev1.ServiceAccount](t, r)
	if pod.ServiceAccountName == account.Name || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("the pod runs as %q, or with a token", pod.ServiceAccountName)
	}
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		if !*c.SecurityContext.ReadOnlyRootFilesystem {
			t.Errorf("%s: the root file system can be written", c.Name)
		}
		if !c.Resources.Requests.Cpu().Equal(*c.Resources.Limits.Cpu()) || !c.Resources.Requests.Memory().Equal(*c.Resources.Limits.Memory()) {
			t.Errorf("%s: requests and limits differ", c.Name)
		}
		if c.Image != pod.Containers[0].Image {
			t.Errorf("%s is of image %s, the server of %s", c.Name, c.Image, pod.Containers[0].Image)
		}
	}
	if _, c, port := backend(t, r, one[*corev1.Service](t, r), 5432); port != 5432 || c.Name != "postgres" {
		t.Errorf("the Service reaches port %d of %s", port, c.Name)
	}
	checkPostgresData(t, pod)
	checkPostgresSecret(t, r, pod, account.Name)
	script := fileOf(t, r, r.Name, "prepare.sh")
	tested, err := os.ReadFile(filepath.Join(postgresChart, "files", "prepare.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(script) != strings.TrimSpace(string(tested)) {
		t.Errorf("the script is not the one that is tested:\n%s", script)
	}
}

// checkPostgresData: the second container serves the data that the first one prepares.
func checkPostgresData(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	prepare, server := pod.InitContainers[0], pod.Containers[0]
	data := env(prepare, "PGDATA")
	if want := []string{"postgres", "-D", data}; !slices.Equal(server.Command, want) {
		t.Errorf("the server is started with %v, want %v", server.Command, want)
	}
	for _, c := range []corev1.Container{prepare, server} {
		i := slices.IndexFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == filepath.Dir(data) && !m.ReadOnly })
		if i < 0 || c.VolumeMounts[i].Name != "data" {
			t.Errorf("%s mounts %v, no data at %s", c.Name, c.VolumeMounts, filepath.Dir(data))
		}
	}
	for _, v := range pod.Volumes {
		if v.Name == "data" && v.EmptyDir == nil {
			t.Errorf("the data is on %+v, want the pod's own disk", v.VolumeSource)
		}
	}
}

// checkPostgresSecret follows the password from Secrets Manager to the container that makes the
// database, and checks that no other container has it.
func checkPostgresSecret(t *testing.T, r *render.Release, pod corev1.PodSpec, account string) {
	t.Helper()
	store, secret := custom(t, r, "SecretStore"), custom(t, r, "ExternalSecret")
	checkCustomResource(t, store, definition(t, "config/crds/bases/external-secrets.io_secretstores.yaml"))
	checkCustomResource(t, secret, definition(t, "config/crds/bases/external-secrets.io_externalsecrets.yaml"))
	if got := field[string](t, store, "spec.provider.aws.auth.jwt.serviceAccountRef.name"); got != account {
		t.Errorf("the store asks as service account %s, the chart makes %s", got, account)
	}
	if got := field[string](t, secret, "spec.secretStoreRef.name"); got != store.GetName() {
		t.Errorf("the ExternalSecret asks store %s, the chart makes %s", got, store.GetName())
	}
	made := field[string](t, secret, "spec.target.name")
	i := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == made })
	if i < 0 {
		t.Fatalf("the pod does not mount Secret %s", made)
	}
	if mode := *pod.Volumes[i].Secret.DefaultMode; mode&0o007 != 0 {
		t.Errorf("credentials have mode %o, which others may read", mode)
	}
	prepare := pod.InitContainers[0]
	j := slices.IndexFunc(prepare.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == pod.Volumes[i].Name })
	if j < 0 || prepare.VolumeMounts[j].MountPath != env(prepare, "CREDENTIALS_DIR") {
		t.Errorf("credentials are not at %q, where the script looks", env(prepare, "CREDENTIALS_DIR"))
	}
	for _, c := range pod.Containers {
		if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == pod.Volumes[i].Name }) {
			t.Errorf("%s has the password, which it does not need", c.Name)
		}
	}
}

// Only a change of the server may replace the pod, which loses all data.
func TestPostgresKeepsItsPod(t *testing.T) {
	template := func(edit func(values map[string]any)) string {
		values := postgresSample(t)
		edit(values)
		text, err := yaml.Marshal(one[*appsv1.Deployment](t, renderPostgres(t, values)).Spec.Template)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := template(func(map[string]any) {})
	if template(func(v map[string]any) {
		v["serviceAccount"].(map[string]any)["roleArn"] = "arn:aws:iam::111111111111:role/other"
	}) != before {
		t.Error("another role of the service account makes another pod")
	}
	if strings.Contains(before, "helm.sh/chart") || strings.Contains(before, "checksum") {
		t.Errorf("another version of the chart makes another pod:\n%s", before)
	}
	if template(func(v map[string]any) { v["version"] = "16.4" }) == before {
		t.Error("another version of PostgreSQL makes no other pod")
	}
}

func TestPostgresSchemaRefuses(t *testing.T) {
	for _, test := range []struct{ name, change, complaint string }{
		{"unknown value", `{persistence: {}}`, "persistence"},
		{"no database", `{database: {name: "", secret: s, region: eu-west-2}}`, "name"},
		{"database that ends the statement", `{database: {name: 'app"; --', secret: s, region: eu-west-2}}`, "name"},
		{"version too old", `{version: "13"}`, "version"},
		{"version of another image", `{version: 17-alpine}`, "version"},
		{"image with a tag", `{image: {repository: "postgres:latest"}}`, "repository"},
		{"no role", `{serviceAccount: {name: postgres, roleArn: ""}}`, "roleArn"},
	} {
		t.Run(test.name, func(t *testing.T) {
			values := postgresSample(t)
			if err := yaml.Unmarshal([]byte(test.change), &values); err != nil {
				t.Fatal(err)
			}
			if _, err := rendered(loadChart(t, postgresChart), "postgres", "postgres", values); err == nil || !strings.Contains(err.Error(), test.complaint) {
				t.Errorf("the error does not name %s: %v", test.complaint, err)
			}
		})
	}
}
