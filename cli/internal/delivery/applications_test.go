package delivery

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestWhichApplication: with several applications a command names one of them. Only status shows all.
func TestWhichApplication(t *testing.T) {
	t.Parallel()
	const which = "Which application? There are app and shop."
	const unknown = "There is no application shpo. Did you mean shop?\nThe applications are: app, shop"
	for _, command := range []string{"logs -env dev", "verify -env dev", "push -env dev", "image", "scan", "push -repository 127.0.0.1:1/shop"} {
		d, _ := newProject(t)
		d.synthesizeTwo()
		d.write("shop/Dockerfile", "FROM scratch")
		assert.Equal(t, d.fails(command), which, command)
		assert.Equal(t, d.fails(command+" -app shpo"), unknown, command)
		typed, _ := d.calls()
		assert.Equal(t, len(typed), 0, command)
	}
	d := newDesk(t)
	d.synthesizeTwo()
	assert.Equal(t, d.fails("status -env dev -app shpo"), unknown)
}

// TestNoApplication has an environment without applications. Its tunnel and its cluster need none.
func TestNoApplication(t *testing.T) {
	t.Parallel()
	d, _ := newProject(t)
	d.write("cdktf.out/stacks/dev-app/cdk.tf.json", "{}")
	for _, command := range []string{"status -env dev", "logs -env dev", "verify -env dev", "push -env dev", "image"} {
		assert.Equal(t, d.fails(command), "There is no application here.", command)
	}
	d.awsWorks()
	d.can("aws", signedIn("arn:aws:iam::111111111111:user/someone"), answer{Args: "eks update-kubeconfig"})
	d.succeeds("kubeconfig -env dev")
	contains(t, d.stderr.String(), "kubectl --context plinth-dev --namespace default get pods")
}

func TestLogsOfOne(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.synthesizeTwo()
	d.can("kubectl", answer{Args: "--context plinth-dev --namespace shop-pods --request-timeout 15s get --raw /version"},
		answer{Args: "--context plinth-dev --namespace shop-pods logs --selector app.kubernetes.io/instance=shop "})
	d.succeeds("logs -env dev -app shop")
}

// newTwo returns a desk with two applications: app as in TestStatus, and shop as its objects have it.
func newTwo(t *testing.T, shop string) *desk {
	t.Helper()
	d := newStatus(t, newCluster(), &web{})
	d.synthesizeTwo()
	const kubectl = "--context plinth-dev --namespace shop-pods --request-timeout 15s get "
	d.can("kubectl", append(newCluster().answers(),
		answer{Args: kubectl + "--raw /version", Stdout: newCluster().version.Stdout},
		answer{Args: kubectl + "deployments.apps,pods,", Stdout: shop},
		answer{Args: kubectl + "configmaps --selector owner=helm,name=shop", Stdout: "sh.helm.release.v1.shop.v2 1 4m 2 deployed\n"},
		answer{Args: kubectl + "configmap sh.helm.release.v1.shop.v2 ", Stdout: stored(`{"version": 2}`)},
		answer{Args: kubectl + "externalsecrets.external-secrets.io --selector app.kubernetes.io/instance=shop", Stdout: `{"items": []}`},
		answer{Args: kubectl + "pods --all-namespaces", Stdout: allPods})...)
	return d
}

// jobs has an application whose only process is a job.
const jobs = `{"items": [{"kind": "CronJob", "metadata": {"name": "shop-report"}, "status": {"lastSuccessfulTime": "2026-11-24T12:00:00Z"}}]}`

func TestStatusOfSeveral(t *testing.T) {
	t.Parallel()
	d := newTwo(t, jobs)
	d.succeeds("status -env dev")
	said := d.stdout.String()
	contains(t, said, "plinth-dev, namespace shop\n  ✓ release    app: revision 10 is deployed\n", "\nplinth-dev, namespace shop-pods\n"+
		"  ✓ release    shop: revision 2 is deployed\n  ✓ job        shop-report: last succeeded at 2026-11-24T12:00:00Z\nplinth-dev\n  ✓ kubernetes 1.36\n")
	assert.Equal(t, strings.Count(said, "kubernetes"), 1, said)

	t.Run("one of them", func(t *testing.T) {
		d := newTwo(t, jobs)
		d.succeeds("status -env dev -app shop")
		assert.Equal(t, d.stdout.String(), "plinth-dev, namespace shop-pods\n  ✓ release    shop: revision 2 is deployed\n"+
			"  ✓ job        shop-report: last succeeded at 2026-11-24T12:00:00Z\n  ✓ kubernetes 1.36\n")
	})
	t.Run("one that is not deployed hides nothing of the others", func(t *testing.T) {
		d := newTwo(t, `{"items": []}`)
		assert.Equal(t, d.fails("status -env dev"), "dev-shop: is not healthy: release; look closer: kubectl --context plinth-dev --namespace shop-pods get events")
		contains(t, d.stdout.String(), "  ✓ release    app: revision 10", "  ✗ release    dev: the application is not deployed; deploy it first: ./plinth deploy dev-shop\n")
	})
	t.Run("JSON", func(t *testing.T) {
		d := newTwo(t, jobs)
		d.succeeds("status -env dev -json")
		var got struct {
			Cluster, Namespace string
			Healthy            bool
			Checks             []struct{ Application, Name string }
		}
		assert.NilError(t, json.Unmarshal(d.stdout.Bytes(), &got))
		count := map[string]int{}
		for _, check := range got.Checks {
			count[check.Application]++
		}
		assert.DeepEqual(t, count, map[string]int{"app": 12, "shop": 2, "": 1})
		assert.Equal(t, got.Cluster+got.Namespace, "plinth-dev")
		assert.Assert(t, got.Healthy)
	})
}

