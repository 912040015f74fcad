package integration

import (
	"fmt"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cloud"
)

// reached are the rules among security groups that some environments of TestCycle and TestPermissions must have once they are
// deployed: "from to port", with the groups' names after the environment's. cluster is the group of the
// control plane and the add-ons, balancer that of a load balancer, access that of the bastion and the VPN.
var reached = map[string][]string{
	"prod": {
		"access cluster 443", "access postgres 5432", "addons-databases-pods postgres 5432", "addons-keda-pods app-pods 9090", "app-pods app-pods 8080", "app-pods postgres 5432",
		"balancer app-pods 8080",
		"cluster cluster 10251", "cluster cluster 6443", "cluster cluster 9443", "cluster pods 10250",
		"grafana-pods loki-pods 3100",
		"loki-pods loki-pods 3100", "loki-pods loki-pods 7946", "loki-pods loki-pods 9095",
		"pod-logs-pods loki-pods 3100", "pods cluster 443", "pods cluster 53", "pods cluster 53 udp",
		"prometheus-pods app-pods 9090", "prometheus-pods kube-state-metrics-pods 8080",
	},
	"in the cluster": {
		"access cluster 443", "addons-databases-pods addons-postgres-pods 5432", "app-pods addons-postgres-pods 5432", "app-pods app-pods 8080", "balancer app-pods 8080",
		"cluster cluster 10251", "cluster cluster 9443", "cluster pods 10250",
		"pods cluster 443", "pods cluster 53", "pods cluster 53 udp",
	},
}

// reached are the rules that the simulated EC2 has among security groups.
func (r rehearsal) reached() (all []string) {
	r.t.Helper()
	world := r.world()
	name := func(id string) string {
		group := world.Get("aws_security_group", id)
		switch group.MadeBy {
		case "EKS":
			return "cluster"
		case "":
			_, after, _ := strings.Cut(fmt.Sprint(group.Attributes["name"]), "-"+r.Env+"-")
			return after
		}
		return "balancer"
	}
	world.Each(func(_, _ string, rule *cloud.Thing) bool {
		if from, _ := rule.Attributes["referenced_security_group_id"].(string); from != "" {
			line := fmt.Sprintf("%s %s %v", name(from), name(fmt.Sprint(rule.Attributes["security_group_id"])), rule.Attributes["from_port"])
			if protocol := rule.Attributes["ip_protocol"]; protocol != "tcp" {
				line += fmt.Sprint(" ", protocol)
			}
			all = append(all, line)
		}
		return true
	}, "aws_vpc_security_group_ingress_rule")
	slices.Sort(all)
	return all
}
