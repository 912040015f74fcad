package bootstrap

import (
	"fmt"
	"regexp"
	"strings"
)

// importID returns the id to import a resource by, made from its name. It is empty for a type whose
// id AWS generates, and for an unknown address.
//
// The format is in the last section of the type's page in the provider's documentation.
// https://registry.terraform.io/providers/hashicorp/aws/5.99.1/docs
func (e *environment) importID(address string) (string, error) {
	kind, name, _ := strings.Cut(address, ".")
	arguments, known := e.resources[kind][name]
	if !known {
		return "", nil
	}
	var failed error
	value := func(argument string) string {
		v, err := e.value(arguments[argument])
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %s: %w", address, argument, err)
		}
		return v
	}
	id := ""
	switch kind {
	case "aws_iam_policy":
		id = e.arn("policy/" + value("name"))
	case "aws_iam_role", "aws_kms_alias":
		id = value("name")
	case "aws_iam_openid_connect_provider":
		id = e.arn("oidc-provider/" + strings.TrimPrefix(value("url"), "https://"))
	case analyzerKind:
		id = value("analyzer_name")
	case "aws_cloudtrail":
		id = "arn:aws:cloudtrail:" + e.region + ":" + e.account + ":trail/" + value("name")
	case "aws_ebs_encryption_by_default":
		id = "default"
	case "aws_s3_account_public_access_block":
		id = e.account
	case "aws_iam_role_policy_attachment":
		id = value("role") + "/" + value("policy_arn")
	case "aws_s3_bucket", "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_logging", "aws_s3_bucket_ownership_controls",
		"aws_s3_bucket_policy", "aws_s3_bucket_public_access_block", "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_versioning":
		id = value("bucket")
	}
	return id, failed
}

func (e *environment) arn(resource string) string {
	return "arn:aws:iam::" + e.account + ":" + resource
}

// reference matches a value that is nothing but a reference to another resource's attribute.
var reference = regexp.MustCompile(`^\$\{(\w+\.[\w-]+)\.(id|arn|name|bucket)\}$`)

// value returns an argument's value. For a reference it returns the other resource's import id: for
// the attributes in use, the two are equal.
func (e *environment) value(argument any) (string, error) {
	text, _ := argument.(string)
	if match := reference.FindStringSubmatch(text); match != nil {
		return e.importID(match[1])
	}
	if text == "" || strings.Contains(text, "${") {
		return "", fmt.Errorf("%q: its value is known only after apply", text)
	}
	return text, nil
}
