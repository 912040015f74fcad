package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"sigs.k8s.io/yaml"
)

// root is the project's folder. The scanners are built there once.
const root = ".."

func TestMain(m *testing.M) {
	build := exec.Command("go", "-C", "scanners", "build", "-trimpath", "-ldflags", "-s -w", "-o", "../../"+scanners+"/", "tool")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s\n", err, output)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// copied returns a repository with the golden files as synthesized stacks, and the real rules and
// exceptions. It allows the stacks' regions: only make policy checks which ones the project allows.
func copied(t *testing.T) project {
	t.Helper()
	at := project{root: t.TempDir(), out: "cdktf.out", scanners: filepath.Join(root, filepath.FromSlash(scanners))}
	golden := filepath.Join(root, "wholeapp", "testdata", "golden")
	copyTo(t, filepath.Join(golden, "manifest.json"), filepath.Join(at.root, at.out, "manifest.json"))
	files, err := filepath.Glob(filepath.Join(golden, "*.tf.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	limits, err := readLimits(root)
	if err != nil {
		t.Fatal(err)
	}
	regions := map[string]bool{}
	for _, file := range files {
		stack := strings.TrimSuffix(filepath.Base(file), ".tf.json")
		folder := filepath.Join(at.root, at.out, "stacks", stack)
		copyTo(t, file, filepath.Join(folder, "cdk.tf.json"))
		document := read(t, at, stack)
		for _, provider := range list(dig(document, "provider", "aws")) {
			regions[fmt.Sprint(dig(provider, "region"))] = true
		}
		regions[fmt.Sprint(dig(document, "terraform", "backend", "s3", "region"))] = true
		installed, _ := dig(document, "resource", "helm_release").(object)
		for _, r := range installed {
			if dig(r, "repository") != nil {
				continue
			}
			chart := filepath.Join(root, "charts", "app")
			if name := fmt.Sprint(dig(r, "name")); name == "databases" || name == "deploy-roles" || name == "load-balancer-crds" || name == "pod-logs" || name == "security-groups" {
				chart = filepath.Join(root, "charts", name)
			}
			asset := filepath.Join(folder, dig(r, "chart").(string))
			if _, err := os.Stat(asset); err == nil {
				continue // releases of a stack share a chart's folder
			}
			if err := os.CopyFS(asset, os.DirFS(chart)); err != nil {
				t.Fatal(err)
			}
		}
	}
	copyTo(t, filepath.Join(root, ignoredFile), filepath.Join(at.root, ignoredFile))
	limits.Regions = slices.Sorted(maps.Keys(regions))
	content, err := yaml.Marshal(limits)
	if err != nil {
		t.Fatal(err)
	}
	write(t, at, rulesFile, string(content))
	write(t, at, ".gitignore", "/cdktf.out/\n")
	git(t, at.root, "init", "--quiet")
	commit(t, at)
	return at
}

func copyTo(t *testing.T, from, to string) {
	t.Helper()
	if err := copyFile(from, to); err != nil {
		t.Fatal(err)
	}
}

func git(t *testing.T, folder string, args ...string) {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, output)
	}
}

func commit(t *testing.T, at project) {
	t.Helper()
	git(t, at.root, "add", "--all")
	git(t, at.root, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "test")
}

func write(t *testing.T, at project, file, content string) {
	t.Helper()
	path := filepath.Join(at.root, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func stackFile(at project, stack string) string { return at.out + "/stacks/" + stack + "/cdk.tf.json" }

func read(t *testing.T, at project, stack string) object {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(at.root, stackFile(at, stack)))
	if err != nil {
		t.Fatal(err)
	}
	var document object
	if err := json.Unmarshal(content, &document); err != nil {
		t.Fatal(err)
	}
	return document
}

// edit changes a stack's JSON.
func edit(t *testing.T, at project, stack string, change func(document object)) {
	t.Helper()
	document := read(t, at, stack)
	change(document)
	content, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, at, stackFile(at, stack), string(content))
}

// first returns the body of any resource of a kind.
func first(t *testing.T, document object, kind string) object {
	t.Helper()
	for _, body := range asObject(dig(document, "resource", kind)) {
		return asObject(body)
	}
	t.Fatalf("no %s", kind)
	return nil
}

// add adds a resource named planted.
func add(document object, kind string, body object) {
	resources := asObject(document["resource"])
	if resources[kind] == nil {
		resources[kind] = object{}
	}
	asObject(resources[kind])["planted"] = body
}

// fakeKey has the format of an AWS access key ID. It is written in two parts so that gitleaks does not
// find it here.
const fakeKey = "AKIA" + "Z7QWXN5HP2LKMB4T"

// foreignRegion is a region that no environment may have.
const foreignRegion = "us-gov-west-1"

// planted has a mistake for every rule. Each must be reported under its rule and place.
var planted = []struct {
	name  string
	plant func(t *testing.T, at project)
	rule  string
	in    string // * stands for any text
}{
	{
		"a security group's rule for the world",
		func(t *testing.T, at project) {
			edit(t, at, "dev-data", func(d object) {
				add(d, "aws_vpc_security_group_ingress_rule", object{"security_group_id": "sg-1", "ip_protocol": "tcp", "from_port": 5432, "to_port": 5432, "cidr_ipv4": "0.0.0.0/0"})
			})
		},
		"plinth/open-security-group", "dev-data/aws_vpc_security_group_ingress_rule.planted",
	},
	{
		"the same inside the group, which tfsec sees only in Terraform's own syntax",
		func(t *testing.T, at project) {
			edit(t, at, "dev-network", func(d object) {
				add(d, "aws_security_group", object{"name": "planted", "description": "planted", "ingress": []object{{
					"description": "all", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": []string{"0.0.0.0/0"},
				}}})
			})
		},
		"tfsec/aws-ec2-no-public-ingress-sgr", "dev-network/aws_security_group.planted",
	},
	{
		"a foreign region",
		func(t *testing.T, at project) {
			edit(t, at, "staging-data", func(d object) { dig(d, "provider", "aws").([]any)[0].(object)["region"] = foreignRegion })
		},
		"plinth/region", "staging-data/provider.aws",
	},
	{
		"state in a foreign region",
		func(t *testing.T, at project) {
			edit(t, at, "staging-network", func(d object) { asObject(dig(d, "terraform", "backend", "s3"))["region"] = foreignRegion })
		},
		"plinth/region", "staging-network/provider.backend",
	},
	{
		"an untagged provider",
		func(t *testing.T, at project) {
			edit(t, at, "prod-network", func(d object) { delete(dig(d, "provider", "aws").([]any)[0].(object), "default_tags") })
		},
		"plinth/tags", "prod-network/provider.aws",
	},
	{
		"a huge database in dev",
		func(t *testing.T, at project) {
			edit(t, at, "dev-data", func(d object) { first(t, d, "aws_db_instance")["instance_class"] = "db.r7g.16xlarge" })
		},
		"plinth/size", "dev-data/aws_db_instance.",
	},
	{
		"a database that is public and not encrypted",
		func(t *testing.T, at project) {
			edit(t, at, "prod-data", func(d object) {
				add(d, "aws_db_instance", object{"instance_class": "db.m7g.large", "publicly_accessible": true})
			})
		},
		"plinth/public-address", "prod-data/aws_db_instance.planted",
	},
	{"the same, in tfsec's words", nil, "tfsec/aws-rds-encrypt-instance-storage-data", "prod-data/aws_db_instance.planted"},
	{
		"a bucket that may become public",
		func(t *testing.T, at project) {
			edit(t, at, "staging-cluster", func(d object) { add(d, "aws_s3_bucket", object{"bucket": "planted"}) })
		},
		"plinth/public-bucket", "staging-cluster/aws_s3_bucket.planted",
	},
	{
		"a Kubernetes API for the world",
		func(t *testing.T, at project) {
			edit(t, at, "dev-cluster", func(d object) {
				asObject(first(t, d, "aws_eks_cluster")["vpc_config"])["public_access_cidrs"] = []string{"0.0.0.0/0"}
			})
		},
		"plinth/public-api", "dev-cluster/aws_eks_cluster.",
	},
	{
		"a load balancer that faces the internet",
		func(t *testing.T, at project) {
			edit(t, at, "dev-network", func(d object) { add(d, "aws_lb", object{"name": "planted"}) })
		},
		"plinth/public-load-balancer", "dev-network/aws_lb.planted",
	},
	{
		"the same of a chart's Ingress",
		func(t *testing.T, at project) {
			edit(t, at, "prod-observability", func(d object) {
				values := dig(d, "resource", "helm_release", "grafana", "values").([]any)
				values[0] = strings.Replace(values[0].(string), `scheme" = "internal"`, `scheme" = "internet-facing"`, 1)
			})
		},
		"plinth/public-ingress", "prod-observability/grafana/Ingress grafana",
	},
	{
		"a permission for everybody",
		func(t *testing.T, at project) {
			edit(t, at, "prod-cluster", func(d object) {
				asObject(asObject(d["data"])["aws_iam_policy_document"])["planted"] = object{"statement": []object{{
					"actions": []string{"s3:*"}, "resources": []string{"*"}, "principals": []object{{"type": "*", "identifiers": []string{"*"}}},
				}}}
			})
		},
		"plinth/public-permission", "prod-cluster/data.aws_iam_policy_document.planted",
	},
	{
		"a privileged container",
		func(t *testing.T, at project) {
			chart := dig(read(t, at, "dev-app"), "resource", "helm_release", "release", "chart").(string)
			file := at.out + "/stacks/dev-app/" + chart + "/templates/_helpers.tpl"
			content, err := os.ReadFile(filepath.Join(at.root, file))
			if err != nil {
				t.Fatal(err)
			}
			write(t, at, file, strings.NewReplacer("privileged: false", "privileged: true", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true",
				"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false").Replace(string(content)))
		},
		"pod-security/privileged", "dev-app/*/Deployment *",
	},
	{"one that may become root", nil, "pod-security/allowPrivilegeEscalation", "dev-app/*/Deployment *"},
	{"one whose root file system can be written", nil, "kube-score/container-security-context-readonlyrootfilesystem", "dev-app/*/Deployment *"},
	{
		"a chart that nobody knows",
		func(t *testing.T, at project) {
			edit(t, at, "staging-addons", func(d object) {
				add(d, "helm_release", object{"name": "planted", "namespace": "planted", "chart": "planted", "repository": "https://charts.example.com", "version": "1.0.0"})
			})
		},
		"charts/rendered", "staging-addons/planted",
	},
	{
		"a fake AWS key in a file that is not even committed",
		func(t *testing.T, at project) { write(t, at, "config.txt", "aws_access_key_id = "+fakeKey+"\n") },
		"gitleaks/aws-access-token", "config.txt",
	},
	{
		"one that is gone from the files and still in the history",
		func(t *testing.T, at project) {
			write(t, at, "old.txt", "aws_access_key_id = "+fakeKey+"\n")
			commit(t, at)
			if err := os.Remove(filepath.Join(at.root, "old.txt")); err != nil {
				t.Fatal(err)
			}
			commit(t, at)
		},
		"gitleaks/aws-access-token", "old.txt",
	},
	{
		"an exception that nothing needs",
		func(t *testing.T, at project) {
			content, err := os.ReadFile(filepath.Join(at.root, ignoredFile))
			if err != nil {
				t.Fatal(err)
			}
			write(t, at, ignoredFile, string(content)+"- {rule: plinth/size, in: qa-data/*, reason: there was once a reason}\n")
		},
		"plinth/ignored", "qa-data/*",
	},
}

func TestCleanTreePasses(t *testing.T) {
	summary, err := check(t.Context(), copied(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(summary)
}

// TestOtherApplicationsPass: what other applications than the sample need is no mistake.
func TestOtherApplicationsPass(t *testing.T) {
	at := copied(t)
	edit(t, at, "dev-app", func(d object) {
		values := dig(d, "resource", "helm_release", "release", "values").([]any)
		text := values[0].(string)
		for from, to := range map[string]string{
			`"port" = 9090`: `"port" = 8080`, // metrics on web's own port
			`"region" =`: `"user" = 1000, "writable" = ["/tmp"], "workers" = {"mailer" = {}}, "release" = {"command" = ["migrate"]},
				"jobs" = {"report" = {"command" = ["report"], "schedule" = "@daily"}}, "region" =`,
		} {
			if !strings.Contains(text, from) {
				t.Fatalf("the values have no %s: %s", from, text)
			}
			text = strings.Replace(text, from, to, 1)
		}
		values[0] = text
	})
	if _, err := check(t.Context(), at); err != nil {
		t.Error(err)
	}
}

// TestMistakesAreNamed makes all planted mistakes in one copy, so that the scanners start once.
func TestMistakesAreNamed(t *testing.T) {
	at := copied(t)
	for _, p := range planted {
		if p.plant != nil {
			p.plant(t, at)
		}
	}
	_, err := check(t.Context(), at)
	if err == nil {
		t.Fatal("a tree full of mistakes passes")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			for i, line := range lines {
				if matches("*"+p.in+"*["+p.rule+"]", line) {
					if i+1 == len(lines) || !strings.HasPrefix(lines[i+1], "    ") {
						t.Errorf("no remedy after: %s", line)
					}
					return
				}
			}
			t.Errorf("%s is not named for %s in:\n%s", p.in, p.rule, err)
		})
	}
	if strings.Contains(err.Error(), fakeKey) {
		t.Error("the message gives the secret away")
	}
}

// TestShallowClone: the exception for a secret in an old commit is not reported as stale if the clone
// lacks that commit.
func TestShallowClone(t *testing.T) {
	origin := copied(t)
	write(t, origin, "old.txt", "aws_access_key_id = "+fakeKey+"\n")
	commit(t, origin)
	if err := os.Remove(filepath.Join(origin.root, "old.txt")); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(origin.root, ignoredFile))
	if err != nil {
		t.Fatal(err)
	}
	write(t, origin, ignoredFile, string(content)+"- {rule: gitleaks/aws-access-token, in: old.txt, reason: never was a real one}\n")
	commit(t, origin)

	at := origin
	at.root = filepath.Join(t.TempDir(), "clone")
	git(t, ".", "clone", "--quiet", "--depth", "1", "file://"+origin.root, at.root)
	if err := os.CopyFS(filepath.Join(at.root, at.out), os.DirFS(filepath.Join(origin.root, origin.out))); err != nil {
		t.Fatal(err)
	}
	for name, clone := range map[string]project{"whole": origin, "shallow": at} {
		if _, err := check(t.Context(), clone); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExceptionsNeedReasons checks that entries without a reason, or with unknown keys, are refused.
func TestExceptionsNeedReasons(t *testing.T) {
	at := project{root: t.TempDir()}
	for content, want := range map[string]string{
		"- {rule: plinth/size, in: dev-data/*}":                          "a reason of three words",
		"- {rule: plinth/size, in: dev-data/*, reason: because}":         "a reason of three words",
		"- {rule: plinth/size, reason: everywhere that there is}":        "rule, in and a reason",
		"- {rule: plinth/size, in: x, reason: one two three, until: x}}": ignoredFile,
	} {
		write(t, at, ignoredFile, content)
		if _, err := readExceptions(at.root); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", content, err, want)
		}
	}
}

// TestProtected: the bootstrap stack's output counts; without it, resources that must not be destroyed.
func TestProtected(t *testing.T) {
	guarded := object{"resource": object{"aws_db_instance": object{"a": object{"lifecycle": object{"prevent_destroy": true}}}}}
	says := func(protected bool) object {
		return object{
			"output":   object{"pipeline": object{"value": object{"protected": protected}}},
			"resource": object{"aws_s3_bucket": object{"state": object{"lifecycle": object{"prevent_destroy": true}}}},
		}
	}
	for name, test := range map[string]struct {
		stacks map[string]object
		want   bool
	}{
		"nothing":                    {map[string]object{"qa-data": {}}, false},
		"guarded":                    {map[string]object{"qa-data": guarded}, true},
		"another's guard":            {map[string]object{"qa-data": {}, "prod-data": guarded}, false},
		"bootstrap says yes":         {map[string]object{"qa-data": {}, "bootstrap-qa": says(true)}, true},
		"bootstrap says no":          {map[string]object{"qa-data": guarded, "bootstrap-qa": says(false)}, false},
		"bootstrap's bucket is kept": {map[string]object{"qa-data": {}, "bootstrap-qa": {"resource": says(false)["resource"]}}, false},
	} {
		p := &platform{}
		for id, document := range test.stacks {
			p.stacks = append(p.stacks, &stack{id: id, document: document})
		}
		if got := p.protected("qa"); got != test.want {
			t.Errorf("%s: protected is %v", name, got)
		}
	}
}

// TestNative checks that toHCL writes valid Terraform with the same content.
func TestNative(t *testing.T) {
	p, err := readPlatform(copied(t).root, "cdktf.out")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.stacks {
		if _, problems := hclsyntax.ParseConfig(toHCL(s), s.id, hcl.InitialPos); problems.HasErrors() {
			t.Errorf("%s: %v", s.id, problems)
		}
	}
	s := &stack{document: object{"resource": object{"aws_thing": object{"a": object{
		"//":         object{"metadata": object{}},
		"depends_on": []any{"aws_thing.b"},
		"name":       `say "${aws_thing.b.name}" and $${x}` + "\n",
		"whole":      "${aws_thing.b.id}",
		"tags":       object{"Name": "a"},
		"labels":     object{"app.kubernetes.io/name": "a"},
		"block":      []any{object{"port": 1.0, "nested": object{"on": true}}, object{"port": 2.0}},
		"list":       []any{"a", "${aws_thing.b.id}"},
	}}}}}
	want := `resource "aws_thing" "a" {
block {
nested {
on = true
}
port = 1
}
block {
port = 2
}
labels = {
"app.kubernetes.io/name" = "a"
}
list = [
"a",
aws_thing.b.id,
]
name = "say \"${aws_thing.b.name}\" and $${x}\n"
tags = {
"Name" = "a"
}
whole = aws_thing.b.id
}
`
	if got := string(toHCL(s)); got != want {
		t.Errorf("is\n%s\nwant\n%s", got, want)
	}
}
