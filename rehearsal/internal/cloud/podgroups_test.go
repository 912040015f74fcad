package cloud

import (
	"fmt"
	"slices"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/tools/charts/render"
)

// podWorld has a cluster with its group sg-c, a base group sg-b with every rule that a pod needs, and two groups
// of pods, of which sg-tagged is for a load balancer.
func podWorld() *World {
	w := newWorld()
	w.Add("aws_eks_cluster", "dev", &Thing{Attributes: Attributes{"id": "dev", "name": "dev", "vpc_config": []any{Attributes{"vpc_id": "vpc-1", "cluster_security_group_id": "sg-c"}}}})
	w.Add("helm_release", "controller", &Thing{Cluster: "dev", Attributes: Attributes{"chart": controllerChart}})
	for id, tags := range map[string]Attributes{
		"sg-c": {"kubernetes.io/cluster/dev": "owned"}, "sg-b": {}, "sg-plain": {}, "sg-tagged": {"kubernetes.io/cluster/dev": "shared", "environment": "dev"}, "sg-elsewhere": {},
	} {
		network := "vpc-1"
		if id == "sg-elsewhere" {
			network = "vpc-2"
		}
		w.Add("aws_security_group", id, &Thing{Attributes: Attributes{"id": id, "vpc_id": network, "tags": tags}})
	}
	for i, rule := range []Attributes{
		{"security_group_id": "sg-c", "referenced_security_group_id": "sg-b", "ip_protocol": "tcp", "from_port": 443.0, "to_port": 443.0},
		{"security_group_id": "sg-c", "referenced_security_group_id": "sg-b", "ip_protocol": "tcp", "from_port": 53.0, "to_port": 53.0},
		{"security_group_id": "sg-c", "referenced_security_group_id": "sg-b", "ip_protocol": "udp", "from_port": 53.0, "to_port": 53.0},
		{"security_group_id": "sg-b", "referenced_security_group_id": "sg-c", "ip_protocol": "tcp", "from_port": 10250.0, "to_port": 10250.0},
	} {
		w.Add(ruleKind, fmt.Sprint("sgr-", i), &Thing{Attributes: rule})
	}
	return w
}

// givePods adds a SecurityGroupPolicy to namespace app.
func givePods(w *World, groups ...any) {
	w.Add(podPolicyKind, "dev:app/groups", &Thing{Cluster: "dev", Attributes: Attributes{
		"metadata": Attributes{"namespace": "app"}, "spec": Attributes{"securityGroups": Attributes{"groupIds": groups}},
	}})
}

// TestPodGroups: pods start with groups that let their nodes reach the control plane, and no others.
func TestPodGroups(t *testing.T) {
	for _, test := range []struct {
		name    string
		groups  []string
		without string
		want    string
	}{
		{"the cluster's and their own", []string{"sg-c", "sg-plain"}, "", ""},
		{"the base and their own", []string{"sg-b", "sg-plain"}, "", ""},
		{"their own alone", []string{"sg-plain"}, "", "no rule lets sg-plain reach sg-c on tcp port 443"},
		{"no DNS", []string{"sg-b", "sg-plain"}, "sgr-2", "no rule lets sg-b or sg-plain reach sg-c on udp port 53"},
		{"no way to the kubelet", []string{"sg-b", "sg-plain"}, "sgr-3", "no rule lets sg-c reach sg-b or sg-plain on tcp port 10250"},
		{"another network's", []string{"sg-c", "sg-elsewhere"}, "", "vpc-1 has no security group sg-elsewhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := podWorld()
			w.Remove(ruleKind, test.without)
			err := w.checkPodGroups("dev", "SecurityGroupPolicy app/groups", test.groups)
			if test.want == "" {
				assert.NilError(t, err)
				return
			}
			assert.ErrorContains(t, err, "SecurityGroupPolicy app/groups stay pending: "+test.want)
		})
	}
}

