package plan

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"plinth/cli/internal/order"
)

// project is a project with a synthesized dev-app, in which cdktf and terraform are shell scripts.
func project(t *testing.T, check error, cdktf, terraform string) (*Planner, *bytes.Buffer) {
	t.Helper()
	root := t.TempDir()
	for file, content := range map[string]string{
		"cdktf.json":                           "{}",
		"cdktf.out/manifest.json":              `{"stacks": {"dev-app": {"name": "dev-app", "synthesizedStackPath": "stacks/dev-app/cdk.tf.json"}}}`,
		"cdktf.out/stacks/dev-app/cdk.tf.json": "{}",
		"node_modules/.bin/cdktf":              "#!/bin/sh\n" + cdktf,
		"terraform":                            "#!/bin/sh\n" + terraform,
	} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	return &Planner{Root: root, Environ: os.Environ(), Stdout: &out, Stderr: &out, Check: func(context.Context, string) error { return check }, Getenv: func(name string) string {
		return map[string]string{"TERRAFORM_BINARY_NAME": filepath.Join(root, "terraform")}[name]
	}}, &out
}

func TestStack(t *testing.T) {
	t.Parallel()
	const planning = `echo "$@ with $TF_CLI_ARGS_plan"; echo opaque > cdktf.out/stacks/dev-app/plan`
	const showing = `test "$*" = "show -json plan" -a -f plan && echo '{"format_version":"1.2","resource_changes":[{"address":"helm_release.app","mode":"managed","change":{"actions":["update"],"after":{"password":"` + secret + `"}}}]}'`
	for name, test := range map[string]struct {
		check            error
		cdktf, terraform string
		summary, err     string
	}{
		"planned": {nil, planning, showing, "#### dev-app\n\n1 to change.\n\n| action | resource |\n|---|---|\n| change | `helm_release.app` |\n", ""},
		"too early": {
			order.Early("dev-app needs dev-data and dev-addons, which have not been deployed. Deploy them first, in this order:\n  ./plinth deploy …"), "exit 1", "exit 1",
			"#### dev-app\n\nCannot be planned yet: dev-app needs dev-data and dev-addons, which have not been deployed.\n", "",
		},
		"no credentials":  {errors.New("Cannot read the state of dev-data: there are no AWS credentials."), planning, showing, "", "Cannot read the state of dev-data: there are no AWS credentials."},
		"plan fails":      {nil, "exit 1", showing, "", "dev-app: cannot be planned: exit status 1"},
		"plan says why":   {nil, `printf 'dev-app  \342\224\202 \033[1m\033[31mError: \033[0m\033[0m\033[1mreading EC2 VPC: denied\033[0m\nError: 2\n'; exit 1`, showing, "", "dev-app: cannot be planned: Error: reading EC2 VPC: denied"},
		"terraform fails": {nil, planning, "echo broken >&2; exit 1", "", "dev-app: terraform show: exit status 1\nbroken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, out := project(t, test.check, test.cdktf, test.terraform)
			_, err := c.Plan(t.Context(), "dev-app")
			if said := ""; err != nil {
				said = strings.TrimSpace(err.Error())
				if said != test.err {
					t.Errorf("the error is %q, not %q", said, test.err)
				}
			} else if test.err != "" {
				t.Errorf("succeeds instead of %q", test.err)
			}
			content, _ := os.ReadFile(filepath.Join(c.folder("dev-app"), "summary.md"))
			if string(content) != test.summary {
				t.Errorf("the summary is\n%s\nnot\n%s", content, test.summary)
			}
			if strings.Contains(out.String(), secret) {
				t.Error("a value is shown")
			}
			if name != "planned" {
				return
			}
			if !strings.Contains(out.String(), "diff --skip-synth dev-app with -lock=false") {
				t.Errorf("cdktf is called with %s", out)
			}
			if plan, err := os.ReadFile(filepath.Join(c.folder("dev-app"), "plan")); string(plan) != "opaque\n" {
				t.Errorf("the saved plan is %q, %v", plan, err)
			}
		})
	}
	t.Run("of a stack with a secret", func(t *testing.T) {
		c, out := project(t, nil, `echo "TF_VAR_plan_only is $TF_VAR_plan_only"; `+planning, showing)
		file := filepath.Join(c.Root, "cdktf.out/stacks/dev-app/cdk.tf.json")
		if err := os.WriteFile(file, []byte(`{"variable": {"plan_only": {}}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Plan(t.Context(), "dev-app"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"TF_VAR_plan_only is true", "with -lock=false -refresh=false", "changes made outside Terraform are not shown"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("want %q in\n%s", want, out)
			}
		}
	})
	c, _ := project(t, nil, "", "")
	if _, err := c.Plan(t.Context(), "dev-apq"); err == nil || err.Error() != "dev-apq: there is no such stack; there are dev-app" {
		t.Errorf("of an unknown stack it says %v", err)
	}
}
