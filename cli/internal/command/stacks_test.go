package command

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

const (
	single = " alone=true ci=1 node="
	// patient keeps cdktf from aborting the other stacks when one fails.
	patient = "--unhandled-rejections=none --max-old-space-size=4096\n"
)

// TestStacks checks with which arguments cdktf is called, and when it is not called.
func TestStacks(t *testing.T) {
	const approve, skip = "--auto-approve", "--skip-synth"
	for name, test := range map[string]struct {
		deployed []string
		args     []string
		code     int
		calls    string // %s is the project's folder
		says     string
	}{
		"deploy the first":       {nil, []string{"deploy", "dev-network", approve, skip}, done, "deploy --skip-synth --auto-approve --outputs-file %s/build/outputs/dev-network.json dev-network" + single + patient, ""},
		"deploy the next":        {[]string{"dev-network"}, []string{"deploy", "dev-data", approve, skip}, done, "deploy --skip-synth --auto-approve --outputs-file %s/build/outputs/dev-data.json dev-data" + single + patient, ""},
		"deploy too early":       {nil, []string{"deploy", "dev-data", approve, skip}, early, "", "dev-data needs dev-network, which has not been deployed. Deploy it first: ./plinth deploy dev-network\n"},
		"deploy several":         {nil, []string{"deploy", "dev-network", "dev-data", approve, skip}, done, "deploy --skip-synth --auto-approve dev-network dev-data alone= ci=1 node=" + patient, ""},
		"deploy a pattern":       {nil, []string{"deploy", "dev-*", approve, skip}, done, "deploy --skip-synth --auto-approve dev-* alone= ci=1 node=" + patient, ""},
		"deploy everything":      {nil, []string{"deploy", "*", approve, skip}, failed, "", "bootstrap-dev must be deployed by an administrator"},
		"deploy nothing":         {nil, []string{"deploy"}, failed, "", "Which stack? For example: ./plinth deploy dev-network\n"},
		"deploy unknown":         {nil, []string{"deploy", "dev-netwerk", approve, skip}, failed, "", "There is no stack dev-netwerk. Did you mean dev-network?"},
		"unknown and unseen":     {nil, []string{"deploy", "dev-netwerk", skip}, failed, "", "There is no stack dev-netwerk. Did you mean dev-network?"},
		"plan unknown":           {nil, []string{"plan", "dev-netwerk", skip}, failed, "", "There is no stack dev-netwerk. Did you mean dev-network?"},
		"rehearse, kept, from":   {nil, []string{"rehearse", "--keep", "--from", "main"}, failed, "", "--from goes without --keep and --cluster. For example: ./plinth rehearse\n"},
		"rehearse from nothing":  {nil, []string{"rehearse", "--from", ""}, failed, "", "--from: which commit, branch or tag? For example: ./plinth rehearse\n"},
		"report into a folder":   {nil, []string{"rehearse", "--from", "main", "--report", "."}, failed, "", "--report .: is a folder; name a file\n"},
		"rehearse with a report": {nil, []string{"rehearse", "--report", "a.md"}, failed, "", "--report is for --from. For example: ./plinth rehearse\n"},
		"note without stacks":    {nil, []string{"note", "dev"}, failed, "", "Which environment, and which stacks? For example: ./plinth note dev dev-network dev-app\n"},
		"note of an upgrade":     {nil, []string{"note", "dev", "dev-app", "--upgrade"}, failed, "", "--upgrade goes with an environment alone. For example: ./plinth note dev dev-network dev-app\n"},
		"impact of no plan":      {nil, []string{"impact", "dev-app", "/no/such/file"}, failed, "", "open /no/such/file: no such file or directory\n"},
		"rehearse two":           {nil, []string{"rehearse", "dev", "prod"}, failed, "", "prod: one argument too many. For example: ./plinth rehearse\n"},
		"rename nothing":         {nil, []string{"rename"}, failed, "", "Which name? For example: ./plinth rename --project acme --app shop\n"},
		"deploy unseen":          {nil, []string{"deploy", "dev-network", skip}, failed, "", "There is no terminal to approve the plan. --auto-approve approves it unseen.\n"},
		"destroy the last":       {[]string{"dev-network", "dev-data"}, []string{"destroy", "dev-data", approve, skip}, done, "destroy --skip-synth --auto-approve dev-data" + single + patient, ""},
		"destroy too early":      {[]string{"dev-network", "dev-data"}, []string{"destroy", "dev-network", approve, skip}, failed, "", "dev-network is still needed by dev-data (1 resource). Destroy it first: ./plinth destroy dev-data\n"},
		"destroy a pattern":      {[]string{"dev-network", "dev-data"}, []string{"destroy", "dev-*", approve, skip}, done, "destroy --skip-synth --auto-approve dev-* alone= ci=1 node=" + patient, ""},
		"destroy everything":     {nil, []string{"destroy", "*", approve, skip}, failed, "", "bootstrap-dev is not destroyed"},
		"diff":                   {nil, []string{"diff", "dev-network", skip}, done, "diff --skip-synth dev-network" + single + "\n", ""},
		"diff too early":         {nil, []string{"diff", "dev-app", skip}, early, "", "dev-app needs dev-network and dev-data, which have not been deployed."},
		"diff a pattern":         {nil, []string{"diff", "dev-*", skip}, failed, "", "dev-*: one stack at a time, by its name. For example: ./plinth diff dev-app\nTo compare all stacks of an environment: ./plinth drift dev\n"},
		"diff two":               {nil, []string{"diff", "dev-app", "dev-data", skip}, failed, "", "dev-data: one argument too many. For example: ./plinth diff dev-app\n"},
		"plan a pattern":         {nil, []string{"plan", "dev-?pp", skip}, failed, "", "dev-?pp: one stack at a time"},
		"plan too early":         {nil, []string{"plan", "dev-app", skip}, done, "", "Cannot be planned yet: dev-app needs dev-network and dev-data"},
		"drift of nothing":       {nil, []string{"drift", "dve", skip}, failed, "", "There is no environment dve: environments/ has dev, prod.\n"},
		"bootstrap unseen":       {nil, []string{"bootstrap", "dev", skip}, failed, "", "There is no terminal"},
		"bootstrap nothing":      {nil, []string{"bootstrap", "dve", approve, skip}, failed, "", "There is no environment dve"},
		"no command":             {nil, []string{"depoly", "dev-app"}, failed, "", "There is no command depoly. Did you mean deploy?\n"},
		"no such command":        {nil, []string{"frobnicate"}, failed, "", "There is no command frobnicate. ./plinth --help lists them.\n"},
		"no such flag":           {nil, []string{"deploy", "dev-app", "--yes"}, failed, "", "unknown flag: --yes. See ./plinth deploy --help\n"},
		"no such format":         {nil, []string{"order", skip, "--output", "yaml"}, failed, "", "--output: must be text or json, is \"yaml\"\n"},
		"no environment":         {nil, []string{"status"}, failed, "", "Which environment? For example: ./plinth status dev\n"},
		"pushed to nowhere":      {nil, []string{"push"}, failed, "", "Push to the registry of an environment, or to --repository. For example: ./plinth push dev\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.deployed(test.deployed...)
			code, said := f.run(test.args...)
			assert.Equal(t, code, test.code, "%s", said)
			assert.Equal(t, f.calls(), strings.Replace(test.calls, "%s", f.Root, 1))
			assert.Assert(t, strings.HasPrefix(said, test.says) || test.args[0] == "plan" && strings.Contains(said, test.says), "says\n%s", said)
			if test.says == "" {
				assert.Equal(t, said, "")
			}
		})
	}
}

