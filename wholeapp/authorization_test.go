package wholeapp

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
	"gotest.tools/v3/assert"
)

// exceptionsFile has what is known better than AWS's reference as data says it.
const exceptionsFile = "tools/iam/reference.yaml"

// exception is what actions take, or know, besides.
type exception struct {
	Actions   []string
	Resources []string
	Keys      []string
	Reason    string
	Source    string
}

// judge holds statements against AWS's reference. A statement that is in many variants is judged once.
type judge struct {
	mutex      sync.Mutex
	reference  reference
	exceptions []exception
	judged     map[string]verdict
}

// verdict is what is wrong with a statement, and which parts of exceptions it needs.
type verdict struct{ broken, needs []string }

func newJudge(exceptions []exception) *judge {
	return &judge{exceptions: exceptions, judged: map[string]verdict{}}
}

// projectJudge knows the project's exceptions.
var projectJudge = sync.OnceValues(func() (*judge, error) {
	exceptions, err := readExceptions(filepath.Join(root, exceptionsFile))
	return newJudge(exceptions), err
})

func readExceptions(file string) (all []exception, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for i, e := range all {
		if len(e.Actions) == 0 || len(e.Resources)+len(e.Keys) == 0 || e.Reason == "" || !strings.HasPrefix(e.Source, "https://") {
			return nil, fmt.Errorf("%s: [%d]: it must have actions, their resources or keys, a reason and a source", file, i)
		}
	}
	return all, nil
}

// platform judges all policies of a platform.
func (j *judge) platform(p platform) (v verdict, err error) {
	statements, broken := allStatements(p)
	v.broken = broken
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if err := j.learn(statements); err != nil {
		return v, err
	}
	for _, s := range statements {
		content := fmt.Sprintf("%q %q %q %q", s.actions, s.notActions, s.resources, s.keys)
		one, known := j.judged[content]
		if !known {
			one = j.statement(s)
			j.judged[content] = one
		}
		for _, problem := range one.broken {
			v.broken = append(v.broken, s.where+": "+problem)
		}
		v.needs = append(v.needs, one.needs...)
	}
	return v, nil
}

// learn asks for the services of statements, unless all of them are known.
func (j *judge) learn(statements []policyStatement) error {
	var services []string
	for service := range j.reference.Services {
		services = append(services, service)
	}
	before := len(services)
	for _, s := range statements {
		for _, pattern := range slices.Concat(s.actions, s.notActions) {
			service, _, _ := strings.Cut(strings.ToLower(pattern), ":")
			if service != "*" && !slices.Contains(services, service) {
				services = append(services, service)
			}
		}
	}
	if len(services) == before {
		return nil
	}
	r, err := readReference(services)
	j.reference = r
	return err
}

func (j *judge) statement(s policyStatement) (v verdict) {
	say := func(format string, args ...any) { v.broken = append(v.broken, fmt.Sprintf(format, args...)) }
	// In a trust policy no resource, and in a policy of a resource "*", is the thing itself.
	wide := len(s.resources) == 0 || slices.Contains(s.resources, "*")
	taken := map[string]bool{"*": true}
	for _, pattern := range slices.Concat(s.actions, s.notActions) {
		if pattern == "*" {
			return v // some action has any resource and any key
		}
		found := j.reference.actions(pattern)
		if len(found) == 0 {
			say("%s: AWS has no such action", pattern)
			continue
		}
		if slices.Contains(s.notActions, pattern) {
			continue
		}
		takes, knows := j.has(found, s)
		for _, resource := range s.resources {
			if resource == "*" || takes[resource] {
				continue
			}
			needs := j.excepted(found, resource, func(e exception) []string { return e.Resources })
			takes[resource] = needs != nil
			v.needs = append(v.needs, needs...)
		}
		suited := wide
		for resource, is := range takes {
			suited, taken[resource] = suited || is, taken[resource] || is
		}
		if !suited {
			say("%s: it takes none of the statement's resources: %s", pattern, strings.Join(s.resources, ", "))
		}
		for _, key := range s.keys {
			if knows[key] {
				continue
			}
			needs := j.excepted(found, key, func(e exception) []string { return e.Keys })
			if needs == nil {
				say("%s: it does not know the condition key %s", pattern, key)
			}
			v.needs = append(v.needs, needs...)
		}
	}
	for _, resource := range s.resources {
		if !taken[resource] && len(s.notActions) == 0 {
			say("%s: none of the statement's actions takes it: %s", resource, strings.Join(s.actions, ", "))
		}
	}
	return v
}

// has tells which of a statement's resources and keys some of the actions have.
func (j *judge) has(actions []action, s policyStatement) (takes, knows map[string]bool) {
	takes, knows = map[string]bool{}, map[string]bool{}
	for _, a := range actions {
		keys := slices.Concat(j.global(), a.keys)
		for _, t := range a.types {
			possible := len(s.resources) == 0
			for _, resource := range s.resources {
				if resource == "*" {
					possible = true
				} else if t.takes(resource) {
					possible, takes[resource] = true, true
				}
			}
			if possible {
				keys = append(keys, t.Keys...)
			}
		}
		for _, key := range s.keys {
			knows[key] = knows[key] || hasKey(keys, key)
		}
	}
	return takes, knows
}

