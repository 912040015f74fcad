package permissions

import (
	"maps"
	"slices"
	"strings"
)

// All returns the whole table.
//
// The rows were checked against the service authorization reference of 26 September 2026 and version
// 5.99.1 of the AWS provider. The tables from sns on, instance profiles and log streams were checked
// against the reference of 22 June 2026. Update is for changes of the settings and for drift that
// Terraform can repair. Update does not repeat what Create allows. If a resource's ARN contains its
// name, Tag also allows setting its tags on creation.
//
// A key with an attribute in brackets has the additional grants for when the attribute is set.
func All() Table {
	all := Table{}
	for _, t := range []Table{
		vpc, rds, eks, iam, kms, logs, ecr, secrets, autoscaling,
		sns, chatbot, cloudwatch, prometheus, s3, elasticloadbalancing,
		ssm, ec2, clientVPN, route53, acm, wafv2, backup, budgets, none, own,
	} {
		maps.Copy(all, t)
	}
	return all
}

// none are the types that need no permission.
var none = Table{
	// Kubernetes has its own. The AWS CLI creates the token for it locally, from its credentials.
	"helm_release":                   {},
	"kubernetes_config_map_v1":       {},
	"kubernetes_namespace_v1":        {},
	"data.kubernetes_all_namespaces": {},
	"data.kubernetes_ingress_v1":     {},
	// The provider computes it locally.
	"data.aws_iam_policy_document": {},
	// The states' permissions come from [Stack].
	"data.terraform_remote_state": {},
	// A command on destroy. The row of aws_appautoscaling_target has the permissions for its calls.
	"terraform_data": {},
}

// row returns all grants of a block, and whether the table has its type.
func (t Table) row(e block) (Type, bool) {
	row, known := t[e.kind]
	for key, more := range t {
		attribute, ok := strings.CutPrefix(key, e.kind+"[")
		if _, set := e.attributes[strings.TrimSuffix(attribute, "]")]; !ok || !set {
			continue
		}
		row.Create = slices.Concat(row.Create, more.Create)
		row.Read = slices.Concat(row.Read, more.Read)
		row.Update = slices.Concat(row.Update, more.Update)
		row.Delete = slices.Concat(row.Delete, more.Delete)
		row.Tag = slices.Concat(row.Tag, more.Tag)
	}
	return row, known
}

// Security: tags say which stack owns a resource. A role that may set tags must not be able to take
// a resource from another stack, or to give it one.
var (
	// requestTaggedIfExists: the request sets no other owner's tags. Terraform sends only the tags
	// that change.
	requestTaggedIfExists = ifExists("aws:RequestTag/")
	// resourceTaggedIfExists: the resource has no tags yet, or the stack's.
	resourceTaggedIfExists = ifExists("aws:ResourceTag/")
	// viaAWSService: an AWS service makes the request for the caller, who may not make it directly.
	viaAWSService = when("Bool", "aws:ViaAWSService", "true")
)

func ifExists(prefix string) []Condition {
	conditions := tags(prefix, "project", "environment", "stack")
	for i := range conditions {
		conditions[i].Test += "IfExists"
	}
	return conditions
}

// readAll allows actions that read everything in the region.
func readAll(actions ...string) Grant {
	return Grant{Actions: actions, Resources: []string{"*"}, Conditions: inRegion, Reason: "no resource-level permissions"}
}

// passRole allows passing the role in an attribute to one service.
//
// Security: by its whole name. IAM cannot limit this by the role's tags, and the roles of other
// stacks and environments have names that begin alike.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func passRole(attribute, service string) Grant {
	return Grant{Actions: []string{"iam:PassRole"}, Resources: []string{"iam:role/{=" + attribute + "}"}, Conditions: passedToService(service)}
}

// serviceLinkedRole allows creating a service's own role. AWS does so for the first caller that needs it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
func serviceLinkedRole(service, name string) Grant {
	return Grant{
		Actions:    []string{"iam:CreateServiceLinkedRole"},
		Resources:  []string{"iam:role/aws-service-role/" + service + "/" + name},
		Conditions: when("StringEquals", "iam:AWSServiceName", service),
	}
}
