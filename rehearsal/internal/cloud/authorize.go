package cloud

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"plinth/rehearsal/internal/iam"
)

// CallsName is the file beside the cloud's that records every call that the simulators have
// simulated for a role, one [Call] a line.
const CallsName = "calls.jsonl"

// Call is a request and the decision about it. Package iam can repeat the decision.
type Call struct {
	// Role is the ARN of the role that called.
	Role string `json:"role"`
	// Stack is the stack tag of the caller's stack. Calls of the AWS CLI and of S3 have none.
	Stack string `json:"stack,omitempty"`
	// Type, such as aws_vpc, and Name are the resource's; Operation is what was done to it. A call
	// of the AWS CLI has the type "aws"; its name and operation are the API's.
	Type      string `json:"type"`
	Name      string `json:"name,omitempty"`
	Operation string `json:"operation"`
	iam.Request
	Allowed bool `json:"allowed"`
}

// Caller is a session and its stack.
type Caller struct {
	// Session is nil for the account's administrator, who may do everything.
	Session *iam.Session
	Stack   string
}

// Authorize decides about an operation's requests in order and records the decisions. It stops at
// the first denied request and returns that as the error.
func (c *Cloud) Authorize(caller Caller, kind, name, operation string, requests []iam.Request) error {
	if caller.Session == nil || len(requests) == 0 {
		return nil
	}
	var lines strings.Builder
	encoder := json.NewEncoder(&lines)
	var denied error
	for _, request := range requests {
		request = caller.Session.Complete(request)
		denied = caller.Session.Authorize(request)
		err := encoder.Encode(Call{
			Role: caller.Session.RoleARN, Stack: caller.Stack, Type: kind, Name: name, Operation: operation,
			Request: request, Allowed: denied == nil,
		})
		if err != nil {
			return err
		}
		if denied != nil {
			break
		}
	}
	return errors.Join(denied, c.record(lines.String()))
}

// record appends all lines in one write: many processes write to the file.
func (c *Cloud) record(lines string) error {
	file, err := os.OpenFile(c.calls(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(lines)
	return errors.Join(err, file.Close())
}

// Calls returns all recorded calls in order.
func (c *Cloud) Calls() ([]Call, error) {
	content, err := os.ReadFile(c.calls())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var all []Call
	for line := range strings.Lines(string(content)) {
		var call Call
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			return nil, err
		}
		all = append(all, call)
	}
	return all, nil
}

func (c *Cloud) calls() string { return filepath.Join(filepath.Dir(c.path), CallsName) }

// Allow authorizes an operation on a resource: see [World.Calls]. On an error the caller must not
// keep the change. Allow notes the service-linked roles that the operation creates.
func (c *Cloud) Allow(w *World, caller Caller, kind, operation string, before, after Attributes) error {
	requests, err := w.Calls(kind, operation, before, after)
	if caller.Session == nil {
		// An administrator is not authorized, so unknown calls are no error.
		w.madeServiceRoles(requests)
		return nil
	}
	if err != nil {
		return err
	}
	a := after
	if a == nil {
		a = before
	}
	if err := c.Authorize(caller, kind, text(a, "id"), operation, requests); err != nil {
		return err
	}
	w.madeServiceRoles(requests)
	return nil
}

// RequestOn is a request about the resource with that ARN, with its tags.
func (w *World) RequestOn(action, arn, region string) iam.Request {
	c := &calls{w: w}
	r := resource{arn: arn}
	w.Each(func(_, _ string, t *Thing) bool {
		if text(t.Attributes, "arn") == arn {
			r = existing(arn, tagsOf(t.Attributes))
		}
		return r.context == nil
	})
	c.do(action, r)
	request := c.requests[0]
	request.Context["aws:RequestedRegion"] = []string{region}
	return request
}
