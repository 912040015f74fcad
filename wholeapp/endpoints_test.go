package wholeapp

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// call is a request that comes to a VPC endpoint.
type call struct {
	action, resource string
	// caller and owner are the accounts of the principal and of the resource. An unsigned call has no caller.
	caller, owner string
}

// admits reports whether an endpoint's policy lets a call through.
func admits(policy []rule, c call) bool {
	context := map[string]string{"aws:PrincipalAccount": c.caller, "aws:ResourceAccount": c.owner}
	if c.owner == amazon {
		context["ec2:Owner"] = amazon
	}
	return slices.ContainsFunc(policy, func(r rule) bool {
		matches := func(patterns []string, text string) bool {
			return slices.ContainsFunc(patterns, func(pattern string) bool { return wild(pattern, text) })
		}
		return !r.deny && matches(r.actions, c.action) && matches(r.resources, c.resource) &&
			!slices.ContainsFunc(r.conditions, func(condition condition) bool { return !condition.holds(context[condition.key]) })
	})
}

// amazon stands for AWS's own accounts, which own public parameters and images.
const amazon = "amazon"

// endpoint is a VPC endpoint.
type endpoint struct {
	element
	// service is the one in com.amazonaws.<region>.<service>.
	service string
	// policy is empty for an endpoint that admits everything.
	policy []rule
}

var policyReference = regexp.MustCompile(`^\$\{data\.aws_iam_policy_document\.(.+)\.(minified_)?json\}$`)

func endpoints(p platform) (all []endpoint) {
	for _, e := range p.resources("aws_vpc_endpoint") {
		_, service, _ := strings.Cut(fmt.Sprint(e.body["service_name"]), p.settings[environment(e.stack)].Region+".")
		found := endpoint{element: e, service: service}
		if reference := policyReference.FindStringSubmatch(fmt.Sprint(e.body["policy"])); reference != nil {
			body, _ := dig(p.stacks[e.stack], "data", "aws_iam_policy_document", reference[1]).(object)
			found.policy = blockRules(body)
		}
		all = append(all, found)
	}
	return all
}

// prefixes are what the actions of a service begin with, where that is not the endpoint's name.
var prefixes = map[string]string{"ecr.api": "ecr", "ecr.dkr": "ecr", "aps-workspaces": "aps", "monitoring": "cloudwatch"}

func (e endpoint) prefix() string {
	if prefix := prefixes[e.service]; prefix != "" {
		return prefix
	}
	return e.service
}

// withPolicy are the services whose endpoints get a policy. An environment may have others.
var withPolicy = []string{
	"aps-workspaces", "ec2", "ecr.api", "ecr.dkr", "eks", "elasticloadbalancing", "kms", "logs", "monitoring", "s3",
	"secretsmanager", "ssm", "ssmmessages", "sts",
}

// isEndpointPolicy reports whether a policy is an endpoint's. It grants nothing, and only limits.
func isEndpointPolicy(e element) bool {
	return layer(e.stack) == "network" && strings.HasPrefix(e.name, "network_endpoint-")
}

// endpointsLimited checks that endpoints admit what the policies of the environment's roles allow, and
// nothing of other accounts but what [TestEndpointPolicies] lists.
func endpointsLimited(p platform) (broken []string) {
	statements, _ := allStatements(p)
	for _, e := range endpoints(p) {
		if !slices.Contains(withPolicy, e.service) {
			continue
		}
		own := p.settings[environment(e.stack)].Account
		for _, c := range []call{
			{e.prefix() + ":Anything", "arn:aws:any:::thing", own, "999999999999"},
			{e.prefix() + ":Anything", "arn:aws:any:::thing", "999999999999", own},
			{e.prefix() + ":Anything", "arn:aws:any:::thing", "999999999999", "999999999999"},
			{e.prefix() + ":Anything", "arn:aws:any:::thing", "", own},
		} {
			if e.policy == nil || admits(e.policy, c) {
				broken = append(broken, fmt.Sprintf("%s: admits %s by %q on a resource of %s", e, c.action, c.caller, c.owner))
				break
			}
		}
		for _, s := range statements {
			stack, _, _ := strings.Cut(s.where, ":")
			if environment(stack) != environment(e.stack) {
				continue
			}
			for _, action := range s.actions {
				if service(action) != e.prefix() {
					continue
				}
				for _, resource := range s.resources {
					if c := (call{action, resource, own, ownerOf(resource, own)}); !admits(e.policy, c) {
						broken = append(broken, fmt.Sprintf("%s: does not admit %s on %s, as in %s", e, action, resource, s.where))
					}
				}
			}
		}
	}
	return broken
}

