package newapp

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/settings"
)

const dev = `# Development.
account: "111111111111"
region: eu-west-2
ci: {project: group/project}
network: {cidr: 10.10.0.0/16, zones: [a, b]}
database: {instanceClass: db.t4g.micro}
apps:
    # The sample.
    app: {image: {tag: 0.1.0}, web: {}} # it

# What is watched.
observability: {}
`

// newRoot returns a project with two environments, of which prod is protected and ends with apps.
func newRoot(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	prod := strings.NewReplacer("1111", "3333", "10.10", "10.30", "web: {}", "web: {internal: true}").Replace(dev)
	before, _, _ := strings.Cut(prod, "\n# What")
	all := map[string]string{"environments/dev.yaml": dev, "environments/prod.yaml": "protected: true\n" + strings.TrimSuffix(before, "\n")}
	for name, content := range files {
		all[name] = content
	}
	for name, content := range all {
		file := filepath.Join(root, name)
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	return root
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	assert.NilError(t, err)
	return string(content)
}

func TestAdd(t *testing.T) {
	t.Parallel()
	root := newRoot(t, map[string]string{
		"shop/Dockerfile": "FROM node AS build\nEXPOSE 9\nUSER root\nFROM node:24\n# EXPOSE 1\nexpose 3000/tcp 4000\nUSER 1000:1000\nCMD [\"node\", \\\n  \"server.js\"]\n",
		"shop/Procfile":   "# ours\nweb: node server.js\nmailer: node mailer.js --queue $QUEUE\nrelease: npm run migrate\n",
	})
	var said bytes.Buffer
	assert.NilError(t, Add(root, Options{Name: "shop", Out: &said}))
	want := strings.Replace(dev, "    app: {image: {tag: 0.1.0}, web: {}} # it\n", `    app: {image: {tag: 0.1.0}, web: {}} # it

    # Added by ./plinth new app. docs/settings.md explains all settings of an application.
    shop:
      image: {tag: 0.1.0} # ./plinth push dev shop prints what to deploy
      build: {context: shop}
      user: 1000 # USER in shop/Dockerfile
      # writable: [/tmp] # all other folders are read-only
      # env: {LOG_FORMAT: json}
      web:
        command: [node, server.js] # web in shop/Procfile
        port: 3000 # EXPOSE in shop/Dockerfile
        health: {path: /health} # answers 200 while the process can take requests
        # metrics: {port: 9090} # for Prometheus
      workers:
        mailer: {command: [sh, -c, exec node mailer.js --queue $QUEUE]} # in shop/Procfile
      release: {command: [npm, run, migrate]} # in shop/Procfile
      # database: false # it gets the database's address and credentials
`, 1)
	assert.Equal(t, read(t, root, "environments/dev.yaml"), want)
	all, err := settings.Load(filepath.Join(root, "environments"), nil)
	assert.NilError(t, err)
	for _, env := range all {
		app := env.Apps["shop"]
		assert.Equal(t, app.Web.Port, 3000)
		assert.Equal(t, app.Web.Internal, env.Protected)
		assert.DeepEqual(t, app.Workers["mailer"].Command, []string{"sh", "-c", "exec node mailer.js --queue $QUEUE"})
		assert.DeepEqual(t, app.Release.Command, []string{"npm", "run", "migrate"})
	}
	for _, want := range []string{
		"environments/dev.yaml: has apps.shop\nenvironments/prod.yaml: has apps.shop\nFrom shop/Dockerfile: port 3000.\nFrom shop/Dockerfile: user 1000.\nFrom shop/Procfile: web, [node, server.js].\n",
		"mailer needs a shell, sh, in the image.", "In protected environments the load balancer is internal", "./plinth push dev shop",
	} {
		assert.Assert(t, strings.Contains(said.String(), want), said.String())
	}
}

func TestAddFromLittle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		has   []string
		says  []string
	}{
		"nothing": {nil, []string{"# build: {context: shop}", "# user: 65532", "web:\n        # port: 8080"}, []string{"There is no shop/Dockerfile, so no image is built here"}},
		"a Dockerfile that says little": {map[string]string{"shop/Dockerfile": "FROM x\nEXPOSE 80\nUSER node\n"}, []string{"# port: 8080", "# user: 65532", "      build: {context: shop}"},
			[]string{"EXPOSE 80 in shop/Dockerfile: only root can listen there", "USER node in shop/Dockerfile is no number: set user to the number that it has in the image (id -u node)", "The image's own command runs as web: its base image's."}},
		"a port of a variable": {map[string]string{"shop/Dockerfile": "FROM x\nEXPOSE $PORT\nUSER root\nENTRYPOINT [\"run\"]\n"}, []string{"# port: 8080"},
			[]string{"EXPOSE $PORT in shop/Dockerfile is no number: set web.port", "USER root in shop/Dockerfile: root is refused", `The image's own command runs as web: ["run"]`}},
		"a worker alone": {map[string]string{"shop/Procfile": "queue: python -m indexer\n"}, []string{"workers:\n        queue: {command: [python, -m, indexer]}"}, nil},
		"a shell's line": {map[string]string{"shop/Procfile": "web: A=1 run && b\n"}, []string{`command: [sh, -c, A=1 run && b] # web`}, []string{"web needs a shell"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := newRoot(t, test.files)
			var said bytes.Buffer
			assert.NilError(t, Add(root, Options{Name: "shop", Out: &said}))
			got := read(t, root, "environments/dev.yaml")
			for _, want := range test.has {
				assert.Assert(t, strings.Contains(got, want), got)
			}
			for _, want := range test.says {
				assert.Assert(t, strings.Contains(said.String(), want), said.String())
			}
		})
	}
}

// TestRefuses: nothing is written.
func TestRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		o     Options
		files map[string]string
		want  string
	}{
		"taken":             {Options{Name: "app"}, nil, "environments/dev.yaml: apps.app: there is such an application already"},
		"a bad name":        {Options{Name: "My Shop"}, nil, `apps."My Shop": the name must be`},
		"a stack of ours":   {Options{Name: "data"}, nil, "apps.data: the name must"},
		"a process's name":  {Options{Name: "shop"}, map[string]string{"shop/Procfile": "parameters: x\n"}, "apps.shop.workers.parameters: the name must be"},
		"somewhere else":    {Options{Name: "shop", Folder: "../shop"}, nil, "--folder ../shop: must be in the repository"},
		"settings in error": {Options{Name: "shop"}, map[string]string{"environments/x.yaml": "a: b\n"}, "the settings have mistakes; mend these first\n"},
		"in braces":         {Options{Name: "shop"}, map[string]string{"environments/dev.yaml": strings.Replace(dev, "apps:\n    # The sample.\n    app: {image: {tag: 0.1.0}, web: {}} # it", "apps: {app: {image: {tag: 0.1.0}, web: {}}}", 1)}, "environments/dev.yaml: apps: is written in a way that this cannot edit; write the application there yourself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := newRoot(t, test.files)
			before := read(t, root, "environments/dev.yaml") + read(t, root, "environments/prod.yaml")
			test.o.Out = &bytes.Buffer{}
			assert.ErrorContains(t, Add(root, test.o), test.want)
			assert.Equal(t, read(t, root, "environments/dev.yaml")+read(t, root, "environments/prod.yaml"), before)
		})
	}
}
