package cloud

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"plinth/rehearsal/internal/iam"
)

// Operations of the provider. Each makes calls.
const (
	OperationCreate = "create"
	OperationRead   = "read"
	OperationUpdate = "update"
	OperationDelete = "delete"
)

// caller lists, in order, the AWS API calls that the real provider makes for one type. They are from
// its source (hashicorp/aws 5.99) and the service authorization reference:
// https://docs.aws.amazon.com/service-authorization/latest/reference/
type caller struct {
	create, read, delete func(*calls)
	// update lists the calls by changed attributes. Attributes in one entry share a call. A nil
	// call is for attributes that only the provider uses.
	update []change
	// tag and untag change the tags of an existing resource.
	tag, untag func(c *calls, tags resource)
}

type change struct {
	attributes string // separated by spaces
	call       func(*calls)
}

// taggable completes the caller of a service that tags resources by ARN.
func taggable(service string, row caller) caller {
	row.tag = func(c *calls, r resource) { c.do(service+":TagResource", r) }
	row.untag = func(c *calls, r resource) { c.do(service+":UntagResource", onlyKeys(r)) }
	return row
}

// callers are by type. Data sources begin with data., ephemeral resources with ephemeral. The other
// files of this package register them.
var callers = map[string]caller{}

func registerCalls(more map[string]caller) {
	for name, c := range more {
		if _, twice := callers[name]; twice {
			panic("cloud: the calls of " + name + " are registered twice")
		}
		callers[name] = c
	}
}

// Calls returns the requests of an operation on a resource. before and after are its attributes:
// before is nil for a create, after for a delete, and a read has the same twice. Calls looks up
// related resources in the world. It returns none for a type whose calls are unknown: see [Knows].
func (w *World) Calls(name, operation string, before, after Attributes) ([]iam.Request, error) {
	row, known := callers[name]
	if !known {
		return nil, nil
	}
	c := &calls{w: w, before: before, after: after, a: after}
	if operation == OperationDelete {
		c.a = before
	}
	switch operation {
	case OperationCreate:
		run(row.create, c)
		run(row.read, c)
	case OperationRead:
		run(row.read, c)
	case OperationDelete:
		run(row.delete, c)
	case OperationUpdate:
		if err := row.updates(name, c); err != nil {
			return nil, err
		}
		run(row.read, c)
	default:
		return nil, fmt.Errorf("%s: %q is no operation", name, operation)
	}
	if c.wrong != nil {
		return nil, fmt.Errorf("%s of %s: %w", operation, name, c.wrong)
	}
	return c.requests, nil
}

func run(call func(*calls), c *calls) {
	if call != nil {
		call(c)
	}
}

// updates adds the calls for tags first, then those for other attributes.
func (row caller) updates(name string, c *calls) error {
	old, now := tagsOf(c.before), tagsOf(c.after)
	removed, set := map[string]string{}, map[string]string{}
	for key, value := range old {
		if _, kept := now[key]; !kept {
			removed[key] = value
		}
	}
	for key, value := range now {
		if was, had := old[key]; !had || was != value {
			set[key] = value
		}
	}
	self := existing(text(c.before, "arn"), old) // types without an ARN attribute use their own
	if len(removed) > 0 && row.untag != nil {
		row.untag(c, self.tagged(removed))
	}
	if len(set) > 0 && row.tag != nil {
		row.tag(c, self.tagged(set))
	}
	var done []string
	for _, attribute := range changed(c.before, c.after) {
		i := slices.IndexFunc(row.update, func(u change) bool { return slices.Contains(strings.Fields(u.attributes), attribute) })
		if i < 0 {
			return fmt.Errorf("the rehearsal does not know which API calls a change of %s of %s makes: add it to its calls in rehearsal/internal/cloud", attribute, name)
		}
		if !slices.Contains(done, row.update[i].attributes) {
			done = append(done, row.update[i].attributes)
			run(row.update[i].call, c)
		}
	}
	return nil
}

// changed are the attributes that differ, without tags, and without timeouts, which the provider keeps to
// itself.
func changed(before, after Attributes) []string {
	names := maps.Clone(before)
	maps.Copy(names, after)
	var all []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name != "tags" && name != "tags_all" && name != "timeouts" && !same(before[name], after[name]) {
			all = append(all, name)
		}
	}
	return all
}

// same treats missing and empty values as equal.
func same(a, b any) bool { return empty(a) && empty(b) || reflect.DeepEqual(a, b) }

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case Attributes:
		return len(v) == 0
	}
	return false
}

// calls collects the requests of one operation.
type calls struct {
	w *World
	// a is after, or before for a delete.
	a, before, after Attributes
	requests         []iam.Request
	wrong            error
}

// resource is the resource of a request, with its condition keys.
type resource struct {
	arn     string
	context map[string][]string
}

// anything is the resource of requests that apply to no particular resource.
var anything = resource{arn: "*"}

