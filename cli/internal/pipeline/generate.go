package pipeline

import "slices"

// The variables with the id of the top-level pipeline: in its child, and in the child's children.
const (
	parent      = "$PARENT_PIPELINE_ID"
	grandparent = "$ROOT_PIPELINE_ID"
)

// generate returns the pipelines by the names of their files.
func generate(all []*environment, on event) map[string]pipeline {
	files := map[string]pipeline{}
	child := pipeline{
		stages: []string{"files", "plan", "deploy", "destroy"},
		// The job passes on the files: a bridge can only include files from its own pipeline's jobs.
		jobs: []job{{name: "files", Extends: ".files", Needs: []any{fromParent{parent, "synth"}}}},
	}
	if on.scheduled {
		child.stages = []string{"files", "drift"}
	}
	add := func(e *environment, kind, template string, needs []any, p pipeline) job {
		runners := e.RunnerTags
		if kind == "plan" || kind == "drift" {
			runners = e.PlanRunnerTags
		}
		for i := range p.jobs {
			p.jobs[i].Tags = runners
		}
		file := e.Name + "-" + kind + ".yml"
		files[file] = p
		return job{
			name:    kind + "-" + e.Name,
			Extends: template,
			Needs:   append([]any{"files"}, needs...),
			Trigger: &trigger{[]artifact{{folder + "/" + file, "files"}}},
		}
	}
	for _, e := range all {
		if e.Provider != gitlabProvider {
			continue
		}
		if on.scheduled {
			child.jobs = append(child.jobs, add(e, "drift", ".drift-bridge", nil, e.drift()))
			continue
		}
		if !on.plans(e) {
			continue
		}
		child.jobs = append(child.jobs, add(e, "plan", ".plan-bridge", nil, e.plan(on)))
		if !on.deploys(e) {
			continue
		}
		deploy := add(e, "deploy", ".deploy-bridge", []any{"plan-" + e.Name}, e.deploy())
		if e.Protected {
			deploy.Extends = ".protected-deploy-bridge"
		}
		deploy.ResourceGroup = e.Name
		child.jobs = append(child.jobs, deploy)
		// A protected environment has no destroy job. ./plinth destroy would refuse it too.
		if !e.Protected {
			destroy := add(e, "destroy", ".destroy-bridge", nil, e.destroy())
			destroy.ResourceGroup = e.Name
			child.jobs = append(child.jobs, destroy)
		}
	}
	files["child.yml"] = child
	return files
}

// variables returns the variables of all jobs of a pipeline of the environment.
func (e *environment) variables(audience string) map[string]string {
	return map[string]string{"ENV": e.Name, "AWS_REGION": e.Region, "AWS_AUDIENCE": audience}
}

// each returns a job for every stack.
func (e *environment) each(kind string, roles map[string]string, needs func(stack string) []string) []job {
	var jobs []job
	for _, stack := range e.stacks {
		jobs = append(jobs, job{
			name:      kind + "-" + stack,
			Extends:   "." + kind,
			Needs:     after(kind, needs(stack)),
			Variables: map[string]string{"STACK": stack, "AWS_ROLE_ARN": roles[stack]},
		})
	}
	return jobs
}

// after returns the jobs to wait for. It returns an empty list, not nil, if there are none: without
// needs, a job waits for the whole previous stage.
func after(kind string, stacks []string) []any {
	jobs := []any{}
	for _, stack := range stacks {
		jobs = append(jobs, kind+"-"+stack)
	}
	return jobs
}

// plan returns jobs that plan all stacks at the same time, against what is deployed now.
func (e *environment) plan(on event) pipeline {
	p := pipeline{stages: []string{"plan", "note"}, variables: e.variables(e.Audiences.Plan)}
	p.jobs = e.each("plan", e.PlanRoles, func(string) []string { return nil })
	if on.mergeRequest {
		list := ""
		for _, stack := range e.stacks {
			list += " " + stack
		}
		p.jobs = append(p.jobs, job{
			name:      "note-" + e.Name,
			Extends:   ".note",
			Needs:     after("plan", e.stacks),
			Variables: map[string]string{"STACK": list[1:]},
		})
	}
	return p
}

// drift returns jobs that compare all stacks at the same time with what is deployed, with the plan
// roles.
func (e *environment) drift() pipeline {
	p := pipeline{stages: []string{"drift"}, variables: e.variables(e.Audiences.Plan)}
	p.jobs = e.each("drift", e.PlanRoles, func(string) []string { return nil })
	return p
}

// deploy returns jobs that deploy each stack after its dependencies, and the application after its
// image.
func (e *environment) deploy() pipeline {
	p := pipeline{stages: []string{"deploy", "verify"}, variables: e.variables(e.Audiences.Deploy)}
	p.jobs = e.each("deploy", e.DeployRoles, func(stack string) []string { return e.needs[stack] })
	app := e.Name + "-app"
	if !e.has("app") {
		return p
	}
	if e.pushes() {
		push := job{
			name:      "push-" + e.Name,
			Extends:   ".push",
			Needs:     append(after("deploy", []string{e.Name + "-data"}), fromParent{grandparent, "build-image"}),
			Variables: map[string]string{"AWS_ROLE_ARN": e.PushRole, "AWS_AUDIENCE": e.Audiences.Push},
		}
		at := slices.IndexFunc(p.jobs, func(j job) bool { return j.name == "deploy-"+app })
		p.jobs[at].Needs = append(p.jobs[at].Needs, push.name)
		p.jobs = slices.Insert(p.jobs, at, push)
	}
	p.jobs = append(p.jobs, job{name: "verify-" + e.Name, Extends: ".verify", Needs: after("deploy", []string{app})})
	return p
}

// pushes reports whether a pipeline builds the application's image and pushes it to the environment's
// repository, which the data stack creates.
func (e *environment) pushes() bool { return e.builds && e.has("app") && e.has("data") }

// destroy returns jobs that destroy each stack after those that need it.
func (e *environment) destroy() pipeline {
	p := pipeline{stages: []string{"destroy"}, variables: e.variables(e.Audiences.Deploy)}
	p.jobs = e.each("destroy", e.DeployRoles, e.dependants)
	slices.Reverse(p.jobs)
	return p
}
