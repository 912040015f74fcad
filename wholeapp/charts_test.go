package wholeapp

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

func releasesAtomic(p platform) (broken []string) {
	for _, e := range p.resources("helm_release") {
		for _, field := range []string{"atomic", "wait", "cleanup_on_fail"} {
			if e.body[field] != true {
				broken = append(broken, e.String()+": "+field+" is off")
			}
		}
		if _, published := e.body["repository"]; published && e.body["version"] == nil {
			broken = append(broken, e.String()+": any version of the chart will do")
		}
	}
	return broken
}

// kubeletsReached: get on nodes/proxy, the job that needs it, and the rules that need the job are all there
// or none is.
func kubeletsReached(p platform) (broken []string) {
	rules := map[string]bool{}
	for _, e := range p.resources("aws_prometheus_rule_group_namespace") {
		rules[e.stack] = rules[e.stack] || e.body["name"] == "containers"
	}
	for _, e := range p.resources("helm_release") {
		text := fmt.Sprint(e.body["values"])
		wanted := e.body["name"] == "prometheus" && p.settings[environment(e.stack)].Observability.Prometheus.ContainerMetrics
		for what, is := range map[string]bool{
			"get on nodes/proxy":   strings.Contains(text, "nodes/proxy"),
			"a job cadvisor":       strings.Contains(text, `"job_name" = "cadvisor"`),
			"rules for containers": e.body["name"] == "prometheus" && rules[e.stack],
		} {
			if is != wanted {
				broken = append(broken, fmt.Sprintf("%s: has %s is %t, containerMetrics is %t", e, what, is, wanted))
			}
		}
	}
	return broken
}

// made returns how the chart's values name the only resource of a kind in the stack; empty for none.
func made(p platform, stack, kind string) string {
	for _, e := range p.resources(kind) {
		switch {
		case e.stack != stack:
		case kind == "aws_s3_bucket":
			return fmt.Sprint(e.body["bucket"])
		case kind == "aws_acm_certificate_validation":
			return kind + "." + e.name + ".certificate_arn"
		default:
			return kind + "." + e.name + ".arn"
		}
	}
	return ""
}

// inClusterDatabase is the release of PostgreSQL in the cluster.
const (
	inClusterDatabase = "postgres"
	securityGroups    = "security-groups"
	deployRoles       = "deploy-roles"
)

// ownChart reports whether a release is the application's, not one that the application depends on.
func ownChart(e element) bool {
	return layer(e.stack) == "app" && e.body["repository"] == nil && e.body["name"] != inClusterDatabase && e.body["name"] != securityGroups
}

// chartSettings: the chart's values contain the settings, and what the stack creates instead of them.
func chartSettings(p platform) (broken []string) {
	for _, e := range p.resources("helm_release") {
		if !ownChart(e) {
			continue
		}
		app := p.application(e.stack)
		want := []string{fmt.Sprintf(`"parameters" = {"path" = %q}`, map[bool]string{true: p.settings[environment(e.stack)].ParameterPath(app)}[app.Parameters.Enabled])}
		if web := app.Web; web != nil {
			want = append(want,
				fmt.Sprintf(`"replicas" = {"cpuPercent" = %d, "max" = %d, "memoryPercent" = %d, "min" = %d, "requestsPerSecond" = %d}`,
					web.Replicas.CPUPercent, web.Replicas.Max, web.Replicas.MemoryPercent, web.Replicas.Min, web.Replicas.RequestsPerSecond),
				`"wafAclArn" = `+cmp.Or(made(p, e.stack, "aws_wafv2_web_acl"), fmt.Sprintf("%q", web.WebACLARN)),
				`"certificateArn" = `+cmp.Or(made(p, e.stack, "aws_acm_certificate_validation"), fmt.Sprintf("%q", web.CertificateARN)),
				fmt.Sprintf(`"accessLogs" = {"bucket" = %q, "prefix" = %q}`, cmp.Or(made(p, e.stack, "aws_s3_bucket"), web.AccessLogs.Bucket), web.AccessLogs.Prefix))
		}
		for _, value := range want {
			if !strings.Contains(fmt.Sprint(e.body["values"]), value) {
				broken = append(broken, e.String()+": its values lack "+value)
			}
		}
	}
	return broken
}

// kubernetesNoted: the pods of each release, and CoreDNS', note the control plane's version. A test of
// tools/charts looks into each pod of the samples.
func kubernetesNoted(p platform) (broken []string) {
	for _, e := range p.resources("helm_release", "aws_eks_addon") {
		cluster := ""
		for _, c := range p.resources("aws_eks_cluster") {
			if environment(c.stack) == environment(e.stack) {
				cluster = "aws_eks_cluster." + c.name
			}
		}
		noted := false
		switch {
		case e.body["name"] == securityGroups, e.body["name"] == "load-balancer-crds", e.body["name"] == deployRoles, e.kind == "aws_eks_addon" && e.body["addon_name"] != "coredns":
			continue // no pods on Fargate
		case e.kind == "aws_eks_addon":
			noted = strings.Contains(fmt.Sprint(e.body["configuration_values"]), `"podAnnotations":{"kubernetes-version":"${`+cluster+`.version}"}`)
		default:
			noted = regexp.MustCompile(`"kubernetes-version" = data\.terraform_remote_state\.\S+-cluster\.outputs\.cross-stack-output-` +
				strings.ReplaceAll(cluster, ".", "") + `version\b`).MatchString(fmt.Sprint(e.body["values"]))
		}
		if !noted {
			broken = append(broken, e.String()+": its pods do not note the version of "+cluster)
		}
	}
	return broken
}
