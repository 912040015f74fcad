package permissions

const ssmSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html"

const ssmDocument = "ssm:document/{name}"

var ssm = Table{
	"aws_ssm_document": {
		Source: ssmSource,
		Create: []Grant{{Actions: []string{"ssm:CreateDocument"}, Resources: []string{ssmDocument}, Conditions: requestTagged}},
		// DescribeDocument also returns the tags.
		Read: []Grant{{
			Actions:   []string{"ssm:DescribeDocument", "ssm:DescribeDocumentPermission", "ssm:GetDocument"},
			Resources: []string{ssmDocument},
		}},
		Update: []Grant{{Actions: []string{"ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"}, Resources: []string{ssmDocument}}},
		Delete: []Grant{{Actions: []string{"ssm:DeleteDocument"}, Resources: []string{ssmDocument}}},
		Tag:    []Grant{{Actions: []string{"ssm:AddTagsToResource"}, Resources: []string{ssmDocument}, Conditions: requestTaggedIfExists}},
	},
	// Security: only AWS's own public parameters, whose ARNs have no account. The account's may
	// be secrets.
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
	"data.aws_ssm_parameter": {
		Source: ssmSource,
		Read:   []Grant{{Actions: []string{"ssm:GetParameter"}, Resources: []string{publicParameter}}},
	},
}

const publicParameter = "arn:aws:ssm:{region}::parameter{name}"
