package cloud

import (
	"fmt"
	"reflect"
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

// ingressKind is the type of an Ingress that a release created.
const ingressKind = "kubernetes_ingress_v1"

// replacedMetadata are the attributes that identify an object. A namespaced one adds metadata.namespace.
var replacedMetadata = []string{"metadata.name", "metadata.generate_name"}

var namespace = kind{
	inCluster: true,
	id:        func(_ *World, a Attributes) string { return text(a, "metadata.name") },
	conflict:  "AlreadyExists",
	replaced:  replacedMetadata,
	fill:      fillMetadata,
	leave:     leaveNamespace,
}

// namespacedObject is an object in a namespace, which must exist.
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

// systemNamespaces exist in every cluster.
var systemNamespaces = []string{"default", "kube-node-lease", "kube-public", "kube-system"}

func (w *World) hasNamespace(cluster, name string) bool {
	return slices.Contains(systemNamespaces, name) ||
		w.Get("kubernetes_namespace_v1", cluster+":"+name) != nil || w.Get("kubernetes_namespace", cluster+":"+name) != nil
}

// ReadNamespaces reads the data source of all namespaces.
func (w *World) ReadNamespaces(cluster string, _ Attributes) Attributes {
	all := slices.Clone(systemNamespaces)
	w.Each(func(_, _ string, t *Thing) bool {
		if t.Cluster == cluster {
			all = append(all, text(t.Attributes, "metadata.name"))
		}
		return true
	}, "kubernetes_namespace_v1", "kubernetes_namespace")
	slices.Sort(all)
	return Attributes{"id": cluster, "namespaces": anyList(all)}
}

// checkNamespace refuses an object in a missing namespace.
func (w *World) checkNamespace(cluster, name string) error {
	if !w.hasNamespace(cluster, name) {
		return refuse("NotFound", "namespaces %q not found in cluster %s", name, cluster)
	}
	return nil
}

// leaveNamespace deletes everything in the namespace, unless a finalizer waits for a controller.
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

// ReadIngress reads the data source of an Ingress. The answer is empty if there is none.
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

// LoadBalancerOf is the host name of the load balancer of an Ingress, given as namespace/name;
// empty if it has none.
func (w *World) LoadBalancerOf(cluster, ingress string) string {
	balancer := w.find("aws_lb", "ingress", cluster+":"+ingress)
	if balancer == nil {
		return ""
	}
	return text(balancer.Attributes, "dns_name")
}

// Names that the load balancer controller uses.
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

// reconcileLoadBalancers does what the controllers do all the time. An Ingress of class alb gets a
// load balancer, a security group, target groups and rules in the pods' group; these are deleted with
// the Ingress. Without a controller nothing happens: that is how load balancers are left over.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/how-it-works/
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
		w.closeTargets(w.Get("aws_lb", key), func(Attributes) bool { return false })
		w.Remove("aws_lb", key)
		w.removeOwned("aws_lb " + key)
	}
	w.Each(func(_, key string, t *Thing) bool {
		if isALB(t.Attributes) && w.controller(t.Cluster) != nil {
			if w.find("aws_lb", "ingress", key) == nil {
				w.addLoadBalancer(key, t)
			}
			balancer := w.ofScheme(w.find("aws_lb", "ingress", key), key, t)
			w.attach(balancer, t)
			w.reconcileTargetGroups(balancer, t)
			w.openTargets(balancer, t)
		}
		return true
	}, ingressKind)
}

// Reconcile lets the time pass that the controllers need.
func (w *World) Reconcile() { w.reconcileLoadBalancers() }

// Attributes of an Ingress beyond its own.
const (
	// rolledOf is true if its release's last upgrade rolled pods.
	rolledOf = "pods_rolled"
	// outdatedOf is true of a load balancer that the controller is about to replace.
	outdatedOf = "outdated"
)

