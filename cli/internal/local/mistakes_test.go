package local

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestMistakes checks that each mistake is one message, before anything runs.
func TestMistakes(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	assert.NilError(t, err)
	t.Cleanup(func() { l.Close() })
	busy := l.Addr().(*net.TCPAddr).Port
	holder := ""
	if _, err := os.Stat("/proc/net/tcp"); err == nil {
		holder = fmt.Sprintf(" is taken by local.test, process %d. Stop it with kill %[1]d, or take another port: PLINTH_DEV_APPS_SHOP_WEB_PORT=", os.Getpid())
	}
	worker := "build: {context: shop}\n    workers: {mailer: {}}"
	for name, test := range map[string]struct {
		app, job string
		files    map[string]string
		want     string
	}{
		"no folder":      {app: "workers: {mailer: {}}", want: "apps.shop.build.context: must be the folder of the application's files to run it on this machine; environments/dev.yaml sets none"},
		"another folder": {app: "build: {context: shpo}\n    workers: {mailer: {}}", want: "apps.shop.build.context: is shpo, which is no folder of this repository; change it in environments/dev.yaml"},
		"no command":     {app: worker, want: "apps.shop.workers.mailer.command: is not set, and the command of shop/Dockerfile cannot be run here: there is none; set it in environments/dev.yaml, such as [node, server.js]"},
		"shell form": {app: worker, files: map[string]string{"shop/Dockerfile": "FROM node\nCMD node server.js\n"},
			want: "apps.shop.workers.mailer.command: is not set, and the command of shop/Dockerfile cannot be run here: CMD node server.js is in shell form; set it in environments/dev.yaml, such as [node, server.js]"},
		"image's program": {app: worker, files: map[string]string{"shop/Dockerfile": "FROM x\nENTRYPOINT [\"/srv/none\"]\n"},
			want: "apps.shop.workers.mailer.command: is not set, and the command of shop/Dockerfile cannot be run here: /srv/none is no program of this machine; set it in environments/dev.yaml, such as [node, server.js]"},
		"program": {app: "build: {context: shop}\n    workers: {mailer: {command: [no-such-program]}}",
			want: "apps.shop.workers.mailer.command: no-such-program is not in this machine's PATH; install it, or enter the environment that has it"},
		"file": {app: "build: {context: shop}\n    workers: {mailer: {command: [bin/mailer]}}",
			want: "apps.shop.workers.mailer.command: shop/bin/mailer is no program of this machine"},
		"jobs alone": {app: "build: {context: shop}\n    jobs: {report: {command: [x], schedule: '15 2 * * *'}}",
			want: "shop has jobs alone; run one of them: ./plinth dev shop --job report"},
		"no job": {app: worker, job: "report", want: "shop has no job report, nor any other: environments/dev.yaml sets none"},
		"another job": {app: "build: {context: shop}\n    jobs: {report: {command: [x], schedule: '15 2 * * *'}, tidy: {command: [x], schedule: '15 2 * * *'}}", job: "reprot",
			want: "shop has no job reprot: environments/dev.yaml has report and tidy"},
		"variables": {app: worker, files: map[string]string{"build/dev/shop/.env": "A=1\nsecret\n"},
			want: "build/dev/shop/.env:2: must be NAME=value, a comment that begins with #, or empty"},
		"port": {app: fmt.Sprintf("build: {context: shop}\n    web: {port: %d, command: [sh]}", busy),
			want: fmt.Sprintf("Port %d, which is apps.shop.web.port,", busy) + holder},
		"Go": {app: worker, files: map[string]string{"shop/go.mod": "module shop\n", "shop/main.go": "package main\n\nfunc main() { x }\n"},
			want: "go build in shop: exit status 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			m.write("shop/.keep", "")
			for name, content := range test.files {
				m.write(name, content)
			}
			c := m.config("    database: false\n    " + test.app + "\n")
			c.Job = test.job
			err := Run(t.Context(), c)
			assert.ErrorContains(t, err, test.want)
			if !strings.HasSuffix(test.want, "\n") {
				assert.Equal(t, strings.Count(err.Error(), "\n"), 0)
			}
			assert.Equal(t, m.out.String(), "")
		})
	}
}

// TestNotInstalled checks what is said where npm has no PostgreSQL for the machine.
func TestNotInstalled(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	assert.NilError(t, os.Remove(m.root+"/node_modules"))
	m.write("shop/.keep", "")
	assert.Assert(t, !Installed(m.root))
	assert.Assert(t, Installed(root))
	err := Run(t.Context(), m.config("    build: {context: shop}\n    workers: {mailer: {command: [sh]}}\n"))
	assert.ErrorContains(t, err, "is not installed. ./plinth setup installs it, if npm has it for this machine")
}

// TestParameters checks what is said of parameters, which are not read from AWS.
func TestParameters(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.write("shop/.keep", "")
	c := m.config("    database: false\n    build: {context: shop}\n    parameters: {enabled: true}\n    jobs: {report: {command: ['true'], schedule: '15 2 * * *'}}\n")
	c.Job = "report"
	const hint = "apps.shop.parameters.enabled is on, but parameters are not read from AWS here. Put those that the application needs into build/dev/shop/.env, one NAME=value a line.\n"
	assert.NilError(t, Run(t.Context(), c))
	assert.Equal(t, m.said.String(), hint)
	m.write("build/dev/shop/.env", "A=1\n")
	assert.NilError(t, Run(t.Context(), c))
	assert.Equal(t, m.said.String(), hint)
	c.Secrets = []string{"A", "STRIPE_KEY"}
	assert.NilError(t, Run(t.Context(), c))
	assert.Equal(t, m.said.String(), hint+"STRIPE_KEY is not set: on the cluster, Secrets Manager has it. Put it into build/dev/shop/.env, one NAME=value a line.\n")
}
