package wholeapp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reference is what AWS's service authorization reference says of some services.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
type reference struct {
	// Global are the condition keys that any request may have.
	Global   []string
	Services map[string]struct {
		Actions map[string]struct {
			Types []struct {
				Name string
				Keys []string
			}
			Keys []string
		}
		Types map[string]resourceType
	}
}

type resourceType struct {
	// ARN has variables: arn:${Partition}:s3:::${BucketName}
	ARN string
	// Keys are the condition keys of requests on the type.
	Keys []string
}

// action is one of a service's.
type action struct {
	name string
	// types are those of its resources. Without any, a statement must name "*".
	types []resourceType
	// keys are the condition keys that it has besides its types' own and the global ones.
	keys []string
}

// readReference asks tools/iam, where the reference is data.
func readReference(services []string) (r reference, err error) {
	asked, err := json.Marshal(services)
	if err != nil {
		return r, err
	}
	judge := exec.Command(filepath.Join(root, "tools", "iam", "judge"), "reference")
	judge.Stdin = bytes.NewReader(asked)
	var said bytes.Buffer
	judge.Stderr = &said
	answer, err := judge.Output()
	if err != nil {
		return r, fmt.Errorf("tools/iam/judge reference: %w\n%s", err, said.String())
	}
	return r, json.Unmarshal(answer, &r)
}

// actions are those that a pattern such as s3:Get* stands for.
func (r reference) actions(pattern string) (found []action) {
	prefix, name, _ := strings.Cut(pattern, ":")
	service := r.Services[strings.ToLower(prefix)]
	matches := func(known string) bool { return strings.EqualFold(known, name) }
	if strings.ContainsAny(name, "*?") {
		matches = func(known string) bool { return wildFold(name, known) }
	}
	for name, known := range service.Actions {
		if !matches(name) {
			continue
		}
		a := action{name: prefix + ":" + name, keys: known.Keys}
		for _, t := range known.Types {
			// A type's own keys are those of any action on it, where the action's line has none for it.
			whole := service.Types[t.Name]
			keys := t.Keys
			if len(keys) == 0 {
				keys = slices.DeleteFunc(slices.Clone(whole.Keys), ofRequestsTags)
			}
			a.types = append(a.types, resourceType{whole.ARN, keys})
		}
		found = append(found, a)
	}
	return found
}

// ofRequestsTags are keys that a request has only where its action's own line says so.
func ofRequestsTags(key string) bool {
	return strings.HasPrefix(key, "aws:RequestTag/") || key == "aws:TagKeys"
}

// wildFold is [wild] where case does not count, as in actions and keys.
func wildFold(pattern, text string) bool {
	return wild(strings.ToLower(pattern), strings.ToLower(text))
}

// hasKey tells whether one of the reference's keys, such as aws:RequestTag/*, is a policy's.
func hasKey(known []string, key string) bool {
	return slices.ContainsFunc(known, func(k string) bool {
		return strings.EqualFold(k, key) || strings.Contains(k, "*") && wildFold(k, key)
	})
}

// takes tells whether a resource of a policy, with its wildcards, can be one of the type.
func (t resourceType) takes(resource string) bool {
	var format []part
	for rest := t.ARN; rest != ""; {
		length := 1
		p := part{literal: rest[0]}
		if rest[0] == '$' || rest[0] == '*' {
			if rest[0] == '$' {
				length = strings.Index(rest, "}") + 1
			}
			// A variable ends where the next part begins. The last one may have anything, but for a
			// bucket's name, which has no slash, or objects would be buckets.
			p = part{without: rest[length:min(length+1, len(rest))]}
			if rest == "${BucketName}" {
				p.without = "/"
			}
		}
		format, rest = append(format, p), rest[length:]
	}
	return overlap(resource, format)
}

// part of a type's ARN is a character or, if that is zero, a variable of any characters but those of
// without.
type part struct {
	literal byte
	without string
}

// overlap tells whether something is both a policy's resource and of a type's format.
func overlap(resource string, format []part) bool {
	// By what is left of both, from nothing on.
	both := make([][]bool, len(resource)+1)
	for i := len(resource); i >= 0; i-- {
		both[i] = make([]bool, len(format)+1)
		for j := len(format); j >= 0; j-- {
			star := i < len(resource) && resource[i] == '*'
			open := j < len(format) && format[j].literal == 0
			switch {
			case i == len(resource) && j == len(format), star && both[i+1][j], open && both[i][j+1]:
				both[i][j] = true
			case i == len(resource) || j == len(format):
			case star:
				both[i][j] = both[i][j+1]
			case open:
				both[i][j] = both[i+1][j] && strings.IndexByte(format[j].without, resource[i]) < 0
			default:
				both[i][j] = both[i+1][j+1] && (resource[i] == '?' || resource[i] == format[j].literal)
			}
		}
	}
	return both[0][0]
}

func TestTakes(t *testing.T) {
	const (
		bucket   = "arn:${Partition}:s3:::${BucketName}"
		object   = "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
		group    = "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}"
		stream   = group + ":log-stream:${LogStreamName}"
		recovery = "arn:${Partition}:${Vendor}:${Region}:*:${ResourceType}:${RecoveryPointId}"
		balancer = "arn:${Partition}:elasticloadbalancing:${Region}:${Account}:loadbalancer/app/${LoadBalancerName}/${LoadBalancerId}"
	)
	for _, test := range []struct {
		arn, resource string
		want          bool
	}{
		{bucket, "arn:aws:s3:::b", true},
		{bucket, "arn:aws:s3:::b*", true},
		{bucket, "arn:aws:s3:::b/*", false},
		{object, "arn:aws:s3:::b", false},
		{object, "arn:aws:s3:::b/k/k", true},
		{object, "arn:aws:s3:::*", true},
		{object, "arn:aws:sqs:::b/k", false},
		{group, "arn:aws:logs:eu-west-2:111111111111:log-group:/aws/eks/a:*", true},
		{group, "arn:aws:logs:eu-west-2:111111111111:destination:a", false},
		{stream, "arn:aws:logs:eu-west-2:111111111111:log-group:/aws/eks/a:*", true},
		{stream, "arn:aws:logs:eu-west-2:111111111111:log-group:/aws/eks/a:log-stream:b-??", true},
		{recovery, "arn:aws:rds:eu-west-2:111111111111:snapshot:awsbackup:*", true},
		{recovery, "arn:aws:rds", false},
		{balancer, "arn:aws:elasticloadbalancing:eu-west-2:111111111111:loadbalancer/app/*/*", true},
		{balancer, "arn:aws:elasticloadbalancing:eu-west-2:111111111111:loadbalancer/a??/n/1", true},
		{balancer, "arn:aws:elasticloadbalancing:eu-west-2:111111111111:loadbalancer/net/*/*", false},
		{balancer, "arn:aws:elasticloadbalancing:eu-west-2:111111111111:targetgroup/*/*", false},
	} {
		if got := (resourceType{ARN: test.arn}).takes(test.resource); got != test.want {
			t.Errorf("%s takes %s: %t", test.arn, test.resource, got)
		}
	}
}
