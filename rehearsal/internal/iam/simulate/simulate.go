// Package simulate has another evaluator decide what package iam has decided: npm's iam-simulate, by
// tools/iam. Only tests do.
package simulate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"plinth/rehearsal/internal/iam"
)

// Call is a request with all policies that decide on it.
type Call struct {
	iam.Request
	// Feature is what a generated call tries.
	Feature string
	// Principal is who calls: a role's session, or a token's provider, which has no policies.
	Principal string
	Identity  []*iam.Document
	Boundary  *iam.Document
	// Policy is the resource's, or a role's trust.
	Policy *iam.Document
}

// Verdict is iam-simulate's.
type Verdict struct {
	Decision string
	// Error is what its data have against the request. It has decided without them then.
	Error string
	// Ignored are condition keys that such a request does not have, by its data.
	Ignored []string
}

// The decisions, as iam-simulate names them.
const (
	Allowed    = "Allowed"
	Implicitly = "ImplicitlyDenied"
	Explicitly = "ExplicitlyDenied"
)

// Verdicts are iam-simulate's, and the keys of the calls that may have several values by its data.
type Verdicts struct {
	Verdicts    []Verdict
	Multivalued []string
}

// Decide asks iam-simulate about calls, in one process. root is the repository.
func Decide(root string, calls []Call) (v Verdicts, err error) {
	type asked struct {
		Action    string              `json:"action"`
		Resource  string              `json:"resource"`
		Context   map[string][]string `json:"context"`
		Principal string              `json:"principal"`
		Identity  []string            `json:"identity"`
		Boundary  string              `json:"boundary,omitempty"`
		Policy    string              `json:"policy,omitempty"`
	}
	var input struct {
		Policies map[string]json.RawMessage `json:"policies"`
		Calls    []asked                    `json:"calls"`
	}
	input.Policies = map[string]json.RawMessage{}
	names := map[string]string{}
	named := func(document *iam.Document) string {
		if document == nil {
			return ""
		}
		name := names[document.Text]
		if name == "" {
			name = fmt.Sprintf("policy-%d", len(names))
			names[document.Text], input.Policies[name] = name, json.RawMessage(document.Text)
		}
		return name
	}
	for _, c := range calls {
		a := asked{
			Action: c.Action, Resource: existing(c.Resource), Context: c.Context, Principal: c.Principal,
			Identity: []string{}, Boundary: named(c.Boundary), Policy: named(c.Policy),
		}
		for _, document := range c.Identity {
			a.Identity = append(a.Identity, named(document))
		}
		input.Calls = append(input.Calls, a)
	}
	content, err := json.Marshal(input)
	if err != nil {
		return v, err
	}
	judge := exec.Command(filepath.Join(root, "tools", "iam", "judge"), "simulate")
	judge.Stdin = bytes.NewReader(content)
	var said bytes.Buffer
	judge.Stderr = &said
	output, err := judge.Output()
	if err != nil {
		return v, fmt.Errorf("tools/iam/judge simulate: %w\n%s", err, said.String())
	}
	if err := json.Unmarshal(output, &v); err != nil {
		return v, err
	}
	if len(v.Verdicts) != len(calls) {
		return v, fmt.Errorf("tools/iam/judge simulate: %d verdicts on %d calls", len(v.Verdicts), len(calls))
	}
	return v, nil
}

// Ours is what package iam decides.
func Ours(c Call) string {
	var d iam.Decision
	switch {
	case strings.HasPrefix(c.Action, "sts:"):
		d = iam.EvaluateTrust(c.Policy, iam.Principal{Kind: "Federated", Name: c.Principal}, c.Action, c.Context)
	case c.Policy != nil:
		session := &iam.Session{Identity: c.Identity, Boundary: c.Boundary}
		caller := iam.Principal{Kind: "AWS", Name: roleOf(c.Principal), Session: c.Principal}
		final := false
		if d, final = iam.ByResource(c.Request, caller, session, c.Policy, strings.HasPrefix(c.Action, "kms:")); final {
			break
		}
		fallthrough
	default:
		d = iam.Evaluate(c.Request, c.Identity, c.Boundary)
	}
	switch {
	case d.Allowed:
		return Allowed
	case d.Explicit:
		return Explicitly
	}
	return Implicitly
}

// roleOf is the ARN of a session's role.
func roleOf(session string) string {
	role := strings.Replace(strings.Replace(session, ":sts:", ":iam:", 1), ":assumed-role/", ":role/", 1)
	return role[:strings.LastIndex(role, "/")]
}

// existing is a resource with an id in the place of one that is still to be made up.
func existing(resource string) string {
	if resource == "*" {
		return resource
	}
	return strings.ReplaceAll(resource, "*", "0")
}
