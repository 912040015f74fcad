package cloud

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
func init() {
	onSelf := func(action string) func(*calls) { return func(c *calls) { c.do("acm:"+action, c.self()) } }
	describe := func(c *calls) {
		arn := text(c.a, "certificate_arn")
		c.do("acm:DescribeCertificate", c.related(certificateKind, "arn", arn, arn))
	}
	registerCalls(map[string]caller{
		certificateKind: {
			create: func(c *calls) {
				r := c.fresh(c.arn("acm", "certificate/*"))
				c.do("acm:RequestCertificate", r.with("acm:DomainNames", domains(c.a)...).with("acm:ValidationMethod", text(c.a, "validation_method")).
					with("acm:KeyAlgorithm", text(c.a, "key_algorithm")).
					with("acm:CertificateTransparencyLogging", orElse(text(c.a, "options.certificate_transparency_logging_preference"), "ENABLED")))
				if len(tagsOf(c.a)) > 0 {
					c.do("acm:AddTagsToCertificate", r)
				}
			},
			read: func(c *calls) { onSelf("DescribeCertificate")(c); onSelf("ListTagsForCertificate")(c) },
			update: []change{
				{"options", onSelf("UpdateCertificateOptions")},
				{"early_renewal_duration not_after not_before pending_renewal renewal_eligibility renewal_summary status", nil},
			},
			tag:    func(c *calls, r resource) { c.do("acm:AddTagsToCertificate", r) },
			untag:  func(c *calls, r resource) { c.do("acm:RemoveTagsFromCertificate", onlyKeys(r)) },
			delete: onSelf("DeleteCertificate"),
		},
		// Its creation waits; its deletion does nothing.
		validationKind: {create: describe, read: describe},
	})
}
