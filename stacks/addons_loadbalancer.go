package stacks

import (
	"fmt"

	"github.com/hashicorp/terraform-cdk-go/cdktf"

	"plinth/constructs/policy"
	"plinth/constructs/release"
	"plinth/settings"
)

// newLoadBalancerController installs the AWS Load Balancer Controller, which creates the ALB of an Ingress.
func newLoadBalancerController(stack cdktf.TerraformStack, env *settings.Environment, cluster *Cluster, after cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	namespace := newNamespace(stack, loadBalancerController, nil, after)
	role := newPodRole(stack, env, cluster, "load-balancer-controller-role", loadBalancerController,
		"Lets the load balancer controller manage this cluster's load balancers",
		loadBalancerStatements(env, cluster.Cluster.Name, cluster.Network.VPC.ID))
	crds := newLoadBalancerCRDs(stack, namespace)
	return newPublishedRelease(stack, env, loadBalancerController, release.Config{
		Name:       loadBalancerController,
		Namespace:  loadBalancerController,
		Repository: "https://aws.github.io/eks-charts",
		Chart:      "aws-load-balancer-controller",
		Version:    "3.5.0",
		// Security: without cert-manager the chart puts the key of its webhooks into the release.
		Provider: newSecretReleases(stack, env, cluster),
		Values: map[string]any{
			"image":       imageFrom(env, "eks/aws-load-balancer-controller"),
			"clusterName": cluster.Cluster.Name,
			// On Fargate there is no instance metadata to read these two from.
			"region":       env.Region,
			"vpcId":        cluster.Network.VPC.ID,
			"replicaCount": 2,
			"serviceAccount": map[string]any{
				"name":        loadBalancerController,
				"annotations": map[string]any{"eks.amazonaws.com/role-arn": role.Arn},
			},
			// While the controller starts, its webhook on Services would fail every other release.
			"enableServiceMutatorWebhook": false,
			// The role has no permissions for these two.
			"enableShield": false,
			"enableWaf":    false,
			// Without NAT, pods cannot reach WAF's API.
			"enableWafv2": env.Network.NAT != settings.NATNone,
			"controllerConfig": map[string]any{"featureGates": map[string]any{
				"ALBGatewayAPI": false, "NLBGatewayAPI": false, "EnableServiceController": false,
			}},
			"defaultTargetType": "ip",
			"defaultTags":       environmentTags(env),
			// The group to open is never the cluster's. Pods that started before theirs had the cluster's tag
			// have both, and with two the controller would stop.
			// https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/nlb/
			"serviceTargetENISGTags": "environment=" + env.Name,
			// Keep the webhook's certificate across an upgrade, so that pods can start during it.
			"keepTLSSecret":       true,
			"podDisruptionBudget": map[string]any{"maxUnavailable": 1},
			"podAnnotations":      podAnnotations(cluster.Cluster),
			"podLabels":           podLabels(env, ingressMetricsProfile),
			"resources":           resources("200m", "256Mi"),
			"podSecurityContext": map[string]any{
				"fsGroup":        65534,
				"runAsNonRoot":   true,
				"seccompProfile": map[string]any{"type": "RuntimeDefault"},
			},
			"securityContext": containerSecurity,
		},
		SkipCRDs:  true,
		DependsOn: append(role.Permissions, namespace, crds),
	})
}

// newLoadBalancerCRDs installs and upgrades the controller's definitions. Helm never upgrades those of
// the controller's own chart, and has installed them in clusters of 0.1.0.
// https://helm.sh/docs/chart_best_practices/custom_resource_definitions/
func newLoadBalancerCRDs(stack cdktf.TerraformStack, namespace cdktf.ITerraformDependable) cdktf.ITerraformDependable {
	const name = "load-balancer-crds"
	return release.New(stack, name, release.Config{
		Name:      name,
		Namespace: loadBalancerController,
		Chart:     chartFolder(stack, name+"-chart", "charts/"+name),
		TakesOver: true,
		DependsOn: []cdktf.ITerraformDependable{namespace},
	})
}