// global are the keys that any request may have. Those of tags are among AWS's, but not every action
// takes tags, or looks at a resource's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func (j *judge) global() []string {
	return slices.DeleteFunc(slices.Clone(j.reference.Global), func(key string) bool {
		return ofRequestsTags(key) || strings.HasPrefix(key, "aws:ResourceTag/")
	})
}

// excepted are the parts of an exception by which one of the actions has a resource or a key, if there
// is one.
func (j *judge) excepted(actions []action, what string, of func(exception) []string) (needs []string) {
	for i, e := range j.exceptions {
		for _, a := range actions {
			if !slices.ContainsFunc(e.Actions, func(name string) bool { return strings.EqualFold(name, a.name) }) {
				continue
			}
			for _, pattern := range of(e) {
				if wildFold(pattern, what) {
					needs = append(needs, excepting(i, a.name), excepting(i, pattern))
				}
			}
		}
	}
	return needs
}

// excepting names a part of an exception.
func excepting(i int, part string) string { return strings.ToLower(fmt.Sprintf("[%d]: %s", i, part)) }

// unneeded are the parts of exceptions that nothing needs.
func (j *judge) unneeded(needed []string) (left []string) {
	for i, e := range j.exceptions {
		for _, part := range slices.Concat(e.Actions, e.Resources, e.Keys) {
			if !slices.Contains(needed, excepting(i, part)) {
				left = append(left, fmt.Sprintf("%s: [%d]: no policy needs %s any more", exceptionsFile, i, part))
			}
		}
	}
	return left
}

// existing is a property: what policies name, AWS has.
func existing(p platform) []string {
	j, err := projectJudge()
	if err != nil {
		return []string{err.Error()}
	}
	v, err := j.platform(p)
	if err != nil {
		return []string{err.Error()}
	}
	return v.broken
}

// TestAuthorizationNotices judges statements that are wrong on purpose.
func TestAuthorizationNotices(t *testing.T) {
	t.Parallel()
	j := newJudge([]exception{{Actions: []string{"logs:DescribeLogGroups"}, Resources: []string{"arn:aws:logs:*:log-group:*"}, Keys: []string{"*:sub"}}})
	const bucket, vpc = "arn:aws:s3:::it", "arn:aws:ec2:eu-west-2:111111111111:vpc/*"
	for name, test := range map[string]struct {
		policyStatement
		want []string
	}{
		"right": {policyStatement{
			actions: []string{"s3:GetObject", "s3:ListBucket"}, resources: []string{bucket, bucket + "/*"}, keys: []string{"aws:SecureTransport", "AWS:sourceip"},
		}, nil},
		"a wildcard":            {policyStatement{actions: []string{"S3:get*"}, resources: []string{bucket + "/*"}, keys: []string{"s3:ExistingObjectTag/x"}}, nil},
		"everything":            {policyStatement{actions: []string{"*"}, resources: []string{"arn:aws:nothing:::it"}}, nil},
		"all but some":          {policyStatement{notActions: []string{"s3:GetObject", "iam:*"}, resources: []string{vpc}, keys: []string{"ec2:Vpc"}}, nil},
		"trust":                 {policyStatement{actions: []string{"sts:AssumeRole"}, keys: []string{"sts:ExternalId"}}, nil},
		"what is known better":  {policyStatement{actions: []string{"logs:DescribeLogGroups"}, resources: []string{"arn:aws:logs:eu-west-2:111111111111:log-group:*"}, keys: []string{"a.b:sub"}}, nil},
		"a misspelt action":     {policyStatement{actions: []string{"s3:GetObjct"}, resources: []string{"*"}}, []string{"s3:GetObjct: AWS has no such action"}},
		"a misspelt service":    {policyStatement{actions: []string{"s4:GetObject"}, resources: []string{"*"}}, []string{"s4:GetObject: AWS has no such action"}},
		"a wildcard of nothing": {policyStatement{notActions: []string{"s3:Fetch*"}, resources: []string{"*"}}, []string{"s3:Fetch*: AWS has no such action"}},
		"a bucket for an object": {policyStatement{actions: []string{"s3:GetObject"}, resources: []string{bucket}}, []string{
			"s3:GetObject: it takes none of the statement's resources: " + bucket, bucket + ": none of the statement's actions takes it: s3:GetObject",
		}},
		"one of two actions": {policyStatement{actions: []string{"s3:GetObject", "s3:ListBucket"}, resources: []string{bucket + "/*"}}, []string{
			"s3:ListBucket: it takes none of the statement's resources: " + bucket + "/*",
		}},
		"one of two resources": {policyStatement{actions: []string{"s3:GetObject"}, resources: []string{bucket + "/*", vpc}}, []string{
			vpc + ": none of the statement's actions takes it: s3:GetObject",
		}},
		"an action that has no resources": {policyStatement{actions: []string{"ec2:DescribeVpcs", "ec2:DeleteVpc"}, resources: []string{vpc}}, []string{
			"ec2:DescribeVpcs: it takes none of the statement's resources: " + vpc,
		}},
		"another service's key": {policyStatement{actions: []string{"s3:GetObject"}, resources: []string{"*"}, keys: []string{"ec2:Vpc"}}, []string{
			"s3:GetObject: it does not know the condition key ec2:Vpc",
		}},
		"a key of another type": {policyStatement{actions: []string{"ec2:CreateVpc"}, resources: []string{vpc}, keys: []string{"ec2:InstanceType"}}, []string{
			"ec2:CreateVpc: it does not know the condition key ec2:InstanceType",
		}},
		"tags of a request that has none": {policyStatement{actions: []string{"ec2:DeleteVpc"}, resources: []string{vpc}, keys: []string{"aws:RequestTag/stack"}}, []string{
			"ec2:DeleteVpc: it does not know the condition key aws:RequestTag/stack",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.NilError(t, j.learn([]policyStatement{test.policyStatement}))
			assert.DeepEqual(t, j.statement(test.policyStatement).broken, test.want)
		})
	}
	assert.DeepEqual(t, j.unneeded([]string{"[0]: logs:describeloggroups", "[0]: *:sub"}), []string{
		exceptionsFile + ": [0]: no policy needs arn:aws:logs:*:log-group:* any more",
	})
}