// ofScheme returns the load balancer of an Ingress after it has the Ingress' scheme: the controller deletes
// it and creates another of its name, with the same target groups. Helm does not wait for that, unless the
// release rolls pods: with a readiness gate they are Ready only behind the new load balancer.
//   - https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/pkg/deploy/elbv2/load_balancer_synthesizer.go
//   - https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/pod_readiness_gate/
func (w *World) ofScheme(old *Thing, ingress string, t *Thing) *Thing {
	if text(old.Attributes, "scheme") == schemeOf(t.Attributes) {
		return old
	}
	namespace := w.Get("kubernetes_namespace_v1", t.Cluster+":"+text(t.Attributes, "metadata.namespace"))
	gated := namespace != nil && labelsOf(namespace)["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"
	if waits := flag(t.Attributes, rolledOf) && gated; !waits && !flag(old.Attributes, outdatedOf) {
		old.Attributes[outdatedOf] = true
		return old
	}
	arn := text(old.Attributes, "arn")
	w.Remove("aws_lb", arn)
	w.addLoadBalancer(ingress, t)
	created := w.find("aws_lb", "ingress", ingress)
	w.removeOwned("aws_lb " + text(created.Attributes, "arn")) // the security group stays
	created.Attributes["security_groups"] = old.Attributes["security_groups"]
	w.Each(func(_, _ string, owned *Thing) bool {
		if owned.Owner == "aws_lb "+arn {
			owned.Owner = "aws_lb " + text(created.Attributes, "arn")
			if _, is := owned.Attributes["load_balancer_arns"]; is {
				owned.Attributes["load_balancer_arns"] = []any{text(created.Attributes, "arn")}
			}
		}
		return true
	})
	return created
}

func labelsOf(t *Thing) map[string]string {
	labels, _ := dig(t.Attributes, "metadata.labels").(Attributes)
	found := map[string]string{}
	for name, value := range labels {
		found[name] = fmt.Sprint(value)
	}
	return found
}

func schemeOf(ingress Attributes) string {
	return orElse(annotation(ingress, annotations+"scheme"), "internal")
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
	scheme := schemeOf(t.Attributes)
	object := text(t.Attributes, "metadata.namespace") + "-" + text(t.Attributes, "metadata.name")
	name := orElse(annotation(t.Attributes, annotations+"load-balancer-name"), "k8s-"+object+"-"+randomHex(10))
	suffix := "app/" + name + "/" + randomHex(16)
	arn := w.arn("elasticloadbalancing", "loadbalancer/"+suffix)
	host := fmt.Sprintf("%s-%s.%s.elb.amazonaws.com", name, strings.Map(digit, randomHex(10)), w.Region)
	if scheme != schemePublic {
		host = "internal-" + host
	}
	group := randomID("sg")
	subnets, _ := w.balancerSubnets(network, scheme, annotated(t.Attributes, "subnets"))
	w.Add("aws_lb", arn, &Thing{MadeBy: controllerChart, Attributes: Attributes{
		"id": arn, "arn": arn, "arn_suffix": suffix, "name": name, "dns_name": host, "zone_id": albZone, "vpc_id": network, "subnets": anyList(subnets),
		"scheme": scheme, "internal": scheme != schemePublic, "load_balancer_type": "application", "ip_address_type": "ipv4",
		"security_groups": []any{group}, "ingress": ingress, "tags": controllerTags(t, "LoadBalancer"),
	}})
	w.addOwned("aws_security_group", group, "aws_lb "+arn, controllerChart, Attributes{
		"id": group, "arn": w.arn("ec2", "security-group/"+group), "vpc_id": network, "name": "k8s-" + object + "-" + randomHex(10),
		"tags": controllerTags(t, "ManagedLBSecurityGroup"),
	})
}

// Attributes of a load balancer from its Ingress' annotations. The data source has neither.
const (
	webACLOf       = "web_acl_arn"
	certificatesOf = "certificate_arns"
)

// attach gives a load balancer the subnets, the certificates and the web ACL of its Ingress. It removes
// those that the Ingress no longer names, but a web ACL only for none.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
func (w *World) attach(balancer, ingress *Thing) {
	certificates := []any{}
	for _, arn := range annotated(ingress.Attributes, "certificate-arn") {
		certificates = append(certificates, arn)
	}
	balancer.Attributes[certificatesOf] = certificates
	// The controller keeps the subnets of a load balancer that is there, unless the Ingress names them.
	if subnets := annotated(ingress.Attributes, "subnets"); len(subnets) > 0 {
		balancer.Attributes["subnets"] = anyList(subnets)
	}
	switch arn := annotation(ingress.Attributes, annotations+"wafv2-acl-arn"); arn {
	case "": // it stays as it is
	case "none":
		delete(balancer.Attributes, webACLOf)
	default:
		balancer.Attributes[webACLOf] = arn
	}
	if bucket := logBucket(ingress.Attributes); bucket != "" {
		// Elastic Load Balancing writes a test file into the bucket.
		w.MarkBucket(bucket, true)
	}
}

// annotated are the values of a list annotation of the load balancer controller.
func annotated(ingress Attributes, name string) []string {
	return strings.FieldsFunc(annotation(ingress, annotations+name), func(r rune) bool { return r == ',' || r == ' ' })
}

// logBucket is the bucket for the access log of an Ingress' load balancer.
func logBucket(ingress Attributes) string {
	said := map[string]string{}
	for _, attribute := range annotated(ingress, "load-balancer-attributes") {
		name, value, _ := strings.Cut(attribute, "=")
		said[name] = value
	}
	if said["access_logs.s3.enabled"] != "true" {
		return ""
	}
	return said["access_logs.s3.bucket"]
}

// checkBalancer refuses what Elastic Load Balancing and AWS WAF would refuse the controller.
// Certificates from outside the stacks are assumed valid.
func (w *World) checkBalancer(ingress Attributes) error {
	for _, arn := range annotated(ingress, "certificate-arn") {
		if err := w.checkIssued(arn, "UnsupportedCertificate"); err != nil {
			return err
		}
	}
	bucket := logBucket(ingress)
	if bucket == "" {
		return nil
	}
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
	if b := w.Bucket(bucket); b == nil || !strings.Contains(b.Policy, `"logdelivery.elasticloadbalancing.amazonaws.com"`) || b.Key != "" {
		return refuse("InvalidConfigurationRequest",
			"Access Denied for bucket: %s. It must be there, be encrypted with keys of S3's own, and let logdelivery.elasticloadbalancing.amazonaws.com put objects into it", bucket)
	}
	return nil
}

// controllerTags are the tags by which the controller finds its own resources.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#resource-tags
func controllerTags(ingress *Thing, resource string) Attributes {
	object := text(ingress.Attributes, "metadata.namespace") + "/" + text(ingress.Attributes, "metadata.name")
	return Attributes{
		"elbv2.k8s.aws/cluster":    ingress.Cluster,
		"ingress.k8s.aws/stack":    orElse(annotation(ingress.Attributes, annotations+"group.name"), object),
		"ingress.k8s.aws/resource": resource,
	}
}

// reconcileTargetGroups gives a load balancer a target group for each service port of its Ingress,
// and removes the others.
func (w *World) reconcileTargetGroups(balancer, ingress *Thing) {
	owner := "aws_lb " + text(balancer.Attributes, "arn")
	left := map[string]string{}
	w.Each(func(_, key string, t *Thing) bool {
		if t.Owner == owner {
			tags := tagsOf(t.Attributes)
			left[tags["ingress.k8s.aws/resource"]] = key
		}
		return true
	}, targetGroupKind)
	space := text(ingress.Attributes, "metadata.namespace")
	for _, service := range backends(ingress.Attributes) {
		port := orElse(text(service, "port.name"), fmt.Sprint(dig(service, "port.number")))
		resource := fmt.Sprintf("%s/%s-%s:%s", space, text(ingress.Attributes, "metadata.name"), text(service, "name"), port)
		if _, there := left[resource]; !there {
			w.addTargetGroup(owner, balancer, ingress, service, resource)
		}
		delete(left, resource)
	}
	for _, key := range left {
		w.Remove(targetGroupKind, key)
	}
}

// backends are the services of an Ingress without duplicates. A backend that is no service, such as
// a redirect, has the port name use-annotation.
func backends(ingress Attributes) []Attributes {
	spec, _ := ingress["spec"].(Attributes)
	var all []Attributes
	add := func(backend any) {
		service, ok := dig(backend, "service").(Attributes)
		same := func(other Attributes) bool { return reflect.DeepEqual(other, service) }
		if ok && text(service, "port.name") != "use-annotation" && !slices.ContainsFunc(all, same) {
			all = append(all, service)
		}
	}
	add(spec["defaultBackend"])
	for _, rule := range nestedBlocks(spec, "rules") {
		http, _ := rule["http"].(Attributes)
		for _, path := range nestedBlocks(http, "paths") {
			add(path["backend"])
		}
	}
	return all
}

const targetGroupKind = "aws_lb_target_group"

func (w *World) addTargetGroup(owner string, balancer, ingress *Thing, service Attributes, resource string) {
	name := fmt.Sprintf("k8s-%.8s-%.8s-%s", alphanumeric(text(ingress.Attributes, "metadata.namespace")), alphanumeric(text(service, "name")), randomHex(10))
	suffix := "targetgroup/" + name + "/" + randomHex(16)
	arn := w.arn("elasticloadbalancing", suffix)
	w.addOwned(targetGroupKind, arn, owner, controllerChart, Attributes{
		"id": arn, "arn": arn, "arn_suffix": suffix, "name": name, "protocol": "HTTP", "protocol_version": "HTTP1",
		"target_type": orElse(annotation(ingress.Attributes, annotations+"target-type"), "instance"),
		"vpc_id":      text(balancer.Attributes, "vpc_id"), "load_balancer_arns": []any{text(balancer.Attributes, "arn")},
		"tags": controllerTags(ingress, resource),
	})
}

// alphanumeric removes characters that a target group's name cannot have.
func alphanumeric(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "-", ""), ".", "")
}

func digit(r rune) rune { return '0' + r%10 }

func anyList(values []string) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	return all
}

// balancerSubnets returns the subnets that an Ingress names, or finds them by tags, as the controller does.
// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
func (w *World) balancerSubnets(network, scheme string, named []string) ([]string, error) {
	if len(named) > 0 {
		for _, subnet := range named {
			if w.attribute("aws_subnet", subnet, "vpc_id") != network || w.public(subnet) != (scheme == schemePublic) {
				return nil, refuse("FailedBuildModel", "%s is no subnet for an %s load balancer in %s", subnet, scheme, network)
			}
		}
		return named, w.checkTwoZones("FailedBuildModel", named)
	}
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

// checkFinalizer: an Ingress with a load balancer cannot be deleted without the controller.
func (w *World) checkFinalizer(key string, t *Thing) error {
	if w.controller(t.Cluster) == nil && w.find("aws_lb", "ingress", key) != nil {
		return refuse("context deadline exceeded", "Ingress %s still has the finalizer %s, and the load balancer controller that would take it off is gone", key, finalizer)
	}
	return nil
}
