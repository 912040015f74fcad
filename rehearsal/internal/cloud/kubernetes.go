package cloud

import (
	"fmt"
	"slices"
	"strings"
)

func init() {
	register(map[string]kind{
		"kubernetes_namespace_v1":  namespace,
		"kubernetes_namespace":     namespace,
		"kubernetes_config_map_v1": namespacedObject,
		"kubernetes_config_map":    namespacedObject,
	})
}

// ingressKind is an Ingress that a release has made.
const ingressKind = "kubernetes_ingress_v1"

// replacedMetadata is what tells Kubernetes objects apart, of those in a namespace with metadata.namespace.
var replacedMetadata = []string{"metadata.name", "metadata.generate_name"}

var namespace = kind{
	inCluster: true,
	id:        func(_ *World, a Attributes) string { return text(a, "metadata.name") },
	conflict:  "AlreadyExists",
	replaced:  replacedMetadata,
	fill:      fillMetadata,
	leave:     leaveNamespace,
}

// namespacedObject is an object in a namespace that must be there.
var namespacedObject = kind{
	inCluster: true,
	id: func(_ *World, a Attributes) string {
		return orElse(text(a, "metadata.namespace"), "default") + "/" + text(a, "metadata.name")
	},
	conflict: "AlreadyExists",
	replaced: append([]string{"metadata.namespace"}, replacedMetadata...),
	fill:     fillMetadata,
	after: func(w *World, _ string, t *Thing) error {
		return w.checkNamespace(t.Cluster, orElse(text(t.Attributes, "metadata.namespace"), "default"))
	},
}

func fillMetadata(_ *World, _ string, a Attributes) {
	setDefaults(block(a, "metadata"), Attributes{
		"generation": 0.0, "resource_version": "1", "uid": randomUUID(),
	})
}

// systemNamespaces are in every cluster.
var systemNamespaces = []string{"default", "kube-node-lease", "kube-public", "kube-system"}

func (w *World) hasNamespace(cluster, name string) bool {
	return slices.Contains(systemNamespaces, name) ||
		w.Get("kubernetes_namespace_v1", cluster+":"+name) != nil || w.Get("kubernetes_namespace", cluster+":"+name) != nil
}

// checkNamespace refuses an object in a namespace that is not there.
func (w *World) checkNamespace(cluster, name string) error {
	if !w.hasNamespace(cluster, name) {
		return refuse("NotFound", "namespaces %q not found in cluster %s", name, cluster)
	}
	return nil
}

// leaveNamespace: what is in a namespace goes with it, unless it waits for a controller.
func leaveNamespace(w *World, _ string, t *Thing) error {
	name := text(t.Attributes, "metadata.name")
	var inside [][2]string
	var err error
	w.Each(func(otherName, otherKey string, other *Thing) bool {
		if other.Cluster != t.Cluster || namespaceOf(other) != name {
			return true
		}
		if err = w.checkFinalizer(otherKey, other); err != nil {
			return false
		}
		inside = append(inside, [2]string{otherName, otherKey})
		return true
	})
	if err != nil {
		return err
	}
	for _, i := range inside {
		w.Remove(i[0], i[1])
	}
	return nil
}

func namespaceOf(t *Thing) string {
	return orElse(text(t.Attributes, "metadata.namespace"), text(t.Attributes, "namespace"))
}

// ReadIngress answers the data source of an Ingress: empty when there is none.
func (w *World) ReadIngress(cluster string, config Attributes) Attributes {
	id := orElse(text(config, "metadata.namespace"), "default") + "/" + text(config, "metadata.name")
	ingress := w.Get(ingressKind, cluster+":"+id)
	if ingress == nil {
		return Attributes{}
	}
	addresses := []any{}
	if host := w.LoadBalancerOf(cluster, id); host != "" {
		addresses = append(addresses, Attributes{"hostname": host, "ip": ""})
	}
	return Attributes{"id": id, "status": []any{Attributes{"load_balancer": []any{Attributes{"ingress": addresses}}}}}
}

// LoadBalancerOf is the host name of the load balancer that was made for an Ingress, told by
// its namespace/name; empty when it has none.
func (w *World) LoadBalancerOf(cluster, ingress string) string {
	balancer := w.find("aws_lb", "ingress", cluster+":"+ingress)
	if balancer == nil {
		return ""
	}
	return text(balancer.Attributes, "dns_name")
}

// What the load balancer controller goes by.
const (
	controllerChart = "aws-load-balancer-controller"
	annotations     = "alb.ingress.kubernetes.io/"
	schemePublic    = "internet-facing"
	finalizer       = "ingress.k8s.aws/resources"
)

