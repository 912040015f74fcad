package charts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"plinth/tools/charts/releases"
	"plinth/tools/charts/render"
)

const databasesChart = "../../charts/databases"

func databasesSample(t *testing.T, name string) map[string]any {
	t.Helper()
	return readValues(t, filepath.Join(databasesChart, "ci", name+"-values.yaml"))
}

func renderDatabases(t *testing.T, values map[string]any) *render.Release {
	t.Helper()
	return mustRender(t, loadChart(t, databasesChart), "databases", "databases", values)
}

func TestDatabasesLint(t *testing.T) {
	for _, name := range []string{"rds", "in-cluster"} {
		checkLint(t, databasesChart, "databases", databasesSample(t, name))
	}
}

func TestDatabasesReadmeIsCurrent(t *testing.T) { checkReadme(t, databasesChart) }

func TestDatabases(t *testing.T) {
	for _, name := range []string{"rds", "in-cluster"} {
		t.Run(name, func(t *testing.T) {
			checkDatabases(t, renderDatabases(t, databasesSample(t, name)), databasesSample(t, name))
		})
	}
}

// TestGoldenDatabases does the same with the values of the stacks that install it.
func TestGoldenDatabases(t *testing.T) {
	for _, file := range []string{"dev-addons", "staging-addons", "prod-addons", "../in-cluster/dev-addons"} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			installed, err := releases.Read(filepath.Join(goldenFolder, file+".tf.json"))
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(installed, func(r releases.Release) bool { return r.Name == "databases" })
			if i < 0 {
				t.Fatal("the stack has no release databases")
			}
			checkDatabases(t, mustRender(t, loadChart(t, databasesChart), "databases", "databases", installed[i].Values), installed[i].Values)
		})
	}
}

