package settings

import (
	"net/netip"
	"slices"
	"strings"
)

// checkApp checks the application's settings against each other and against other settings.
func (d *document) checkApp(all []*document, selected []string) {
	app := d.env.App
	if d.isValid("app.image") {
		switch {
		case app.Image.Tag == "" && app.Image.Digest == "":
			d.report("app.image", "must have a tag or a digest, has neither")
		case app.Image.Tag != "" && app.Image.Digest != "":
			d.report("app.image", "must have a tag or a digest, has both (%s and %s); remove one", app.Image.Tag, app.Image.Digest)
		}
	}
	if d.isValid("app.replicas") && app.Replicas.Min > app.Replicas.Max {
		d.report("app.replicas.min", "must be at most max (%d), is %d", app.Replicas.Max, app.Replicas.Min)
	}
	if d.isValid("app.replicas", "cluster.keda") && app.Replicas.RequestsPerSecond > 0 && !d.env.Cluster.KEDA {
		d.report("app.replicas.requestsPerSecond", "must be 0 without cluster.keda, is %d; set cluster.keda to true", app.Replicas.RequestsPerSecond)
	}
	d.checkDomain()
	d.checkRecord(all, selected)
	d.checkTLS()
	// A load balancer only accepts certificates of its own region and account.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
	d.checkARN("app.certificateARN", app.CertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN("app.certificateARN", app.CertificateARN, arnAccount, "account", d.env.Account)
	ports := []string{"port 80"}
	if app.Domain != "" {
		ports = append(ports, "port 443")
	}
	d.checkAllowed("app.allowedCIDRs", app.AllowedCIDRs, ports...)
	d.checkWebACL()
	// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
	if app.Parameters.Enabled && d.isValid("app.parameters", "project") && strings.HasPrefix(d.env.Project, "ssm") {
		d.report("project", "must not begin with ssm while app.parameters is enabled, is %s: AWS reserves such parameter paths", quote(d.env.Project))
	}
	if app.Parameters.Enabled && d.isValid("app.parameters") {
		d.checkEndpoints("app.parameters", "ssm")
	}
	if logs := app.AccessLogs; d.isValid("app.accessLogs") {
		switch {
		case logs.Prefix != "" && logs.Bucket == "" && !logs.Enabled:
			d.report("app.accessLogs.prefix", "must come with app.accessLogs.bucket or app.accessLogs.enabled")
		case logs.Enabled && logs.Bucket != "":
			d.report("app.accessLogs.bucket", "must not be set with app.accessLogs.enabled, which creates a bucket; remove one")
		}
	}
}

// longestCertificateName is the longest first name of a certificate that ACM makes, and Plinth's has no
// other.
//
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
const longestCertificateName = 64

// checkDomain checks that a domain comes with a certificate, or with the hosted zone to create one.
func (d *document) checkDomain() {
	app := d.env.App
	if !d.isValid("app.domain", "app.hostedZone", "app.certificateARN") {
		return
	}
	switch {
	case app.Domain != "" && app.CertificateARN == "" && app.HostedZone == "":
		d.report("app.domain", "must come with app.hostedZone, the Route 53 zone of %s, or with app.certificateARN, its ACM certificate", app.Domain)
	case app.Domain == "" && app.CertificateARN != "":
		d.report("app.certificateARN", "must come with app.domain, the name the certificate is for")
	case app.Domain == "" && app.HostedZone != "":
		d.report("app.hostedZone", "must come with app.domain, a name in the zone")
	case app.Domain != "" && app.CertificateARN == "" && len(app.Domain) > longestCertificateName:
		d.report("app.domain", "must be at most %d characters long without app.certificateARN, has %d: ACM makes no certificate whose first name is longer; "+
			"shorten it, or set app.certificateARN to a certificate that has it as another name", longestCertificateName, len(app.Domain))
	case app.HostedZone != "" && app.Domain != app.HostedZone && !strings.HasSuffix(app.Domain, "."+app.HostedZone):
		d.report("app.hostedZone", "must be the zone that app.domain (%s) is in, is %s", app.Domain, app.HostedZone)
	}
}

// checkRecord checks that no other environment has the same record in the hosted zone. Zones of the same
// name in two accounts are two zones.
//
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func (d *document) checkRecord(all []*document, selected []string) {
	app := d.env.App
	if app.HostedZone == "" || !d.isValid("app.domain", "app.hostedZone", "account") {
		return
	}
	if other := d.rival(all, selected, func(e *Environment) bool {
		return e.Account == d.env.Account && e.App.HostedZone == app.HostedZone && e.App.Domain == app.Domain
	}); other != "" {
		d.report("app.domain", "must differ from %s's, which creates the record in the same hosted zone, is %s too", other, app.Domain)
	}
}

// checkTLS checks that a protected environment does not serve plain HTTP to the internet.
func (d *document) checkTLS() {
	app := d.env.App
	if !d.env.Protected || app.Domain != "" || app.Internal ||
		!d.isValid("protected", "app.domain", "app.hostedZone", "app.certificateARN", "app.internal", "app.allowedCIDRs") {
		return
	}
	for _, cidr := range app.AllowedCIDRs {
		if prefix := netip.MustParsePrefix(cidr); prefix.Bits() < internetPrefix && !isPrivate(prefix) {
			d.report("app.domain", "must be set while protected is true and app.allowedCIDRs has %s: the load balancer serves plain HTTP to the internet; "+
				"set app.domain with app.hostedZone or app.certificateARN, set app.internal to true, or name in app.allowedCIDRs the networks that need the application", cidr)
			return
		}
	}
}

// noWebACL removes the web ACL. Without a value of app.webACLARN, it stays as it is.
const noWebACL = "none"

// checkWebACL checks that the web ACL is in the environment's region and account, as AWS WAF requires.
func (d *document) checkWebACL() {
	const path = "app.webACLARN"
	arn := d.env.App.WebACLARN
	// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
	if d.env.App.WAF.Enabled && d.isValid("app.waf", "app.name") && slices.Contains(appKeys, d.env.App.Name) {
		d.report("app.name", "must not be %s with app.waf.enabled, is %s: other keys of the environment have these aliases", list(appKeys, "or"), d.env.App.Name)
	}
	if d.env.App.WAF.Enabled && d.isValid("app.waf", path, "network.nat") {
		if arn != "" {
			d.report(path, "must not be set with app.waf.enabled, which creates a web ACL; remove one")
		}
		if d.env.Network.NAT == NATNone {
			d.report("app.waf.enabled", "must not be true with network.nat none: the load balancer controller cannot reach AWS WAF")
		}
	}
	if arn == "" {
		return
	}
	if d.isValid(path, "network.nat") && d.env.Network.NAT == NATNone {
		d.report(path, "must not be set with network.nat none: the load balancer controller cannot reach AWS WAF; "+
			"attach the web ACL with aws wafv2 associate-web-acl")
	}
	if arn != noWebACL {
		d.checkARN(path, arn, arnRegion, "region", d.env.Region)
		d.checkARN(path, arn, arnAccount, "account", d.env.Account)
	}
}
