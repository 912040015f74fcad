package schema

import "encoding/json"

// ephemeral are the schemas of the ephemeral resources in use, by provider. They are handwritten:
// cdktf 0.21 does not support ephemeral resources, so the packages have none.
var ephemeral = map[string]map[string]*Block{
	"aws": {
		// https://registry.terraform.io/providers/hashicorp/aws/5.99.1/docs/ephemeral-resources/secretsmanager_random_password
		"aws_secretsmanager_random_password": {Attributes: map[string]*Attribute{
			"exclude_characters":         optional("string"),
			"exclude_lowercase":          optional("bool"),
			"exclude_numbers":            optional("bool"),
			"exclude_punctuation":        optional("bool"),
			"exclude_uppercase":          optional("bool"),
			"include_space":              optional("bool"),
			"password_length":            optional("number"),
			"require_each_included_type": optional("bool"),
			"random_password":            {Type: json.RawMessage(`"string"`), Computed: true, Sensitive: true},
		}},
		// https://registry.terraform.io/providers/hashicorp/aws/5.99.1/docs/ephemeral-resources/secretsmanager_secret_version
		"aws_secretsmanager_secret_version": {Attributes: map[string]*Attribute{
			"secret_id":      {Type: json.RawMessage(`"string"`), Required: true},
			"version_id":     {Type: json.RawMessage(`"string"`), Optional: true, Computed: true},
			"version_stage":  {Type: json.RawMessage(`"string"`), Optional: true, Computed: true},
			"arn":            {Type: json.RawMessage(`"string"`), Computed: true},
			"created_date":   {Type: json.RawMessage(`"string"`), Computed: true},
			"secret_binary":  {Type: json.RawMessage(`"string"`), Computed: true, Sensitive: true},
			"secret_string":  {Type: json.RawMessage(`"string"`), Computed: true, Sensitive: true},
			"version_stages": {Type: json.RawMessage(`["list","string"]`), Computed: true},
		}},
	},
}

func optional(primitive string) *Attribute {
	return &Attribute{Type: json.RawMessage(`"` + primitive + `"`), Optional: true}
}
