package bootstrap

import (
	"strings"
	"testing"
)

func TestImportID(t *testing.T) {
	e := &environment{account: "111111111111", region: "eu-west-2", resources: map[string]map[string]map[string]any{
		"aws_s3_bucket":                      {"state": {"bucket": "plinth-dev-state"}},
		"aws_s3_bucket_versioning":           {"state": {"bucket": "${aws_s3_bucket.state.id}"}},
		"aws_kms_key":                        {"key": {}},
		"aws_kms_alias":                      {"alias": {"name": "alias/plinth-dev-state"}},
		"aws_iam_role":                       {"deploy_role_A1": {"name": "plinth-dev-deploy-app"}, "odd": {"name": "x-${var.y}"}},
		"aws_iam_policy":                     {"deploy-app_policy-1": {"name": "plinth-dev-deploy-app-1"}},
		"aws_iam_role_policy_attachment":     {"a": {"role": "${aws_iam_role.deploy_role_A1.name}", "policy_arn": "${aws_iam_policy.deploy-app_policy-1.arn}"}},
		"aws_cloudtrail":                     {"trail": {"name": "plinth-dev-account"}},
		"aws_accessanalyzer_analyzer":        {"analyzer": {"analyzer_name": "plinth-dev-account"}},
		"aws_ebs_encryption_by_default":      {"ebs": {"enabled": true}},
		"aws_s3_account_public_access_block": {"block": {}},
		"aws_iam_openid_connect_provider": {
			"ci": {"url": "https://gitlab.example.com"}},
	}}
	for address, want := range map[string]string{
		"aws_s3_bucket.state":                      "plinth-dev-state",
		"aws_s3_bucket_versioning.state":           "plinth-dev-state",
		"aws_kms_key.key":                          "",
		"aws_kms_alias.alias":                      "alias/plinth-dev-state",
		"aws_iam_role.deploy_role_A1":              "plinth-dev-deploy-app",
		"aws_iam_policy.deploy-app_policy-1":       "arn:aws:iam::111111111111:policy/plinth-dev-deploy-app-1",
		"aws_iam_role_policy_attachment.a":         "plinth-dev-deploy-app/arn:aws:iam::111111111111:policy/plinth-dev-deploy-app-1",
		"aws_cloudtrail.trail":                     "arn:aws:cloudtrail:eu-west-2:111111111111:trail/plinth-dev-account",
		"aws_accessanalyzer_analyzer.analyzer":     "plinth-dev-account",
		"aws_ebs_encryption_by_default.ebs":        "default",
		"aws_s3_account_public_access_block.block": "111111111111",
		"aws_iam_openid_connect_provider.ci":       "arn:aws:iam::111111111111:oidc-provider/gitlab.example.com",
		"aws_iam_role.other":                       "",
		"module.other.aws_iam_role.deploy_role_A1": "",
	} {
		if got, err := e.importID(address); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", address, got, err, want)
		}
	}
	if _, err := e.importID("aws_iam_role.odd"); err == nil || !strings.HasPrefix(err.Error(), "aws_iam_role.odd: name: ") {
		t.Error(err)
	}
}

// TestEveryTypeCanBeAdopted checks the golden file: a resource without an import id would be created
// twice, or block the deployment.
func TestEveryTypeCanBeAdopted(t *testing.T) {
	e := golden(t)
	for kind, resources := range e.resources {
		for name := range resources {
			id, err := e.importID(kind + "." + name)
			if err != nil || id == "" && kind != keyKind {
				t.Errorf("%s.%s: has no id to be imported by: %v", kind, name, err)
			}
		}
	}
}
