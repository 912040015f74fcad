// Package certificate makes a public TLS certificate that ACM renews by itself, for a name in an
// existing Route 53 zone.
package certificate

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/acmcertificate"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/acmcertificatevalidation"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/route53record"
	"github.com/hashicorp/terraform-cdk-go/cdktf"
)

// Config of a certificate.
type Config struct {
	// Domain is the certificate's only name, ZoneID the hosted zone of that name.
	Domain string
	ZoneID *string
}

// validationSeconds is the TTL of the record that proves control of the name.
const validationSeconds = 60

// New creates a certificate and returns its ARN, which is known once it is valid.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func New(scope constructs.Construct, id string, config Config) *string {
	this := constructs.NewConstruct(scope, &id)
	certificate := acmcertificate.NewAcmCertificate(this, jsii.String("certificate"), &acmcertificate.AcmCertificateConfig{
		DomainName:       jsii.String(config.Domain),
		ValidationMethod: jsii.String("DNS"),
		// A load balancer uses the old certificate until it has the new one.
		Lifecycle: &cdktf.TerraformResourceLifecycle{CreateBeforeDestroy: jsii.Bool(true)},
	})
	proof := certificate.DomainValidationOptions().Get(jsii.Number(0))
	record := route53record.NewRoute53Record(this, jsii.String("proof"), &route53record.Route53RecordConfig{
		ZoneId: config.ZoneID,
		Name:   proof.ResourceRecordName(),
		Type:   proof.ResourceRecordType(),
		Ttl:    jsii.Number(validationSeconds),
		Records: &[]*string{
			proof.ResourceRecordValue(),
		},
		// ACM requires the same record for every certificate of the account for this name.
		AllowOverwrite: jsii.Bool(true),
	})
	return acmcertificatevalidation.NewAcmCertificateValidation(this, jsii.String("validation"), &acmcertificatevalidation.AcmCertificateValidationConfig{
		CertificateArn:        certificate.Arn(),
		ValidationRecordFqdns: &[]*string{record.Fqdn()},
	}).CertificateArn()
}
