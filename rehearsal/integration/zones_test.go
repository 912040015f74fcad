package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cloud"
)

// TestZones adds a zone and removes it again by the steps of docs/operations.md, under the roles of one
// bootstrap. No pod stops with its profile. The same change at once is refused, and changes nothing. make test
// only removes the zone.
func TestZones(t *testing.T) {
	p := newProject(t)
	w := walker{rehearsal: p.rehearsal}
	// As docs/operations.md says.
	assert.NilError(t, p.rehearsal.Cloud().Update(func(w *cloud.World) error { w.FargateProfiles = 20; return nil }))
	const zones, previous = "NETWORK_ZONES=", "NETWORK_PREVIOUS_ZONES="
	deployed := func(profiles, balancer string) {
		t.Helper()
		assert.DeepEqual(t, w.deploy(), []string(nil))
		world := w.world()
		assert.Equal(t, strings.Join(world.Stopped, "\n"), "")
		assert.Equal(t, zonesOf(world, "aws_eks_fargate_profile", "fargate_profile_name"), profiles)
		assert.Equal(t, zonesOf(world, "aws_lb", ""), balancer)
	}
	// What else has a place in each zone, and what else has pods.
	synth := func(overrides ...string) {
		t.Helper()
		for _, more := range []string{"NETWORK_NAT=per-zone", "NETWORK_INTERFACE_ENDPOINTS=[ecr.api]", "CLUSTER_KEDA=true"} {
			overrides = append(overrides, p.Variable(more))
		}
		w.synth(overrides...)
	}
	const outage = "would be replaced, and EKS would stop all its pods at once."
	bootstrap := p.plinth("bootstrap dev --auto-approve --state " + p.folder)
	if *oneByOne {
		synth(p.Variable(zones + "[a, b]"))
		p.do(bootstrap)
		deployed("ab", "ab")

		synth(p.Variable(zones + "[a, b, c]"))
		w.apply(w.stack("network"))
		before, states := w.made(), w.known()
		w.contains(w.refused(p.plinth("deploy "+w.stack("cluster")+" --auto-approve")), "Refused:", "The Fargate profile app-ab "+outage, "docs/operations.md#change-availability-zones")
		assert.DeepEqual(t, w.made(), before)
		assert.DeepEqual(t, w.known(), states)

		synth(p.Variable(zones+"[a, b, c]"), p.Variable(previous+"[a, b]"))
		deployed("ab abc", "abc")
		synth(p.Variable(zones + "[a, b, c]"))
	} else {
		synth(p.Variable(zones + "[a, b, c]"))
		p.do(bootstrap)
	}
	deployed("abc", "abc")

	synth(p.Variable(zones + "[a, b]"))
	before, states := w.made(), w.known()
	w.contains(w.refused(p.plinth("deploy "+w.stack("network")+" --auto-approve")), "Refused:", "network.zones: subnet "+w.name("private-c")+" would be deleted")
	w.contains(w.refused(p.plinth("deploy "+w.stack("cluster")+" --auto-approve")), "Refused:", "The Fargate profile app-abc "+outage)
	assert.DeepEqual(t, w.made(), before)
	assert.DeepEqual(t, w.known(), states)

	synth(p.Variable(zones+"[a, b]"), p.Variable(previous+"[a, b, c]"))
	deployed("ab abc", "abc")
	synth(p.Variable(zones + "[a, b]"))
	// The load balancer is still there.
	w.contains(w.refused(w.As(w.Terraform(w.stack("network"), "apply", "-input=false", "-auto-approve"), p.App.Pipeline.DeployRoles[w.stack("network")], p.App.Pipeline.Release())), "DependencyViolation", "aws_lb")
	w.apply(w.stack("app"))
	w.contains(w.do(p.plinth("deploy "+w.stack("network")+" --auto-approve")), "What this costs:", "Deletes the subnet "+w.name("public-c"))
	w.contains(w.do(p.plinth("deploy "+w.stack("cluster")+" --auto-approve")), "What this costs:", "Deletes the Fargate profile app-abc")
	deployed("ab", "ab")
	w.destroy()
	assert.Equal(t, strings.Join(w.world().Stopped, "\n"), "")
}

// zonesOf returns the zones of things of a type, each set once: by the end of a name, if one is given, or
// by their subnets.
func zonesOf(w *cloud.World, kind, name string) string {
	var all []string
	w.Each(func(_, _ string, t *cloud.Thing) bool {
		letters := ""
		if subnets, _ := t.Attributes["subnets"].([]any); name == "" {
			for _, subnet := range subnets {
				zone, _ := w.Get("aws_subnet", subnet.(string)).Attributes["availability_zone"].(string)
				letters += zone[len(zone)-1:]
			}
		} else {
			text, _ := t.Attributes[name].(string)
			if strings.HasPrefix(text, "databases-") { // it has the first two zones, whatever the others are
				return true
			}
			letters = text[strings.LastIndex(text, "-")+1:]
		}
		all = append(all, letters)
		return true
	}, kind)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// TestMovedProfiles: profiles of version 0.1, whose addresses have no zones, stay when Plinth is upgraded.
func TestMovedProfiles(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	file := filepath.Join(r.App.Stack(r.stack("cluster")).Folder, "cdk.tf.json")
	content, err := os.ReadFile(file)
	assert.NilError(t, err)
	var stack map[string]any
	assert.NilError(t, json.Unmarshal(content, &stack))
	moved, _ := stack["moved"].([]any)
	assert.Assert(t, len(moved) > 0)
	delete(stack, "moved")
	before, err := json.Marshal(stack)
	assert.NilError(t, err)
	for _, m := range moved {
		address := func(name string) string {
			return strings.TrimPrefix(m.(map[string]any)[name].(string), "aws_eks_fargate_profile.")
		}
		before = bytes.ReplaceAll(before, []byte(address("to")), []byte(address("from")))
	}
	r.do(r.terraform("apply", "network"))
	assert.NilError(t, os.WriteFile(file, before, 0o600))
	r.do(r.terraform("apply", "cluster"))
	assert.NilError(t, os.WriteFile(file, content, 0o600))
	r.contains(r.do(r.terraform("plan", "cluster")), "has moved to", "Plan: 0 to add, 0 to change, 0 to destroy.")
}
