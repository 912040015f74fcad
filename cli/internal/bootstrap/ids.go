package bootstrap

import (
	"fmt"
	"regexp"
	"strings"
)

// importID is what a resource of the stack is imported by: in AWS its name is its own, or makes
// its ARN. It is empty for a type whose id AWS invents, and for an address that is not known.
//
// The last section of a type's page in the provider's documentation tells the format.
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

// reference is the whole of a value that another resource has.
var reference = regexp.MustCompile(`^\$\{(\w+\.[\w-]+)\.(id|arn|name|bucket)\}$`)

// value is an argument's. The attributes that it may refer to are what their resource is
// imported by.
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
