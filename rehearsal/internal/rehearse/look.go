package rehearse

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"plinth/rehearsal/internal/cloud"
	"plinth/rehearsal/internal/report"
)

// readStates adds the resources and outputs of all stacks to the result.
func (p *play) readStates() (resources int, err error) {
	for i, s := range p.App.Stacks {
		state, err := p.State().State(s.Key)
		if err != nil {
			return 0, err
		}
		stack := p.result.Stacks[i]
		for _, r := range state.Managed() {
			stack.Resources = append(stack.Resources, report.Resource(r))
		}
		resources += len(stack.Resources)
		for _, name := range slices.Sorted(maps.Keys(state.Outputs)) {
			// Security: leave out sensitive outputs. cdktf marks all outputs for other stacks as
			// sensitive.
			if output := state.Outputs[name]; !output.Sensitive {
				stack.Outputs = append(stack.Outputs, report.NewOutput(name, output.Value))
			}
		}
	}
	return resources, nil
}

// nothingLeft checks that the cloud and the bucket are empty.
func (p *play) nothingLeft(context.Context) error {
	world, err := p.Cloud().View()
	if err != nil {
		return err
	}
	p.result.Looked = true
	p.result.Left = slices.DeleteFunc(things(world.Things), func(t report.Thing) bool { return slices.Contains(p.result.Bootstrap, t) })
	p.result.Kept = things(world.Pending)
	if p.result.Objects, err = p.objects(); err != nil {
		return err
	}
	cloud := report.Expectation{Title: "No resources remain in the cloud", Met: len(p.result.Left) == 0, Found: "none", Log: p.Cloud().Path()}
	switch {
	case !cloud.Met:
		cloud.Found = report.Join(p.result.Left)
	case len(p.result.Kept) > 0:
		cloud.Found = "none, except what AWS deletes after some days: " + report.Types(p.result.Kept)
	}
	if len(p.result.Bootstrap) > 0 {
		cloud.Found += fmt.Sprintf("; the resources of %s stay", p.App.Bootstrap.Name)
	}
	if err := p.expect(cloud); err != nil {
		return err
	}
	unclean := slices.DeleteFunc(slices.Clone(p.result.Objects), report.Object.Clean)
	states := report.Expectation{
		Title: "No resources remain in the states", Met: len(unclean) == 0,
		Found: fmt.Sprintf("%d states, no resources, no locks", len(p.result.Objects)),
	}
	if !states.Met {
		states.Found = report.Join(unclean)
	}
	return p.expect(states)
}

// objects are the objects in the bucket: states and their locks.
func (p *play) objects() ([]report.Object, error) {
	keys, err := p.State().Keys()
	if err != nil {
		return nil, err
	}
	var objects []report.Object
	for _, key := range keys {
		if p.App.Bootstrap != nil && key == p.App.Bootstrap.Key {
			continue
		}
		if strings.HasSuffix(key, ".tflock") {
			objects = append(objects, report.Object{Key: key, Lock: true})
			continue
		}
		state, err := p.State().State(key)
		if err != nil {
			return nil, err
		}
		objects = append(objects, report.Object{Key: key, Resources: len(state.Managed())})
	}
	return objects, nil
}

// things lists the cloud's things by type and key, without those that existed before any stack.
func things(all map[string]map[string]*cloud.Thing) []report.Thing {
	var found []report.Thing
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		for _, key := range slices.Sorted(maps.Keys(all[kind])) {
			if all[kind][key].MadeBy != cloud.Giver {
				found = append(found, report.Thing{Type: kind, Key: key})
			}
		}
	}
	return found
}

// before lists what must exist in a real account before the first deployment.
func (p *play) before() []string {
	var all []string
	for _, arn := range p.App.Given() {
		if strings.Contains(arn, ":kms:") {
			all = append(all, arn+": encrypts Terraform's states (state.kmsKey)")
		} else {
			all = append(all, arn+": may use the cluster (cluster.accessEntries)")
		}
	}
	for _, arn := range p.App.Certificates() {
		all = append(all, arn+": the load balancer's certificate (apps.app.web.certificateARN)")
	}
	for _, zone := range p.App.Zones() {
		all = append(all, "the public zone "+zone+" in Route 53")
	}
	all = append(all, "the stack "+p.App.Bootstrap.Name+", which an administrator deploys once: ./plinth bootstrap "+p.Env)
	return append(all, "the application's image, pushed after "+p.Env+"-data is there")
}

// unchecked returns the types that are known by their schema alone, and the others whose permissions
// are not checked.
func unchecked(types []string) (bySchema, unasked []string) {
	for _, name := range types {
		switch behaves, calls := cloud.Knows(name); {
		case !behaves && !calls:
			bySchema = append(bySchema, name)
		case !calls:
			unasked = append(unasked, name)
		}
	}
	return bySchema, unasked
}

// notChecked lists what only AWS and, without a real control plane, only Kubernetes can show.
func notChecked(realCluster bool) []string {
	charts := "Charts from other repositories are not rendered; the application's is."
	if realCluster {
		charts = "The load balancer controller is not installed on the control plane: its chart is not available as a Go module."
	}
	return []string{
		"IAM is evaluated for the roles that deploy and plan, with the API calls that the providers make. Roles of pods and of AWS services are not evaluated, nor are an organization's policies.",
		"Quotas, prices and the instance classes of a zone are not checked.",
		"Nothing runs: no database, no container, no probe, no load balancer.",
		"Images are not pulled: tags are not checked.",
		charts,
		"Simulated operations take no time: timeouts are not tested.",
		"Only the AWS rules that affect the shape and order of a deployment are simulated.",
	}
}