// TestOpenedGroup: the controller opens the group with the cluster's tag, of which there must be one.
func TestOpenedGroup(t *testing.T) {
	for _, test := range []struct {
		name   string
		groups []any
		// more are the tags that the controller's release asks for besides.
		more, want string
	}{
		{"no policy", nil, "", "sg-c"},
		{"the cluster's and a plain one", []any{"sg-c", "sg-plain"}, "", "sg-c"},
		{"the base and a tagged one", []any{"sg-b", "sg-tagged"}, "environment=dev", "sg-tagged"},
		{"a single one", []any{"sg-plain"}, "environment=dev", "sg-plain"},
		{"none with the tag", []any{"sg-b", "sg-plain"}, "", `exactly one security group tagged with kubernetes.io/cluster/dev and "", got [] of [sg-b sg-plain]`},
		{"two with the tag", []any{"sg-c", "sg-tagged"}, "", "got [sg-c sg-tagged]"},
		{"two with the tag, one of the environment's", []any{"sg-c", "sg-tagged"}, "environment=dev", "sg-tagged"},
		{"one with the tag, of another environment", []any{"sg-b", "sg-tagged"}, "environment=prod", `and "environment=prod", got []`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := podWorld()
			w.Get("helm_release", "controller").Attributes["values"] = []any{`{"serviceTargetENISGTags": "` + test.more + `"}`}
			if test.groups != nil {
				givePods(w, test.groups...)
			}
			group, err := w.targetGroup("dev", "app")
			if err != nil {
				assert.ErrorContains(t, err, test.want)
				return
			}
			assert.Equal(t, group, test.want)
		})
	}
}

// TestOpenedPorts: a load balancer reaches the ports of its targets alone, as long as it is there.
func TestOpenedPorts(t *testing.T) {
	objects := []render.Object{
		{Kind: "Service", Name: "app", Fields: decoded(t, `{"spec": {"ports": [{"name": "http", "port": 80, "targetPort": "web"}, {"name": "other", "port": 81, "targetPort": 81}]}}`)},
		{Kind: "Deployment", Name: "app", Fields: decoded(t, `{"spec": {"template": {"spec": {"containers": [{"ports": [{"name": "web", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}]}]}}}}`)},
	}
	w := podWorld()
	givePods(w, "sg-b", "sg-tagged")
	rules := func(service string) (all []string) {
		ingress := decoded(t, `{"metadata": {"namespace": "app", "name": "app"}, "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [{"backend": {"service": `+service+`}}]}}]}}`)
		ingress[targetPortsOf] = findTargetPorts(ingress, objects)
		w.Add(ingressKind, "dev:app/app", &Thing{Cluster: "dev", Attributes: ingress})
		w.reconcileLoadBalancers()
		balancer := w.find("aws_lb", "ingress", "dev:app/app")
		w.Each(func(_, _ string, rule *Thing) bool {
			if rule.MadeBy == controllerChart {
				assert.Equal(t, text(rule.Attributes, "referenced_security_group_id"), texts(any(balancer.Attributes), "security_groups")[0])
				all = append(all, fmt.Sprintf("%s %v", text(rule.Attributes, "security_group_id"), rule.Attributes["from_port"]))
			}
			return true
		}, ruleKind)
		slices.Sort(all)
		return all
	}
	assert.DeepEqual(t, rules(`{"name": "app", "port": {"name": "http"}}`), []string{"sg-tagged 8080"})
	assert.DeepEqual(t, rules(`{"name": "app", "port": {"number": 81}}`), []string{"sg-tagged 81"})
	assert.Equal(t, len(w.users("aws_security_group", "sg-tagged", w.Get("aws_security_group", "sg-tagged"))), 0, "a group's own rules keep it from being deleted")
	w.Remove(ingressKind, "dev:app/app")
	w.reconcileLoadBalancers()
	assert.Equal(t, len(w.Things[ruleKind]), 4, "the controller's rules stay")
}
