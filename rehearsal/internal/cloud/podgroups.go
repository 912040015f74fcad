package cloud

import (
	"fmt"
	"slices"
	"strings"

	"plinth/tools/charts/render"
)

// podPolicyKind is the type of a SecurityGroupPolicy that a release created.
const podPolicyKind = "kubernetes_security_group_policy"

// ruleKind is the type of a rule that allows ingress.
const ruleKind = "aws_vpc_security_group_ingress_rule"

// clusterGroup is the security group that EKS gives the control plane, and pods without a policy.
func (w *World) clusterGroup(cluster string) string {
	return text(w.cluster(cluster).Attributes, "vpc_config.cluster_security_group_id")
}

// podGroups are the security groups of a namespace's pods.
// https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
func (w *World) podGroups(cluster, space string) []string {
	found := []string{w.clusterGroup(cluster)}
	w.Each(func(_, _ string, t *Thing) bool {
		if t.Cluster == cluster && namespaceOf(t) == space {
			found = texts(any(t.Attributes), "spec.securityGroups.groupIds")
		}
		return true
	}, podPolicyKind)
	return found
}

// checkPodGroups refuses groups with which no pod starts: its node must reach the API server and DNS, and
// the API server its kubelet.
func (w *World) checkPodGroups(cluster, name string, groups []string) error {
	network, shared := text(w.cluster(cluster).Attributes, "vpc_config.vpc_id"), w.clusterGroup(cluster)
	for _, group := range groups {
		if w.attribute("aws_security_group", group, "vpc_id") != network {
			return refuse("context deadline exceeded", "pods with %s stay pending: %s has no security group %s", name, network, group)
		}
	}
	if slices.Contains(groups, shared) {
		return nil
	}
	for _, need := range []struct {
		to, from []string
		protocol string
		port     float64
	}{
		{[]string{shared}, groups, "tcp", 443}, {[]string{shared}, groups, "tcp", 53}, {[]string{shared}, groups, "udp", 53},
		{groups, []string{shared}, "tcp", 10250},
	} {
		if !w.allowsIngress(need.to, need.from, need.protocol, need.port) {
			return refuse("context deadline exceeded", "pods with %s stay pending: no rule lets %s reach %s on %s port %.0f",
				name, strings.Join(need.from, " or "), strings.Join(need.to, " or "), need.protocol, need.port)
		}
	}
	return nil
}

// allowsIngress reports whether a rule lets one of some security groups reach a port of one of others.
func (w *World) allowsIngress(to, from []string, protocol string, port float64) bool {
	found := false
	w.Each(func(_, _ string, t *Thing) bool {
		a := t.Attributes
		found = slices.Contains(to, text(a, "security_group_id")) && slices.Contains(from, text(a, "referenced_security_group_id")) &&
			(text(a, "ip_protocol") == "-1" || text(a, "ip_protocol") == protocol && number(a, "from_port") <= port && port <= number(a, "to_port"))
		return !found
	}, ruleKind)
	return found
}

// targetGroup returns the security group of a namespace's pods that the load balancer controller opens.
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/networking/networking_manager.go
func (w *World) targetGroup(cluster, space string) (string, error) {
	groups := w.podGroups(cluster, space)
	if len(groups) == 1 {
		return groups[0], nil
	}
	values, err := releaseValues(w.controller(cluster).Attributes)
	if err != nil {
		return "", err
	}
	more, _ := values["serviceTargetENISGTags"].(string)
	var tagged []string
	for _, group := range groups {
		tags := tagsOf(w.Get("aws_security_group", group).Attributes)
		_, has := tags["kubernetes.io/cluster/"+cluster]
		for _, tag := range strings.FieldsFunc(more, func(r rune) bool { return r == ',' }) {
			key, value, _ := strings.Cut(tag, "=")
			has = has && tags[key] == value
		}
		if has {
			tagged = append(tagged, group)
		}
	}
	if len(tagged) != 1 {
		return "", refuse("context deadline exceeded", "the target group of namespace %s stays empty: expected exactly one security group tagged with kubernetes.io/cluster/%s and %q, got %v of %v",
			space, cluster, more, tagged, groups)
	}
	return tagged[0], nil
}