// exampleAccount is the account in [arns].
const exampleAccount = "111111111111"

// ownerOf is the account that has a resource. The ARNs of S3, and of what has none, name no account.
func ownerOf(arn, own string) string {
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case len(parts) < 6, parts[2] == "s3", strings.ContainsAny(parts[4], "*?$"), parts[4] == exampleAccount:
		return own
	case parts[4] == "":
		return amazon
	}
	return parts[4]
}

// TestEndpointPolicies decides calls by the policies of a network with every endpoint that gets one.
func TestEndpointPolicies(t *testing.T) {
	t.Parallel()
	const (
		own, partner, other = "111111111111", "444444444444", "999999999999"
		unsigned            = ""
		role                = "arn:aws:iam::" + own + ":role/plinth-dev-app"
	)
	p := newPlatform(t, samples, "PLINTH_DEV_NETWORK_ENDPOINT_ACCOUNTS=["+partner+"]", "PLINTH_ENVIRONMENTS=dev",
		"PLINTH_DEV_NETWORK_INTERFACE_ENDPOINTS=["+strings.Join(slices.DeleteFunc(slices.Clone(withPolicy), func(service string) bool { return service == "s3" }), ", ")+", sqs]")
	policies := map[string][]rule{}
	for _, e := range endpoints(p) {
		policies[e.service] = e.policy
	}
	assert.Equal(t, len(policies["sqs"]), 0, "Plinth does not know whether the service takes a policy")
	for _, test := range []struct {
		name, service string
		call
		want bool
	}{
		{"a pod writes to the account's bucket", "s3", call{"s3:PutObject", "arn:aws:s3:::plinth-dev-loki/chunk", own, own}, true},
		{"a pod lists it", "s3", call{"s3:ListBucket", "arn:aws:s3:::plinth-dev-loki", own, own}, true},
		{"a pod writes to a stranger's bucket", "s3", call{"s3:PutObject", "arn:aws:s3:::loot/database.dump", own, other}, false},
		{"a stranger's credentials in a pod write to the stranger's bucket", "s3", call{"s3:PutObject", "arn:aws:s3:::loot/database.dump", other, other}, false},
		{"a stranger's presigned URL in a pod", "s3", call{"s3:PutObject", "arn:aws:s3:::loot/database.dump", other, other}, false},
		{"an unsigned write to an open bucket", "s3", call{"s3:PutObject", "arn:aws:s3:::open/database.dump", unsigned, other}, false},
		{"a stranger's credentials read the account's bucket list", "s3", call{"s3:ListBucket", "arn:aws:s3:::plinth-dev-loki", other, own}, false},
		{"a pod writes to a partner's bucket", "s3", call{"s3:PutObject", "arn:aws:s3:::partner/report", own, partner}, true},
		{"a partner's credentials write to the partner's bucket", "s3", call{"s3:PutObject", "arn:aws:s3:::partner/report", partner, partner}, false},
		{"a layer of an image in ECR, by a URL that ECR signed", "s3", call{"s3:GetObject", "arn:aws:s3:::prod-eu-west-2-starport-layer-bucket/1", "444455556666", "444455556666"}, true},
		{"a layer of an image of registry.k8s.io", "s3", call{"s3:GetObject", "arn:aws:s3:::prod-registry-k8s-io-eu-west-2/containers/images/sha256:1", unsigned, other}, true},
		{"a package of Amazon Linux", "s3", call{"s3:GetObject", "arn:aws:s3:::al2023-repos-eu-west-2-de612dc2/core/1.rpm", unsigned, amazon}, true},
		{"an image of the account's", "ecr.dkr", call{"ecr:BatchGetImage", "arn:aws:ecr:eu-west-2:" + own + ":repository/plinth-dev-app", own, own}, true},
		{"Fargate's token", "ecr.api", call{"ecr:GetAuthorizationToken", "*", own, own}, true},
		{"an image of EKS's", "ecr.dkr", call{"ecr:BatchGetImage", "arn:aws:ecr:eu-west-2:602401143452:repository/eks/coredns", own, "602401143452"}, true},
		{"the same by the API", "ecr.api", call{"ecr:GetDownloadUrlForLayer", "arn:aws:ecr:eu-west-2:602401143452:repository/eks/coredns", own, "602401143452"}, true},
		{"a push to a stranger's repository", "ecr.dkr", call{"ecr:PutImage", "arn:aws:ecr:eu-west-2:" + other + ":repository/loot", own, other}, false},
		{"a stranger pushes to the stranger's repository", "ecr.dkr", call{"ecr:PutImage", "arn:aws:ecr:eu-west-2:" + other + ":repository/loot", other, other}, false},
		{"a stranger pulls", "ecr.dkr", call{"ecr:BatchGetImage", "arn:aws:ecr:eu-west-2:" + other + ":repository/tools", other, other}, false},
		{"a service account becomes its role", "sts", call{"sts:AssumeRoleWithWebIdentity", role, unsigned, own}, true},
		{"a service account becomes a stranger's role", "sts", call{"sts:AssumeRoleWithWebIdentity", "arn:aws:iam::" + other + ":role/loot", unsigned, other}, false},
		{"a pod takes a stranger's role", "sts", call{"sts:AssumeRole", "arn:aws:iam::" + other + ":role/loot", own, other}, false},
		{"a stranger asks who it is", "sts", call{"sts:GetCallerIdentity", "*", other, other}, false},
		{"a pod asks who it is", "sts", call{"sts:GetCallerIdentity", "*", own, own}, true},
		{"a pod's log", "logs", call{"logs:PutLogEvents", "arn:aws:logs:eu-west-2:" + own + ":log-group:/aws/eks/a:log-stream:b", own, own}, true},
		{"a stranger's log", "logs", call{"logs:PutLogEvents", "arn:aws:logs:eu-west-2:" + other + ":log-group:loot:log-stream:b", other, other}, false},
		{"a pod reads a secret", "secretsmanager", call{"secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-2:" + own + ":secret:a", own, own}, true},
		{"a pod writes a stranger's secret", "secretsmanager", call{"secretsmanager:PutSecretValue", "arn:aws:secretsmanager:eu-west-2:" + other + ":secret:loot", own, other}, false},
		{"the bastion", "ssm", call{"ssm:UpdateInstanceInformation", "arn:aws:ec2:eu-west-2:" + own + ":instance/i-1", own, own}, true},
		{"a session on it", "ssmmessages", call{"ssmmessages:OpenDataChannel", "*", own, own}, true},
		{"the bastion's image, by a runner", "ssm", call{"ssm:GetParameter", "arn:aws:ssm:eu-west-2::parameter/aws/service/ami-amazon-linux-latest/x", own, amazon}, true},
		{"a stranger's parameter", "ssm", call{"ssm:PutParameter", "arn:aws:ssm:eu-west-2:" + other + ":parameter/loot", other, other}, false},
		{"the bastion, by a runner", "ec2", call{"ec2:RunInstances", "arn:aws:ec2:eu-west-2::image/ami-1", own, amazon}, true},
		{"a stranger's image", "ec2", call{"ec2:RunInstances", "arn:aws:ec2:eu-west-2::image/ami-1", own, other}, false},
		{"the load balancer controller looks", "ec2", call{"ec2:DescribeSubnets", "*", own, own}, true},
		{"metrics", "aps-workspaces", call{"aps:RemoteWrite", "arn:aws:aps:eu-west-2:" + own + ":workspace/ws-1", own, own}, true},
		{"a stranger's metrics", "aps-workspaces", call{"aps:RemoteWrite", "arn:aws:aps:eu-west-2:" + other + ":workspace/ws-1", other, other}, false},
		{"a key", "kms", call{"kms:Decrypt", "arn:aws:kms:eu-west-2:" + own + ":key/1", own, own}, true},
		{"the cluster", "eks", call{"eks:DescribeCluster", "arn:aws:eks:eu-west-2:" + own + ":cluster/plinth-dev", own, own}, true},
		{"load balancers", "elasticloadbalancing", call{"elasticloadbalancing:DescribeLoadBalancers", "*", own, own}, true},
		{"another's alarms", "monitoring", call{"cloudwatch:PutMetricData", "*", other, other}, false},
	} {
		t.Run(test.service+"/"+test.name, func(t *testing.T) {
			assert.Assert(t, policies[test.service] != nil, "it has no policy")
			assert.Equal(t, admits(policies[test.service], test.call), test.want)
		})
	}
}
