package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plinth/cli/internal/synthesized"
)

// The values of ci.provider.
const (
	gitlabProvider = "gitlab"
	githubProvider = "github"
)

// bootstrap is the prefix of the stack that an administrator deploys. It has no job.
const bootstrap = synthesized.Bootstrap

// environment is one environment as a pipeline sees it. Its exported fields are the output
// "pipeline" of its bootstrap stack.
type environment struct {
	Name string `json:"environment"`
	// Provider is gitlab or github: the roles trust its pipelines.
	Provider  string    `json:"provider"`
	Region    string    `json:"region"`
	Protected bool      `json:"protected"`
	Audiences audiences `json:"audiences"`
	Branches  []string  `json:"branches"`
	Tags      []string  `json:"tags"`
	// PlanBranches may plan, as may the branches and tags that may deploy. * is every branch, tag and
	// merge request.
	PlanBranches   []string          `json:"plan_branches"`
	RunnerTags     []string          `json:"runner_tags"`
	PlanRunnerTags []string          `json:"plan_runner_tags"`
	PushRole       string            `json:"push_role"`
	PlanRoles      map[string]string `json:"plan_roles"`
	DeployRoles    map[string]string `json:"deploy_roles"`

	// stacks are in deployment order; needs lists by stack its dependencies.
	stacks []string
	needs  map[string][]string
	// applications are by their stack.
	applications map[string]application
}

// application is an application of an environment.
type application struct {
	synthesized.Application
	// built is set if the pipeline builds its image, not other tools.
	built bool
}

// audiences are those of the jobs' tokens. Each opens only the roles for what the job does.
type audiences struct {
	Plan   string `json:"plan"`
	Deploy string `json:"deploy"`
	Push   string `json:"push"`
}

// environments returns the environments that have a synthesized bootstrap stack, by name. root is the project's
// folder.
func environments(all map[string]synthesized.Stack, root string) ([]*environment, error) {
	var found []*environment
	var environments []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		env, isBootstrap := strings.CutPrefix(name, bootstrap)
		if !isBootstrap {
			continue
		}
		e, err := read(all[name], env)
		if err != nil {
			return nil, err
		}
		found, environments = append(found, e), append(environments, env)
	}
	if found == nil {
		return nil, errors.New("cdktf.out: has no stack bootstrap-<environment>, which names the pipelines' roles. Synthesize first: ./plinth synth")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(name, bootstrap) {
			continue
		}
		i := slices.Index(environments, synthesized.Owner(environments, name))
		if i < 0 {
			return nil, fmt.Errorf("%s: belongs to no environment with a bootstrap stack", name)
		}
		if err := found[i].add(all[name], root); err != nil {
			return nil, err
		}
	}
	for _, e := range found {
		if err := e.order(); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// The allowed values. None has a dollar sign: GitLab expands variables everywhere.
var (
	names   = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	roles   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$`)
	runners = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

func read(stack synthesized.Stack, name string) (*environment, error) {
	var file struct {
		Output struct {
			Pipeline struct {
				Value *environment `json:"value"`
			} `json:"pipeline"`
		} `json:"output"`
	}
	if err := stack.Decode(&file); err != nil {
		return nil, err
	}
	e := file.Output.Pipeline.Value
	if e == nil {
		return nil, fmt.Errorf("%s: output.pipeline is missing; synthesize again: ./plinth synth", stack.File)
	}
	for _, field := range []struct {
		name, value string
		valid       bool
	}{
		{"environment", e.Name, e.Name == name && names.MatchString(name)},
		{"provider", e.Provider, e.Provider == gitlabProvider || e.Provider == githubProvider},
		{"region", e.Region, names.MatchString(e.Region)},
		{"audiences.plan", e.Audiences.Plan, names.MatchString(e.Audiences.Plan)},
		{"audiences.deploy", e.Audiences.Deploy, names.MatchString(e.Audiences.Deploy)},
		{"audiences.push", e.Audiences.Push, names.MatchString(e.Audiences.Push)},
		{"push_role", e.PushRole, roles.MatchString(e.PushRole)},
	} {
		if !field.valid {
			return nil, fmt.Errorf("%s: output.pipeline.%s: %q is not valid", stack.File, field.name, field.value)
		}
	}
	for field, tags := range map[string][]string{"runner_tags": e.RunnerTags, "plan_runner_tags": e.PlanRunnerTags} {
		for _, tag := range tags {
			if !runners.MatchString(tag) {
				return nil, fmt.Errorf("%s: output.pipeline.%s: %q is not valid", stack.File, field, tag)
			}
		}
	}
	e.needs, e.applications = map[string][]string{}, map[string]application{}
	return e, nil
}

func (e *environment) add(stack synthesized.Stack, root string) error {
	if !names.MatchString(stack.Name) {
		return fmt.Errorf("%q: is not a stack name", stack.Name)
	}
	for kind, arns := range map[string]map[string]string{"plan": e.PlanRoles, "deploy": e.DeployRoles} {
		if !roles.MatchString(arns[stack.Name]) {
			return fmt.Errorf("%s: %s%s: output.pipeline.%s_roles: must name its role, is %q", stack.Name, bootstrap, e.Name, kind, arns[stack.Name])
		}
	}
	needs := []string{}
	for _, d := range slices.Sorted(slices.Values(stack.Dependencies)) {
		if !strings.HasPrefix(d, bootstrap) { // deployed before any pipeline runs
			needs = append(needs, d)
		}
	}
	e.needs[stack.Name] = needs
	a, is, err := stack.Application()
	if is {
		e.applications[stack.Name] = application{a, a.Builds(root)}
	}
	return err
}

// order sorts the stacks by their dependencies, then by name.
func (e *environment) order() error {
	rest := slices.Sorted(maps.Keys(e.needs))
	for len(rest) > 0 {
		var blocked []string
		var ready []string
		for _, stack := range rest {
			if slices.ContainsFunc(e.needs[stack], func(d string) bool { return !slices.Contains(e.stacks, d) }) {
				blocked = append(blocked, stack)
			} else {
				ready = append(ready, stack)
			}
		}
		if ready == nil {
			return fmt.Errorf("cdktf.out/manifest.json: the dependencies of %s form a cycle or are not of %s", strings.Join(blocked, ", "), e.Name)
		}
		e.stacks, rest = append(e.stacks, ready...), blocked
	}
	return nil
}

// dependants returns the stacks that need stack directly.
func (e *environment) dependants(stack string) []string {
	found := []string{}
	for _, other := range e.stacks {
		if slices.Contains(e.needs[other], stack) {
			found = append(found, other)
		}
	}
	return found
}

// has reports whether the environment has a stack, such as data.
func (e *environment) has(stack string) bool { return slices.Contains(e.stacks, e.Name+"-"+stack) }
