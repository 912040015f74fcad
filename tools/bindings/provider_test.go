package main

import (
	"reflect"
	"testing"
)

func TestModule(t *testing.T) {
	for version, want := range map[string]string{
		"0.3.0":   "github.com/cdktf/cdktf-provider-aws-go/aws",
		"1.0.0":   "github.com/cdktf/cdktf-provider-aws-go/aws",
		"19.65.1": "github.com/cdktf/cdktf-provider-aws-go/aws/v19",
	} {
		if got := (provider{name: "aws", version: version}).module(); got != want {
			t.Errorf("%s: module is %s, want %s", version, got, want)
		}
	}
}

func TestReadPins(t *testing.T) {
	root := writeTree(t, map[string]string{"package.json": `{
		"dependencies": {"@cdktf/provider-helm": "12.1.2", "left-pad": "^1.0.0"},
		"devDependencies": {"@cdktf/provider-aws": "19.65.1", "cdktf": "0.21.0", "constructs": "10.4.2", "jsii-pacmak": "1.112.0"}
	}`})
	all, err := readPins(root)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := all.providers(), []provider{testAWS, testHelm}; !reflect.DeepEqual(got, want) {
		t.Errorf("providers are %v, want %v", got, want)
	}
	if got, want := all.of(testHelm), (pins{"@cdktf/provider-helm": "12.1.2", "cdktf": "0.21.0", "constructs": "10.4.2", "jsii-pacmak": "1.112.0"}); !reflect.DeepEqual(got, want) {
		t.Errorf("helm's pins are %v, want %v", got, want)
	}
}

func TestReadPinsRefusesRanges(t *testing.T) {
	root := writeTree(t, map[string]string{"package.json": `{
		"devDependencies": {"@cdktf/provider-aws": "^19.65.1", "cdktf": "latest", "constructs": "10.4.2"}
	}`})
	_, err := readPins(root)
	if want := (mistakes{
		`package.json: @cdktf/provider-aws: must be an exact version, is "^19.65.1"`,
		`package.json: cdktf: must be an exact version, is "latest"`,
		`package.json: jsii-pacmak is missing in devDependencies`,
	}); !reflect.DeepEqual(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func TestCheckInstalled(t *testing.T) {
	root := writeTree(t, map[string]string{
		"node_modules/cdktf/package.json":               `{"version": "0.21.0"}`,
		"node_modules/constructs/package.json":          `{"version": "10.4.1"}`,
		"node_modules/@cdktf/provider-aws/package.json": `{"version": "19.65.1"}`,
	})
	all := pins{"cdktf": "0.21.0", "constructs": "10.4.2", "jsii-pacmak": "1.112.0", "@cdktf/provider-aws": "19.65.1", "@cdktf/provider-helm": "12.1.2"}
	want := mistakes{
		"node_modules: constructs is 10.4.1, package.json pins 10.4.2: " + remedy,
		"node_modules: jsii-pacmak 1.112.0 is not installed: " + remedy,
	}
	if got := all.checkInstalled(root, []provider{testAWS}); !reflect.DeepEqual(got, want) {
		t.Errorf("mistakes are\n%s\nwant\n%s", got, want)
	}
}