// openTargets lets a load balancer reach the ports of its targets, and no others.
func (w *World) openTargets(balancer, ingress *Thing) {
	group, err := w.targetGroup(ingress.Cluster, text(ingress.Attributes, "metadata.namespace"))
	if err != nil {
		return // it was right when the Ingress was installed
	}
	there := map[float64]bool{}
	w.closeTargets(balancer, func(a Attributes) bool {
		port := number(a, "from_port")
		there[port] = text(a, "security_group_id") == group && slices.Contains(targetPorts(ingress), port)
		return there[port]
	})
	for _, port := range targetPorts(ingress) {
		if id := randomID("sgr"); !there[port] {
			// A security group can be deleted with its own rules, not while those of others name it.
			w.addOwned(ruleKind, id, "aws_security_group "+group, controllerChart, Attributes{
				"id": id, "arn": w.arn("ec2", "security-group-rule/"+id), "security_group_rule_id": id, "security_group_id": group,
				"referenced_security_group_id": texts(any(balancer.Attributes), "security_groups")[0],
				"ip_protocol":                  "tcp", "from_port": port, "to_port": port, "description": "elbv2.k8s.aws/targetGroupBinding=shared",
			})
		}
	}
}

// closeTargets removes a load balancer's rules from its targets' groups, except those to keep.
func (w *World) closeTargets(balancer *Thing, keep func(rule Attributes) bool) {
	groups := texts(any(balancer.Attributes), "security_groups")
	var wrong []string
	w.Each(func(_, key string, t *Thing) bool {
		if t.MadeBy == controllerChart && slices.Contains(groups, text(t.Attributes, "referenced_security_group_id")) && !keep(t.Attributes) {
			wrong = append(wrong, key)
		}
		return true
	}, ruleKind)
	for _, key := range wrong {
		w.Remove(ruleKind, key)
	}
}

// targetPortsOf is the attribute of an Ingress with the ports of the pods that it leads to.
const targetPortsOf = "target_ports"

func targetPorts(ingress *Thing) (ports []float64) {
	all, _ := ingress.Attributes[targetPortsOf].([]any)
	for _, port := range all {
		if n, is := port.(float64); is {
			ports = append(ports, n)
		}
	}
	return ports
}

// findTargetPorts follows an Ingress through the Services of its release to ports of their pods.
func findTargetPorts(ingress Attributes, objects []render.Object) []any {
	named := map[string]float64{}
	for _, object := range objects {
		for _, container := range nestedBlocksAt(object.Fields, "spec.template.spec", "containers") {
			for _, port := range nestedBlocks(container, "ports") {
				named[text(port, "name")] = asNumber(port["containerPort"])
			}
		}
	}
	found := []any{}
	for _, service := range backends(ingress) {
		for _, object := range objects {
			if object.Kind != "Service" || object.Name != text(service, "name") {
				continue
			}
			for _, port := range nestedBlocksAt(object.Fields, "spec", "ports") {
				if text(port, "name") != text(service, "port.name") && fmt.Sprint(port["port"]) != fmt.Sprint(dig(service, "port.number")) {
					continue
				}
				target := asNumber(port["targetPort"])
				if name, is := port["targetPort"].(string); is {
					target = named[name]
				}
				if target > 0 && !slices.Contains(found, any(target)) {
					found = append(found, target)
				}
			}
		}
	}
	return found
}

func nestedBlocksAt(object Attributes, path, name string) []Attributes {
	inside, _ := dig(object, path).(Attributes)
	return nestedBlocks(inside, name)
}

func asNumber(value any) float64 {
	switch n := value.(type) {
	case float64:
		return n
	case int64:
		return float64(n)
	case int:
		return float64(n)
	}
	return 0
}
