package stacks

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawslb"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/dataawsroute53zone"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/route53record"
	"github.com/cdktf/cdktf-provider-kubernetes-go/kubernetes/v12/datakubernetesingressv1"
	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/bucket"
	"plinth/constructs/certificate"
	"plinth/constructs/webacl"
	"plinth/settings"
)

// ingressConfig holds what the application's Ingress refers to: certificate, web ACL, log bucket, zone.
type ingressConfig struct {
	certificateArn, webACLArn *string
	logBucket                 string
	// zone is the hosted zone of the domain's record, nil for no record.
	zone *string
	// ready lists what the load balancer depends on.
	ready []cdktf.ITerraformDependable
}

// newIngress creates what the settings enable, unless they name an existing one.
func newIngress(stack cdktf.TerraformStack, env *settings.Environment, app *settings.App) ingressConfig {
	web := app.Web
	e := ingressConfig{
		certificateArn: jsii.String(web.CertificateARN),
		webACLArn:      jsii.String(web.WebACLARN),
		logBucket:      web.AccessLogs.Bucket,
	}
	if web.HostedZone != "" {
		e.zone = dataawsroute53zone.NewDataAwsRoute53Zone(stack, jsii.String("zone"), &dataawsroute53zone.DataAwsRoute53ZoneConfig{
			Name: jsii.String(web.HostedZone), PrivateZone: jsii.Bool(false),
		}).ZoneId()
		if web.CertificateARN == "" {
			e.certificateArn = certificate.New(stack, "certificate", certificate.Config{Domain: web.Domain, ZoneID: e.zone})
		}
	}
	if web.WAF.Enabled {
		var groups []webacl.RuleGroup
		for _, group := range settings.RuleGroups {
			groups = append(groups, webacl.RuleGroup{Name: group.Name, CountRules: web.WAF.CountedIn(group)})
		}
		acl := webacl.New(stack, "web-acl", webacl.Config{
			Name:                env.ResourceName(app.Name),
			RequestsPer5Minutes: web.WAF.RequestsPer5Minutes,
			CountOnly:           web.WAF.CountOnly,
			RuleGroups:          groups,
			KeyArn:              newKey(stack, env, "key", app.Name, "Encrypts the web ACL's log", false).Arn,
			LogRetentionDays:    env.LogRetentionDays,
		})
		e.webACLArn, e.ready = acl.Arn, append(e.ready, acl.Ready)
	}
	if web.AccessLogs.Enabled {
		name := env.ResourceName(app.Name, "logs", env.Account)
		logs := newAccessLogBucket(stack, env, web, name)
		e.logBucket, e.ready = name, append(e.ready, logs.Ready)
	}
	return e
}

// ingressValues returns the chart's values of the load balancer.
func ingressValues(env *settings.Environment, app *settings.App, network *Network, ingress ingressConfig) map[string]any {
	web := app.Web
	return map[string]any{
		"loadBalancerName": env.ResourceName(app.Name),
		"internal":         web.Internal,
		"subnets":          balancerSubnets(web, network),
		"domain":           web.Domain,
		"certificateArn":   ingress.certificateArn,
		"allowedCidrs":     web.AllowedCIDRs,
		"wafAclArn":        ingress.webACLArn,
		"accessLogs":       map[string]any{"bucket": ingress.logBucket, "prefix": web.AccessLogs.Prefix},
		"tags":             tags(env, app.Name),
	}
}

// outputLoadBalancer creates the domain's record, and tells where the application answers.
func outputLoadBalancer(stack cdktf.TerraformStack, env *settings.Environment, app *settings.App, ingress ingressConfig, installed cdktf.ITerraformDependable) {
	if ingress.zone != nil {
		newDNSRecord(stack, env, app, ingress.zone, installed)
	}
	balancer := loadBalancerHost(stack, app.Name, installed)
	host := balancer
	if app.Web.Domain != "" {
		host = jsii.String(app.Web.Domain)
	}
	output(stack, "url_host", "Host name of the application's URL", host)
	output(stack, "health_path", "Path that answers 200 while the application is healthy", app.Web.Health.Path)
	output(stack, "load_balancer_host", "Where the domain's DNS record must point", balancer)
}

