package synthesized

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gotest.tools/v3/assert"
)

// project returns a folder whose cdktf.out has stacks with these contents.
func project(t *testing.T, stacks map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, content string) {
		file := filepath.Join(root, name)
		assert.NilError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
	}
	manifest := ""
	for name, content := range stacks {
		manifest += fmt.Sprintf(`, %q: {"name": %[1]q, "synthesizedStackPath": "stacks/%[2]s/cdk.tf.json"}`, name, name)
		write("cdktf.out/stacks/"+name+"/cdk.tf.json", content)
	}
	write("cdktf.json", "{}")
	write("app/Dockerfile", "FROM scratch")
	write("services/shop/Dockerfile", "FROM scratch")
	write("cdktf.out/manifest.json", `{"stacks": {`+manifest[1:]+`}}`)
	return root
}

const (
	app  = `{"output": {"application": {"value": "app"}, "build": {"value": {"context": "app", "dockerfile": "app/Dockerfile"}}, "url_host": {"value": "${x}"}}, "resource": {"helm_release": {"keda": {"name": "keda", "namespace": "keda", "repository": "https://charts.example.com"}, "database": {"name": "postgres", "namespace": "postgres"}, "release": {"name": "app", "namespace": "app"}}}}`
	shop = `{"output": {"application": {"value": "shop"}, "build": {"value": {"context": "services", "dockerfile": "services/shop/Dockerfile"}}}, "resource": {"helm_release": {"release": {"name": "shop", "namespace": "shop"}}}}`
	page = `{"output": {"application": {"value": "page"}, "url_host": {"value": ""}}}`
)

// several is a project with environments whose names begin alike.
var several = map[string]string{
	"bootstrap-dev": "{}", "dev-network": `{"output": {"a": {"value": "b"}}}`, "dev-shop": shop, "dev-app": app, "dev-page": page,
	"bootstrap-dev-eu": "{}", "dev-eu-app": app,
	"bootstrap-qa": "{}", "qa-network": "{}",
}

func TestApplications(t *testing.T) {
	t.Parallel()
	root := project(t, several)
	all, err := Read(root)
	assert.NilError(t, err)
	assert.DeepEqual(t, Environments(all), []string{"dev", "dev-eu", "qa"})
	appBuild, shopBuild := &Build{"app", "app/Dockerfile"}, &Build{"services", "services/shop/Dockerfile"}
	for environment, want := range map[string][]Application{
		"dev": {
			{"dev", "app", "dev-app", "app", "app", appBuild, true},
			{"dev", "page", "dev-page", "", "", nil, true},
			{"dev", "shop", "dev-shop", "shop", "shop", shopBuild, false},
		},
		"dev-eu": {{"dev-eu", "app", "dev-eu-app", "app", "app", appBuild, true}},
		"qa":     nil,
	} {
		got, err := Applications(all, environment)
		assert.NilError(t, err)
		assert.DeepEqual(t, got, want)
	}
	every, err := AllApplications(all)
	assert.NilError(t, err)
	assert.DeepEqual(t, Names(every), []string{"app", "page", "shop"})
	builds := func() (names []string) {
		for _, a := range every {
			if a.Builds(root) {
				names = append(names, a.Name)
			}
		}
		return names
	}
	assert.DeepEqual(t, builds(), []string{"app", "shop"})
	// Without its Dockerfile, other tools build it.
	assert.NilError(t, os.RemoveAll(filepath.Join(root, "app")))
	assert.DeepEqual(t, builds(), []string{"shop"})
}

func TestApplicationsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ stack, want string }{
		"the name of another stack": {shop, `dev-app/cdk.tf.json: output.application: "shop" is not valid: the stack is <environment>-<application>`},
		"a name for a shell":        {`{"output": {"application": {"value": "$(id)-app"}}}`, `output.application: "$(id)-app" is not valid`},
		"a folder elsewhere":        {`{"output": {"application": {"value": "app"}, "build": {"value": {"context": "../app", "dockerfile": "app/Dockerfile"}}}}`, `output.build.context: "../app" is not a path in the repository`},
		"no Dockerfile":             {`{"output": {"application": {"value": "app"}, "build": {"value": {"context": "app"}}}}`, `output.build.dockerfile: "" is not a path in the repository`},
		"a path for a shell":        {`{"output": {"application": {"value": "app"}, "build": {"value": {"context": "app", "dockerfile": "$(id)"}}}}`, `output.build.dockerfile: "$(id)" is not a path in the repository`},
		"no JSON":                   {`{`, "dev-app/cdk.tf.json: unexpected end"},
	} {
		all, err := Read(project(t, map[string]string{"dev-app": test.stack}))
		assert.NilError(t, err, name)
		_, err = Applications(all, "dev")
		assert.ErrorContains(t, err, test.want, name)
	}
	other := `{"output": {"application": {"value": "app"}, "build": {"value": {"context": ".", "dockerfile": "app/Dockerfile"}}}}`
	all, err := Read(project(t, map[string]string{"bootstrap-dev": "{}", "dev-app": app, "bootstrap-prod": "{}", "prod-app": other}))
	assert.NilError(t, err)
	_, err = AllApplications(all)
	assert.ErrorContains(t, err, "app: dev builds its image from app/Dockerfile in app, and prod from app/Dockerfile in .; all environments must run the same image")
}

func TestChoose(t *testing.T) {
	t.Parallel()
	one, two := []Application{{Name: "app"}}, []Application{{Name: "app"}, {Name: "shop"}}
	for _, test := range []struct {
		all        []Application
		name, want string
		err        string
	}{
		{one, "", "app", ""},
		{one, "app", "app", ""},
		{two, "shop", "shop", ""},
		{two, "", "", "Which application? There are app and shop."},
		{two, "shpo", "", "There is no application shpo. Did you mean shop?\nThe applications are: app, shop"},
		{nil, "", "", "There is no application here."},
		{nil, "app", "", "There is no application here."},
	} {
		got, err := Choose(test.all, test.name)
		assert.Equal(t, got.Name, test.want)
		if test.err != "" {
			assert.Error(t, err, test.err)
			continue
		}
		assert.NilError(t, err)
	}
}

func TestImageSettings(t *testing.T) {
	t.Parallel()
	a := Application{Environment: "eu", Name: "my-shop"}
	assert.Equal(t, a.ImageSetting("tag"), "apps.my-shop.image.tag")
	assert.Equal(t, a.ImageVariable("digest"), "PLINTH_EU_APPS_MY_SHOP_IMAGE_DIGEST")
}