// TestJSON checks the JSON on stdout; text for people goes to stderr.
func TestJSON(t *testing.T) {
	f := newFake(t)
	f.write("terraform", `#!/bin/sh
case "$1" in
state) cat `+f.Path("states")+`/$(basename "$PWD") 2>/dev/null || true ;;
show) echo '{"format_version": "1.2", "resource_drift": [{"address": "aws_vpc.a", "mode": "managed", "change": {"actions": ["update"]}}], "resource_changes": [{"address": "aws_vpc.a", "mode": "managed", "change": {"actions": ["delete", "create"], "after": {"password": "secret"}}}]}' ;;
esac
`)
	f.write("cdktf.out/stacks/dev-network/plan", "opaque")
	code, _ := f.run("plan", "dev-network", "--skip-synth", "--output", "json")
	assert.Equal(t, code, done)
	assert.Equal(t, compact(t, f.stdout.Bytes()), `{"stack":"dev-network","changes":[{"action":"replace","address":"aws_vpc.a"}]}`)
	assert.Assert(t, strings.Contains(f.stderr.String(), "1 to replace."), f.stderr.String())

	code, _ = f.run("plan", "dev-app", "--skip-synth", "--output", "json")
	assert.Equal(t, code, done)
	assert.Equal(t, compact(t, f.stdout.Bytes()), `{"stack":"dev-app","cannot_be_planned_yet":"dev-app needs dev-network and dev-data, which have not been deployed","changes":[]}`)

	code, _ = f.run("drift", "dev", "dev-network", "--skip-synth", "--output", "json")
	assert.Equal(t, code, differs)
	assert.Equal(t, compact(t, f.stdout.Bytes()), `[{"stack":"dev-network","state":"differs","detail":"1 to replace","changed_outside":["aws_vpc.a"]}]`)
}

func compact(t *testing.T, content []byte) string {
	t.Helper()
	var out bytes.Buffer
	assert.NilError(t, json.Compact(&out, content), "%s", content)
	return out.String()
}