// controller is the cluster's load balancer controller, or nil.
func (w *World) controller(cluster string) (found *Thing) {
	w.Each(func(_, _ string, t *Thing) bool {
		if t.Cluster == cluster && text(t.Attributes, "chart") == controllerChart {
			found = t
		}
		return found == nil
	}, "helm_release")
	return found
}

// reconcileLoadBalancers is what the controllers do all the time: an Ingress of class alb gets
// a load balancer and a security group, and these go when the Ingress does. Without a
// controller nothing happens, and what is there stays: exactly how load balancers come to be
// left over. https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/how-it-works/
func (w *World) reconcileLoadBalancers() {
	var orphans []string
	w.Each(func(_, key string, t *Thing) bool {
		ingress := text(t.Attributes, "ingress")
		cluster, _, _ := strings.Cut(ingress, ":")
		if w.controller(cluster) != nil && w.Get(ingressKind, ingress) == nil {
			orphans = append(orphans, key)
		}
		return true
	}, "aws_lb")
	for _, key := range orphans {
		w.Remove("aws_lb", key)
		w.removeOwned("aws_lb " + key)
	}
	w.Each(func(_, key string, t *Thing) bool {
		if isALB(t.Attributes) && w.controller(t.Cluster) != nil && w.find("aws_lb", "ingress", key) == nil {
			w.addLoadBalancer(key, t)
		}
		return true
	}, ingressKind)
}

func isALB(ingress Attributes) bool {
	return text(ingress, "spec.ingressClassName") == "alb" || annotation(ingress, "kubernetes.io/ingress.class") == "alb"
}

func annotation(object Attributes, name string) string {
	all, _ := dig(object, "metadata.annotations").(Attributes)
	value, _ := all[name].(string)
	return value
}

func (w *World) addLoadBalancer(ingress string, t *Thing) {
	network := text(w.cluster(t.Cluster).Attributes, "vpc_config.vpc_id")
	scheme := orElse(annotation(t.Attributes, annotations+"scheme"), "internal")
	object := text(t.Attributes, "metadata.namespace") + "-" + text(t.Attributes, "metadata.name")
	name := orElse(annotation(t.Attributes, annotations+"load-balancer-name"), "k8s-"+object+"-"+randomHex(10))
	arn := w.arn("elasticloadbalancing", "loadbalancer/app/"+name+"/"+randomHex(16))
	host := fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", name, strings.Map(digit, randomHex(10)), w.Region)
	if scheme != schemePublic {
		host = "internal-" + host
	}
	group := randomID("sg")
	subnets, _ := w.balancerSubnets(network, scheme)
	var ids []any
	for _, subnet := range subnets {
		ids = append(ids, subnet)
	}
	w.Add("aws_lb", arn, &Thing{MadeBy: controllerChart, Attributes: Attributes{
		"id": arn, "arn": arn, "name": name, "dns_name": host, "scheme": scheme, "vpc_id": network, "subnets": ids,
		"security_groups": []any{group}, "ingress": ingress,
	}})
	w.addOwned("aws_security_group", group, "aws_lb "+arn, controllerChart, Attributes{
		"id": group, "arn": w.arn("ec2", "security-group/"+group), "vpc_id": network, "name": "k8s-" + object + "-" + randomHex(10),
	})
}

func digit(r rune) rune { return '0' + r%10 }

// balancerSubnets finds a load balancer's subnets by their tags, as the controller does.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
func (w *World) balancerSubnets(network, scheme string) ([]string, error) {
	tag := "kubernetes.io/role/internal-elb"
	if scheme == schemePublic {
		tag = "kubernetes.io/role/elb"
	}
	var found []string
	w.Each(func(_, id string, t *Thing) bool {
		tags, _ := t.Attributes["tags"].(Attributes)
		if text(t.Attributes, "vpc_id") == network && (tags[tag] == "1" || tags[tag] == "") {
			found = append(found, id)
		}
		return true
	}, "aws_subnet")
	if len(w.zones(found)) < 2 {
		return nil, refuse("FailedBuildModel", "couldn't auto-discover subnets: at least two zones of %s must have a subnet tagged %s", network, tag)
	}
	return found, nil
}

// checkFinalizer: an Ingress that has a load balancer waits for the controller before it goes.
func (w *World) checkFinalizer(key string, t *Thing) error {
	if w.controller(t.Cluster) == nil && w.find("aws_lb", "ingress", key) != nil {
		return refuse("context deadline exceeded", "Ingress %s still has the finalizer %s, and the load balancer controller that would take it off is gone", key, finalizer)
	}
	return nil
}
