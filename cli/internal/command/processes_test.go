package command

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/project"
)

// onCluster makes the environment complete, and kubectl and aws scripts. kubectl answers with its arguments' first
// file in answers/.
func (f *fake) onCluster() {
	f.t.Helper()
	for stack, text := range map[string]string{
		"dev-data": `{"provider": {"aws": [{"region": "eu-west-2", "allowed_account_ids": ["111111111111"]}]},
			"output": {"database_identifier": {"value": "d"}}, "resource": {"aws_db_instance": {"a": {"identifier": "d", "db_name": "app", "username": "u"}}},
			"terraform": {"backend": {"s3": {"bucket": "b", "key": "dev-data"}}, "required_providers": {"aws": {"source": "aws", "version": "5.99.1"}}}}`,
		"dev-cluster": `{"resource": {"aws_eks_cluster": {"a": {"name": "plinth-dev", "vpc_config": {"endpoint_public_access": true}}}},
			"terraform": {"backend": {"s3": {"bucket": "b", "key": "dev-cluster"}}, "required_providers": {"aws": {"source": "aws", "version": "5.99.1"}}}}`,
		"dev-app": `{"output": {"application": {"value": "app"}, "url_host": {"value": "${x}"}}, "resource": {"helm_release": {"a": {"name": "app", "namespace": "shop"}}},
			"terraform": {"backend": {"s3": {"bucket": "b", "key": "dev-app"}}, "required_providers": {"aws": {"source": "aws", "version": "5.99.1"}}}}`,
	} {
		f.write("cdktf.out/stacks/"+stack+"/cdk.tf.json", text)
	}
	f.write("cdktf.out/manifest.json", strings.Replace(string(f.read("cdktf.out/manifest.json")), `{"stacks":{`,
		`{"stacks":{"dev-cluster":{"name":"dev-cluster","dependencies":["bootstrap-dev"],"synthesizedStackPath":"stacks/dev-cluster/cdk.tf.json"},`, 1))
	f.write("bin/kubectl", `#!/bin/sh
case "$*" in
*configmaps*) cat `+f.Path("answers/releases")+` ;;
*jobs.batch*) grep -q '"server":"https://api"' "$KUBECONFIG" && cat `+f.Path("answers/jobs")+` ;;
*logs*) echo "relation exists" ;;
*) exit 1 ;;
esac
`)
	f.write("bin/aws", "#!/bin/sh\n")
	f.t.Setenv("PATH", f.Path("bin")+":/usr/bin:/bin")
	f.Environ = append(f.Environ, "PATH="+f.Path("bin")+":/usr/bin:/bin")
	f.deployed("dev-network", "dev-data")
	f.write("states/dev-cluster", `{"version": 4, "resources": [{"mode": "managed", "type": "aws_eks_cluster", "name": "a", "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
		"instances": [{"attributes": {"name": "plinth-dev", "endpoint": "https://api", "certificate_authority": [{"data": "Y2E="}]}}]}]}`)
}

// releases stores releases of Helm, as JSON.
func (f *fake) releases(all ...string) {
	f.t.Helper()
	var items []string
	for _, r := range all {
		var compressed bytes.Buffer
		w := gzip.NewWriter(&compressed)
		_, err := w.Write([]byte(r))
		assert.NilError(f.t, errors.Join(err, w.Close()))
		items = append(items, `{"data": {"release": "`+base64.StdEncoding.EncodeToString(compressed.Bytes())+`"}}`)
	}
	f.write("answers/releases", `{"items": [`+strings.Join(items, ",")+`]}`)
}

// TestRollback: the image of the release before is deployed by Terraform, and the user hears how to keep it.
func TestRollback(t *testing.T) {
	for name, test := range map[string]struct{ before, variables, says string }{
		"a tag":    {`"tag": "1.0.0"`, "PLINTH_DEV_APPS_APP_IMAGE_TAG=1.0.0 PLINTH_DEV_APPS_APP_IMAGE_DIGEST=", "set apps.app.image.tag: 1.0.0 in environments/dev.yaml, without digest, and commit that:"},
		"a digest": {`"digest": "sha256:ab"`, "PLINTH_DEV_APPS_APP_IMAGE_DIGEST=sha256:ab PLINTH_DEV_APPS_APP_IMAGE_TAG=", "set apps.app.image.digest: sha256:ab in environments/dev.yaml, without tag, and commit that:"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.onCluster()
			f.releases(`{"version": 2, "info": {"status": "deployed"}, "config": {"image": {"tag": "2.0.0"}}}`,
				`{"version": 1, "info": {"status": "superseded"}, "config": {"image": {`+test.before+`}}}`)
			s := newSession(f.Project)
			s.Env = "dev"
			var given []string
			synth := func(_ context.Context, variables ...string) error {
				given = variables
				return nil
			}
			assert.NilError(t, rollback(t.Context(), f.Project, s, 0, true, synth), f.stderr.String())
			assert.Equal(t, strings.Join(given, " "), test.variables)
			assert.Assert(t, strings.HasPrefix(f.calls(), "deploy --skip-synth --auto-approve --outputs-file "))
			said := f.stderr.String()
			assert.Assert(t, strings.HasPrefix(said, "dev-app runs 2.0.0 since revision 2. Deploying "), said)
			assert.Assert(t, strings.Contains(said, test.says), said)

			f.write("broken", "")
			f.write("answers/jobs", `{"items": []}`)
			f.stderr.Reset()
			_, ended := project.Ended(rollback(t.Context(), f.Project, s, 0, true, synth))
			assert.Assert(t, ended)
			assert.Assert(t, !strings.Contains(f.stderr.String(), "again"), f.stderr.String())
		})
	}
}

// TestFailedRelease: a deployment that fails shows what the release command said.
func TestFailedRelease(t *testing.T) {
	f := newFake(t)
	f.onCluster()
	f.write("broken", "")
	f.write("answers/jobs", `{"items": [{"kind": "Job", "metadata": {"name": "app-release", "creationTimestamp": "2999-01-01T00:00:00Z", "labels": {"app.kubernetes.io/name": "app-release"}},
		"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}]}`)
	const failure = "\ndev-app: the release command failed: BackoffLimitExceeded. Nothing of the new version has started, and the version before goes on serving.\nThe end of its log:\n  relation exists\n"
	_, said := f.run("deploy", "dev-app", "--auto-approve", "--skip-synth")
	assert.Assert(t, strings.Contains(said, failure), said)
	_, said = f.run("deploy", "dev-network", "--auto-approve", "--skip-synth")
	assert.Assert(t, !strings.Contains(said, failure), said)
}