// TestAuthorizationReads has the mistake in every kind of policy that a stack can hold.
func TestAuthorizationReads(t *testing.T) {
	t.Parallel()
	j := newJudge(nil)
	const wrong = "s3:GetObjct"
	text := `{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"Two","Effect":"Deny","Action":["` + wrong + `"],"Resource":"*","Principal":"*"}]}`
	for name, test := range map[string]struct {
		mode, kind string
		body       object
		want       string
	}{
		"a data source": {"data", "aws_iam_policy_document", object{"statement": []any{object{"actions": []any{"s3:GetObject"}, "resources": []any{"*"}}, object{"actions": []any{wrong}, "resources": []any{"*"}, "sid": "Two"}}}, "dev-app: aws_iam_policy_document.it, statement 2 (Two): "},
		"a trust":       {"data", "aws_iam_policy_document", object{"statement": []any{object{"actions": []any{wrong}}}}, "dev-app: aws_iam_policy_document.it, statement 1: "},
		"a policy":      {"resource", "aws_iam_policy", object{"policy": text}, "dev-app: aws_iam_policy.it.policy, statement 2 (Two): "},
		"an inline one": {"resource", "aws_iam_role", object{"inline_policy": []any{object{"policy": text}}}, "dev-app: aws_iam_role.it.inline_policy[0].policy, statement 2 (Two): "},
		"a topic's":     {"resource", "aws_sns_topic_policy", object{"policy": text}, "dev-app: aws_sns_topic_policy.it.policy, statement 2 (Two): "},
		"an endpoint's": {"resource", "aws_vpc_endpoint", object{"policy": text}, "dev-app: aws_vpc_endpoint.it.policy, statement 2 (Two): "},
	} {
		t.Run(name, func(t *testing.T) {
			p := platform{stacks: map[string]object{"dev-app": {test.mode: object{test.kind: object{"it": test.body}}}}}
			v, err := j.platform(p)
			assert.NilError(t, err)
			assert.DeepEqual(t, v.broken, []string{test.want + wrong + ": AWS has no such action"})
		})
	}
}

// TestAuthorizationResolves follows references to what is in another stack.
func TestAuthorizationResolves(t *testing.T) {
	t.Parallel()
	const output = "cross-stack-output-aws_kms_keykey_1arn"
	document := func(resource string) object {
		return object{"data": object{"aws_iam_policy_document": object{"it": object{"statement": []any{object{"actions": []any{"kms:Decrypt"}, "resources": []any{resource}}}}}}}
	}
	p := platform{stacks: map[string]object{
		"dev-data": {"output": object{output: object{"value": "${aws_kms_key.key_1.arn}"}}},
		"dev-app":  document("${data.terraform_remote_state.cross-stack-reference-input-dev-data.outputs." + output + "}"),
		"dev-x":    document("${aws_sqs_queue.q.arn}"),
	}}
	all, broken := allStatements(p)
	assert.Equal(t, all[0].resources[0], arns["aws_kms_key.arn"])
	assert.DeepEqual(t, broken, []string{
		"dev-x: aws_iam_policy_document.it, statement 1: ${aws_sqs_queue.q.arn}: tell in arns, in wholeapp/policies_test.go, how the ARN of an aws_sqs_queue.arn looks",
	})
}
