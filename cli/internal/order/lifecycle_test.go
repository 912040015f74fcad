package order

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLifecycle lets Terraform itself write the states, with its built-in provider.
func TestLifecycle(t *testing.T) {
	s3 := newStorage(t)
	dir := project(t, s3.url, nil)
	network := newDeployment(t, s3, "dev-network", object{
		"resource": object{"terraform_data": object{"subnet": object{"count": 2, "input": secret}}},
		"output":   object{"subnets": object{"value": "${terraform_data.subnet[*].output}", "sensitive": true}},
	})
	data := newDeployment(t, s3, "dev-data", object{
		"data": object{"terraform_remote_state": object{"network": object{
			"backend": "s3", "config": without(backend(s3.url, "dev-network"), "use_lockfile"),
		}}},
		"resource": object{"terraform_data": object{
			"database": object{"input": "${data.terraform_remote_state.network.outputs.subnets}"},
			"replica":  object{"for_each": object{"a": "", "b": ""}},
		}},
	})
	needsNetwork := "dev-data needs dev-network, which has not been deployed. Deploy it first: ./plinth deploy dev-network"

	mustBe(t, answer(t, t.Context(), dir, "deploy dev-data"), needsNetwork)
	network.terraform("apply")
	mustBe(t, answer(t, t.Context(), dir, "deploy dev-data"), "")
	data.terraform("apply")
	mustBe(t, answer(t, t.Context(), dir, "destroy dev-network"),
		"dev-network is still needed by dev-data (3 resources). Destroy it first: ./plinth destroy dev-data")
	data.terraform("destroy")
	mustBe(t, answer(t, t.Context(), dir, "destroy dev-network"), "")
	network.terraform("destroy")
	mustBe(t, answer(t, t.Context(), dir, "deploy dev-data"), needsNetwork)
}

// deployment is a folder with a stack of built-in resources. It has the same state as the project's
// stack of that name.
type deployment struct {
	t      *testing.T
	folder string
}

func newDeployment(t *testing.T, s3 *storage, stack string, content object) deployment {
	d := deployment{t, t.TempDir()}
	content["terraform"] = object{"backend": object{"s3": backend(s3.url, stack)}}
	write(t, filepath.Join(d.folder, "main.tf.json"), content)
	d.run("init", "-input=false")
	return d
}

func (d deployment) terraform(command string) {
	d.t.Helper()
	d.run(command, "-auto-approve", "-input=false")
}

func (d deployment) run(args ...string) {
	d.t.Helper()
	command := exec.Command("terraform", append(args, "-no-color")...)
	command.Dir = d.folder
	command.Env = os.Environ()
	if output, err := command.CombinedOutput(); err != nil {
		d.t.Fatalf("terraform %s: %v\n%s", args[0], err, output)
	}
}

func without(o object, key string) object {
	delete(o, key)
	return o
}
