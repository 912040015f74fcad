package permissions

const route53Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html"

// Whose ARN a zone has is known once it is looked up. Route 53 is of no region.
const hostedZones = "arn:aws:route53:::hostedzone/*"

// theRecord: the request is for the stack's own records. Every request names some, which
// ForAllValues takes for granted.
//
// Security: this is what keeps the role from the rest of the zone, and from other zones. What is
// done does not limit it: records are made, changed and deleted.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
var theRecord = all(
	when("ForAllValues:StringLike", "route53:ChangeResourceRecordSetsNormalizedRecordNames", "{=name}"),
	when("ForAllValues:StringEquals", "route53:ChangeResourceRecordSetsRecordTypes", "{=type}"),
)

var route53 = Table{
	"data.aws_route53_zone": {
		Source: route53Source,
		Read: []Grant{
			{Actions: []string{"route53:ListHostedZones"}, Resources: []string{"*"}, Reason: "no resource-level permissions"},
			{Actions: []string{"route53:GetHostedZone", "route53:ListTagsForResource"}, Resources: []string{hostedZones}},
		},
	},
	"aws_route53_record": {
		Source: route53Source,
		// To change and to delete is the same permission. Then the provider waits for all name servers.
		Create: []Grant{
			{Actions: []string{"route53:ChangeResourceRecordSets"}, Resources: []string{hostedZones}, Conditions: theRecord},
			{Actions: []string{"route53:GetChange"}, Resources: []string{"arn:aws:route53:::change/*"}},
		},
		Read: []Grant{{Actions: []string{"route53:GetHostedZone", "route53:ListResourceRecordSets"}, Resources: []string{hostedZones}}},
	},
}
