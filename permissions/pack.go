package permissions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// IAM's quotas. White space does not count.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	// PolicySize is how many characters a managed policy may have.
	PolicySize = 6144
	// PoliciesPerRole is how many managed policies a role may have.
	PoliciesPerRole = 10
)

// Pack puts statements, in order, into as few policies as possible, each within [PolicySize]. It
// returns an error for more than [PoliciesPerRole], and for a statement that does not fit into one.
func Pack(statements []Statement) ([][]Statement, error) {
	var policies [][]Statement
	size := PolicySize
	for _, statement := range statements {
		for _, part := range split(statement) {
			// Plus the comma before it.
			if length := characters(part.json()) + 1; size+length > PolicySize {
				policies, size = append(policies, nil), len(document(nil))+length
			} else {
				size += length
			}
			last := len(policies) - 1
			policies[last] = append(policies[last], part)
		}
	}
	for _, policy := range policies {
		if n := characters(document(policy)); n > PolicySize {
			return nil, fmt.Errorf("permissions: the statement of %s has %d characters, IAM allows %d in a policy", policy[0].Actions[0], n, PolicySize)
		}
	}
	if len(policies) > PoliciesPerRole {
		return nil, fmt.Errorf("permissions: a role needs %d policies of %d characters, IAM allows %d: name fewer resources", len(policies), PolicySize, PoliciesPerRole)
	}
	return policies, nil
}

// longestARN is the length of the longest ARN that Terraform puts in place of a reference: a key's.
const longestARN = len("arn:aws:kms:ap-southeast-7:111111111111:key/11111111-2222-3333-4444-555555555555")

// characters returns the most characters that a policy has once Terraform replaced its references.
func characters(policy []byte) int {
	return len(token.ReplaceAll(policy, bytes.Repeat([]byte("a"), longestARN)))
}

// split halves a statement by its resources, or else its actions, until each half fits.
func split(s Statement) []Statement {
	if characters(document([]Statement{s})) <= PolicySize || len(s.Resources)+len(s.Actions) == 2 {
		return []Statement{s}
	}
	first, second := s, s
	if half := len(s.Resources) / 2; half > 0 {
		first.Resources, second.Resources = s.Resources[:half], s.Resources[half:]
	} else {
		half := len(s.Actions) / 2
		first.Actions, second.Actions = s.Actions[:half], s.Actions[half:]
	}
	return slices.Concat(split(first), split(second))
}

// Document returns a policy in IAM's JSON, without white space.
func Document(statements []Statement) string { return string(document(statements)) }

func document(statements []Statement) []byte {
	parts := make([]json.RawMessage, len(statements))
	for i, s := range statements {
		parts[i] = s.json()
	}
	content, err := json.Marshal(struct {
		Version   string
		Statement []json.RawMessage
	}{"2012-10-17", parts})
	if err != nil {
		panic(err) // these types always marshal
	}
	return content
}

func (s Statement) json() json.RawMessage {
	effect := "Allow"
	if s.Deny {
		effect = "Deny"
	}
	conditions := map[string]map[string]any{}
	for _, c := range s.Conditions {
		if conditions[c.Test] == nil {
			conditions[c.Test] = map[string]any{}
		}
		conditions[c.Test][c.Key] = oneOrAll(c.Values)
	}
	content, err := json.Marshal(struct {
		Effect    string
		Action    any
		Resource  any
		Condition map[string]map[string]any `json:",omitempty"`
	}{effect, oneOrAll(s.Actions), oneOrAll(s.Resources), conditions})
	if err != nil {
		panic(err) // these types always marshal
	}
	return content
}

// oneOrAll returns a list of one without its brackets, to save characters.
func oneOrAll(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return values
}
