package order

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestProviders has states that name a provider which no stack requires.
func TestProviders(t *testing.T) {
	const (
		inNetwork = `dev-network: its state s3://plinth-dev-state/dev/network.tfstate names a provider that the stack does not require: "aws_thing.each" has "registry.invalid/evil/x". `
		inData    = `dev-data: its state s3://plinth-dev-state/dev/data.tfstate names a provider that the stack does not require: "data.aws_thing.each" has "registry.invalid/hashicorp/awss". `
		needed    = "dev-data needs dev-network, which has not been deployed. "
	)
	evil := object{"mode": "managed", "type": "aws_thing", "name": "each", "provider": `provider["registry.invalid/evil/x"]`,
		"instances": []object{{"schema_version": 0, "attributes": object{"output": secret}}}}
	like := object{"mode": "data", "type": "aws_thing", "name": "each", "provider": `module.a.provider["registry.invalid/hashicorp/awss"].b`,
		"instances": []object{{"schema_version": 0, "attributes": object{"output": secret}}}}
	const first, second = "dev-network", "dev-data"
	for name, test := range map[string]struct {
		foreign map[string]object // by stack; the others are as they should be
		command string
		want    string // how the message begins
	}{
		"deploy one":                 {map[string]object{first: evil}, "deploy dev-network", inNetwork},
		"deploy another":             {map[string]object{second: like}, "deploy dev-data", inData},
		"deploy upon it":             {map[string]object{first: evil}, "deploy dev-data", ""},
		"deploy beside it":           {map[string]object{"staging-data": evil}, "deploy dev-*", ""},
		"deploy several":             {map[string]object{second: like}, "deploy dev-*", inData},
		"deploy names":               {map[string]object{second: like}, "deploy dev-network dev-data", inData},
		"deploy several of two":      {map[string]object{first: evil, second: like}, "deploy *-network *-data", inNetwork},
		"destroy one":                {map[string]object{"dev-app": evil}, "destroy dev-app", `dev-app: its state `},
		"destroy below it":           {map[string]object{"dev-app": evil}, "destroy dev-addons", "dev-addons is still needed by dev-app (1 resource)."},
		"destroy several":            {map[string]object{second: like}, "destroy dev-*", inData},
		"destroy what it depends on": {map[string]object{first: evil}, "destroy dev-app", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s3 := newStorage(t)
			for stack := range platform {
				if resource, is := test.foreign[stack]; is {
					s3.putJSON(t, stack, object{"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "a", "outputs": object{}, "resources": []object{resource}})
				} else {
					s3.put(t, stack, 1)
				}
			}
			message := answer(t, t.Context(), project(t, s3.url, nil), test.command)
			if !strings.HasPrefix(message, test.want) || (test.want == "") != (message == "") {
				t.Errorf("message:\n%s\nwant it to begin:\n%s", orNone(message), orNone(test.want))
			}
		})
	}
	t.Run("too early", func(t *testing.T) {
		s3 := newStorage(t)
		s3.putJSON(t, "dev-data", object{"version": 4, "terraform_version": "1.10.0", "serial": 1, "lineage": "a", "outputs": object{}, "resources": []object{evil}})
		if message := answer(t, t.Context(), project(t, s3.url, nil), "deploy dev-data"); !strings.HasPrefix(message, needed) {
			t.Error(message)
		}
	})
}

// TestEachStateOnce counts what is read: a state takes half a second.
func TestEachStateOnce(t *testing.T) {
	needTerraform(t)
	real, err := exec.LookPath("terraform")
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{
		"deploy dev-network":   "dev-network",
		"deploy dev-data":      "dev-data dev-network",
		"deploy dev-*":         "dev-addons dev-app dev-cluster dev-data dev-network",
		"destroy dev-*":        "dev-addons dev-app dev-cluster dev-data dev-network",
		"destroy dev-app":      "dev-app",
		"destroy staging-data": "staging-data",
	} {
		t.Run(strings.ReplaceAll(command, " ", "_"), func(t *testing.T) {
			s3 := newStorage(t)
			s3.put(t, "dev-network", 1)
			dir := project(t, s3.url, nil)
			protect(t, dir, s3.url, "dev-data", []string{"key/key"}) // and not in the state
			log, program := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "terraform")
			script := "#!/bin/sh\n[ \"$1\" != state ] || basename \"$PWD\" >> '" + log + "'\nexec '" + real + "' \"$@\"\n"
			if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("TERRAFORM_BINARY_NAME", program)
			mustBe(t, answer(t, t.Context(), dir, command), "")
			content, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			read := strings.Fields(string(content))
			slices.Sort(read)
			mustBe(t, strings.Join(read, " "), want)
		})
	}
}
