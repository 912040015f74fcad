package cloud

func init() {
	onRepository := func(action string) func(*calls) {
		return func(c *calls) {
			name := text(c.a, "repository")
			c.do("ecr:"+action, c.related("aws_ecr_repository", "name", name, c.arn("ecr", "repository/"+name)))
		}
	}
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("ecr:"+action, c.self()) } }
	registerCalls(map[string]caller{
		"aws_ecr_repository": {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("ecr:CreateRepository", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("ecr:TagResource", r)
				}
				// https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
				c.encrypts("ecr", text(c.a, "encryption_configuration.kms_key"), "DescribeKey", "CreateGrant")
			},
			read: func(c *calls) { onSelf("DescribeRepositories")(c); onSelf("ListTagsForResource")(c) },
			update: []change{
				{"image_tag_mutability", onSelf("PutImageTagMutability")},
				{"image_scanning_configuration", onSelf("PutImageScanningConfiguration")},
				{"force_delete", nil},
			},
			tag:   func(c *calls, r resource) { c.do("ecr:TagResource", r) },
			untag: func(c *calls, r resource) { c.do("ecr:UntagResource", onlyKeys(r)) },
			delete: func(c *calls) {
				onSelf("DeleteRepository")(c)
				c.encrypts("ecr", text(c.a, "encryption_configuration.kms_key"), "RetireGrant")
				onSelf("DescribeRepositories")(c)
			},
		},
		"aws_ecr_lifecycle_policy": {
			create: onRepository("PutLifecyclePolicy"),
			read:   onRepository("GetLifecyclePolicy"),
			delete: onRepository("DeleteLifecyclePolicy"),
		},
	})
}
