package cloud

import "fmt"

// role is the role with that name, as it is before the request.
func (c *calls) role(name string) resource {
	if t := c.w.find("aws_iam_role", "name", name); t != nil {
		return bounded(existing(text(t.Attributes, "arn"), tagsOf(t.Attributes)), text(t.Attributes, "permissions_boundary"))
	}
	return resource{arn: fmt.Sprintf("arn:aws:iam::%s:role/%s", c.w.Account, name)}
}

// bounded adds the role's current or requested permissions boundary.
func bounded(r resource, boundary string) resource {
	if boundary == "" {
		return r
	}
	return r.with("iam:PermissionsBoundary", boundary)
}

// selfRole is the role itself, without condition keys that only its creation has.
func (c *calls) selfRole() resource {
	a := c.before
	if a == nil {
		a = c.after
	}
	return bounded(c.self(), text(a, "permissions_boundary"))
}

func onRole(action string) func(*calls) {
	return func(c *calls) { c.do("iam:"+action, c.selfRole()) }
}

func init() {
	policyOfRole := func(action string) func(*calls) {
		return func(c *calls) { c.do("iam:"+action, c.role(text(c.a, "role"))) }
	}
	attachment := func(action string) func(*calls) {
		return func(c *calls) {
			c.do("iam:"+action, c.role(text(c.a, "role")).with("iam:PolicyARN", text(c.a, "policy_arn")))
		}
	}
	registerCalls(map[string]caller{
		"aws_iam_role": {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("iam:CreateRole", bounded(r, text(c.a, "permissions_boundary")))
				if len(tagsOf(c.a)) > 0 {
					c.do("iam:TagRole", r)
				}
				for range texts(any(c.a), "inline_policy.name") {
					onRole("PutRolePolicy")(c)
				}
				for _, policy := range texts(any(c.a), "managed_policy_arns") {
					c.do("iam:AttachRolePolicy", c.selfRole().with("iam:PolicyARN", policy))
				}
			},
			read: func(c *calls) {
				onRole("GetRole")(c)
				// It compares the role's policies with the configured ones.
				onRole("ListRolePolicies")(c)
				if c.w.find("aws_iam_role_policy", "role", text(c.a, "name")) != nil {
					onRole("GetRolePolicy")(c)
				}
				onRole("ListAttachedRolePolicies")(c)
			},
			update: []change{
				{"assume_role_policy", onRole("UpdateAssumeRolePolicy")},
				{"description", onRole("UpdateRoleDescription")},
				{"max_session_duration", onRole("UpdateRole")},
				{"permissions_boundary", func(c *calls) {
					if boundary := text(c.after, "permissions_boundary"); boundary != "" {
						c.do("iam:PutRolePermissionsBoundary", c.self().with("iam:PermissionsBoundary", boundary))
					} else {
						onRole("DeleteRolePermissionsBoundary")(c)
					}
				}},
				{"inline_policy", func(c *calls) { onRole("PutRolePolicy")(c); onRole("DeleteRolePolicy")(c) }},
				{"force_detach_policies", nil},
			},
			tag:   func(c *calls, r resource) { c.do("iam:TagRole", r) },
			untag: func(c *calls, r resource) { c.do("iam:UntagRole", onlyKeys(r)) },
			delete: func(c *calls) {
				onRole("ListInstanceProfilesForRole")(c)
				onRole("DeleteRole")(c)
			},
		},
		"aws_iam_role_policy": {
			create: policyOfRole("PutRolePolicy"),
			read:   policyOfRole("GetRolePolicy"),
			update: []change{{"policy", policyOfRole("PutRolePolicy")}},
			delete: policyOfRole("DeleteRolePolicy"),
		},
		"aws_iam_role_policy_attachment": {
			create: attachment("AttachRolePolicy"),
			read:   policyOfRole("ListAttachedRolePolicies"),
			delete: attachment("DetachRolePolicy"),
		},
		"aws_iam_openid_connect_provider": {
			create: func(c *calls) {
				r := c.fresh(text(c.a, "arn"))
				c.do("iam:CreateOpenIDConnectProvider", r)
				if len(tagsOf(c.a)) > 0 {
					c.do("iam:TagOpenIDConnectProvider", r)
				}
			},
			read: func(c *calls) { c.do("iam:GetOpenIDConnectProvider", c.self()) },
			update: []change{
				{"thumbprint_list", func(c *calls) { c.do("iam:UpdateOpenIDConnectProviderThumbprint", c.self()) }},
				{"client_id_list", func(c *calls) {
					c.do("iam:AddClientIDToOpenIDConnectProvider", c.self())
					c.do("iam:RemoveClientIDFromOpenIDConnectProvider", c.self())
				}},
			},
			tag:    func(c *calls, r resource) { c.do("iam:TagOpenIDConnectProvider", r) },
			untag:  func(c *calls, r resource) { c.do("iam:UntagOpenIDConnectProvider", onlyKeys(r)) },
			delete: func(c *calls) { c.do("iam:DeleteOpenIDConnectProvider", c.self()) },
		},
		"data.aws_iam_role": {read: func(c *calls) { c.do("iam:GetRole", c.selfRole()) }},
	})
}

// onlyKeys keeps only the keys of the requested tags: most services get no more to remove tags.
func onlyKeys(r resource) resource {
	left := resource{arn: r.arn}
	for key, values := range r.context {
		if len(key) < len("aws:RequestTag/") || key[:len("aws:RequestTag/")] != "aws:RequestTag/" {
			left = left.with(key, values...)
		}
	}
	return left
}
