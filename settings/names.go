package settings

import (
	"slices"
	"strings"
)

// ResourceName is how everything of the environment is named in AWS:
// <project>-<environment>, and the parts after it.
func (e *Environment) ResourceName(parts ...string) string {
	return strings.Join(append([]string{e.Project, e.Name}, parts...), "-")
}

// DeployRole names the role that deploys a stack, such as network, and PlanRole the one that
// plans it.
func (e *Environment) DeployRole(stack string) string { return e.ResourceName("deploy", stack) }

// PlanRole is like [Environment.DeployRole].
func (e *Environment) PlanRole(stack string) string { return e.ResourceName("plan", stack) }

// PushRole names the role that pushes images.
func (e *Environment) PushRole() string { return e.ResourceName("push") }

// ParameterPath is where the application's own settings are in SSM Parameter Store.
func (e *Environment) ParameterPath() string {
	return "/" + strings.Join([]string{e.Project, e.Name, e.App.Name}, "/")
}

// RoleBoundary names the policy that limits the roles which a stack makes.
func (e *Environment) RoleBoundary(stack string) string { return e.ResourceName("roles", stack) }

// AccountARN is the ARN of something of IAM's in the environment's account, such as role/name.
func (e *Environment) AccountARN(name string) string { return "arn:aws:iam::" + e.Account + ":" + name }

// RoleARN is that of a role in the environment's account.
func (e *Environment) RoleARN(name string) string { return e.AccountARN("role/" + name) }

// PolicyARN is that of a policy in the environment's account.
func (e *Environment) PolicyARN(name string) string { return e.AccountARN("policy/" + name) }

// KubernetesStacks are the stacks whose roles use the Kubernetes API.
func (e *Environment) KubernetesStacks() []string {
	stacks := []string{"addons", "app"}
	if e.Observability.InCluster() {
		stacks = append(stacks, "observability")
	}
	return stacks
}

// Developers is the group of those in the cluster whose access has policy developer.
func (e *Environment) Developers() string { return e.Project + ":developers" }

// HasDevelopers tells whether there are any.
func (e *Environment) HasDevelopers() bool {
	return slices.ContainsFunc(e.Cluster.AccessEntries, func(a AccessEntry) bool { return a.Policy == AccessDeveloper })
}

// pipelineRoleARNs are the ARNs of those stacks' roles.
func (e *Environment) pipelineRoleARNs() []string {
	var arns []string
	for _, stack := range e.KubernetesStacks() {
		arns = append(arns, e.RoleARN(e.DeployRole(stack)), e.RoleARN(e.PlanRole(stack)))
	}
	return arns
}

// nameLimit is a name that AWS limits, as the stacks make it. Only the longest of each kind
// needs to be here.
type nameLimit struct {
	resource string
	parts    []string // after project and environment; "app" stands for app.name
	most     int
}

var nameLimits = []nameLimit{
	{"load balancer", []string{"app"}, 32},                         // https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
	{"IAM role", []string{"aws-load-balancer-controller"}, 64},     // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	{"IAM policy", []string{"deploy-observability-boundary"}, 128}, // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	{"EKS cluster", nil, 100},                                      // https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
	{"RDS instance", []string{"postgres-00000000-replica-5"}, 63},  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
	{"S3 bucket", []string{"app", "logs", "000000000000"}, 63},     // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	{"ECR repository", []string{"app"}, 256},                       // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
}

// checkNames reports the limit that the names of the environment exceed by most: one shorter
// name mends the others as well.
func (d *document) checkNames() {
	if !d.isValid("project", "app.name") {
		return
	}
	worst, worstName, excess := nameLimit{}, "", 0
	for _, limit := range nameLimits {
		parts := slices.Clone(limit.parts)
		if i := slices.Index(parts, "app"); i >= 0 {
			parts[i] = d.env.App.Name
		}
		if name := d.env.ResourceName(parts...); len(name)-limit.most > excess {
			worst, worstName, excess = limit, name, len(name)-limit.most
		}
	}
	if excess > 0 {
		path, remedy := "project", "shorten project"
		if slices.Contains(worst.parts, "app") {
			remedy = "shorten project or app.name"
			if !d.isSet(path) {
				path = "app.name"
			}
		}
		d.report(path, "is too long: the %s %s has %d characters, AWS allows %d; %s",
			worst.resource, worstName, len(worstName), worst.most, remedy)
	}
	if bucket := d.env.ResourceName("state", d.env.Account); excess <= 0 && d.env.State.Bucket == "" && !unreservedBucket(bucket) {
		d.report("project", "must not begin with a prefix that S3 reserves, is %s", quote(d.env.Project))
	}
}