func checkDatabases(t *testing.T, r *render.Release, values map[string]any) {
	t.Helper()
	checkRestricted(t, r)
	checkFargate(t, r)
	checkFargateSize(t, r)
	checkWithin(t, r)
	if len(pods(r)) != 1 || len(all[*corev1.Secret](r)) != 0 || len(rules(r)) != 0 {
		t.Errorf("the chart makes %d kinds of pods, %d Secrets and roles %v; want a pod alone", len(pods(r)), len(all[*corev1.Secret](r)), rules(r))
	}
	account := one[*corev1.ServiceAccount](t, r)
	if want := rolesIn(values); len(want) != 1 || account.Annotations[roleAnnotation] != want[0] {
		t.Errorf("the service account has the role %q, the values give %v", account.Annotations[roleAnnotation], want)
	}
	jobs, deployments := all[*batchv1.Job](r), all[*appsv1.Deployment](r)
	var pod corev1.PodSpec
	if repeats := values["server"].(map[string]any)["repeatSeconds"]; repeats == nil || repeats == 0 || repeats == 0.0 || repeats == int64(0) {
		if len(jobs) != 1 || len(deployments) != 0 {
			t.Fatalf("there are %d Jobs and %d Deployments, want a Job", len(jobs), len(deployments))
		}
		pod = jobs[0].Spec.Template.Spec
		// Nothing that leads to the master user's password outlives the run.
		for _, object := range []interface {
			GetName() string
			GetAnnotations() map[string]string
		}{jobs[0], account, one[*corev1.ConfigMap](t, r), custom(t, r, "SecretStore"), custom(t, r, "ExternalSecret")} {
			if object.GetAnnotations()["helm.sh/hook"] != "pre-install,pre-upgrade" || object.GetAnnotations()["helm.sh/hook-delete-policy"] != "before-hook-creation,hook-succeeded" {
				t.Errorf("%s outlives the run: %v", object.GetName(), object.GetAnnotations())
			}
		}
	} else {
		if len(jobs) != 0 || len(deployments) != 1 {
			t.Fatalf("there are %d Jobs and %d Deployments, want a Deployment", len(jobs), len(deployments))
		}
		pod = deployments[0].Spec.Template.Spec
	}
	if pod.ServiceAccountName == account.Name || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("the pod runs as %q, or with a token", pod.ServiceAccountName)
	}
	c := pod.Containers[0]
	if !*c.SecurityContext.ReadOnlyRootFilesystem {
		t.Error("the root file system can be written")
	}

	// Each login's password is a file of its own, and the script is what is tested in ../../app.
	want := map[string]string{"username": "username", "password": "password"}
	applications := values["applications"].(map[string]any)
	for name := range applications {
		for _, slot := range []string{"_a", "_b"} {
			want[name+slot] = "password"
		}
		if !slices.ContainsFunc(strings.Fields(env(c, "APPLICATIONS")), func(entry string) bool { return strings.HasPrefix(entry, name+"=") }) {
			t.Errorf("APPLICATIONS is %q, without %s", env(c, "APPLICATIONS"), name)
		}
	}
	for _, entry := range field[[]any](t, custom(t, r, "ExternalSecret"), "spec.data") {
		entry := &unstructured.Unstructured{Object: entry.(map[string]any)}
		key := field[string](t, entry, "secretKey")
		if property := field[string](t, entry, "remoteRef.property"); property != want[key] {
			t.Errorf("the file %s has the property %s, want %q", key, property, want[key])
		}
		delete(want, key)
	}
	if len(want) != 0 {
		t.Errorf("there are no files %v", want)
	}
	for _, name := range []string{"databases.sh", "roles.sql", "create.sql", "database.sql", "removed.sql"} {
		tested, err := os.ReadFile(filepath.Join(databasesChart, "files", name))
		if err != nil {
			t.Fatal(err)
		}
		if got := fileOf(t, r, r.Name, name); strings.TrimSpace(got) != strings.TrimSpace(string(tested)) {
			t.Errorf("%s is not the file that is tested:\n%s", name, got)
		}
	}
	if env(c, "PGSSLMODE") == "verify-full" {
		if !strings.Contains(fileOf(t, r, r.Name, "ca.pem"), "BEGIN CERTIFICATE") || env(c, "PGSSLROOTCERT") != filepath.Join(c.VolumeMounts[0].MountPath, "ca.pem") {
			t.Errorf("the authorities are in %q", env(c, "PGSSLROOTCERT"))
		}
	} else if env(c, "PGSSLMODE") != "require" || env(c, "PGCHANNELBINDING") != "require" {
		t.Error("psql does not ask for channel binding")
	}
}

// TestDatabasesAreRunAgain: what needs another run changes the Job, and so the release.
func TestDatabasesAreRunAgain(t *testing.T) {
	job := func(change func(application map[string]any)) string {
		values := databasesSample(t, "rds")
		change(values["applications"].(map[string]any)["app"].(map[string]any))
		j := one[*batchv1.Job](t, renderDatabases(t, values))
		return j.Annotations["password-versions"] + j.Spec.Template.Spec.Containers[0].Env[0].Value
	}
	before := job(func(map[string]any) {})
	for name, change := range map[string]func(map[string]any){
		"a new password":   func(a map[string]any) { a["passwordVersion"] = 2 },
		"another database": func(a map[string]any) { a["database"] = "another" },
	} {
		if job(change) == before {
			t.Errorf("%s changes nothing", name)
		}
	}
}

func TestDatabasesRefuse(t *testing.T) {
	for name, change := range map[string]func(values, server map[string]any){
		"verify-full without authorities": func(_, server map[string]any) { server["certificates"] = "" },
		"a name with a space": func(values, _ map[string]any) {
			values["applications"].(map[string]any)["a b"] = values["applications"].(map[string]any)["app"]
		},
		"PostgreSQL's own roles": func(values, _ map[string]any) {
			values["applications"].(map[string]any)["pg"] = values["applications"].(map[string]any)["app"]
		},
		"a database with a space": func(values, _ map[string]any) {
			values["applications"].(map[string]any)["app"].(map[string]any)["database"] = "a -c x"
		},
	} {
		values := databasesSample(t, "rds")
		change(values, values["server"].(map[string]any))
		if _, err := rendered(loadChart(t, databasesChart), "databases", "databases", values); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
