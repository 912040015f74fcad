package settings

import (
	"slices"
	"strings"
)

// ResourceName returns the name of an AWS resource of the environment: <project>-<environment>, and
// the parts, joined with dashes.
func (e *Environment) ResourceName(parts ...string) string {
	return strings.Join(append([]string{e.Project, e.Name}, parts...), "-")
}

// DeployRole returns the name of the role that deploys a stack, such as network.
func (e *Environment) DeployRole(stack string) string { return e.ResourceName("deploy", stack) }

// PlanRole returns the name of the role that plans a stack.
func (e *Environment) PlanRole(stack string) string { return e.ResourceName("plan", stack) }

// PushRole returns the name of the role that pushes images.
func (e *Environment) PushRole() string { return e.ResourceName("push") }

// ParameterPath returns the path of an application's own settings in SSM Parameter Store.
func (e *Environment) ParameterPath(app *App) string {
	return "/" + strings.Join([]string{e.Project, e.Name, app.Name}, "/")
}

// RoleBoundary returns the name of the permissions boundary of the roles that a stack creates.
func (e *Environment) RoleBoundary(stack string) string { return e.ResourceName("roles", stack) }

// AccountARN returns the ARN of an IAM resource, such as role/name, in the environment's account.
func (e *Environment) AccountARN(name string) string { return "arn:aws:iam::" + e.Account + ":" + name }

// RoleARN returns the ARN of a role in the environment's account.
func (e *Environment) RoleARN(name string) string { return e.AccountARN("role/" + name) }

// PolicyARN returns the ARN of a policy in the environment's account.
func (e *Environment) PolicyARN(name string) string { return e.AccountARN("policy/" + name) }

// KubernetesStacks returns the stacks whose roles use the Kubernetes API. Observability's do so even where
// Prometheus, Loki and Grafana are off: the stack that deploys next deletes what an earlier deployment
// installed, and the cluster's stack, with the roles' access, is deployed before.
func (e *Environment) KubernetesStacks() []string {
	return append([]string{"addons", "observability"}, e.ApplicationNames()...)
}

// Developers returns the Kubernetes group of the access entries with policy developer.
func (e *Environment) Developers() string { return e.Project + ":developers" }

// Deployers returns the Kubernetes group of the role that deploys an application.
func (e *Environment) Deployers(app string) string { return e.Project + ":deploy-" + app }

// HasDevelopers reports whether an access entry has policy developer.
func (e *Environment) HasDevelopers() bool {
	return slices.ContainsFunc(e.Cluster.AccessEntries, func(a AccessEntry) bool { return a.Policy == AccessDeveloper })
}

// pipelineRoleARNs returns the ARNs of the roles of [Environment.KubernetesStacks].
func (e *Environment) pipelineRoleARNs() []string {
	var arns []string
	for _, stack := range e.KubernetesStacks() {
		arns = append(arns, e.RoleARN(e.DeployRole(stack)), e.RoleARN(e.PlanRole(stack)))
	}
	return arns
}

// nameLimit is AWS's limit of a name that the stacks use. Only the longest name of each kind needs to be
// here.
type nameLimit struct {
	resource string
	parts    []string // after project and environment; anyKey stands for an application's name
	most     int
	// made reports whether the environment or the application has it; nil is always.
	made func(*Environment, *App) bool
}

var nameLimits = []nameLimit{
	{"load balancer", []string{anyKey}, 32, func(_ *Environment, app *App) bool { return app.Web != nil }}, // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
	{"load balancer", []string{"grafana"}, 32, func(e *Environment, _ *App) bool { return e.Observability.Grafana.Enabled }},
	{"IAM role", []string{"aws-load-balancer-controller"}, 64, nil},     // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	{"IAM policy", []string{"deploy-observability-boundary"}, 128, nil}, // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	{"EKS cluster", nil, 100, nil},                                     // https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
	{"RDS instance", []string{"postgres-00000000-replica-5"}, 63, nil}, // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
	{"S3 bucket", []string{anyKey, "logs", "000000000000"}, 63, nil},   // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	{"ECR repository", []string{anyKey}, 256, nil},                     // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
}

// checkPrefixes checks that no name of one environment begins like those of another in the same account:
// a pipeline's role may use what begins with its environment's project and name.
func (d *document) checkPrefixes(all []*document, selected []string) {
	for _, other := range all {
		own, theirs := d.env.ResourceName(""), other.env.ResourceName("")
		if other == d || other.env.Account != d.env.Account || !d.isValid("project", "account") || !strings.HasPrefix(own, theirs) && !strings.HasPrefix(theirs, own) {
			continue
		}
		if slices.Contains(selected, other.env.Name) && other.env.Name > d.env.Name {
			continue // the later one reports it
		}
		d.report("project", "must not make names that begin like another environment's in the same account: %s… and %s… of %s; use the same project, or another account",
			own, theirs, other.env.Name)
	}
}

// checkNames reports only the limit that is exceeded most: shortening that name fixes the others too.
func (d *document) checkNames() {
	if !d.isValid("project") {
		return
	}
	worst, worstName, worstApp, excess := nameLimit{}, "", "", 0
	for _, limit := range nameLimits {
		for _, app := range d.env.Applications() {
			if limit.made != nil && !limit.made(d.env, app) {
				continue
			}
			parts := slices.Clone(limit.parts)
			if i := slices.Index(parts, anyKey); i >= 0 {
				parts[i] = app.Name
			}
			if name := d.env.ResourceName(parts...); len(name)-limit.most > excess {
				worst, worstName, worstApp, excess = limit, name, app.Name, len(name)-limit.most
			}
		}
	}
	if excess > 0 {
		path, remedy := "project", "shorten project"
		if slices.Contains(worst.parts, anyKey) {
			remedy = "shorten project or the application's name, " + worstApp
			if !d.isSet(path) {
				path = appPath(worstApp, "")
			}
		}
		d.report(path, "is too long: the %s %s has %d characters, AWS allows %d; %s",
			worst.resource, worstName, len(worstName), worst.most, remedy)
	}
	if bucket := d.env.ResourceName("state", d.env.Account); excess <= 0 && d.env.State.Bucket == "" && !unreservedBucket(bucket) {
		d.report("project", "must not begin with a prefix that S3 reserves, is %s", quote(d.env.Project))
	}
}
