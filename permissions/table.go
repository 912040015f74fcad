package permissions

import (
	"maps"
	"slices"
	"strings"
)

// All returns the whole table.
//
// Checked against the service authorization reference of 26 September 2026 and version 5.99.1 of
// the AWS provider; what the tables from sns on hold, instance profiles and log streams, against the
// reference of 22 June 2026. Update is for what the settings can change and for what AWS lets others
// change in place of what Plinth sets. What Create allows is not said again in Update. Where a
// resource is identified by its name, Tag also allows to set its tags on creation.
//
// A key with an attribute in brackets has what is needed besides when the attribute is set.
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
	// Kubernetes has its own: the AWS CLI makes the token for it by itself, from its credentials.
	"helm_release":               {},
	"kubernetes_config_map_v1":   {},
	"kubernetes_namespace_v1":    {},
	"data.kubernetes_ingress_v1": {},
	// The provider works it out.
	"data.aws_iam_policy_document": {},
	// The state's permissions come from elsewhere, see [Stack].
	"data.terraform_remote_state": {},
	// A command on destroy: what it calls stands with aws_appautoscaling_target, which it follows.
	"terraform_data": {},
}

// row returns all that a resource needs.
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

// Security: tags say which stack owns a resource. Whoever may set tags must be able neither to take
// a resource from another stack nor to give it one.
var (
	// requestTaggedIfExists: the request sets no other owner's tags. Terraform sends only the tags
	// that change.
	requestTaggedIfExists = ifExists("aws:RequestTag/")
	// resourceTaggedIfExists: the resource has no tags yet, or the stack's.
	resourceTaggedIfExists = ifExists("aws:ResourceTag/")
	// viaAWSService: an AWS service asks on behalf of the caller, who may not do it directly.
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

// passRole allows to pass a role to a service.
func passRole(attribute, service string) Grant {
	return Grant{Actions: []string{"iam:PassRole"}, Resources: []string{"iam:role/{" + attribute + "}"}, Conditions: passedToService(service)}
}

// serviceLinkedRole is a service's own role, which AWS creates in the name of the first who needs it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
func serviceLinkedRole(service, name string) Grant {
	return Grant{
		Actions:    []string{"iam:CreateServiceLinkedRole"},
		Resources:  []string{"iam:role/aws-service-role/" + service + "/" + name},
		Conditions: when("StringEquals", "iam:AWSServiceName", service),
	}
}
