package vpc

import (
	"fmt"
	"slices"

	"github.com/aws/constructs-go/constructs/v10"

	"plinth/constructs/policy"
)

// limitedServices are the services whose interface endpoints get a policy, by what else than calls
// within the account it must admit. AWS refuses a policy where a service knows none, so services that
// Plinth does not use itself are not here.
// https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
var limitedServices = map[string]func(Config) []policy.Statement{
	"aps-workspaces": nil, "ecr.api": pulls, "ecr.dkr": pulls, "ec2": imagesOfAmazon, "eks": nil, "elasticloadbalancing": nil,
	"kms": nil, "logs": nil, "monitoring": nil, "secretsmanager": nil, "ssm": publicParameters, "ssmmessages": nil, "sts": webIdentities,
	"s3": reads, // the gateway's
}

// endpointPolicies makes the policies of endpoints. Services with the same one share it.
//
// Security: whoever brings credentials of another account into the network, or has those of a role here,
// can write no data to another account through an endpoint that has a policy. That limits data only
// without NAT. Slow ways out remain: DNS, names of objects and images in reads, endpoints without a policy.
// https://docs.aws.amazon.com/whitepapers/latest/building-a-data-perimeter-on-aws/perimeter-implementation.html
type endpointPolicies struct {
	scope  constructs.Construct
	config Config
	common *string
}

// of returns the policy of a service's endpoint, nil for AWS's own, which admits everything.
func (p *endpointPolicies) of(service string) *string {
	exceptions, limited := limitedServices[service]
	switch {
	case !limited:
		return nil
	case exceptions != nil:
		return policy.Minified(p.scope, "endpoint-"+service+"-policy", append([]policy.Statement{p.own()}, exceptions(p.config)...)...)
	case p.common == nil:
		p.common = policy.Minified(p.scope, "endpoint-policy", p.own())
	}
	return p.common
}

var everybody = []policy.Principal{{Type: "*", Identifiers: []string{"*"}}}

// own admits the account's principals to its resources. The endpoint limits the actions to those of its
// service, and each role's policies limit them further.
func (p *endpointPolicies) own() policy.Statement {
	return policy.Statement{
		Sid: "OwnAccount", Principals: everybody, Actions: []string{"*"}, Resources: []string{"*"},
		Conditions: []policy.Condition{
			calledBy(p.config.Account), ownedBy(slices.Concat([]string{p.config.Account}, p.config.EndpointAccounts)...),
		},
	}
}

func calledBy(account string) policy.Condition {
	return policy.Condition{Test: "StringEquals", Variable: "aws:PrincipalAccount", Values: []string{account}}
}

func ownedBy(accounts ...string) policy.Condition {
	return policy.Condition{Test: "StringEquals", Variable: "aws:ResourceAccount", Values: accounts}
}

// pulls admits pulling images of other accounts: EKS's add-ons are in AWS's own, and an image mirror
// may be in another one of yours.
// https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
func pulls(config Config) []policy.Statement {
	return []policy.Statement{{
		Sid: "Pull", Principals: everybody,
		Actions:    []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
		Resources:  []string{"arn:aws:ecr:*:*:repository/*"},
		Conditions: []policy.Condition{calledBy(config.Account)},
	}}
}

// webIdentities admits service accounts and pipelines to the account's roles. They have no credentials
// yet, so that the call has no account.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func webIdentities(config Config) []policy.Statement {
	return []policy.Statement{{
		Sid: "WebIdentity", Principals: everybody,
		Actions:    []string{"sts:AssumeRoleWithWebIdentity"},
		Resources:  []string{fmt.Sprintf("arn:aws:iam::%s:role/*", config.Account)},
		Conditions: []policy.Condition{ownedBy(config.Account)},
	}}
}

// publicParameters and imagesOfAmazon admit what a deployment from a runner in the network reads: the id
// of the bastion's image, and the image.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
func publicParameters(config Config) []policy.Statement {
	return []policy.Statement{{
		Sid: "PublicParameters", Principals: everybody,
		Actions:    []string{"ssm:GetParameter", "ssm:GetParameters"},
		Resources:  []string{fmt.Sprintf("arn:aws:ssm:%s::parameter/aws/service/*", config.Region)},
		Conditions: []policy.Condition{calledBy(config.Account)},
	}}
}

func imagesOfAmazon(config Config) []policy.Statement {
	return []policy.Statement{{
		Sid: "ImagesOfAmazon", Principals: everybody,
		Actions:    []string{"ec2:RunInstances"},
		Resources:  []string{fmt.Sprintf("arn:aws:ec2:%s::image/*", config.Region), fmt.Sprintf("arn:aws:ec2:%s::snapshot/*", config.Region)},
		Conditions: []policy.Condition{calledBy(config.Account), {Test: "StringEquals", Variable: "ec2:Owner", Values: []string{"amazon"}}},
	}}
}

// reads admits reading any object: data gets out in the names of objects only. The layers of ECR's images,
// of registry.k8s.io's and of other registries are in buckets of others, which are not listed for good; so
// are Amazon Linux's packages. Such reads are not signed, or by somebody else.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
// https://github.com/kubernetes/registry.k8s.io#stability
func reads(Config) []policy.Statement {
	return []policy.Statement{{
		Sid: "Read", Principals: everybody, Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::*/*"},
	}}
}