// with adds a condition key.
func (r resource) with(key string, values ...string) resource {
	context := maps.Clone(r.context)
	if context == nil {
		context = map[string][]string{}
	}
	context[key] = values
	return resource{r.arn, context}
}

// tagged adds the requested tags.
func (r resource) tagged(tags map[string]string) resource {
	if len(tags) == 0 {
		return r
	}
	for key, value := range tags {
		r = r.with("aws:RequestTag/"+key, value)
	}
	return r.with("aws:TagKeys", slices.Sorted(maps.Keys(tags))...)
}

// has adds a resource's existing tags. prefixes, such as ec2, are the service's own.
func (r resource) has(tags map[string]string, prefixes ...string) resource {
	for _, prefix := range append([]string{"aws"}, prefixes...) {
		for key, value := range tags {
			r = r.with(prefix+":ResourceTag/"+key, value)
		}
	}
	return r
}

// servicePrefixes are the services with their own ResourceTag condition key.
// https://docs.aws.amazon.com/service-authorization/latest/reference/
var servicePrefixes = map[string]bool{"ec2": true, "iam": true, "ecr": true, "secretsmanager": true}

// existing is a resource with an ARN and tags.
func existing(arn string, tags map[string]string) resource {
	service := serviceOf(arn)
	if servicePrefixes[service] {
		return resource{arn: arn}.has(tags, service)
	}
	return resource{arn: arn}.has(tags)
}

func serviceOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 4); len(parts) == 4 {
		return parts[2]
	}
	return ""
}

// self is the resource as it is before the operation, or just after its creation.
func (c *calls) self() resource {
	a := c.before
	if a == nil {
		a = c.after
	}
	arn := text(a, "arn")
	if arn == "" {
		c.wrong = fmt.Errorf("%v has no ARN", a["id"])
	}
	return existing(arn, tagsOf(a))
}

// fresh is a resource that the operation creates, with its tags.
func (c *calls) fresh(arn string) resource { return resource{arn: arn}.tagged(tagsOf(c.after)) }

// arn is the ARN of a resource in the account and region.
func (c *calls) arn(service, name string) string { return c.w.arn(service, name) }

// related is the resource of a type with that attribute value. If there is none, its ARN is
// otherwise and it has no tags.
func (c *calls) related(name, attribute, value, otherwise string) resource {
	if t := c.w.find(name, attribute, value); t != nil {
		return existing(text(t.Attributes, "arn"), tagsOf(t.Attributes))
	}
	return resource{arn: otherwise}
}

// do adds a request for each resource: AWS authorizes them all.
func (c *calls) do(action string, resources ...resource) {
	if len(resources) == 0 {
		resources = []resource{anything}
	}
	region := c.w.Region
	switch service, _, _ := strings.Cut(action, ":"); service {
	case "iam", "route53", "budgets":
		region = "us-east-1" // the region of these global services
	case "chatbot":
		region = chatbotRegion(region)
	}
	for _, r := range resources {
		if r.arn == "" {
			continue
		}
		r = r.with("aws:RequestedRegion", region)
		if strings.HasPrefix(r.arn, "arn:") && r.context["aws:ResourceAccount"] == nil {
			r = r.with("aws:ResourceAccount", c.w.Account)
		}
		c.requests = append(c.requests, iam.Request{Action: action, Resource: r.arn, Context: r.context})
	}
}

// via adds a request that a service makes on the caller's behalf.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
func (c *calls) via(service, action string, resources ...resource) {
	for i, r := range resources {
		resources[i] = r.with("aws:ViaAWSService", "true").with("aws:CalledVia", service).
			with("aws:CalledViaFirst", service).with("aws:CalledViaLast", service)
	}
	c.do(action, resources...)
}

// passRole adds the request to pass a role to a service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
func (c *calls) passRole(arn, service string) {
	if arn != "" {
		c.do("iam:PassRole", c.related("aws_iam_role", "arn", arn, arn).with("iam:PassedToService", service))
	}
}

// serviceRole adds the request to create a service-linked role if the account has none.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
func (c *calls) serviceRole(service, name string) {
	arn := fmt.Sprintf("arn:aws:iam::%s:role/aws-service-role/%s/%s", c.w.Account, service, name)
	if strings.HasPrefix(service, "eks") {
		c.do("iam:GetRole", resource{arn: arn}) // EKS checks first, on the caller's behalf
	}
	if !slices.Contains(c.w.ServiceRoles, arn) {
		c.do("iam:CreateServiceLinkedRole", resource{arn: arn}.with("iam:AWSServiceName", service))
	}
}

// madeServiceRoles notes the service-linked roles that the requests create.
func (w *World) madeServiceRoles(requests []iam.Request) {
	for _, r := range requests {
		if r.Action == "iam:CreateServiceLinkedRole" && !slices.Contains(w.ServiceRoles, r.Resource) {
			w.ServiceRoles = append(w.ServiceRoles, r.Resource)
		}
	}
}