// loadBalancerStatements narrow the policy that the AWS Load Balancer Controller publishes for
// version 3.5 to this account, region and VPC, to load balancers and security groups with this
// cluster's tag, and to Application Load Balancers. They omit what the chart's values switch off
// (WAF Classic, Shield, Cognito, IAM certificates, Outposts).
// https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.5.0/docs/install/iam_policy.json
func loadBalancerStatements(env *settings.Environment, cluster string, vpcID *string) []policy.Statement {
	const tag = "elbv2.k8s.aws/cluster"
	podTag, podTagValue := clusterTag(cluster)
	var (
		ec2 = func(resource string) string {
			return fmt.Sprintf("arn:aws:ec2:%s:%s:%s", env.Region, env.Account, resource)
		}
		elb = func(resource string) string {
			return fmt.Sprintf("arn:aws:elasticloadbalancing:%s:%s:%s", env.Region, env.Account, resource)
		}
		equals = func(variable, value string) policy.Condition {
			return policy.Condition{Test: "StringEquals", Variable: variable, Values: []string{value}}
		}
		ownedResource = equals("aws:ResourceTag/"+tag, cluster)
		ownedRequest  = equals("aws:RequestTag/"+tag, cluster)
		// An update may change every tag except the one that names the owning cluster.
		keepsOwner = policy.Condition{Test: "Null", Variable: "aws:RequestTag/" + tag, Values: []string{"true"}}
		groups     = ec2("security-group/*")
		// Every Ingress of Plinth's names its load balancer so.
		balancer     = "app/" + env.ResourceName("*")
		balancers    = elb("loadbalancer/" + balancer)
		targetGroups = elb("targetgroup/*")
		listeners    = elb("listener*/" + balancer) // and their rules
	)
	return []policy.Statement{
		{
			Sid:        "CreateServiceLinkedRole",
			Actions:    []string{"iam:CreateServiceLinkedRole"},
			Resources:  []string{fmt.Sprintf("arn:aws:iam::%s:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing", env.Account)},
			Conditions: []policy.Condition{equals("iam:AWSServiceName", "elasticloadbalancing.amazonaws.com")},
		},
		{
			// None of these supports a narrower resource than "*".
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
			Sid: "Look",
			Actions: []string{
				"acm:ListCertificates",
				"ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeAvailabilityZones",
				"ec2:DescribeInstances", "ec2:DescribeInternetGateways", "ec2:DescribeIpamPools",
				"ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
				"ec2:DescribeSubnets", "ec2:DescribeTags", "ec2:DescribeVpcPeeringConnections", "ec2:DescribeVpcs",
				"elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeListenerAttributes",
				"elasticloadbalancing:DescribeListenerCertificates", "elasticloadbalancing:DescribeListeners",
				"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeLoadBalancers",
				"elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeSSLPolicies",
				"elasticloadbalancing:DescribeTags", "elasticloadbalancing:DescribeTargetGroupAttributes",
				"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
				"elasticloadbalancing:DescribeTrustStores",
			},
			Resources: []string{"*"},
		},
		{
			Sid:       "LookAtVPC",
			Actions:   []string{"ec2:GetSecurityGroupsForVpc"},
			Resources: []string{ec2("vpc/" + *vpcID)},
		},
		{
			Sid:       "LookAtCertificates",
			Actions:   []string{"acm:DescribeCertificate"},
			Resources: []string{fmt.Sprintf("arn:aws:acm:%s:%s:certificate/*", env.Region, env.Account)},
		},
		{
			Sid:     "UseWebACLs",
			Actions: []string{"wafv2:AssociateWebACL", "wafv2:DisassociateWebACL", "wafv2:GetWebACL", "wafv2:GetWebACLForResource"},
			Resources: []string{
				fmt.Sprintf("arn:aws:wafv2:%s:%s:regional/webacl/*/*", env.Region, env.Account),
				balancers,
			},
		},
		{
			Sid:        "OpenSecurityGroups",
			Actions:    []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{ownedResource},
		},
		{
			// Security: only groups of pods that are behind a load balancer have this tag.
			Sid:        "OpenPodSecurityGroups",
			Actions:    []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{equals("aws:ResourceTag/"+podTag, podTagValue)},
		},
		{
			// Pods had the cluster's group before they had groups of their own. The controller removes what it
			// added then, and stops at an error.
			// https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
			Sid:        "CloseClusterSecurityGroup",
			Actions:    []string{"ec2:RevokeSecurityGroupIngress"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{equals("aws:ResourceTag/aws:eks:cluster-name", cluster)},
		},
		{
			Sid:        "CreateSecurityGroups",
			Actions:    []string{"ec2:CreateSecurityGroup"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{ownedRequest},
		},
		{
			Sid:       "CreateSecurityGroupsInVPC",
			Actions:   []string{"ec2:CreateSecurityGroup"},
			Resources: []string{ec2("vpc/" + *vpcID)},
		},
		{
			Sid:        "TagNewSecurityGroups",
			Actions:    []string{"ec2:CreateTags"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{equals("ec2:CreateAction", "CreateSecurityGroup"), ownedRequest},
		},
		{
			Sid:        "TagSecurityGroups",
			Actions:    []string{"ec2:CreateTags", "ec2:DeleteTags"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{keepsOwner, ownedResource},
		},
		{
			Sid:        "DeleteSecurityGroups",
			Actions:    []string{"ec2:DeleteSecurityGroup"},
			Resources:  []string{groups},
			Conditions: []policy.Condition{ownedResource},
		},
		{
			Sid:        "CreateLoadBalancers",
			Actions:    []string{"elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"},
			Resources:  []string{balancers, targetGroups},
			Conditions: []policy.Condition{ownedRequest},
		},
		{
			Sid:       "TagNewLoadBalancers",
			Actions:   []string{"elasticloadbalancing:AddTags"},
			Resources: []string{balancers, targetGroups},
			Conditions: []policy.Condition{
				{Test: "StringEquals", Variable: "elasticloadbalancing:CreateAction", Values: []string{"CreateLoadBalancer", "CreateTargetGroup"}},
				ownedRequest,
			},
		},
		{
			Sid:        "TagLoadBalancers",
			Actions:    []string{"elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"},
			Resources:  []string{balancers, targetGroups},
			Conditions: []policy.Condition{keepsOwner, ownedResource},
		},
		{
			Sid: "ManageListeners",
			Actions: []string{
				"elasticloadbalancing:AddListenerCertificates", "elasticloadbalancing:AddTags",
				"elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteListener", "elasticloadbalancing:DeleteRule",
				"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule",
				"elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:RemoveTags",
				"elasticloadbalancing:SetRulePriorities",
			},
			Resources: []string{listeners},
		},
		{
			Sid:       "ManageLoadBalancersListeners",
			Actions:   []string{"elasticloadbalancing:CreateListener", "elasticloadbalancing:SetWebAcl"},
			Resources: []string{balancers},
		},
		{
			Sid: "ManageLoadBalancers",
			Actions: []string{
				"elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup",
				"elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:ModifyCapacityReservation", "elasticloadbalancing:ModifyIpPools",
				"elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:ModifyLoadBalancerAttributes",
				"elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
				"elasticloadbalancing:RegisterTargets",
				"elasticloadbalancing:SetIpAddressType", "elasticloadbalancing:SetSecurityGroups",
				"elasticloadbalancing:SetSubnets",
			},
			Resources:  []string{balancers, targetGroups, listeners},
			Conditions: []policy.Condition{ownedResource},
		},
	}
}
