package main

import (
	"errors"
	"testing"
)

// TestExplain is about what Terraform writes on other machines than this.
func TestExplain(t *testing.T) {
	for name, test := range map[string]struct{ stderr, want string }{
		"drawn, coloured, after a warning": {
			"\x1b[33m╷\x1b[0m\n│ Warning: Old setting\n│\n│ It is old.\n╵\n\x1b[31m╷\n│\x1b[0m Error: No\n│\n│ It does\n│ not work.\n╵\n",
			"Terraform has failed.\n  Error: No\n  It does\n  not work.",
		},
		"wrapped in the middle of a sign": {
			"\nError: Failed\n\nS3 bucket \"b\" does\nnot exist.\n",
			"its bucket does not exist. Make it first: see README.md, \"To a real AWS account\"\n  Error: Failed\n  S3 bucket \"b\" does\n  not exist.",
		},
		"a panic, which might show a value": {
			"panic: " + secret,
			"without an error message Terraform ended with exit status 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			mustBe(t, explain(test.stderr, errors.New("exit status 2")).Error(), test.want)
		})
	}
}

// TestInventory holds what Terraform would have refused already.
func TestInventory(t *testing.T) {
	for name, test := range map[string]struct{ state, want string }{
		"not JSON":       {secret, "it is not the JSON that Terraform writes"},
		"a wrong type":   {`{"version":4,"resources":"` + secret + `"}`, "it is not the JSON that Terraform writes"},
		"another format": {`{"version":5}`, "its format is version 5, but only 4 is known here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := takeInventory([]byte(test.state))
			if err == nil {
				t.Fatal("accepted")
			}
			mustBe(t, err.Error(), test.want)
		})
	}
}
