// Package permissions computes the IAM policies of the roles that deploy and plan a stack. A
// reviewed table lists the grants of each type of resource; a stack's Terraform JSON says which of
// them its roles get.
package permissions

import "slices"

// Type lists what Terraform may do with one type of resource or data source: the API calls of the
// AWS provider. A grant that several types need is listed with each of them.
type Type struct {
	// Source is the page of the service authorization reference that the rows were checked with.
	Source string
	// Create, Read, Update and Delete are Terraform's operations. The provider reads a resource
	// back after each, so a role that may do one of the others has Read too. A plan needs only Read.
	Create, Read, Update, Delete []Grant
	// Tag changes the tags of an existing resource.
	Tag []Grant
}

// Grant allows actions on resources under conditions.
type Grant struct {
	// Actions are names such as ec2:CreateVpc, without wildcards.
	Actions []string
	// Resources are shortened ARNs, service:resource, such as ec2:vpc/* or iam:role/{name}. A name in
	// braces is an attribute of the resource in the stack. A part that is known only after apply
	// becomes *, and so does the part after the environment's name. {=name} is the full value. "*" is
	// for actions without resource-level permissions.
	Resources []string
	// Conditions must all hold.
	Conditions []Condition
	// Reason says why Resources is "*".
	Reason string
}

// Condition is an IAM condition. Values may contain names in braces.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
type Condition struct {
	Test, Key string
	Values    []string
}

// Names in braces that are not attributes but values of the environment and the stack.
const (
	account     = "{account}"
	region      = "{region}"
	project     = "{project}"
	environment = "{environment}"
	stack       = "{stack}"
	boundary    = "{boundary}"    // the ARN of the permissions boundary of the roles that the stack creates
	hostedZone  = "{hosted_zone}" // the id of the hosted zone of a record or a lookup
)

// Every taggable resource has the tags project, environment and stack. They distinguish the
// resources of two stacks if their ARNs do not.
var (
	// requestTagged: the request sets the stack's tags.
	requestTagged = tags("aws:RequestTag/", "project", "environment", "stack")
	// resourceTagged: the resource has the stack's tags.
	resourceTagged = tags("aws:ResourceTag/", "project", "environment", "stack")
	// inRegion limits an action without resource-level permissions to the environment's region.
	inRegion = when("StringEquals", "aws:RequestedRegion", region)
	// withRoleBoundary: the role has the permissions boundary of the stack's roles.
	withRoleBoundary = when("StringEquals", "iam:PermissionsBoundary", boundary)
)

func tags(prefix string, names ...string) []Condition {
	var all []Condition
	for _, name := range names {
		all = append(all, Condition{"StringEquals", prefix + name, []string{"{" + name + "}"}})
	}
	return all
}

func when(test, key string, values ...string) []Condition {
	return []Condition{{test, key, values}}
}

// taggedAsOwnerOf: the resource that an attribute refers to has the tags of the stack that created
// it, which may be another stack. A cluster's security group has EKS's own tag.
func taggedAsOwnerOf(attribute string) []Condition {
	return when("StringEquals", taggedAsOwnerKey, attribute)
}

// taggedAsOwnerKey is not an IAM key: building the policy replaces it with conditions on tags.
const taggedAsOwnerKey = "owner of"

// kmsViaService: the KMS key is used through one service only, such as rds.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func kmsViaService(service string) []Condition {
	return when("StringEquals", "kms:ViaService", service+"."+region+".amazonaws.com")
}

// passedToService: the role is passed to one service only.
func passedToService(service string) []Condition {
	return when("StringEquals", "iam:PassedToService", service)
}

// all joins conditions.
func all(conditions ...[]Condition) []Condition { return slices.Concat(conditions...) }

// Table maps Terraform types to their grants. The key of a data source begins with "data.", that of
// an ephemeral resource with "ephemeral.".
type Table map[string]Type
