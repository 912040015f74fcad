package permissions

const acmSource = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html"

// AWS makes up a certificate's id.
const certificates = "acm:certificate/*"

var acm = Table{
	"aws_acm_certificate": {
		Source: acmSource,
		Create: []Need{
			// Security: for the stack's own name, which is to be proved in the way that the stack says.
			// https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
			{
				Actions: []string{"acm:RequestCertificate"}, On: []string{"*"}, Why: "a certificate that is yet to be made has no ARN",
				When: all(requested, inRegion,
					when("ForAllValues:StringEquals", "acm:DomainNames", "{=domain_name}"),
					when("StringEquals", "acm:ValidationMethod", "{validation_method}")),
			},
			// Security: as with keys, one of the account that nobody has tagged could be claimed.
			{Actions: []string{"acm:AddTagsToCertificate"}, On: []string{certificates}, When: all(requested, unclaimed)},
		},
		Read:   []Need{{Actions: []string{"acm:DescribeCertificate", "acm:ListTagsForCertificate"}, On: []string{certificates}, When: owned}},
		Delete: []Need{{Actions: []string{"acm:DeleteCertificate"}, On: []string{certificates}, When: owned}},
		Tag:    []Need{{Actions: []string{"acm:AddTagsToCertificate"}, On: []string{certificates}, When: all(owned, kept)}},
	},
	// Nothing is made: the provider waits for the certificate.
	"aws_acm_certificate_validation": {
		Source: acmSource,
		Read:   []Need{{Actions: []string{"acm:DescribeCertificate"}, On: []string{certificates}, When: owned}},
	},
}
