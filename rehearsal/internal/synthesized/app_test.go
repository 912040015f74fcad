package synthesized

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

type object = map[string]any

// stack is a stack's file, as cdktf writes it. edit changes it.
func stack(name string, edit func(object)) object {
	content := object{
		"terraform": object{
			"backend":            object{"s3": object{"bucket": "states", "key": "dev/" + name + ".tfstate"}},
			"required_providers": object{"aws": object{"source": "aws", "version": "5.99.1"}},
		},
		"provider": object{"aws": []object{{"region": "eu-west-2", "allowed_account_ids": []string{"111111111111"}}}},
		"resource": object{"aws_vpc": object{name: object{"cidr_block": "10.0.0.0/16"}}},
		"data":     object{"aws_region": object{"r": object{}}, "terraform_remote_state": object{"s": object{}}},
	}
	if edit != nil {
		edit(content)
	}
	return content
}

// write writes what cdktf would: stacks, and for each what it needs.
func write(t *testing.T, needs map[string][]string, stacks map[string]object) string {
	t.Helper()
	folder := t.TempDir()
	listed := object{}
	for name, content := range stacks {
		at := filepath.Join(folder, "stacks", name)
		assert.NilError(t, os.MkdirAll(at, 0o755))
		text, err := json.Marshal(content)
		assert.NilError(t, err)
		assert.NilError(t, os.WriteFile(filepath.Join(at, "cdk.tf.json"), text, 0o600))
		listed[name] = object{"name": name, "workingDirectory": "stacks/" + name, "synthesizedStackPath": "stacks/" + name + "/cdk.tf.json", "dependencies": needs[name]}
	}
	text, err := json.Marshal(object{"stacks": listed})
	assert.NilError(t, err)
	assert.NilError(t, os.WriteFile(filepath.Join(folder, "manifest.json"), text, 0o600))
	return folder
}

func TestRead(t *testing.T) {
	folder := write(t, map[string][]string{"app": {"data", "net"}, "data": {"net"}}, map[string]object{
		"app": stack("app", func(c object) {
			c["terraform"].(object)["required_providers"].(object)["helm"] = object{"source": "hashicorp/helm", "version": "3.1.1"}
			c["resource"].(object)["helm_release"] = object{"r": object{"values": `["certificate-arn: arn:aws:acm:eu-west-2:111111111111:certificate/0-1"]`}}
		}),
		"data": stack("data", func(c object) {
			c["resource"] = object{
				"aws_db_instance":      object{"db": object{"lifecycle": object{"prevent_destroy": true}}, "other": object{"lifecycle": object{"prevent_destroy": false}}},
				"aws_eks_access_entry": object{"a": object{"principal_arn": "arn:aws:iam::111111111111:role/r"}, "b": object{"principal_arn": "${aws_iam_role.r.arn}"}},
			}
		}),
		"net": stack("net", nil),
	})
	app, err := Read(folder)
	assert.NilError(t, err)
	assert.DeepEqual(t, app.Names(), []string{"net", "data", "app"})
	assert.DeepEqual(t, app.Stack("data").Guarded, []string{"aws_db_instance.db"})
	assert.Equal(t, app.Stack("data").Key, "dev/data.tfstate")
	assert.Equal(t, app.Stack("data").Folder, filepath.Join(folder, "stacks", "data"))
	assert.Assert(t, app.Stack("none") == nil)
	providers, err := app.Providers()
	assert.NilError(t, err)
	assert.DeepEqual(t, providers, []Provider{
		{"hashicorp", "aws", "5.99.1", []string{"aws_db_instance", "aws_eks_access_entry", "aws_vpc"}, []string{"aws_region"}},
		{"hashicorp", "helm", "3.1.1", []string{"helm_release"}, nil},
	})
	account, region, err := app.Account()
	assert.NilError(t, err)
	assert.Equal(t, account+" "+region, "111111111111 eu-west-2")
	bucket, err := app.Bucket()
	assert.NilError(t, err)
	assert.Equal(t, bucket, "states")
	assert.DeepEqual(t, app.Given(), []string{"arn:aws:iam::111111111111:role/r"})
	assert.DeepEqual(t, app.Certificates(), []string{"arn:aws:acm:eu-west-2:111111111111:certificate/0-1"})
}

func TestWrong(t *testing.T) {
	version := func(v string) func(object) {
		return func(c object) {
			c["terraform"].(object)["required_providers"] = object{"aws": object{"source": "aws", "version": v}}
		}
	}
	for name, test := range map[string]struct {
		edit func(object)
		ask  func(*App) error
		want string
	}{
		"two versions": {version("5.98.0"), func(a *App) error { _, err := a.Providers(); return err }, "one environment must have one version"},
		"not pinned":   {version("~> 5.0"), func(a *App) error { _, err := a.Providers(); return err }, "aws"},
		"two accounts": {func(c object) {
			c["provider"] = object{"aws": []object{{"region": "eu-west-2", "allowed_account_ids": []string{"2"}}}}
		}, func(a *App) error { _, _, err := a.Account(); return err }, "one account and region"},
		"any account":   {func(c object) { c["provider"] = object{"aws": []object{{"region": "eu-west-2"}}} }, func(a *App) error { _, _, err := a.Account(); return err }, "allowed_account_ids"},
		"two buckets":   {func(c object) { c["terraform"].(object)["backend"] = object{"s3": object{"bucket": "else"}} }, func(a *App) error { _, err := a.Bucket(); return err }, "one bucket"},
		"a local state": {func(c object) { c["terraform"].(object)["backend"] = object{"local": object{}} }, func(a *App) error { _, err := a.Bucket(); return err }, `bucket ""`},
	} {
		t.Run(name, func(t *testing.T) {
			app, err := Read(write(t, nil, map[string]object{"a": stack("a", nil), "b": stack("b", test.edit)}))
			assert.NilError(t, err)
			assert.ErrorContains(t, test.ask(app), test.want)
		})
	}
	_, err := Read(write(t, map[string][]string{"a": {"b"}, "b": {"a"}}, map[string]object{"a": stack("a", nil), "b": stack("b", nil)}))
	assert.ErrorContains(t, err, "in a circle")
	_, err = Read(t.TempDir())
	assert.ErrorContains(t, err, "manifest.json")
}
