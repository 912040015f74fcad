package settings

import (
	"net/netip"
	"slices"
	"strings"
)

// checkWeb checks the settings of an application's web process and of its load balancer.
func (d *document) checkWeb(app *App, all []*document, selected []string) {
	web, at := app.Web, webPath(app)
	d.checkSize(at(""), web.Size())
	d.checkReplicas(at("replicas"), web.Replicas.Min, web.Replicas.Max)
	if requests := at("replicas.requestsPerSecond"); web.Replicas.RequestsPerSecond > 0 && d.isValid(requests) {
		if d.isValid("cluster.keda") && !d.env.Cluster.KEDA {
			d.report(requests, "must be 0 without cluster.keda, is %d; set cluster.keda to true", web.Replicas.RequestsPerSecond)
		}
		if d.isValid(at("metrics")) && web.Metrics.Port == 0 {
			d.report(requests, "must be 0 without metrics, is %d; set %s to the port that serves http_requests_per_second", web.Replicas.RequestsPerSecond, at("metrics.port"))
		}
	}
	d.checkDomain(app)
	d.checkRecord(app, all, selected)
	d.checkTLS(app)
	// A load balancer only accepts certificates of its own region and account.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
	d.checkARN(at("certificateARN"), web.CertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN(at("certificateARN"), web.CertificateARN, arnAccount, "account", d.env.Account)
	ports := []string{"port 80"}
	if web.Domain != "" {
		ports = append(ports, "port 443")
	}
	d.checkAllowed(at("allowedCIDRs"), web.AllowedCIDRs, ports...)
	d.checkWebACL(app)
	if logs := web.AccessLogs; d.isValid(at("accessLogs")) {
		switch {
		case logs.Prefix != "" && logs.Bucket == "" && !logs.Enabled:
			d.report(at("accessLogs.prefix"), "must come with %s or %s", at("accessLogs.bucket"), at("accessLogs.enabled"))
		case logs.Enabled && logs.Bucket != "":
			d.report(at("accessLogs.bucket"), "must not be set with %s, which creates a bucket; remove one", at("accessLogs.enabled"))
		}
	}
}

// webPath returns the paths of the settings of an application's web process.
func webPath(app *App) func(setting string) string {
	return func(setting string) string { return strings.TrimSuffix(appPath(app.Name, "web."+setting), ".") }
}

// longestCertificateName is the longest first name of a certificate that ACM makes, and Plinth's has no
// other.
//
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
const longestCertificateName = 64

// checkDomain checks that a domain comes with a certificate, or with the hosted zone to create one.
func (d *document) checkDomain(app *App) {
	web, at := app.Web, webPath(app)
	if !d.isValid(at("domain"), at("hostedZone"), at("certificateARN")) {
		return
	}
	switch {
	case web.Domain != "" && web.CertificateARN == "" && web.HostedZone == "":
		d.report(at("domain"), "must come with %s, the Route 53 zone of %s, or with %s, its ACM certificate", at("hostedZone"), web.Domain, at("certificateARN"))
	case web.Domain == "" && web.CertificateARN != "":
		d.report(at("certificateARN"), "must come with %s, the name the certificate is for", at("domain"))
	case web.Domain == "" && web.HostedZone != "":
		d.report(at("hostedZone"), "must come with %s, a name in the zone", at("domain"))
	case web.Domain != "" && web.CertificateARN == "" && len(web.Domain) > longestCertificateName:
		d.report(at("domain"), "must be at most %d characters long without %s, has %d: ACM makes no certificate whose first name is longer; "+
			"shorten it, or set that to a certificate that has it as another name", longestCertificateName, at("certificateARN"), len(web.Domain))
	case web.HostedZone != "" && web.Domain != web.HostedZone && !strings.HasSuffix(web.Domain, "."+web.HostedZone):
		d.report(at("hostedZone"), "must be the zone that %s (%s) is in, is %s", at("domain"), web.Domain, web.HostedZone)
	}
}

// checkRecord checks that no other application has the same record in the hosted zone, nor the same name
// otherwise: two load balancers cannot have it. Zones of the same name in two accounts are two zones.
//
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func (d *document) checkRecord(app *App, all []*document, selected []string) {
	path, web := webPath(app)("domain"), app.Web
	if web.Domain == "" || !d.isValid(path) {
		return
	}
	for _, other := range d.env.Applications() {
		if other.Name < app.Name && other.Web != nil && other.Web.Domain == web.Domain {
			d.report(path, "must differ from %s's, is %s too", other.Name, web.Domain)
			return
		}
	}
	if web.HostedZone == "" || !d.isValid(webPath(app)("hostedZone"), "account") {
		return
	}
	if other := d.rival(all, selected, func(e *Environment) bool {
		return e.Account == d.env.Account && slices.ContainsFunc(e.Applications(), func(other *App) bool {
			return other.Web != nil && other.Web.HostedZone == web.HostedZone && other.Web.Domain == web.Domain
		})
	}); other != "" {
		d.report(path, "must differ from %s's, which creates the record in the same hosted zone, is %s too", other, web.Domain)
	}
}

// checkTLS checks that a protected environment does not serve plain HTTP to the internet.
func (d *document) checkTLS(app *App) {
	web, at := app.Web, webPath(app)
	if !d.env.Protected || web.Domain != "" || web.Internal ||
		!d.isValid("protected", at("domain"), at("hostedZone"), at("certificateARN"), at("internal"), at("allowedCIDRs")) {
		return
	}
	for _, cidr := range web.AllowedCIDRs {
		if prefix := netip.MustParsePrefix(cidr); prefix.Bits() < internetPrefix && !isPrivate(prefix) {
			d.report(at("domain"), "must be set while protected is true and %s has %s: the load balancer serves plain HTTP to the internet; "+
				"set domain with hostedZone or certificateARN, set internal to true, or name in allowedCIDRs the networks that need the application", at("allowedCIDRs"), cidr)
			return
		}
	}
}

// noWebACL removes the web ACL. Without a value of webACLARN, it stays as it is.
const noWebACL = "none"

// checkWebACL checks that the web ACL is in the environment's region and account, as AWS WAF requires.
func (d *document) checkWebACL(app *App) {
	at := webPath(app)
	path, arn := at("webACLARN"), app.Web.WebACLARN
	if app.Web.WAF.Enabled && d.isValid(at("waf"), path, "network.nat") {
		if arn != "" {
			d.report(path, "must not be set with %s, which creates a web ACL; remove one", at("waf.enabled"))
		}
		if d.env.Network.NAT == NATNone {
			d.report(at("waf.enabled"), "must not be true with network.nat none: the load balancer controller cannot reach AWS WAF")
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