// balancerSubnets returns the subnets of the application's load balancer, in all zones. It leaves a zone only
// once no pod is there: Elastic Load Balancing sends nothing to targets in a zone that the load balancer
// is not in.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-subnets.html
func balancerSubnets(web *settings.Web, network *Network) []*string {
	if web.Internal {
		return network.VPC.PrivateSubnetIDs
	}
	return network.VPC.PublicSubnetIDs
}

// newAccessLogBucket creates the bucket for the load balancer's access logs. Elastic Load
// Balancing supports no key except S3's own.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
func newAccessLogBucket(stack cdktf.TerraformStack, env *settings.Environment, web *settings.Web, name string) *bucket.Bucket {
	folder := "AWSLogs/" + env.Account
	if prefix := web.AccessLogs.Prefix; prefix != "" {
		folder = prefix + "/" + folder
	}
	return bucket.New(stack, "access-logs", bucket.Config{
		Name:                           name,
		NoncurrentVersionRetentionDays: 7,
		ExpirationDays:                 env.LogRetentionDays,
		Writers: []bucket.Writer{{
			Sid: "LoadBalancer", Service: "logdelivery.elasticloadbalancing.amazonaws.com", Folder: folder,
			SourceArn: fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:loadbalancer/*", env.Region, env.Account),
		}},
		ForceDestroy: true,
	})
}

// newDNSRecord points the domain to the load balancer that the controller created for the release. For
// another scheme the controller creates another one of the same name. The chart's new pods wait for it, and
// the postcondition refuses the old one.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-to-elb-load-balancer.html
func newDNSRecord(stack cdktf.TerraformStack, env *settings.Environment, app *settings.App, zone *string, installed cdktf.ITerraformDependable) {
	balancer := dataawslb.NewDataAwsLb(stack, jsii.String("load-balancer"), &dataawslb.DataAwsLbConfig{
		Name:      jsii.String(env.ResourceName(app.Name)),
		DependsOn: &[]cdktf.ITerraformDependable{installed},
	})
	balancer.AddOverride(jsii.String("lifecycle.postcondition"), []any{map[string]any{
		"condition": fmt.Sprintf("${self.internal == %t}", app.Web.Internal),
		"error_message": fmt.Sprintf("The load balancer controller has not replaced the load balancer yet, as web.internal requires. "+
			"Wait a minute and run ./plinth deploy %s-%s again.", env.Name, app.Name),
	}})
	route53record.NewRoute53Record(stack, jsii.String("domain"), &route53record.Route53RecordConfig{
		ZoneId: zone,
		Name:   jsii.String(app.Web.Domain),
		Type:   jsii.String("A"),
		Alias: &route53record.Route53RecordAlias{
			Name: balancer.DnsName(), ZoneId: balancer.ZoneId(), EvaluateTargetHealth: jsii.Bool(true),
		},
	})
}

// loadBalancerHost returns the load balancer's host name from the Ingress of the installed release,
// empty if the Ingress has none yet.
func loadBalancerHost(stack cdktf.TerraformStack, name string, app cdktf.ITerraformDependable) *string {
	ingress := datakubernetesingressv1.NewDataKubernetesIngressV1(stack, jsii.String("ingress"), &datakubernetesingressv1.DataKubernetesIngressV1Config{
		Metadata: &datakubernetesingressv1.DataKubernetesIngressV1Metadata{
			Name:      jsii.String(name),
			Namespace: jsii.String(name),
		},
		DependsOn: &[]cdktf.ITerraformDependable{app},
	})
	host := ingress.Status().Get(jsii.Number(0)).LoadBalancer().Get(jsii.Number(0)).Ingress().Get(jsii.Number(0)).Hostname()
	return cdktf.Token_AsString(cdktf.Fn_Try(&[]any{host, ""}), nil)
}
