package permissions

const acmSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html"

// AWS chooses a certificate's id.
const certificates = "acm:certificate/*"

var acm = Table{
	"aws_acm_certificate": {
		Source: acmSource,
		Create: []Grant{
			// Security: only for the stack's own domain name, and by its own validation method.
			// https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
			{
				Actions: []string{"acm:RequestCertificate"}, Resources: []string{"*"}, Reason: "a new certificate has no ARN yet",
				Conditions: all(requestTagged, inRegion,
					when("ForAllValues:StringEquals", "acm:DomainNames", "{=domain_name}"),
					when("StringEquals", "acm:ValidationMethod", "{validation_method}")),
			},
			// Security: as with keys, this also allows tagging an untagged certificate of the account.
			{Actions: []string{"acm:AddTagsToCertificate"}, Resources: []string{certificates}, Conditions: all(requestTagged, resourceTaggedIfExists)},
		},
		Read:   []Grant{{Actions: []string{"acm:DescribeCertificate", "acm:ListTagsForCertificate"}, Resources: []string{certificates}, Conditions: resourceTagged}},
		Delete: []Grant{{Actions: []string{"acm:DeleteCertificate"}, Resources: []string{certificates}, Conditions: resourceTagged}},
		Tag:    []Grant{{Actions: []string{"acm:AddTagsToCertificate"}, Resources: []string{certificates}, Conditions: all(resourceTagged, requestTaggedIfExists)}},
	},
	// The provider creates nothing: it waits for the certificate.
	"aws_acm_certificate_validation": {
		Source: acmSource,
		Read:   []Grant{{Actions: []string{"acm:DescribeCertificate"}, Resources: []string{certificates}, Conditions: resourceTagged}},
	},
}
