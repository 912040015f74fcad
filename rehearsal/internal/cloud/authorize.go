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

// CallsName is the file, beside the cloud's, with every call that the simulators have simulated
// for a role: a [Call] a line.
const CallsName = "calls.jsonl"

// Call is a request, and what was decided. With package iam, all of it can be decided again.
type Call struct {
	// Role is the ARN of the role that called.
	Role string `json:"role"`
	// Stack is the tag that the stack gives to what it makes; a call of the AWS CLI has none.
	Stack string `json:"stack,omitempty"`
	// Type and Name are of the thing, such as aws_vpc, and Operation what was done to it; of the
	// AWS CLI's they are "aws" and the command.
	Type      string `json:"type"`
	Name      string `json:"name,omitempty"`
	Operation string `json:"operation"`
	iam.Request
	Allowed bool `json:"allowed"`
}

// Caller is who calls, in which stack.
type Caller struct {
	// Session is nil for the account's administrator, who may do everything and is not asked.
	Session *iam.Session
	Stack   string
}

// Authorize decides, in their order, about the requests of an operation on a thing, and writes
// them down up to the first that is denied, which is the error.
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

// record appends in one write: many processes do.
func (c *Cloud) record(lines string) error {
	file, err := os.OpenFile(c.calls(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(lines)
	return errors.Join(err, file.Close())
}

// Calls are all that were written down, in order.
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

// Allow decides about an operation on a thing of the world: see [World.Calls]. What is denied must
// not be kept. Service-linked roles that it makes are noted.
func (c *Cloud) Allow(w *World, caller Caller, kind, operation string, before, after Attributes) error {
	requests, err := w.Calls(kind, operation, before, after)
	if caller.Session == nil {
		// Nobody asks what an administrator's calls are, known or not.
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

// RequestOn is a request on what has an ARN, with the tags that it has.
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
