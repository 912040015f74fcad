package terraform

import (
	"errors"
	"testing"
)

// TestExplain covers output that Terraform writes on other machines.
func TestExplain(t *testing.T) {
	const secret = "correct-horse-battery-staple"
	for name, test := range map[string]struct{ stderr, want string }{
		"drawn, coloured, after a warning": {
			"\x1b[33m╷\x1b[0m\n│ Warning: Old setting\n│\n│ It is old.\n╵\n\x1b[31m╷\n│\x1b[0m Error: No\n│\n│ It does\n│ not work.\n╵\n",
			"Terraform has failed.\n  Error: No\n  It does\n  not work.",
		},
		"wrapped in the middle of a sign": {
			"\nError: Failed\n\nS3 bucket \"b\" does\nnot exist.\n",
			"its bucket does not exist. Create it first with ./plinth bootstrap, see docs/deploy.md\n  Error: Failed\n  S3 bucket \"b\" does\n  not exist.",
		},
		"a token that the role does not trust": {
			"\nError: No valid credential sources found\n\nAssumeRoleWithWebIdentity: AccessDenied: Not authorized\n",
			"the role in AWS_ROLE_ARN does not trust this job's token. It trusts the project, branches and tags under ci in the environment's file; deploy a change of them with ./plinth bootstrap.\n" +
				"  Error: No valid credential sources found\n  AssumeRoleWithWebIdentity: AccessDenied: Not authorized",
		},
		"a package that is not the one recorded": {
			"\nError: Failed to install provider\n\nError while installing hashicorp/aws v5.99.1: the local package for\nregistry.terraform.io/hashicorp/aws 5.99.1 doesn't match any of the checksums previously\nrecorded in the dependency lock file\n",
			"the checksum of a provider's package is not in .terraform.lock.hcl. If you deploy from another platform, record it too: ./plinth lock --platform. Otherwise do not trust the package.\n" +
				"  Error: Failed to install provider\n  Error while installing hashicorp/aws v5.99.1: the local package for\n  registry.terraform.io/hashicorp/aws 5.99.1 doesn't match any of the checksums previously\n  recorded in the dependency lock file",
		},
		"a panic, which might show a value": {
			"panic: " + secret,
			"Terraform failed without an error message: exit status 2",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Explain(test.stderr, errors.New("exit status 2")).Error(); got != test.want {
				t.Errorf("message:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}
