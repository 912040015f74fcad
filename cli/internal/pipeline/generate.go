package pipeline

import "slices"

// The variables with the id of the pipeline above: in the child of the top-level pipeline, and in the child's
// children.
const (
	parent = "$PARENT_PIPELINE_ID"
	child  = "$CHILD_PIPELINE_ID"
)

// generate returns the pipelines by the names of their files.
func generate(all []*environment, on event) map[string]pipeline {
	files := map[string]pipeline{}
	top := pipeline{
		stages: []string{"files", "image", "plan", "deploy", "destroy"},
		// The job passes on the files: a bridge can only include files from its own pipeline's jobs.
		jobs: []job{{name: "files", Extends: ".files", Needs: []any{fromParent{parent, "synth"}}}},
	}
	if on.scheduled {
		top.stages = []string{"files", "drift"}
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
	if !on.scheduled {
		for _, name := range builds(all, gitlabProvider) {
			top.jobs = append(top.jobs, job{name: build + name, Extends: ".build", Needs: []any{}, Variables: map[string]string{"APPLICATION": name}})
		}
	}
	for _, e := range all {
		if e.Provider != gitlabProvider {
			continue
		}
		if on.scheduled {
			top.jobs = append(top.jobs, add(e, "drift", ".drift-bridge", nil, e.drift()))
			continue
		}
		if !on.plans(e) {
			continue
		}
		top.jobs = append(top.jobs, add(e, "plan", ".plan-bridge", nil, e.plan(on)))
		if !on.deploys(e) {
			continue
		}
		// A job does not wait for one of the pipeline above, so the bridge waits for the images.
		// https://gitlab.com/gitlab-org/gitlab/-/issues/356016
		needs := []any{"plan-" + e.Name}
		for _, name := range builds([]*environment{e}, gitlabProvider) {
			needs = append(needs, build+name)
		}
		deploy := add(e, "deploy", ".deploy-bridge", needs, e.deploy())
		if e.Protected {
			deploy.Extends = ".protected-deploy-bridge"
		}
		deploy.ResourceGroup = e.Name
		top.jobs = append(top.jobs, deploy)
		// A protected environment has no destroy job. ./plinth destroy would refuse it too.
		if !e.Protected {
			destroy := add(e, "destroy", ".destroy-bridge", nil, e.destroy())
			destroy.ResourceGroup = e.Name
			top.jobs = append(top.jobs, destroy)
		}
	}
	files["child.yml"] = top
	return files
}

// build is the prefix of the jobs that build an application's image, once for all environments.
const build = "build-"

// builds returns the names of the applications whose images the provider's pipelines build.
func builds(all []*environment, provider string) []string {
	var names []string
	for _, e := range all {
		for _, a := range e.applications {
			if e.Provider == provider && a.built && !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	slices.Sort(names)
	return names
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

// deploy returns jobs that deploy each stack after its dependencies, and an application after its image.
func (e *environment) deploy() pipeline {
	p := pipeline{stages: []string{"deploy", "verify"}, variables: e.variables(e.Audiences.Deploy)}
	p.jobs = e.each("deploy", e.DeployRoles, func(stack string) []string { return e.needs[stack] })
	for _, stack := range e.stacks {
		a, is := e.applications[stack]
		if !is {
			continue
		}
		if e.pushes(a) {
			push := job{
				name:      "push-" + stack,
				Extends:   ".push",
				Needs:     append(after("deploy", []string{e.Name + "-data"}), fromParent{child, build + a.Name}),
				Variables: map[string]string{"AWS_ROLE_ARN": e.PushRole, "AWS_AUDIENCE": e.Audiences.Push, "APPLICATION": a.Name},
			}
			at := slices.IndexFunc(p.jobs, func(j job) bool { return j.name == "deploy-"+stack })
			p.jobs[at].Needs = append(p.jobs[at].Needs, push.name)
			p.jobs = slices.Insert(p.jobs, at, push)
		}
		if a.Web {
			p.jobs = append(p.jobs, job{
				name: "verify-" + stack, Extends: ".verify", Needs: after("deploy", []string{stack}), Variables: map[string]string{"APPLICATION": a.Name},
			})
		}
	}
	return p
}

// pushes reports whether a pipeline builds the application's image and pushes it to the environment's
// repository, which the data stack creates.
func (e *environment) pushes(a application) bool { return a.built && e.has("data") }

// destroy returns jobs that destroy each stack after those that need it.
func (e *environment) destroy() pipeline {
	p := pipeline{stages: []string{"destroy"}, variables: e.variables(e.Audiences.Deploy)}
	p.jobs = e.each("destroy", e.DeployRoles, e.dependants)
	slices.Reverse(p.jobs)
	return p
}
