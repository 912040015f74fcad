package permissions

const ssmSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html"

const ssmDocument = "ssm:document/{name}"

var ssm = Table{
	"aws_ssm_document": {
		Source: ssmSource,
		Create: []Need{{Actions: []string{"ssm:CreateDocument"}, On: []string{ssmDocument}, When: requested}},
		// Its tags come with the description.
		Read: []Need{{
			Actions: []string{"ssm:DescribeDocument", "ssm:DescribeDocumentPermission", "ssm:GetDocument"},
			On:      []string{ssmDocument},
		}},
		Update: []Need{{Actions: []string{"ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion"}, On: []string{ssmDocument}}},
		Delete: []Need{{Actions: []string{"ssm:DeleteDocument"}, On: []string{ssmDocument}}},
		Tag:    []Need{{Actions: []string{"ssm:AddTagsToResource"}, On: []string{ssmDocument}, When: kept}},
	},
	// Security: AWS's own public parameters alone, whose ARNs name no account: the account's may
	// be secrets.
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
	"data.aws_ssm_parameter": {
		Source: ssmSource,
		Read:   []Need{{Actions: []string{"ssm:GetParameter"}, On: []string{publicParameter}}},
	},
}

const publicParameter = "arn:aws:ssm:{region}::parameter{name}"
