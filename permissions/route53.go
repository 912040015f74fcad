package permissions

import (
	"cmp"
	"regexp"
)

const route53Source = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html"

// hostedZones is the ARN of the stack's hosted zone. Route 53's ARNs have no region.
//
// Security: a role must not read the records of the account's other zones, and Route 53 has no condition
// for listing records. To look up a zone by its name, a role must list the names of all zones.
const hostedZones = "arn:aws:route53:::hostedzone/" + hostedZone

// zoneOf matches a reference to the id of a zone that the stack looks up.
var zoneOf = regexp.MustCompile(`^\$\{data\.aws_route53_zone\.([A-Za-z0-9_-]+)\.(?:zone_id|id)\}$`)

// hostedZone returns the id of the zone of a record or a lookup, or a star if it is unknown.
func (s Stack) hostedZone(e block) string {
	if id, _ := e.attributes["zone_id"].(string); id != "" {
		found := zoneOf.FindStringSubmatch(id)
		if found == nil {
			return s.pattern(id)
		}
		data, _ := s.Document["data"].(map[string]any)
		zones, _ := data["aws_route53_zone"].(map[string]any)
		e.attributes, _ = zones[found[1]].(map[string]any)
	}
	name, _ := e.attributes["name"].(string)
	return cmp.Or(s.HostedZones[name], "*")
}

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
