package cloud

import (
	"fmt"
	"testing"

	"gotest.tools/v3/assert"
)

// fargateWorld has a cluster with two profiles for namespace app, the second in one subnet more.
func fargateWorld() *World {
	w := newWorld()
	for name, subnets := range map[string][]any{"app-ab": {"subnet-a"}, "app-abc": {"subnet-a", "subnet-0123456789abcdef0"}} {
		w.Add(fargateKind, "dev:"+name, &Thing{Attributes: Attributes{
			"id": "dev:" + name, "cluster_name": "dev", "fargate_profile_name": name, "subnet_ids": subnets,
			"selector": []any{Attributes{"namespace": "app"}, Attributes{"namespace": "web", "labels": Attributes{"on": "fargate"}}},
		}})
	}
	w.Add("aws_subnet", "subnet-0123456789abcdef0", &Thing{Attributes: Attributes{"id": "subnet-0123456789abcdef0"}})
	return w
}

// TestSchedule: the label decides between profiles, without it the alphabet. A label that names a profile which
// does not select the pod leaves it pending.
func TestSchedule(t *testing.T) {
	for _, test := range []struct {
		name, space string
		labels      map[string]string
		known       bool
		want        string
	}{
		{"no label", "app", nil, true, "app-ab"},
		{"the label", "app", map[string]string{profileLabel: "app-abc"}, true, "app-abc"},
		{"a profile that is not there", "app", map[string]string{profileLabel: "app-b"}, true, ""},
		{"another namespace", "kube-system", nil, true, ""},
		{"another namespace than the named profile's", "kube-system", map[string]string{profileLabel: "app-ab"}, true, ""},
		{"selected labels", "web", map[string]string{"on": "fargate"}, true, "app-ab"},
		{"other labels", "web", nil, true, ""},
		{"unknown labels", "web", nil, false, "app-ab"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := fargateWorld().schedule("dev", test.space, "release app", test.labels, test.known)
			assert.Equal(t, found, test.want)
			if test.want == "" {
				assert.ErrorContains(t, err, "pods of release app stay pending")
			}
		})
	}
}

// TestMostProfiles: an eleventh profile is refused.
func TestMostProfiles(t *testing.T) {
	w := fargateWorld()
	for i := range mostProfiles - 2 {
		id := fmt.Sprint("dev:", i)
		w.Add(fargateKind, id, &Thing{Attributes: Attributes{"id": id, "cluster_name": "dev"}})
	}
	err := checkProfile(w, Attributes{"cluster_name": "dev"}, nil)
	assert.ErrorContains(t, err, "Cluster dev has 10 Fargate profiles")
	w.FargateProfiles = 10
	w.Add(fargateKind, "dev:more", &Thing{Attributes: Attributes{"id": "dev:more", "cluster_name": "dev"}})
	assert.ErrorContains(t, checkProfile(w, Attributes{"cluster_name": "dev"}, nil), "the quota of a cluster")
}

// TestNamedSubnets: an Ingress can name its load balancer's subnets, in two zones of its network and of its
// scheme. A load balancer that is there gets them, and keeps its own if none are named.
func TestNamedSubnets(t *testing.T) {
	w := newWorld()
	for _, zone := range []string{"a", "b", "c"} {
		w.Add("aws_subnet", "subnet-"+zone, &Thing{Attributes: Attributes{"id": "subnet-" + zone, "vpc_id": "vpc-1", "availability_zone": "eu-west-2" + zone}})
	}
	found, err := w.balancerSubnets("vpc-1", "internal", []string{"subnet-a", "subnet-c"})
	assert.NilError(t, err)
	assert.DeepEqual(t, found, []string{"subnet-a", "subnet-c"})
	_, err = w.balancerSubnets("vpc-1", "internal", []string{"subnet-a"})
	assert.ErrorContains(t, err, "FailedBuildModel")
	_, err = w.balancerSubnets("vpc-1", schemePublic, []string{"subnet-a", "subnet-c"})
	assert.ErrorContains(t, err, "subnet-a is no subnet for an internet-facing load balancer")

	balancer := &Thing{Attributes: Attributes{"subnets": []any{"subnet-a", "subnet-b"}}}
	w.attach(balancer, &Thing{Attributes: Attributes{}})
	assert.DeepEqual(t, balancer.Attributes["subnets"], []any{"subnet-a", "subnet-b"})
	w.attach(balancer, &Thing{Attributes: Attributes{"metadata": Attributes{"annotations": Attributes{annotations + "subnets": "subnet-a,subnet-c"}}}})
	assert.DeepEqual(t, balancer.Attributes["subnets"], []any{"subnet-a", "subnet-c"})
}

// TestProfileGoes: its pods stop. A subnet goes only when no profile with pods has it.
func TestProfileGoes(t *testing.T) {
	w := fargateWorld()
	release := &Thing{Cluster: "dev", Attributes: Attributes{"name": "app"}}
	w.Add("helm_release", "dev:app/app", release)
	values := map[string]any{"podLabels": map[string]any{profileLabel: "app-abc"}, "list": []any{map[string]any{"n": 1}}}
	assert.NilError(t, w.scheduleAll(release, "dev", "app", "app", values))
	assert.DeepEqual(t, release.Profiles, []string{"app-abc"})
	subnet := Attributes{"id": "subnet-0123456789abcdef0"}
	assert.ErrorContains(t, w.Delete("aws_subnet", "", subnet), "has a dependent object")

	assert.NilError(t, w.Delete(fargateKind, "", Attributes{"id": "dev:app-ab"}))
	assert.Equal(t, len(w.Stopped), 0)
	release.Profiles = nil
	assert.NilError(t, w.Delete("aws_subnet", "", subnet))
	release.Profiles = []string{"app-abc"}
	assert.NilError(t, w.Delete(fargateKind, "", Attributes{"id": "dev:app-abc"}))
	assert.DeepEqual(t, w.Stopped, []string{"helm_release dev:app/app: its pods stopped when Fargate profile app-abc was deleted"})
	assert.ErrorContains(t, w.scheduleAll(release, "dev", "app", "app", values), "has no Fargate profile app-abc, which their label names")
}
