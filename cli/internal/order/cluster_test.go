package order

import (
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

func TestReadCluster(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		file := filepath.Join(dir, name)
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o700))
	}
	write("cdktf.json", "{}")
	write("cdktf.out/manifest.json", `{"stacks": {"dev-cluster": {"name": "dev-cluster", "dependencies": [], "synthesizedStackPath": "stacks/dev-cluster/cdk.tf.json"}}}`)
	write("cdktf.out/stacks/dev-cluster/cdk.tf.json", `{"terraform": {"backend": {"s3": {"bucket": "b", "key": "k"}}}}`)
	write("terraform", "#!/bin/sh\ntest \"$1\" != state || cat "+filepath.Join(dir, "state")+"\n")
	t.Setenv("TERRAFORM_BINARY_NAME", filepath.Join(dir, "terraform"))
	for name, test := range map[string]struct{ state, err string }{
		"a cluster": {`{"version": 4, "resources": [{"mode": "data", "type": "aws_eks_cluster", "instances": [{"attributes": {"name": "x"}}]},
			{"mode": "managed", "type": "aws_eks_cluster", "instances": [{"attributes": {"name": "c", "endpoint": "https://e", "certificate_authority": [{"data": "Y2E="}], "password": "p"}}]}]}`, ""},
		"none":  {`{"version": 4, "resources": []}`, "dev-cluster: its state has no cluster"},
		"empty": {``, "it is not Terraform's JSON"},
	} {
		write("state", test.state)
		got, err := ReadCluster(t.Context(), dir, "dev-cluster")
		if test.err != "" {
			assert.Error(t, err, test.err, name)
			continue
		}
		assert.NilError(t, err, name)
		assert.Equal(t, got, Cluster{"c", "https://e", "Y2E="})
	}
	_, err := ReadCluster(t.Context(), dir, "prod-cluster")
	assert.ErrorContains(t, err, "There is no stack prod-cluster")
}
