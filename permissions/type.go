// Package permissions knows which IAM permissions it takes to deploy and to plan a stack: a
// reviewed table says what each type of resource needs, and from what a stack really holds it
// makes the policies of that stack's roles.
package permissions

import "slices"

// Type is what Terraform needs to handle one type of resource or data source, as the AWS
// provider calls the API. What several types need stands with each of them.
type Type struct {
	// Source is the page of the service authorization reference that the rows were checked with.
	Source string
	// Create, Read, Update and Delete are by what Terraform does. The provider reads back what
	// it has made or changed, so Read goes with each of the others; it is all that a plan needs.
	Create, Read, Update, Delete []Need
	// Tag changes the tags of what is there.
	Tag []Need
}

// Need is a permission that a type needs.
type Need struct {
	// Actions are as in ec2:CreateVpc; a star is in none.
	Actions []string
	// On are the resources, in short: service:resource, as in ec2:vpc/* or iam:role/{name}. A
	// name in braces is an attribute of the resource in the stack; what is known only after a
	// deployment becomes a star, and so does what follows the environment's name. {=name} is
	// the whole of it. "*" is for actions that support nothing narrower.
	On []string
	// When narrows it further: all conditions must hold.
	When []Condition
	// Why is the reason for On being "*".
	Why string
}

// Condition of a statement, as IAM has them. Values may have names in braces.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
type Condition struct {
	Test, Key string
	Values    []string
}

// Names in braces that are no attributes: those of the environment and the stack.
const (
	account     = "{account}"
	region      = "{region}"
	project     = "{project}"
	environment = "{environment}"
	stack       = "{stack}"
	boundary    = "{boundary}" // the ARN of the policy that limits the roles which the stack makes
)

// Every taggable resource of Plinth's has the tags project, environment and stack, and a stack
// is told by them from another where ARNs do not tell it.
var (
	// requested: it is made with the stack's tags.
	requested = tags("aws:RequestTag/", "project", "environment", "stack")
	// owned: it has the stack's tags.
	owned = tags("aws:ResourceTag/", "project", "environment", "stack")
	// inRegion keeps an action that supports no narrower resource in the environment's region.
	inRegion = when("StringEquals", "aws:RequestedRegion", region)
	// bounded: a role has the boundary of the stack's roles.
	bounded = when("StringEquals", "iam:PermissionsBoundary", boundary)
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

// ownerOf: the thing that an attribute refers to has the tags of the stack that made it, which
// may be another. A cluster's security group has EKS's own tag.
func ownerOf(attribute string) []Condition {
	return when("StringEquals", ownerOfKey, attribute)
}

// ownerOfKey is no key of IAM's: building the policy puts tags in its place.
const ownerOfKey = "owner of"

// via: the key is used through a service alone, such as rds.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
func via(service string) []Condition {
	return when("StringEquals", "kms:ViaService", service+"."+region+".amazonaws.com")
}

// passedTo: a role is passed to a service alone.
func passedTo(service string) []Condition {
	return when("StringEquals", "iam:PassedToService", service)
}

// all: conditions of which each must hold.
func all(conditions ...[]Condition) []Condition { return slices.Concat(conditions...) }

// Table is by Terraform's name of the type; of a data source with data. before it, and of an
// ephemeral resource with ephemeral. before it.
type Table map[string]Type
