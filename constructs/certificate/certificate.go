// Package certificate makes a public TLS certificate that ACM renews by itself, for a name in a
// Route 53 zone that is there already.
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
	// Domain is the one name that it is for, ZoneID the hosted zone that the name is in.
	Domain string
	ZoneID *string
}

// validationSeconds is how long resolvers may keep the proof that the name is ours.
const validationSeconds = 60

// New creates a certificate and returns its ARN, which is known once it is valid.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func New(scope constructs.Construct, id string, config Config) *string {
	this := constructs.NewConstruct(scope, &id)
	certificate := acmcertificate.NewAcmCertificate(this, jsii.String("certificate"), &acmcertificate.AcmCertificateConfig{
		DomainName:       jsii.String(config.Domain),
		ValidationMethod: jsii.String("DNS"),
		// A load balancer uses it until it has the next one.
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
		// ACM asks for the same record whenever the account has a certificate for the name.
		AllowOverwrite: jsii.Bool(true),
	})
	return acmcertificatevalidation.NewAcmCertificateValidation(this, jsii.String("validation"), &acmcertificatevalidation.AcmCertificateValidationConfig{
		CertificateArn:        certificate.Arn(),
		ValidationRecordFqdns: &[]*string{record.Fqdn()},
	}).CertificateArn()
}
