// Package iam evaluates policy documents as AWS does.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
// It supports a role's policies, permissions boundary and trust policy, and policies of resources
// in the caller's own account, such as buckets. It does not support session policies or those of an organization.
package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// The versions of policies. The old one is the default and does not support variables.
const newVersion, oldVersion = "2012-10-17", "2008-10-17"

// Document is a policy.
type Document struct {
	// Text is the policy as it was parsed.
	Text       string
	Version    string
	Statements []Statement
}

// Statement is a policy's statement. At most one of a pair, such as Actions and NotActions, is set.
type Statement struct {
	Sid   string
	Allow bool

	Actions, NotActions     []string
	Resources, NotResources []string
	// Principals are by kind: AWS, Service, Federated, or * for everyone.
	Principals, NotPrincipals map[string][]string

	Conditions []Condition
}

// Condition is one key of a statement's conditions, which must all hold.
type Condition struct {
	// Operator is as written, such as ForAnyValue:StringLikeIfExists.
	Operator string
	Key      string
	Values   []string

	operator operator
	set      string
	ifExists bool
}

var parsed sync.Map

// Parse parses a policy. Unknown elements and operators are errors rather than silently ignored.
func Parse(text string) (*Document, error) {
	if known, ok := parsed.Load(text); ok {
		return known.(*Document), nil
	}
	document := &Document{}
	if err := json.Unmarshal([]byte(text), document); err != nil {
		return nil, fmt.Errorf("MalformedPolicyDocument: %w", err)
	}
	document.Text = text
	parsed.Store(text, document)
	return document, nil
}

// UnmarshalJSON parses a policy. Parse does so once for each text.
func (d *Document) UnmarshalJSON(content []byte) error {
	var raw struct {
		Version, ID string
		Statement   oneOrMore[Statement]
	}
	if err := strict(content, &raw); err != nil {
		return err
	}
	if raw.Version != "" && raw.Version != newVersion && raw.Version != oldVersion {
		return fmt.Errorf("the version is %q, not %s", raw.Version, newVersion)
	}
	if len(raw.Statement) == 0 {
		return fmt.Errorf("there is no statement")
	}
	*d = Document{Version: raw.Version, Statements: raw.Statement}
	return nil
}

// UnmarshalJSON parses a statement.
func (s *Statement) UnmarshalJSON(content []byte) error {
	var raw struct {
		Sid, Effect             string
		Action, NotAction       oneOrMore[string]
		Resource, NotResource   oneOrMore[string]
		Principal, NotPrincipal principals
		Condition               map[string]map[string]oneOrMore[scalar]
	}
	if err := strict(content, &raw); err != nil {
		return err
	}
	if raw.Effect != "Allow" && raw.Effect != "Deny" {
		return fmt.Errorf("statement %q: the effect is %q, not Allow or Deny", raw.Sid, raw.Effect)
	}
	if (raw.Action == nil) == (raw.NotAction == nil) {
		return fmt.Errorf("statement %q: either Action or NotAction must be there", raw.Sid)
	}
	if raw.Resource != nil && raw.NotResource != nil {
		return fmt.Errorf("statement %q: Resource and NotResource exclude each other", raw.Sid)
	}
	*s = Statement{
		Sid: raw.Sid, Allow: raw.Effect == "Allow", Actions: raw.Action, NotActions: raw.NotAction,
		Resources: raw.Resource, NotResources: raw.NotResource, Principals: raw.Principal, NotPrincipals: raw.NotPrincipal,
	}
	for _, name := range slices.Sorted(maps.Keys(raw.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(raw.Condition[name])) {
			condition := Condition{Operator: name, Key: key}
			for _, value := range raw.Condition[name][key] {
				condition.Values = append(condition.Values, string(value))
			}
			if err := condition.prepare(); err != nil {
				return fmt.Errorf("statement %q: %w", raw.Sid, err)
			}
			s.Conditions = append(s.Conditions, condition)
		}
	}
	return nil
}

func strict(content []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// oneOrMore is a list, in JSON also a single element.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(content []byte) error {
	if bytes.HasPrefix(content, []byte("[")) {
		all := []T{}
		err := json.Unmarshal(content, &all)
		*l = all
		return err
	}
	var one T
	if err := json.Unmarshal(content, &one); err != nil {
		return err
	}
	*l = []T{one}
	return nil
}

// scalar is a condition's value: text, or a boolean or number as text.
type scalar string

func (s *scalar) UnmarshalJSON(content []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch value.(type) {
	case string, bool, json.Number:
		*s = scalar(fmt.Sprint(value))
		return nil
	}
	return fmt.Errorf("%s is not the value of a condition", content)
}

type principals map[string][]string

func (p *principals) UnmarshalJSON(content []byte) error {
	if string(content) == `"*"` {
		*p = principals{"*": {"*"}}
		return nil
	}
	var all map[string]oneOrMore[string]
	if err := json.Unmarshal(content, &all); err != nil {
		return err
	}
	*p = principals{}
	for kind, names := range all {
		(*p)[kind] = names
	}
	return nil
}