func TestVerifyOfOne(t *testing.T) {
	t.Parallel()
	t.Run("as in a pipeline, without cdktf.out", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		w := &web{respond: respond(http.StatusOK, "")}
		d.Transport = w
		d.write("build/outputs/dev-shop.json", `{"dev-shop": {"url_host": "shop.example.com", "load_balancer_host": "x", "health_path": "/healthz"}}`)
		d.succeeds("verify -env dev -app shop")
		assert.Equal(t, w.asked, "https://shop.example.com/healthz")
	})
	t.Run("not deployed", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		d.synthesizeTwo()
		contains(t, d.fails("verify -env dev -app shop"), "build/outputs/dev-shop.json: does not exist; deploy the application first: ./plinth deploy dev-shop")
	})
	t.Run("no web process", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		d.synthesizeTwo()
		d.write("cdktf.out/stacks/dev-shop/cdk.tf.json", `{"output": {"application": {"value": "shop"}}}`)
		contains(t, d.fails("verify -env dev"), "build/outputs/dev-app.json: does not exist") // the only one with a web process
		contains(t, d.fails("verify -env dev -app shop"), "dev-shop: answers no requests; see its pods instead: ./plinth status dev shop")
	})
}

// TestImageOfOne builds one image after another: neither removes the other.
func TestImageOfOne(t *testing.T) {
	t.Parallel()
	d, _ := newProject(t)
	d.synthesizeTwo()
	d.write("shop/Dockerfile", "FROM scratch")
	revision := d.commitAll("shop")
	d.docker(revision)
	d.succeeds("image -app app")
	d.succeeds("image -app shop")
	contains(t, d.stderr.String(), "shop:"+revision[:12]+", built by docker", "In build/image/shop.tar")
	typed, _ := d.calls()
	built := typed[len(typed)-2]
	contains(t, built, "--file shop/Dockerfile --tag shop:"+revision[:12])
	assert.Assert(t, strings.HasSuffix(built, " shop"), built)
	for _, file := range []string{"app.tar", "app/app", "shop.tar"} {
		_, err := os.Stat(filepath.Join(d.Dir, "build", "image", file))
		assert.NilError(t, err)
	}
	d.succeeds("scan -app shop")
	contains(t, d.stderr.String(), "shop/ is not in Go")
}

func TestPushOfOne(t *testing.T) {
	t.Parallel()
	d, _ := newProject(t)
	d.synthesizeTwo()
	d.write("shop/Dockerfile", "FROM scratch")
	revision := d.commitAll("shop")
	d.docker(revision)
	d.awsWorks()
	d.Transport = newECR(t)
	d.succeeds("push -env dev -app shop")
	contains(t, d.stderr.String(), "/plinth-dev-shop:"+revision[:12]+" is pushed.", " ./plinth deploy dev-shop\n")

	t.Run("of others' image", func(t *testing.T) {
		d.write("cdktf.out/stacks/dev-shop/cdk.tf.json", `{"output": {"application": {"value": "shop"}}}`)
		d.succeeds("push -env dev -app shop")
		contains(t, d.stderr.String(), "shop: the settings name no folder to build, so there is no image here: apps.shop.image")
	})
	t.Run("the only one that is built here", func(t *testing.T) {
		d.Transport = newECR(t)
		d.write("cdktf.out/stacks/dev-shop/cdk.tf.json", `{"output": {"application": {"value": "shop"}}, "resource": {"helm_release": {"release": {"name": "shop", "namespace": "shop"}}}}`)
		d.succeeds("push -env dev")
		contains(t, d.stderr.String(), "/plinth-dev-app:"+revision[:12]+" is pushed.")
	})
	t.Run("without a repository", func(t *testing.T) {
		d.synthesizeTwo()
		d.synthesizeAs("dev", "aws_ecr_repository.shop", "aws_ecr_repository.other")
		contains(t, d.fails("push -env dev -app shop"), "dev-shop: the stack dev-data has no repository for it; synthesize again: ./plinth synth")
	})
}

// TestTunnelOfSeveral: any application may have the certificates.
func TestTunnelOfSeveral(t *testing.T) {
	t.Parallel()
	d := newTunnel(t)
	d.addShop()
	assert.NilError(t, os.RemoveAll(filepath.Join(d.Dir, "app")))
	d.write("shop/rds-global-bundle.pem", "")
	o := d.open()
	contains(t, o.screen.String(), "psql, in the repository's folder, and", "sslrootcert=shop/rds-global-bundle.pem'", "--namespace shop get pods\n  Another application's: --namespace shop-pods\n")
	o.ctrlC()
	assert.NilError(t, o.end())
}
