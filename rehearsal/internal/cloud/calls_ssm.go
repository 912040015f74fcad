package cloud

// DescribeDocument also returns the tags.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
func init() {
	onDocument := func(actions ...string) func(*calls) {
		return func(c *calls) {
			for _, action := range actions {
				c.do("ssm:"+action, c.self())
			}
		}
	}
	registerCalls(map[string]caller{
		documentKind: {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("ssm:CreateDocument", r.with("ssm:DocumentType", text(c.a, "document_type")))
				if len(tagsOf(c.a)) > 0 {
					c.do("ssm:AddTagsToResource", r)
				}
				if c.a["permissions"] != nil {
					onDocument("ModifyDocumentPermission")(c)
				}
			},
			read: onDocument("DescribeDocument", "GetDocument", "DescribeDocumentPermission"),
			update: []change{
				{"attachments_source content document_format document_type target_type version_name", onDocument("UpdateDocument", "UpdateDocumentDefaultVersion")},
				{"permissions", onDocument("ModifyDocumentPermission")},
				{"default_version description document_version hash latest_version parameter schema_version", nil},
			},
			tag:    func(c *calls, r resource) { c.do("ssm:AddTagsToResource", r) },
			untag:  func(c *calls, r resource) { c.do("ssm:RemoveTagsFromResource", onlyKeys(r)) },
			delete: onDocument("DeleteDocument", "DescribeDocument"),
		},
		// A public parameter belongs to no account of ours.
		// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
		"data.aws_ssm_parameter": {read: func(c *calls) {
			c.do("ssm:GetParameter", resource{arn: text(c.a, "arn")}.with("aws:ResourceAccount", amazon))
		}},
	})
}