// TestFailure checks that cdktf's exit code is passed on, with how to see Terraform's full output.
func TestFailure(t *testing.T) {
	f := newFake(t)
	f.write("broken", "")
	code, said := f.run("deploy", "dev-network", "--auto-approve", "--skip-synth")
	assert.Equal(t, code, 7)
	assert.Equal(t, said, "cdktf can cut long messages. For Terraform's full output: cd cdktf.out/stacks/dev-network && terraform plan\n")
	_, said = f.run("destroy", "dev-*", "--auto-approve", "--skip-synth")
	assert.Equal(t, said, "cdktf can cut long messages. For Terraform's full output: cd cdktf.out/stacks/<stack> && terraform plan -destroy\n")
}

// TestProtected checks that a protected stack is refused before anything is destroyed.
func TestProtected(t *testing.T) {
	f := newFake(t)
	f.write("cdktf.out/stacks/dev-network/cdk.tf.json", `{"terraform": {"backend": {"s3": {"bucket": "b"}}}, "resource": {"aws_vpc": {"a": {"lifecycle": {"prevent_destroy": true}}}}}`)
	f.deployed("dev-network")
	code, said := f.run("destroy", "dev-*", "--auto-approve", "--skip-synth")
	assert.Equal(t, code, failed)
	assert.Assert(t, strings.HasPrefix(said, "dev-network is protected (aws_vpc.a must not be destroyed)."), said)
	assert.Equal(t, f.calls(), "")
}

// TestNoShell passes arguments that a shell would run.
func TestNoShell(t *testing.T) {
	for _, value := range []string{
		"x'; touch pwned; '", `x"; touch pwned; "`, "$(touch pwned)", "`touch pwned`", "x\ntouch pwned\n", "x;touch pwned", "x&touch pwned",
		"x|touch pwned", "x>pwned", "it's", `it"s`, `x\`, "-x", "--auto-approve=$(touch pwned)", "ä",
	} {
		f := newFake(t)
		f.write("build/image/app.tar", "")
		for _, args := range [][]string{
			{"deploy", value, "--auto-approve", "--skip-synth"}, {"destroy", value, "--auto-approve", "--skip-synth"}, {"diff", value, "--skip-synth"},
			{"plan", value, "--skip-synth"}, {"drift", "dev", value, "--skip-synth"}, {"drift", value, "--skip-synth"}, {"order", value, "--skip-synth"},
			{"bootstrap", value, "--auto-approve", "--skip-synth"}, {"push", value}, {"push", "--repository", value, "--skip-synth"}, {"image", "--builder", value, "--skip-synth"},
			{"push", "dev", value, "--skip-synth"}, {"image", value, "--skip-synth"}, {"scan", value}, {"status", "dev", value}, {"verify", "dev", value}, {"logs", "dev", value},
			{"status", value}, {"verify", value}, {"logs", value}, {"kubeconfig", value}, {"tunnel", value}, {"rehearse", value},
		} {
			code, said := f.run(args...)
			assert.Assert(t, code != done, "%q succeeds\n%s", args, said)
			assert.Equal(t, f.calls(), "", "%q", args)
			_, err := os.Stat(f.Path("pwned"))
			assert.Assert(t, os.IsNotExist(err), "%q was run", args)
		}
	}
}

func TestOrder(t *testing.T) {
	f := newFake(t)
	_, said := f.run("order", "dev-*", "--skip-synth")
	const dev = "dev-network              bootstrap-dev\ndev-data                 bootstrap-dev dev-network\ndev-app                  bootstrap-dev dev-data\n"
	const header = "STACK                    NEEDS\n"
	assert.Equal(t, said, header+dev)
	code, said := f.run("order", "--output", "json", "--skip-synth")
	assert.Equal(t, code, done)
	var list []struct {
		Name         string
		Dependencies []string
	}
	assert.NilError(t, json.Unmarshal([]byte(said), &list))
	assert.Equal(t, len(list), 4)
	assert.Equal(t, list[0].Name, "bootstrap-dev")
	assert.DeepEqual(t, list[3].Dependencies, []string{"bootstrap-dev", "dev-data"})
	code, said = f.run("order", "prod-*", "--skip-synth", "-o", "json")
	assert.Equal(t, code, failed)
	assert.Assert(t, strings.HasPrefix(said, "No stack matches prod-*."), said)

	f.write("cdktf.out/manifest.json", strings.Replace(string(f.read("cdktf.out/manifest.json")), `{"stacks":{`,
		`{"stacks":{"bootstrap-prod":{"name":"bootstrap-prod","dependencies":[],"synthesizedStackPath":"stacks/dev-app/cdk.tf.json"},`+
			`"prod-network":{"name":"prod-network","dependencies":["bootstrap-prod"],"synthesizedStackPath":"stacks/dev-app/cdk.tf.json"},`, 1))
	_, said = f.run("order", "--skip-synth")
	assert.Equal(t, said, header+"bootstrap-dev\n"+dev+"\nbootstrap-prod\nprod-network             bootstrap-prod\n")
}
