package wholeapp

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plinth/settings"
)

// podRow is a row of podTable.
type podRow struct{ from, to, ports string }

// podTable says who reaches which ports, by security groups alone. A name is that of a namespace; "system" are
// the pods of the add-ons and the control plane, which share the cluster's group. Names of which an environment
// has no pods do not count. Load balancers are not in it: their controller lets them reach the port of their
// target, see clusterTagged.
var podTable = []podRow{
	{"system keda", "system keda", "all"},
	// What a pod on Fargate needs: the API server and DNS, and its kubelet for the API server.
	{"databases postgres loki pod-logs grafana prometheus kube-state-metrics", "system keda", "tcp/443 tcp/53 udp/53"},
	{"system keda", "databases postgres loki pod-logs grafana prometheus kube-state-metrics", "tcp/10250"},

	{"prometheus", "kube-state-metrics", "tcp/8080"},
	{"grafana pod-logs", "loki", "tcp/3100"},
	{"loki", "loki", "tcp/3100 tcp/7946 tcp/9095"},

	{"bastion vpn", "system keda", "tcp/443"},
	{"bastion vpn", "database", "tcp/5432"},
	{"databases", "database postgres", "tcp/5432"},
}

// applicationRows are the rows of one application. None reaches another.
func applicationRows(app *settings.App) []podRow {
	rows := []podRow{{app.Name, "system keda", "tcp/443 tcp/53 udp/53"}, {"system keda", app.Name, "tcp/10250"}}
	if app.Database {
		rows = append(rows, podRow{app.Name, "database postgres", "tcp/5432"})
	}
	if web := app.Web; web != nil {
		rows = append(rows, podRow{app.Name, app.Name, fmt.Sprintf("tcp/%d", web.Port)})
		if web.Metrics.Port > 0 {
			rows = append(rows, podRow{"prometheus", app.Name, fmt.Sprintf("tcp/%d", web.Metrics.Port)})
		}
		if web.Replicas.RequestsPerSecond > 0 {
			rows = append(rows, podRow{"keda", app.Name, fmt.Sprintf("tcp/%d", web.Metrics.Port)})
		}
	}
	return rows
}

// podsReached: pods reach what podTable says, and nothing else.
func podsReached(p platform) (broken []string) {
	for _, name := range slices.Sorted(maps.Keys(p.settings)) {
		n := newPodNetwork(p, name)
		want := map[string]bool{}
		rows := slices.Clone(podTable)
		for _, app := range p.settings[name].Applications() {
			rows = append(rows, applicationRows(app)...)
		}
		for _, row := range rows {
			for _, from := range strings.Fields(row.from) {
				for _, to := range strings.Fields(row.to) {
					for _, port := range strings.Fields(row.ports) {
						if n.groups[from] != nil && n.groups[to] != nil {
							want[from+" to "+to+" "+port] = true
						}
					}
				}
			}
		}
		got := n.reached()
		for _, line := range slices.Sorted(maps.Keys(got)) {
			if !want[line] && !want[line[:strings.LastIndex(line, " ")]+" all"] {
				broken = append(broken, fmt.Sprintf("%s: reaches too much: %s", name, line))
			}
		}
		for _, line := range slices.Sorted(maps.Keys(want)) {
			if !got[line] {
				broken = append(broken, fmt.Sprintf("%s: does not reach: %s", name, line))
			}
		}
	}
	return broken
}

// clusterTagged: of the groups of pods that are behind a load balancer, exactly one has the cluster's tag.
// Otherwise the controller does not know which group to open, and refuses.
func clusterTagged(p platform) (broken []string) {
	for _, name := range slices.Sorted(maps.Keys(p.settings)) {
		n := newPodNetwork(p, name)
		for _, pods := range slices.Sorted(maps.Keys(n.policies)) {
			var tagged []string
			for _, group := range n.groups[pods] {
				// EKS tags the cluster's.
				if value := n.tags[group]; value != "" || group == clusterGroup {
					tagged = append(tagged, group)
				}
			}
			app := p.settings[name].Apps[pods]
			balanced := app != nil && app.Web != nil || pods == "grafana"
			if balanced && (len(tagged) != 1 || n.tags[tagged[0]] != "shared") {
				broken = append(broken, fmt.Sprintf("%s: %s is behind a load balancer, and its groups with the cluster's tag are %v", name, pods, tagged))
			}
			if !balanced && slices.ContainsFunc(tagged, func(group string) bool { return group != clusterGroup }) {
				broken = append(broken, fmt.Sprintf("%s: the controller may open the groups of %s, which no load balancer needs: %v", name, pods, tagged))
			}
		}
	}
	return broken
}

// groupsFirst: a namespace's releases come after its SecurityGroupPolicy, and that comes after the rules
// that its pods need; and they replace their pods when the groups change.
func groupsFirst(p platform) (broken []string) {
	policies := map[string]element{}
	for _, e := range p.resources("helm_release") {
		if e.body["name"] == securityGroups {
			policies[e.stack+fmt.Sprint(e.body["namespace"])] = e
		}
	}
	for _, e := range p.resources("helm_release") {
		policy, has := policies[e.stack+fmt.Sprint(e.body["namespace"])]
		if !has || e.name == policy.name {
			continue
		}
		if !slices.Contains(strs(e.body["depends_on"]), "helm_release."+policy.name) {
			broken = append(broken, fmt.Sprintf("%s: its pods may start before %s gives them their groups", e, policy))
		}
		if values := fmt.Sprint(e.body["values"]); !strings.Contains(values, `"security-groups" = `) && !strings.Contains(values, `"securityGroups" = `) {
			broken = append(broken, fmt.Sprintf("%s: its pods keep their old groups when these change", e))
		}
	}
	for _, rule := range p.resources("aws_vpc_security_group_ingress_rule") {
		from := groupName.FindString(fmt.Sprint(rule.body["referenced_security_group_id"]))
		for _, policy := range policies {
			if policy.stack == rule.stack && from != "" && strings.Contains(fmt.Sprint(policy.body["values"]), from) &&
				!slices.Contains(strs(policy.body["depends_on"]), rule.kind+"."+rule.name) {
				broken = append(broken, fmt.Sprintf("%s: pods that need it may start before it", rule))
			}
		}
	}
	return broken
}

