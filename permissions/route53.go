package permissions

const route53Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html"

// A zone's id is known only after its lookup. Route 53's ARNs have no region.
const hostedZones = "arn:aws:route53:::hostedzone/*"

// theRecord: the request is for the stack's own records. ForAllValues also holds for a request that
// names no records, but every request names some.
//
// Security: this condition keeps the role from other records of the zone, and from other zones. It
// does not limit the action: the role may create, change and delete the records.
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
		// Changing and deleting need the same permission. The provider then waits for all name servers.
		Create: []Grant{
			{Actions: []string{"route53:ChangeResourceRecordSets"}, Resources: []string{hostedZones}, Conditions: theRecord},
			{Actions: []string{"route53:GetChange"}, Resources: []string{"arn:aws:route53:::change/*"}},
		},
		Read: []Grant{{Actions: []string{"route53:GetHostedZone", "route53:ListResourceRecordSets"}, Resources: []string{hostedZones}}},
	},
}
