package cloud

const (
	aps     = "aps"
	apsHost = "aps.amazonaws.com"
)

// workspace is the workspace with that id.
func (c *calls) workspace(id string) resource {
	return c.related(workspaceKind, "id", id, c.arn(aps, "workspace/"+id))
}

func init() {
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("aps:"+action, c.self()) } }
	onWorkspace := func(action string) func(*calls) {
		return func(c *calls) { c.do("aps:"+action, c.workspace(text(c.a, "workspace_id"))) }
	}
	registerCalls(map[string]caller{
		workspaceKind: taggable(aps, caller{
			create: func(c *calls) {
				c.do("aps:CreateWorkspace", c.fresh(c.arn(aps, "/workspaces"))) // no id yet
				if len(tagsOf(c.a)) > 0 {
					c.do("aps:TagResource", c.fresh(c.arn(aps, "workspace/*")))
				}
				c.workspaceEncrypts(text(c.a, "kms_key_arn"))
				if text(c.a, "logging_configuration.log_group_arn") != "" {
					onSelf("CreateLoggingConfiguration")(c)
					c.workspaceLogs("CreateLogDelivery")
				}
			},
			read: func(c *calls) {
				onSelf("DescribeWorkspace")(c)
				onSelf("DescribeLoggingConfiguration")(c)
				onSelf("ListTagsForResource")(c)
			},
			update: []change{
				{"alias", onSelf("UpdateWorkspaceAlias")},
				{"logging_configuration", func(c *calls) {
					const group = "logging_configuration.log_group_arn"
					switch {
					case text(c.before, group) == "":
						onSelf("CreateLoggingConfiguration")(c)
						c.workspaceLogs("CreateLogDelivery")
					case text(c.after, group) == "":
						onSelf("DeleteLoggingConfiguration")(c)
						c.via(apsHost, "logs:DeleteLogDelivery", anything)
					default:
						onSelf("UpdateLoggingConfiguration")(c)
						c.workspaceLogs("UpdateLogDelivery")
					}
				}},
			},
			// The service retires its grants itself.
			delete: func(c *calls) {
				onSelf("DeleteWorkspace")(c)
				if text(c.a, "logging_configuration.log_group_arn") != "" {
					c.via(apsHost, "logs:DeleteLogDelivery", anything)
				}
				onSelf("DescribeWorkspace")(c)
			},
		}),
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonmanagedserviceforprometheus.html
		ruleGroupsKind: taggable(aps, caller{
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("aps:CreateRuleGroupsNamespace", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("aps:TagResource", r)
				}
			},
			read:   func(c *calls) { onSelf("DescribeRuleGroupsNamespace")(c); onSelf("ListTagsForResource")(c) },
			update: []change{{"data", onSelf("PutRuleGroupsNamespace")}},
			delete: func(c *calls) { onSelf("DeleteRuleGroupsNamespace")(c); onSelf("DescribeRuleGroupsNamespace")(c) },
		}),
		definitionKind: {
			create: onWorkspace("CreateAlertManagerDefinition"),
			read:   onWorkspace("DescribeAlertManagerDefinition"),
			update: []change{{"definition", onWorkspace("PutAlertManagerDefinition")}},
			delete: func(c *calls) {
				onWorkspace("DeleteAlertManagerDefinition")(c)
				onWorkspace("DescribeAlertManagerDefinition")(c)
			},
		},
	})
}

// workspaceLogs: AMP also lists the existing deliveries.
// https://docs.aws.amazon.com/prometheus/latest/userguide/CW-logs.html
func (c *calls) workspaceLogs(action string) {
	c.via(apsHost, "logs:ListLogDeliveries", anything)
	c.via(apsHost, "logs:GetLogDelivery", anything)
	c.delivers(apsHost, action)
}

// workspaceEncrypts: AMP describes the key and creates its grants on the caller's behalf. Later it
// uses the key by these grants.
// https://docs.aws.amazon.com/prometheus/latest/userguide/encryption-at-rest-Amazon-Service-Prometheus.html
func (c *calls) workspaceEncrypts(key string) {
	from := len(c.requests)
	c.encrypts(aps, key, "DescribeKey", "CreateGrant")
	for _, r := range c.requests[from:] {
		if r.Action == "kms:CreateGrant" {
			r.Context["kms:EncryptionContext:aws:aps:arn"] = []string{text(c.a, "arn")}
			r.Context["kms:EncryptionContextKeys"] = []string{"aws:aps:arn"}
		}
	}
}
