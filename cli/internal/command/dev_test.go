package command

import (
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// addSettings gives the fake's environments valid settings: dev has app and shop, prod has shop and billing.
func (f *fake) addSettings() {
	f.t.Helper()
	const environment = `
account: "111111111111"
region: eu-west-2
ci: {issuer: https://gitlab.example.com, project: platform/plinth}
database: {instanceClass: db.t4g.micro}
cluster: {publicAccessCIDRs: [203.0.113.0/24]}
network: {zones: [a, b], cidr: `
	application := func(name, command string) string {
		return "  " + name + ":\n    image: {tag: 1.0.0}\n    build: {context: app}\n    database: false\n    workers: {mailer: {command: [sh, -c, '" + command + "']}}\n"
	}
	f.write("environments/dev.yaml", environment+"10.10.0.0/16}\napps:\n"+application("app", "exit 3")+"    secrets: {STRIPE_KEY: {name: app/stripe}}\n"+application("shop", "echo dev; exit 4"))
	f.write("environments/prod.yaml", strings.Replace(environment, "1111", "2222", 1)+"10.20.0.0/16}\napps:\n"+application("billing", "exit 5")+application("shop", "echo prod; exit 6"))
	assert.NilError(f.t, os.Remove(f.Path("app/go.mod")))
}

// TestDev checks whose settings ./plinth dev takes, and that the exit code is that of the process that failed.
// Package local tests what it runs.
func TestDev(t *testing.T) {
	for line, want := range map[string]struct {
		code int
		said string
	}{
		"dev":                      {failed, "Which application? There are app, billing and shop. For example: ./plinth dev app\n"},
		"dev shpo":                 {failed, "There is no application shpo: environments/ has app, billing, shop.\n"},
		"dev app --env prod":       {failed, "There is no application app: environments/prod.yaml has billing, shop.\n"},
		"dev app --env test":       {failed, "There is no environment test: environments/ has dev, prod.\n"},
		"dev app shop":             {failed, "shop: one argument too many. For example: ./plinth dev app\n"},
		"dev app --job tidy":       {failed, "app has no job tidy, nor any other: environments/dev.yaml sets none\n"},
		"dev app":                  {3, "STRIPE_KEY is not set: on the cluster, Secrets Manager has it. Put it into build/dev/app/.env, one NAME=value a line.\nmailer failed, so the others were stopped: exit status 3\n"},
		"dev shop":                 {4, "mailer | dev\nmailer failed, so the others were stopped: exit status 4\n"},
		"dev shop --env prod":      {6, "mailer | prod\nmailer failed, so the others were stopped: exit status 6\n"},
		"dev billing":              {5, "mailer failed, so the others were stopped: exit status 5\n"},
		"__completeNoDesc dev ":    {done, "app\nbilling\nshop\n:4\nCompletion ended with directive: ShellCompDirectiveNoFileComp\n"},
		"__completeNoDesc dev a a": {done, ":4\nCompletion ended with directive: ShellCompDirectiveNoFileComp\n"},
	} {
		f := newFake(t)
		f.addSettings()
		code, said := f.run(strings.Split(line, " ")...)
		assert.Equal(t, said, want.said, line)
		assert.Equal(t, code, want.code, line)
	}
	f := newFake(t)
	f.addSettings()
	f.write("environments/dev.yaml", strings.ReplaceAll(string(f.read("environments/dev.yaml")), "database: false", "database: true"))
	f.write("tools/requirements.sh", "exit 9\n")
	code, said := f.run("dev", "app") // which installs PostgreSQL
	assert.Equal(t, code, 9, said)

	f = newFake(t)
	f.addSettings()
	f.write("environments/prod.yaml", "x: 1\n")
	code, said = f.run("dev", "app")
	assert.Equal(t, code, failed)
	assert.Assert(t, strings.Contains(said, "environments/prod.yaml"), said)
	code, said = f.run("dev", "app", "--env", "dev") // another environment's mistake does not matter
	assert.Equal(t, code, 3, said)
}
