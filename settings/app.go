package settings

// checkApp looks at what involves several settings of the application.
func (d *document) checkApp() {
	app := d.env.App
	if d.sound("app.image") {
		switch {
		case app.Image.Tag == "" && app.Image.Digest == "":
			d.report("app.image", "must have a tag or a digest, has neither")
		case app.Image.Tag != "" && app.Image.Digest != "":
			d.report("app.image", "must have a tag or a digest, has both (%s and %s); remove one", app.Image.Tag, app.Image.Digest)
		}
	}
	if d.sound("app.replicas") && app.Replicas.Min > app.Replicas.Max {
		d.report("app.replicas.min", "must be at most max (%d), is %d", app.Replicas.Max, app.Replicas.Min)
	}
	if d.sound("app.domain", "app.certificateARN") {
		switch {
		case app.Domain != "" && app.CertificateARN == "":
			d.report("app.domain", "must come with app.certificateARN, the ACM certificate of %s", app.Domain)
		case app.Domain == "" && app.CertificateARN != "":
			d.report("app.certificateARN", "must come with app.domain, the name the certificate is for")
		}
	}
	// A load balancer takes certificates of its own region and account only.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html
	d.checkARN("app.certificateARN", app.CertificateARN, arnRegion, "region", d.env.Region)
	d.checkARN("app.certificateARN", app.CertificateARN, arnAccount, "account", d.env.Account)
	d.checkUnique("app.allowedCIDRs", app.AllowedCIDRs)
	d.checkWebACL()
	if d.sound("app.accessLogs") && app.AccessLogs.Prefix != "" && app.AccessLogs.Bucket == "" {
		d.report("app.accessLogs.prefix", "must come with app.accessLogs.bucket, the bucket that it is a folder of")
	}
}

// noWebACL takes away the web ACL that leaving out app.webACLARN would keep.
const noWebACL = "none"

// checkWebACL: AWS WAF protects load balancers of a web ACL's own region and account.
func (d *document) checkWebACL() {
	const path = "app.webACLARN"
	arn := d.env.App.WebACLARN
	if arn == "" {
		return
	}
	if d.sound(path, "network.nat") && d.env.Network.NAT == NATNone {
		d.report(path, "must not be set with network.nat none: the load balancer controller, which would attach it, "+
			"cannot reach AWS WAF; attach it with aws wafv2 associate-web-acl")
	}
	if arn != noWebACL {
		d.checkARN(path, arn, arnRegion, "region", d.env.Region)
		d.checkARN(path, arn, arnAccount, "account", d.env.Account)
	}
}
