package plan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/cli/internal/order"
	"plinth/cli/internal/synthesized"
	"plinth/cli/internal/terraform"
)

// deployed is the beginning of the plan of a deployed stack.
const deployed = `{"format_version":"1.2","prior_state":{"values":{"root_module":{"resources":[{"mode":"managed","values":{"password":"` + secret + `"}}]}}}`

// TestDrift compares three stacks with different results.
func TestDrift(t *testing.T) {
	t.Parallel()
	const (
		bastion = `{"address":"aws_instance.bastion","mode":"managed","change":{"actions":["delete","create"],"replace_paths":[["ami"]]}}`
		same    = deployed + `,"resource_drift":[{"address":"aws_eip.a","mode":"managed","change":{"actions":["update"]}}]}`
		outside = deployed + `,"resource_drift":[{"address":"aws_vpc.a","mode":"managed","change":{"actions":["update"]}}],"resource_changes":[{"address":"aws_vpc.a","mode":"managed","change":{"actions":["update"],"after":{"password":"` + secret + `"}}},{"address":"aws_vpc.b","mode":"managed","change":{"actions":["create"]}}]}`
		pending = deployed + `,"resource_changes":[{"address":"helm_release.app","mode":"managed","change":{"actions":["delete"]}}]}`
		image   = deployed + `,"resource_changes":[` + bastion + `]}`
		images  = deployed + `,"resource_changes":[` + bastion + `,{"address":"aws_vpc.b","mode":"managed","change":{"actions":["create"]}}]}`
		stopped = deployed + `,"resource_drift":[{"address":"aws_instance.bastion","mode":"managed","change":{"actions":["update"]}}],"resource_changes":[` + bastion + `]}`
		window  = deployed + `,"output_changes":{"database_requested":{"actions":["%s"]}},"resource_changes":[{"address":"aws_db_instance.primary","type":"aws_db_instance","mode":"managed","change":{"actions":["update"],` +
			`"before":{"apply_immediately":false,"instance_class":"db.m7g.large","port":5432},"after":{"apply_immediately":%t,"instance_class":"db.m7g.xlarge","port":%d}}}]}`
		// The prior state no longer lists resources that were deleted outside Terraform.
		deleted  = `{"format_version":"1.2","prior_state":{"values":{"root_module":{}}},"resource_drift":[{"address":"aws_vpc.a","mode":"managed","change":{"actions":["delete"]}}],"resource_changes":[{"address":"aws_vpc.a","mode":"managed","change":{"actions":["create"]}}]}`
		nothing  = `{"format_version":"1.2","prior_state":{"values":{"root_module":{"resources":[{"mode":"data"}]}}},"resource_changes":[{"address":"aws_vpc.a","mode":"managed","change":{"actions":["create"]}}]}`
		planning = `echo opaque > "cdktf.out/stacks/$3/plan"`
	)
	early := func(stack string) error {
		if stack == "dev-app" {
			return order.Early("dev-app needs dev-addons. Deploy it")
		}
		return nil
	}
	signedOut := func(string) error {
		return fmt.Errorf("Cannot read the state of dev-network: %w", terraform.Explain("Error: No valid credential sources found\nPlease see a page", nil))
	}
	for name, test := range map[string]struct {
		network, data, app string // plans; an empty one fails
		check              func(stack string) error
		want               []string
		err                string
	}{
		"none":             {same, same, same, nil, []string{"| dev-network | no drift |", "| dev-data | no drift |", "| dev-app | no drift |"}, ""},
		"others' and ours": {outside, same, pending, nil, []string{"| dev-network | differs | 1 to add, 1 to change |", "dev-network, changed by others:\n\n- `aws_vpc.a`\n", "dev-network, not deployed yet:\n\n- `aws_vpc.b`\n", "| dev-app | differs | 1 to destroy |", "dev-app, not deployed yet:\n\n- `helm_release.app`\n"}, ErrDiffers.Error()},
		"others' and left": {same, same, same, nil, []string{"| dev-network | no drift |", "dev-network, changed outside Terraform, and not changed by a deployment:\n\n- `aws_eip.a`\n"}, ""},
		"a newer image": {image, same, same, nil, []string{"| dev-network | no drift | AWS has a newer image of an instance: ./plinth deploy dev-network |",
			"dev-network, not of AWS's newest image, which the next deployment replaces:\n\n- `aws_instance.bastion`\n"}, ""},
		"a newer image, and more": {images, same, same, nil, []string{"| dev-network | differs | 1 to add; AWS has a newer image of an instance: ./plinth deploy dev-network |",
			"dev-network, not deployed yet:\n\n- `aws_vpc.b`\n", "replaces:\n\n- `aws_instance.bastion`\n"}, ErrDiffers.Error()},
		"a newer image, and others'": {stopped, same, same, nil, []string{"| dev-network | differs | 1 to replace |", "dev-network, changed by others:\n\n- `aws_instance.bastion`\n"}, ErrDiffers.Error()},
		"in the maintenance window": {same, fmt.Sprintf(window, "no-op", false, 5432), same, nil, []string{"| dev-data | no drift | the database changes in its maintenance window; afterwards: ./plinth deploy dev-data |",
			"dev-data, deployed, and changed in the maintenance window:\n\n- `aws_db_instance.primary`\n"}, ""},
		"somebody's smaller instance": {same, strings.Replace(fmt.Sprintf(window, "no-op", false, 5432), `"resource_changes"`, `"resource_drift":[{"address":"aws_db_instance.primary","mode":"managed","change":{"actions":["update"],`+
			`"before":{"instance_class":"db.m7g.xlarge"},"after":{"instance_class":"db.m7g.large"}}}],"resource_changes"`, 1), same, nil, []string{"| dev-data | differs | 1 to change |", "changed by others"}, ErrDiffers.Error()},
		"not asked for yet": {same, fmt.Sprintf(window, "update", false, 5432), same, nil, []string{"| dev-data | differs | 1 to change |"}, ErrDiffers.Error()},
		"at once":           {same, fmt.Sprintf(window, "no-op", true, 5432), same, nil, []string{"| dev-data | differs | 1 to change |"}, ErrDiffers.Error()},
		"more than waits":   {same, fmt.Sprintf(window, "no-op", false, 5433), same, nil, []string{"| dev-data | differs | 1 to change |"}, ErrDiffers.Error()},
		"all is deleted":    {deleted, same, same, nil, []string{"| dev-network | differs | 1 to add |", "dev-network, changed by others:\n\n- `aws_vpc.a`\n"}, ErrDiffers.Error()},
		"nothing yet":       {same, nothing, same, nil, []string{"| dev-data | not deployed |  |"}, ""},
		"one fails":         {outside, "", same, nil, []string{"| dev-network | differs |", "| dev-data | cannot be compared | dev-data: terraform show: exit status 1 cat: ", "| dev-app | no drift |"}, "not every stack could be compared"},
		"one is too early":  {same, same, same, early, []string{"| dev-app | not deployed | dev-app needs dev-addons |"}, ""},
		"no credentials":    {same, same, same, signedOut, []string{"| dev-app | cannot be compared | Cannot read the state of dev-network: there are no AWS credentials. Sign in, or choose them with AWS_PROFILE. |"}, "not every stack could be compared"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, out := project(t, nil, planning, `exec cat "$PWD/shown"`)
			if test.check != nil {
				c.Check = func(_ context.Context, stack string) error { return test.check(stack) }
			}
			manifest := `{"stacks": {`
			for i, stack := range []string{"network", "data", "app"} {
				folder := filepath.Join(c.Root, "cdktf.out", "stacks", "dev-"+stack)
				assert.NilError(t, os.MkdirAll(folder, 0o755))
				assert.NilError(t, os.WriteFile(filepath.Join(folder, "cdk.tf.json"), []byte("{}"), 0o600))
				if plan := []string{test.network, test.data, test.app}[i]; plan != "" {
					assert.NilError(t, os.WriteFile(filepath.Join(folder, "shown"), []byte(plan), 0o600))
				}
				manifest += `"dev-` + stack + `": {"name": "dev-` + stack + `", "synthesizedStackPath": "stacks/dev-` + stack + `/cdk.tf.json"},`
			}
			manifest += `"bootstrap-dev": {"name": "bootstrap-dev", "synthesizedStackPath": "stacks/dev-app/cdk.tf.json"}}}`
			assert.NilError(t, os.WriteFile(filepath.Join(c.Root, "cdktf.out", "manifest.json"), []byte(manifest), 0o600))

			_, err := c.Drift(t.Context(), "dev", nil)
			if test.err == "" {
				assert.NilError(t, err)
			} else {
				assert.ErrorContains(t, err, test.err)
			}
			assert.Equal(t, errors.Is(err, ErrDiffers), test.err == ErrDiffers.Error())
			summary, err := os.ReadFile(filepath.Join(c.Root, "build", "drift", "summary.md"))
			assert.NilError(t, err)
			data, err := os.ReadFile(filepath.Join(c.Root, "build", "drift", "drift.json"))
			assert.NilError(t, err)
			for _, want := range test.want {
				assert.Assert(t, strings.Contains(string(summary), want), "want %q in\n%s", want, summary)
			}
			assert.Assert(t, strings.Contains(out.String(), string(summary)))
			assert.Assert(t, !strings.Contains(out.String()+string(data), secret), "a value is shown")
			assert.Assert(t, !strings.Contains(string(summary), "bootstrap"), "the administrator's stack is compared")
		})
	}
	t.Run("of what is not there", func(t *testing.T) {
		c, _ := project(t, nil, "", "")
		_, err := c.Drift(t.Context(), "prod", nil)
		assert.ErrorContains(t, err, "prod: has no stacks; there are dev-app")
	})
	t.Run("interrupted", func(t *testing.T) {
		c, _ := project(t, nil, "", "")
		manifest := filepath.Join(c.Root, "cdktf.out", "manifest.json")
		assert.NilError(t, os.WriteFile(manifest, []byte(`{"stacks": {"dev-app": {"name": "dev-app"}, "bootstrap-dev": {"name": "bootstrap-dev"}}}`), 0o600))
		ctx, stop := context.WithCancel(t.Context())
		stop()
		_, err := c.Drift(ctx, "dev", nil)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

// TestChosen has an environment whose name begins with another's.
func TestChosen(t *testing.T) {
	t.Parallel()
	all := map[string]synthesized.Stack{}
	for _, name := range []string{"bootstrap-dev", "bootstrap-dev-eu", "dev-app", "dev-network", "dev-eu-app"} {
		all[name] = synthesized.Stack{Name: name}
	}
	for name, test := range map[string]struct {
		environment string
		patterns    []string
		want        string
		err         string
	}{
		"an environment":     {"dev", nil, "dev-app dev-network", ""},
		"the longer":         {"dev-eu", nil, "dev-eu-app", ""},
		"a pattern":          {"dev", []string{"dev-*"}, "dev-app dev-network", ""},
		"another's pattern":  {"dev", []string{"dev-eu-*"}, "", "dev-eu-*: is not a stack of dev but of dev-eu; compare it with ./plinth drift dev-eu 'dev-eu-*'"},
		"another's stack":    {"dev-eu", []string{"dev-network"}, "", "dev-network: is not a stack of dev-eu but of dev; compare it with ./plinth drift dev 'dev-network'"},
		"names":              {"dev", []string{"dev-network", "dev-app"}, "dev-network dev-app", ""},
		"no such stack":      {"dev", []string{"dev-apq"}, "", "dev-apq: matches no stack; there are dev-app, dev-eu-app, dev-network"},
		"an administrator's": {"dev", []string{"bootstrap-dev"}, "", "bootstrap-dev: matches no stack"},
		"no such one":        {"prod", nil, "", "prod: has no stacks"},
	} {
		got, err := chosen(all, test.environment, test.patterns)
		if test.err != "" {
			assert.ErrorContains(t, err, test.err, name)
			continue
		}
		assert.NilError(t, err, name)
		assert.Equal(t, strings.Join(got, " "), test.want, name)
	}
}

// TestDeployedImage compares an application deployed by digest with settings that name a tag.
func TestDeployedImage(t *testing.T) {
	t.Parallel()
	// Synthesized without the digest, the stack would change the release.
	const (
		cdktf  = `for stack in app shop; do echo opaque > cdktf.out/stacks/dev-$stack/plan; done`
		before = deployed + `,"output_changes":{"image":{"before":"registry/app@sha256:ab","after":"`
		tagged = before + `registry/app:0.1.0"}},"resource_changes":[{"address":"helm_release.app","mode":"managed","change":{"actions":["update"]}}]}`
		same   = before + `registry/app@sha256:ab"}},"resource_changes":[]}`
	)
	terraform := `if test "$(cat ../../digest)" = sha256:ab; then echo '` + same + `'; else echo '` + tagged + `'; fi`
	for name, test := range map[string]struct{ stack, application, tag, want string }{
		"as deployed":            {"dev-app", "app", "", "| dev-app | no drift |"},
		"a tag asked for":        {"dev-app", "app", "2.0.0", "| dev-app | differs | 1 to change |"},
		"another application":    {"dev-shop", "shop", "", "| dev-shop | no drift |"},
		"no application's stack": {"dev-shop", "", "", "| dev-shop | differs | 1 to change |"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := project(t, nil, cdktf, terraform)
			for _, stack := range []string{"dev-app", "dev-shop"} {
				assert.NilError(t, os.MkdirAll(filepath.Join(c.Root, "cdktf.out", "stacks", stack), 0o755))
			}
			assert.NilError(t, os.WriteFile(filepath.Join(c.Root, "cdktf.out", "stacks", test.stack, "cdk.tf.json"),
				[]byte(`{"output": {"application": {"value": "`+test.application+`"}}}`), 0o600))
			manifest := `{"stacks": {"` + test.stack + `": {"name": "` + test.stack + `", "synthesizedStackPath": "stacks/` + test.stack + `/cdk.tf.json"}, "bootstrap-dev": {"name": "bootstrap-dev"}}}`
			assert.NilError(t, os.WriteFile(filepath.Join(c.Root, "cdktf.out", "manifest.json"), []byte(manifest), 0o600))
			assert.NilError(t, os.WriteFile(filepath.Join(c.Root, "cdktf.out", "digest"), nil, 0o600))
			c.Synth = func(_ context.Context, variables ...string) error {
				_, digest, _ := strings.Cut(variables[0], "_IMAGE_DIGEST=")
				return os.WriteFile(filepath.Join(c.Root, "cdktf.out", "digest"), []byte(digest), 0o600)
			}
			getenv := c.Getenv
			c.Getenv = func(name string) string {
				if name == "PLINTH_DEV_APPS_APP_IMAGE_TAG" {
					return test.tag
				}
				return getenv(name)
			}
			_, err := c.Drift(t.Context(), "dev", nil)
			assert.Equal(t, errors.Is(err, ErrDiffers), strings.Contains(test.want, "differs"), "%v", err)
			summary, err := os.ReadFile(filepath.Join(c.Root, "build", "drift", "summary.md"))
			assert.NilError(t, err)
			assert.Assert(t, strings.Contains(string(summary), test.want), "want %q in\n%s", test.want, summary)
		})
	}
}