// podNetwork is what security groups allow in one environment.
type podNetwork struct {
	p           platform
	environment string
	// groups are the security groups of pods and others by name. policies are those that a
	// SecurityGroupPolicy gives.
	groups, policies map[string][]string
	// tags are the values of the cluster's tag by group.
	tags map[string]string
	// ingress is ports by the two groups, egress the groups that let everything out.
	ingress map[[2]string][]string
	egress  map[string]bool
}

const clusterGroup = "cluster"

var (
	groupName      = regexp.MustCompile(`aws_security_group\.[\w-]+\.id`)
	groupReference = regexp.MustCompile(`aws_security_group\.[\w-]+\.id|data\.terraform_remote_state\.[\w-]+\.outputs\.[\w-]+`)
)

func newPodNetwork(p platform, environment string) podNetwork {
	n := podNetwork{
		p: p, environment: environment, groups: map[string][]string{"system": {clusterGroup}}, policies: map[string][]string{},
		tags: map[string]string{}, ingress: map[[2]string][]string{{clusterGroup, clusterGroup}: {"all"}}, egress: map[string]bool{clusterGroup: true},
	}
	for _, e := range n.resources("helm_release") {
		if e.body["name"] == securityGroups {
			n.policies[n.pods(e)] = n.references(e.stack, fmt.Sprint(e.body["values"]))
		}
	}
	for _, e := range n.resources("helm_release") {
		if layer(e.stack) != "addons" {
			n.groups[n.pods(e)] = []string{clusterGroup}
		}
	}
	maps.Copy(n.groups, n.policies)
	for kind, name := range map[string]string{
		"aws_instance": "bastion", "aws_ec2_client_vpn_endpoint": "vpn", "aws_db_instance": "database", "aws_rds_cluster": "database",
	} {
		for _, e := range n.resources(kind) {
			n.groups[name] = n.references(e.stack, fmt.Sprint(e.body["vpc_security_group_ids"], e.body["security_group_ids"]))
		}
	}
	for _, e := range n.resources("aws_security_group") {
		tag := dig(e.body, "tags", "kubernetes.io/cluster/"+p.settings[environment].ResourceName())
		if tag != nil {
			n.tags[n.references(e.stack, e.kind+"."+e.name+".id")[0]] = fmt.Sprint(tag)
		}
	}
	for _, e := range n.resources("aws_vpc_security_group_ingress_rule") {
		from, to := n.references(e.stack, fmt.Sprint(e.body["referenced_security_group_id"])), n.references(e.stack, fmt.Sprint(e.body["security_group_id"]))
		if len(from) == 0 {
			from = []string{"address"} // of the VPC
		}
		port := fmt.Sprintf("%v/%v", e.body["ip_protocol"], e.body["from_port"])
		if e.body["from_port"] != e.body["to_port"] || e.body["ip_protocol"] == "-1" {
			port = "all"
		}
		n.ingress[[2]string{from[0], to[0]}] = append(n.ingress[[2]string{from[0], to[0]}], port)
	}
	for _, e := range n.resources("aws_vpc_security_group_egress_rule") {
		if e.body["ip_protocol"] == "-1" && e.body["cidr_ipv4"] == "0.0.0.0/0" || layer(e.stack) == "network" {
			n.egress[n.references(e.stack, fmt.Sprint(e.body["security_group_id"]))[0]] = true
		}
	}
	return n
}

func (n podNetwork) resources(kinds ...string) (all []element) {
	for _, e := range n.p.resources(kinds...) {
		if environment(e.stack) == n.environment {
			all = append(all, e)
		}
	}
	return all
}

// pods is the name of the pods of a release.
func (n podNetwork) pods(release element) string {
	return fmt.Sprint(release.body["namespace"])
}

// references are the security groups that an expression of a stack refers to, by the stack that creates them.
func (n podNetwork) references(stack, expression string) (all []string) {
	if strings.Contains(expression, "vpc_config[0].cluster_security_group_id") {
		return []string{clusterGroup}
	}
	for _, found := range groupReference.FindAllString(expression, -1) {
		if groupName.MatchString(found) {
			all = append(all, stack+" "+found)
			continue
		}
		parts := strings.Split(found, ".")
		producer := strings.TrimPrefix(parts[2], "cross-stack-reference-input-")
		all = append(all, n.references(producer, fmt.Sprint(dig(n.p.stacks[producer], "output", parts[4], "value")))...)
	}
	return all
}

// reached are lines such as "app to database tcp/5432".
func (n podNetwork) reached() map[string]bool {
	all := map[string]bool{}
	for from, sources := range n.groups {
		for to, targets := range n.groups {
			for _, source := range append(slices.Clone(sources), "address") {
				for _, target := range targets {
					for _, port := range n.ingress[[2]string{source, target}] {
						if slices.ContainsFunc(sources, func(group string) bool { return n.egress[group] }) {
							all[from+" to "+to+" "+port] = true
						}
					}
				}
			}
		}
	}
	return all
}
