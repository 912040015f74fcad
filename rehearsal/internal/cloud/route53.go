package cloud

import (
	"slices"
	"strings"
)

const (
	zoneKind   = "aws_route53_zone"
	recordKind = "aws_route53_record"
)

// albZone is Route 53's zone of load balancers in eu-west-2. The simulator uses it for every region.
// https://docs.aws.amazon.com/general/latest/gr/elb.html
const albZone = "ZHURV8PSTC4K8"

func init() {
	register(map[string]kind{
		zoneKind: {
			id:       func(*World, Attributes) string { return "Z" + strings.ToUpper(randomHex(20)) },
			replaced: []string{"delegation_set_id", "name"},
			inUse:    "HostedZoneNotEmpty",
			fill: func(_ *World, id string, a Attributes) {
				servers := []any{"ns-1.awsdns-01.com", "ns-2.awsdns-02.net", "ns-3.awsdns-03.org", "ns-4.awsdns-04.co.uk"}
				setDefaults(a, Attributes{
					"zone_id": id, "arn": zoneARN(id), "comment": "Managed by Terraform", "name_servers": servers, "primary_name_server": servers[0],
				})
			},
		},
		recordKind: {
			id: func(_ *World, a Attributes) string {
				parts := []string{text(a, "zone_id"), dnsName(text(a, "name")), text(a, "type")}
				if set := text(a, "set_identifier"); set != "" {
					parts = append(parts, set)
				}
				return strings.Join(parts, "_")
			},
			conflict:   "InvalidChangeBatch",
			overwrites: func(a Attributes) bool { return flag(a, "allow_overwrite") },
			replaced:   []string{"name", "zone_id"},
			refers:     map[string]string{"zone_id": zoneKind + ".zone_id"},
			check:      checkRecord,
			fill: func(w *World, _ string, a Attributes) {
				setDefaults(a, Attributes{"fqdn": w.fqdn(a), "allow_overwrite": false})
			},
		},
	})
}

func zoneARN(id string) string { return "arn:aws:route53:::hostedzone/" + id }

// dnsName normalizes a name as Route 53 does to compare it.
func dnsName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// fqdn is a record's full name. The provider appends the zone's name if it is missing.
func (w *World) fqdn(a Attributes) string {
	name, zone := dnsName(text(a, "name")), dnsName(w.attribute(zoneKind, text(a, "zone_id"), "name"))
	if !strings.HasSuffix(name, zone) {
		name = strings.TrimPrefix(name+"."+zone, ".")
	}
	return name
}

// checkRecord: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func checkRecord(w *World, a, _ Attributes) error {
	name, kind, zone := w.fqdn(a), text(a, "type"), dnsName(w.attribute(zoneKind, text(a, "zone_id"), "name"))
	invalid := func(format string, args ...any) error { return refuse("InvalidChangeBatch", format, args...) }
	aliases, records := nestedBlocks(a, "alias"), texts(any(a), "records")
	switch {
	case len(aliases) > 0 == (len(records) > 0):
		return invalid("RRSet of type %s with DNS name %s needs records or an alias, and not both", kind, name)
	case len(records) > 0 && a["ttl"] == nil:
		return invalid("RRSet of type %s with DNS name %s has no TTL", kind, name)
	case kind == "CNAME" && len(records) > 1:
		return invalid("RRSet of type CNAME with DNS name %s has %d values, one is allowed", name, len(records))
	case kind == "CNAME" && name == zone:
		return invalid("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", name, zone)
	}
	if other := w.otherRecord(a, name); other != "" && (kind == "CNAME" || other == "CNAME") {
		return invalid("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type %s with the same DNS name already exists in zone %s", kind, name, other, zone)
	}
	for _, alias := range aliases {
		if err := w.checkAlias(kind, alias); err != nil {
			return err
		}
	}
	return nil
}

// otherRecord is the type of another record with the same name, CNAME first.
func (w *World) otherRecord(a Attributes, name string) string {
	var types []string
	w.Each(func(_, _ string, t *Thing) bool {
		same := text(t.Attributes, "zone_id") == text(a, "zone_id") && text(t.Attributes, "fqdn") == name
		if same && text(t.Attributes, "type") != text(a, "type") {
			types = append(types, text(t.Attributes, "type"))
		}
		return true
	}, recordKind)
	if slices.Contains(types, "CNAME") {
		return "CNAME"
	}
	return strings.Join(types, ", ")
}

// checkAlias checks aliases of load balancers. Route 53 accepts an alias of a missing load
// balancer; the simulator refuses it.
func (w *World) checkAlias(kind string, alias Attributes) error {
	target, zone := dnsName(text(alias, "name")), text(alias, "zone_id")
	if !strings.HasSuffix(target, ".elb.amazonaws.com") {
		return nil
	}
	if zone != albZone {
		return refuse("InvalidChangeBatch", "Tried to create an alias that targets %s, type %s in zone %s, but the alias target name does not lie within the target zone", target, kind, zone)
	}
	if w.find("aws_lb", "dns_name", strings.TrimPrefix(target, "dualstack.")) == nil {
		return refuse("InvalidChangeBatch", "Tried to create an alias that targets %s, type %s in zone %s, but that target was not found", target, kind, zone)
	}
	return nil
}

// hostedZone finds a zone by id, or by name and visibility.
func (w *World) hostedZone(config Attributes) (Attributes, error) {
	if id := text(config, "zone_id"); id != "" {
		return lookUp(zoneKind, "zone_id")(w, config)
	}
	name := text(config, "name")
	private := flag(config, "private_zone") || text(config, "vpc_id") != ""
	var found []Attributes
	w.Each(func(_, _ string, t *Thing) bool {
		if dnsName(text(t.Attributes, "name")) == dnsName(name) && private == (len(nestedBlocks(t.Attributes, "vpc")) > 0) {
			found = append(found, t.Attributes)
		}
		return true
	}, zoneKind)
	switch len(found) {
	case 0:
		return nil, refuse("no matching Route 53 Hosted Zone found", "there is no zone %q (private: %t) in account %s", name, private, w.Account)
	case 1:
		return found[0], nil
	}
	return nil, refuse("multiple Route 53 Hosted Zones matched", "there are %d zones %q (private: %t) in account %s: use additional constraints to reduce matches to one", len(found), name, private, w.Account)
}

// GiveZone creates a public zone outside the stacks.
func (w *World) GiveZone(name string) error { return w.give(zoneKind, Attributes{"name": name}) }
