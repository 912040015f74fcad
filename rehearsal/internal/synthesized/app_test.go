package synthesized

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

type object = map[string]any

// stack is a stack's file, as cdktf writes it, after edit.
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

// write writes an output of cdktf: stacks, and for each the stacks that it needs.
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
			c["data"].(object)["aws_route53_zone"] = object{"z": object{"name": "example.com", "private_zone": false}, "p": object{"name": "internal", "private_zone": true}}
			c["ephemeral"] = object{"aws_not_a_type": object{"e": object{}}}
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
		{"hashicorp", "aws", "5.99.1", []string{"aws_db_instance", "aws_eks_access_entry", "aws_vpc"}, []string{"aws_region", "aws_route53_zone"}},
		{"hashicorp", "helm", "3.1.1", []string{"helm_release"}, nil},
	})
	assert.DeepEqual(t, app.Types(), []string{
		"aws_db_instance", "aws_eks_access_entry", "aws_vpc", "data.aws_region", "data.aws_route53_zone", "data.terraform_remote_state",
		"ephemeral.aws_not_a_type", "helm_release",
	})
	assert.DeepEqual(t, app.Zones(), []string{"example.com"})
	account, region, err := app.Account()
	assert.NilError(t, err)
	assert.Equal(t, account+" "+region, "111111111111 eu-west-2")
	bucket, err := app.Bucket()
	assert.NilError(t, err)
	assert.Equal(t, bucket, "states")
	assert.DeepEqual(t, app.Given(), []string{"arn:aws:iam::111111111111:role/r"})
	assert.DeepEqual(t, app.Certificates(), []string{"arn:aws:acm:eu-west-2:111111111111:certificate/0-1"})
}

// TestBootstrap: the bootstrap stack is separate from the stacks that name its resources.
func TestBootstrap(t *testing.T) {
	const account = "arn:aws:iam::111111111111:"
	pipeline := func(value any) map[string]object {
		return map[string]object{
			"dev-net": stack("net", func(c object) {
				c["terraform"].(object)["backend"].(object)["s3"].(object)["kms_key_id"] = "arn:aws:kms:eu-west-2:111111111111:alias/states"
				c["resource"] = object{
					"aws_iam_role":         object{"r": object{"permissions_boundary": account + "policy/limit"}},
					"aws_eks_access_entry": object{"a": object{"principal_arn": account + "role/deploy"}, "b": object{"principal_arn": account + "role/developer"}},
				}
			}),
			"bootstrap-dev": stack("bootstrap", func(c object) {
				c["resource"] = object{
					"aws_iam_role": object{"r": object{"name": "deploy"}}, "aws_iam_policy": object{"p": object{"name": "limit"}},
					"aws_kms_alias": object{"a": object{"name": "alias/states"}},
				}
				c["output"] = object{"pipeline": object{"value": value}}
			}),
		}
	}
	app, err := Read(write(t, nil, pipeline(object{
		"provider": "gitlab", "issuer": "https://gitlab.example.com", "project": "a/b", "branches": []string{"main"},
		"deploy_roles": object{"dev-net": account + "role/deploy"}, "plan_roles": object{"dev-net": account + "role/plan"}, "push_role": account + "role/push",
		"audiences": object{"plan": "p", "deploy": "d", "push": "i"},
	})))
	assert.NilError(t, err)
	assert.DeepEqual(t, app.Names(), []string{"dev-net"})
	assert.Equal(t, app.Bootstrap.Name, "bootstrap-dev")
	assert.Equal(t, app.Stack("bootstrap-dev"), app.Bootstrap)
	assert.DeepEqual(t, app.Given(), []string{account + "role/developer"})
	assert.DeepEqual(t, app.FromBootstrap(), []string{account + "policy/limit", account + "role/deploy", "arn:aws:kms:eu-west-2:111111111111:alias/states"})
	assert.Equal(t, app.Pipeline.DeployRoles["dev-net"], account+"role/deploy")

	for role, audience := range map[string]string{"deploy": "d", "plan": "p", "push": "i", "unknown": "d"} {
		assert.Equal(t, app.Pipeline.Audiences[app.Pipeline.Verb(account+"role/"+role)], audience)
	}

	_, err = Read(write(t, nil, pipeline("${aws_iam_role.r.arn}")))
	assert.ErrorContains(t, err, "bootstrap-dev: its output pipeline must tell issuer, project and roles as literals")
}

func TestSubject(t *testing.T) {
	for _, test := range []struct {
		provider, project string
		verb              Verb
		ref               Ref
		subject, claim    string
	}{
		{"gitlab", "a/b", Deploy, Ref{Name: "main"}, "project_path:a/b:ref_type:branch:ref:main", "main"},
		{"gitlab", "a/b", Push, Ref{Name: "v1", Tag: true}, "project_path:a/b:ref_type:tag:ref:v1", "v1"},
		{"gitlab", "a/b", Plan, Review, "project_path:a/b:ref_type:branch:ref:a-change", "a-change"},
		{"github", "a/b", Plan, Ref{Name: "main"}, "repo:a/b:ref:refs/heads/main", "refs/heads/main"},
		{"github", "a/b", Plan, Ref{Name: "v1", Tag: true}, "repo:a/b:ref:refs/tags/v1", "refs/tags/v1"},
		{"github", "a/b", Plan, Review, "repo:a/b:pull_request", "refs/pull/1/merge"},
		{"github", "a/b", Deploy, Ref{Name: "main"}, "repo:a/b:environment:dev", "refs/heads/main"},
		{"github", "a@1/b@2", Push, Ref{Name: "v1", Tag: true}, "repo:a@1/b@2:environment:dev", "refs/tags/v1"},
		{"github", "a@1/b@2", Plan, Review, "repo:a@1/b@2:pull_request", "refs/pull/1/merge"},
	} {
		p := &Pipeline{Provider: test.provider, Project: test.project, Environment: "dev"}
		assert.Equal(t, p.Subject(test.ref, test.verb), test.subject)
		assert.Equal(t, p.Claim(test.ref), test.claim)
	}
	assert.Equal(t, (&Pipeline{Branches: []string{"release-*"}, Tags: []string{"v*"}}).Release(), Ref{Name: "release-1"})
	assert.Equal(t, (&Pipeline{Tags: []string{"v*"}}).Release(), Ref{Name: "v1", Tag: true})
}

func TestPlanned(t *testing.T) {
	assert.Equal(t, (&Pipeline{PlanBranches: []string{"*"}}).Planned(), Review)
	assert.Equal(t, (&Pipeline{Tags: []string{"v*"}, PlanBranches: []string{"feature/*"}}).Planned(), Ref{Name: "feature/1"})
	assert.Equal(t, (&Pipeline{Tags: []string{"v*"}}).Planned(), Ref{Name: "v1", Tag: true})
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
