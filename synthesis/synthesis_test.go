package synthesis

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
	"gotest.tools/v3/assert"

	"plinth/constructs/vpc"
	"plinth/settings"
	"plinth/stacks"
)

// TestMain runs the tests in the project's folder, where the program runs.
func TestMain(m *testing.M) {
	if err := os.Chdir(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	Close()
	os.Exit(code)
}

// TestMistakesAreReadable makes mistakes at which jsii panics.
func TestMistakesAreReadable(t *testing.T) {
	for name, test := range map[string]struct {
		define func(app constructs.Construct)
		want   string
	}{
		"a range that cannot be planned": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, jsii.String("broken"))
				vpc.New(stack, "network", vpc.Config{Zones: []string{"eu-west-2a"}})
			},
			"(from synthesis/synthesis_test.go:",
		},
		"a nil pointer": {
			func(app constructs.Construct) { stacks.NewData(app, &settings.Environment{}, nil) },
			"stacks/",
		},
		"the same id twice": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, jsii.String("broken"))
				cdktf.NewTerraformOutput(stack, jsii.String("twice"), &cdktf.TerraformOutputConfig{Value: "a"})
				cdktf.NewTerraformOutput(stack, jsii.String("twice"), &cdktf.TerraformOutputConfig{Value: "b"})
			},
			"synthesis/synthesis_test.go:",
		},
		"a required field that is missing": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, jsii.String("broken"))
				cdktf.NewS3Backend(stack, &cdktf.S3BackendConfig{})
			},
			"synthesis/synthesis_test.go:",
		},
		"an asset that is not there": {
			func(app constructs.Construct) {
				stack := cdktf.NewTerraformStack(app, jsii.String("broken"))
				cdktf.NewTerraformAsset(stack, jsii.String("asset"), &cdktf.TerraformAssetConfig{Path: jsii.String("no/such/folder")})
			},
			"synthesis/synthesis_test.go:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CDKTF_OUTDIR", t.TempDir())
			err := Run(test.define)
			assert.ErrorContains(t, err, test.want)
			for _, trace := range []string{"\n    at ", "goroutine ", "node:internal", ".js:"} {
				assert.Assert(t, !strings.Contains(err.Error(), trace), "a stack trace reaches the user:\n%s", err)
			}
		})
	}
}

// TestPlacesInTheProgram checks that errors name the program's own file without a folder.
func TestPlacesInTheProgram(t *testing.T) {
	assert.Equal(t, relativeFile(runtime.Frame{Function: "main.define", File: "/anywhere/main.go"}), "main.go")
}

// TestMissingPermissions: one message lists the types without a row of all environments.
func TestMissingPermissions(t *testing.T) {
	all, err := settings.Load("settings/testdata/environments", []string{"SOURCE_DATE_EPOCH=1796083200"}) // 2026-12-01
	assert.NilError(t, err)
	layers := map[*settings.Environment][]cdktf.TerraformStack{}
	t.Setenv("CDKTF_OUTDIR", t.TempDir())
	err = Run(
		func(app constructs.Construct) {
			for _, env := range all {
				stack := awsStack(app, env.Name+"-app")
				for _, kind := range []string{"aws_not_a_type", "aws_nor_this"} {
					cdktf.NewTerraformResource(stack, jsii.String(kind), &cdktf.TerraformResourceConfig{TerraformResourceType: jsii.String(kind)})
				}
				layers[env] = []cdktf.TerraformStack{stack}
			}
		},
		func(app constructs.Construct) {
			for _, env := range all {
				stacks.NewBootstrap(app, env, layers[env]...)
			}
		})
	assert.Error(t, err, `permissions: which actions do these types take?
  aws_nor_this (dev-app, prod-app, shapes-app, staging-app)
  aws_not_a_type (dev-app, prod-app, shapes-app, staging-app)
No role could deploy them, so nothing is written. Add each to permissions/own.go: make missing shows how`)
}
