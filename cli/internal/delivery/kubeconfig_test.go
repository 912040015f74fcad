package delivery

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestKubeconfig(t *testing.T) {
	t.Parallel()
	const (
		update   = "eks update-kubeconfig --name plinth-dev --alias plinth-dev --user-alias plinth-dev"
		deployer = " --role-arn arn:aws:iam::111111111111:role/ci/deploy"
		region   = " --region eu-west-2"
	)
	for _, test := range []struct{ name, caller, args, want, as string }{
		{"a stranger takes on the admins' role", "arn:aws:sts::111111111111:assumed-role/office/me", "", update + deployer + region, "arn:aws:iam::111111111111:role/ci/deploy"},
		{"that role itself does not", "arn:aws:sts::111111111111:assumed-role/deploy/me", "", update + region, "arn:aws:sts::111111111111:assumed-role/deploy/me"},
		{"nor whoever is in the cluster already", "arn:aws:sts::111111111111:assumed-role/developer/me", "", update + region, ""},
		{"nor a user who is", "arn:aws:iam::111111111111:user/someone", "", update + region, ""},
		{"a user of a role's name does", "arn:aws:iam::111111111111:user/developer", "", update + deployer + region, ""},
		{"another role", "arn:aws:iam::111111111111:user/someone", "-role arn:aws:iam::111111111111:role/other", update + " --role-arn arn:aws:iam::111111111111:role/other" + region, ""},
		{"none", "arn:aws:sts::111111111111:assumed-role/office/me", "-role none", update + region, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			d.can("kubectl")
			d.can("aws", signedIn(test.caller), answer{Args: "eks update-kubeconfig", Stdout: "Added new context plinth-dev to /root/.kube/config"})
			d.succeeds("kubeconfig -env dev " + test.args)
			typed, _ := d.calls()
			assert.DeepEqual(t, typed, []string{"aws " + identity, "aws " + test.want})
			contains(t, d.stderr.String(), "kubectl now has the context plinth-dev, as "+test.as, "kubectl --context plinth-dev --namespace shop get pods")
			assert.Assert(t, !strings.Contains(d.stderr.String(), "private"))
		})
	}
	t.Run("of a private cluster, without kubectl", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		d.synthesize("dev")
		d.can("aws", signedIn("arn:aws:iam::111111111111:user/someone"), answer{})
		d.private()
		d.succeeds("kubeconfig -env dev")
		contains(t, d.stderr.String(), "The Kubernetes API is private: kubectl reaches it from inside the VPC only.\n", "kubectl: not found on PATH; install it: https://")
	})
	t.Run("of a private cluster behind a bastion", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		d.synthesize("dev")
		d.can("aws", signedIn("arn:aws:iam::111111111111:user/someone"), answer{})
		d.private()
		d.bastion()
		d.succeeds("kubeconfig -env dev")
		contains(t, d.stderr.String(), "kubectl reaches it from inside the VPC, or through ./plinth tunnel dev.\n")
	})
}

// private makes the cluster's endpoint private.
func (d *desk) private() {
	d.t.Helper()
	const file = "cdktf.out/stacks/dev-cluster/cdk.tf.json"
	content, err := os.ReadFile(filepath.Join(d.Dir, file))
	assert.NilError(d.t, err)
	d.write(file, strings.Replace(string(content), `"endpoint_public_access": true`, `"endpoint_public_access": false`, 1))
}

func TestKubeconfigRefuses(t *testing.T) {
	t.Parallel()
	me := signedIn("arn:aws:iam::111111111111:user/me")
	for _, test := range []struct {
		name    string
		answers []answer
		args    string
		want    []string
	}{
		{"no aws", nil, "", []string{"aws: not found on PATH"}},
		{"no environment", nil, "-env dve", []string{"dve: there is no such environment; there are dev, prod and staging"}},
		{"no cluster", []answer{me, {Code: 254, Stderr: "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found for name: plinth-dev."}}, "",
			[]string{"plinth-dev: there is no cluster; deploy it first: ./plinth deploy dev-cluster\n  An error occurred (ResourceNotFoundException)"}},
		{"an old aws", []answer{me, {Code: 252, Stderr: "Unknown options: --user-alias, plinth-dev"}}, "", []string{"aws: is too old; install the AWS CLI 2: https://"}},
		{"no network", []answer{{Code: 255, Stderr: "Could not connect to the endpoint URL: \"https://sts.eu-west-2.amazonaws.com/\""}}, "", []string{"aws: AWS cannot be reached; check the network\n"}},
		{"what nobody has thought of", []answer{{Code: 255, Stderr: "Segmentation fault"}}, "", []string{"aws: failed\n  Segmentation fault"}},
		{"silence", []answer{{Code: 3}}, "", []string{"aws: failed with exit status 3 and no message"}},
		{"half an answer", []answer{{Stdout: "None"}}, "", []string{`aws: answered "None" when asked for account and ARN`}},
		{"a role by its name", []answer{me}, "-role deploy", []string{"--role deploy: must be a role's ARN, such as arn:aws:iam::111111111111:role/deploy; --role none assumes none"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			if test.answers != nil {
				d.can("aws", test.answers...)
			}
			contains(t, d.fails("kubeconfig -env dev "+test.args), test.want...)
		})
	}
}

// TestGolden reads the golden files of all environments.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../wholeapp/testdata/golden/*-app.tf.json")
	assert.NilError(t, err)
	assert.Assert(t, len(files) > 0)
	d, bastions := newDesk(t), false
	for _, file := range files {
		env := strings.TrimSuffix(filepath.Base(file), "-app.tf.json")
		d.synthesize(env) // for the manifest
		for _, part := range []string{"network", "data", "cluster", "app"} {
			content, err := os.ReadFile(filepath.Join(filepath.Dir(file), env+"-"+part+".tf.json"))
			assert.NilError(t, err)
			d.write("cdktf.out/stacks/"+env+"-"+part+"/cdk.tf.json", string(content))
		}
		d.Env = env
		e, err := d.environment()
		assert.NilError(t, err)
		assert.Assert(t, len(e.principals) > 0, env)
		content, err := os.ReadFile(filepath.Join(filepath.Dir(file), env+"-network.tf.json"))
		assert.NilError(t, err)
		var network struct {
			Resource struct {
				Documents map[string]struct{ Name string } `json:"aws_ssm_document"`
			}
		}
		assert.NilError(t, json.Unmarshal(content, &network))
		shells := ""
		for _, document := range network.Resource.Documents {
			shells = document.Name
		}
		assert.Equal(t, e.bastion, shells, "%s: the bastion and the document of its shells", env)
		bastions = bastions || e.bastion != ""
		for _, admin := range e.admins {
			assert.Assert(t, !strings.Contains(admin, "-deploy-"), "a pipeline's role is nobody else's: %s", admin)
		}
	}
	assert.Assert(t, bastions, "no environment has one")
}
