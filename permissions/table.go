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
// resource is told by its name, its tags are set on creation with the permission in Tag.
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

// none are the types that take no permission.
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
func (t Table) row(e element) (Type, bool) {
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

// Security: a tag says whose a thing is, so whoever may set tags must not be able to take a thing
// from another stack, or to give it one.
var (
	// kept: the request names no other owner. Terraform sends only the tags that change.
	kept = ifExists("aws:RequestTag/")
	// unclaimed: it has no tags yet, or the stack's.
	unclaimed = ifExists("aws:ResourceTag/")
	// viaService: an AWS service asks on behalf of the caller, who may not do it directly.
	viaService = when("Bool", "aws:ViaAWSService", "true")
)

func ifExists(prefix string) []Condition {
	conditions := tags(prefix, "project", "environment", "stack")
	for i := range conditions {
		conditions[i].Test += "IfExists"
	}
	return conditions
}

// listed are actions that look at everything in the region.
func listed(actions ...string) Need {
	return Need{Actions: actions, On: []string{"*"}, When: inRegion, Why: "supports no narrower resource"}
}

// passed is a role that a service gets.
func passed(attribute, service string) Need {
	return Need{Actions: []string{"iam:PassRole"}, On: []string{"iam:role/{" + attribute + "}"}, When: passedTo(service)}
}

// serviceRole is a service's own role, which AWS makes in the name of the first who needs it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
func serviceRole(service, name string) Need {
	return Need{
		Actions: []string{"iam:CreateServiceLinkedRole"},
		On:      []string{"iam:role/aws-service-role/" + service + "/" + name},
		When:    when("StringEquals", "iam:AWSServiceName", service),
	}
}
