package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// policy is a document with its members in the provider's order.
type policy struct {
	Version   string            `json:",omitempty"`
	ID        string            `json:"Id,omitempty"`
	Statement []policyStatement `json:",omitempty"`
}

type policyStatement struct {
	Sid          string                    `json:",omitempty"`
	Effect       string                    `json:",omitempty"`
	Action       any                       `json:",omitempty"`
	NotAction    any                       `json:",omitempty"`
	Resource     any                       `json:",omitempty"`
	NotResource  any                       `json:",omitempty"`
	Principal    any                       `json:",omitempty"`
	NotPrincipal any                       `json:",omitempty"`
	Condition    map[string]map[string]any `json:",omitempty"`
}

// oldVersion does not support variables.
const oldVersion = "2008-10-17"

var (
	policyVersions = []string{oldVersion, "2012-10-17"}
	policyEffects  = []string{"Allow", "Deny"}
	policySid      = regexp.MustCompile(`^[a-zA-Z0-9]*$`)
)

// policyDocument renders an aws_iam_policy_document exactly as the AWS provider does, so that plans
// match real ones.
// https://registry.terraform.io/providers/hashicorp/aws/5.99.1/docs/data-sources/iam_policy_document
func policyDocument(config Attributes) (Attributes, error) {
	for _, name := range []string{"source_json", "override_json"} {
		if text(config, name) != "" {
			return nil, fmt.Errorf("expected %q to be an empty string: it is not used any more", name)
		}
	}
	own, err := newPolicy(config)
	if err != nil {
		return nil, err
	}
	merged := &policy{}
	sids := map[string]bool{}
	sources, err := parsePolicies(config, "source")
	if err != nil {
		return nil, err
	}
	for i, source := range sources {
		for j, s := range source.Statement {
			if sids[s.Sid] {
				return nil, fmt.Errorf("writing IAM Policy Document: merging source document %d: duplicate Sid (%s) in source_policy_documents (statement %d). "+
					"Remove the Sid or ensure Sids are unique", i, s.Sid, j)
			}
			sids[s.Sid] = s.Sid != ""
		}
		merged.merge(source)
	}
	merged.merge(own)
	overrides, err := parsePolicies(config, "override")
	if err != nil {
		return nil, err
	}
	for _, override := range overrides {
		merged.merge(override)
	}
	indented, err := json.MarshalIndent(merged, "", "  ")
	if err != nil {
		return nil, err
	}
	minified, err := json.Marshal(merged)
	if err != nil {
		return nil, err
	}
	return Attributes{
		"id":   strconv.FormatUint(uint64(crc32.ChecksumIEEE(indented)), 10),
		"json": string(indented), "minified_json": string(minified),
	}, nil
}

// merge adds another document's statements. A statement replaces the one with the same Sid.
func (p *policy) merge(other *policy) {
	if other.ID != "" {
		p.ID = other.ID
	}
	p.Version = max(p.Version, other.Version)
	for _, s := range other.Statement {
		same := slices.IndexFunc(p.Statement, func(old policyStatement) bool { return s.Sid != "" && old.Sid == s.Sid })
		if same < 0 {
			p.Statement = append(p.Statement, s)
		} else {
			p.Statement[same] = s
		}
	}
}

// parsePolicies parses the documents to merge. A null document has no statements.
func parsePolicies(config Attributes, role string) ([]*policy, error) {
	documents, _ := config[role+"_policy_documents"].([]any)
	all := make([]*policy, len(documents))
	for i, document := range documents {
		all[i] = &policy{}
		if document == nil {
			continue
		}
		content, _ := document.(string)
		err := json.Unmarshal([]byte(content), all[i])
		for j := range all[i].Statement {
			s := &all[i].Statement[j]
			var first, second error
			s.Principal, first = parsePrincipals(s.Principal)
			s.NotPrincipal, second = parsePrincipals(s.NotPrincipal)
			err = errors.Join(err, first, second)
			parseCondition(s.Condition)
		}
		if err != nil {
			return nil, fmt.Errorf("writing IAM Policy Document: merging %s document %d: %w", role, i, err)
		}
	}
	return all, nil
}

// parseCondition formats values as the provider does, which drops numbers.
func parseCondition(condition map[string]map[string]any) {
	for test, variables := range condition {
		for variable, values := range variables {
			switch v := values.(type) {
			case string:
			case bool:
				variables[variable] = strconv.FormatBool(v)
			case []any:
				variables[variable] = oneOrAll(elements(v))
			default:
				delete(variables, variable)
			}
		}
		if len(variables) == 0 {
			delete(condition, test)
		}
	}
}

func parsePrincipals(value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return "*", nil
	case map[string]any:
		for name, identifiers := range v {
			switch i := identifiers.(type) {
			case string:
			case []any:
				v[name] = descending(elements(i))
			default:
				return nil, fmt.Errorf("principal %s is a %T: it must be a string or a list of strings", name, i)
			}
		}
		return principals(v), nil
	}
	return nil, fmt.Errorf("the principal is a %T: it must be a string or an object", value)
}

// principals are an object. They are "*" only if the type is "*" too: IAM accepts {"AWS": "*"}
// where it refuses "*".
func principals(types map[string]any) any {
	if len(types) == 0 {
		return nil
	}
	if all, isList := types["*"].([]string); len(types) == 1 && (types["*"] == any("*") || isList && slices.Equal(all, []string{"*"})) {
		return "*"
	}
	return types
}

// policyReader reads the blocks of a configuration and keeps the first error.
type policyReader struct {
	version string
	err     error
}

func newPolicy(config Attributes) (*policy, error) {
	p := &policy{Version: orElse(text(config, "version"), policyVersions[1]), ID: text(config, "policy_id")}
	if !slices.Contains(policyVersions, p.Version) {
		return nil, fmt.Errorf("expected version to be one of %q, got %s", policyVersions, p.Version)
	}
	sids := map[string]bool{}
	for i, block := range nestedBlocks(config, "statement") {
		r := &policyReader{version: p.Version}
		s := r.statement(block)
		if r.err != nil {
			return nil, fmt.Errorf("statement.%d: %w", i, r.err)
		}
		if sids[s.Sid] {
			return nil, fmt.Errorf("writing IAM Policy Document: duplicate Sid (%s). Remove the Sid or ensure the Sid is unique", s.Sid)
		}
		sids[s.Sid] = s.Sid != ""
		p.Statement = append(p.Statement, s)
	}
	return p, nil
}

func (r *policyReader) statement(block Attributes) policyStatement {
	s := policyStatement{
		Sid: text(block, "sid"), Effect: orElse(text(block, "effect"), policyEffects[0]),
		Action: asSet(descending(elements(block["actions"]))), NotAction: asSet(descending(elements(block["not_actions"]))),
		Resource:    asSet(r.variables("resources", descending(elements(block["resources"])))),
		NotResource: asSet(r.variables("not_resources", descending(elements(block["not_resources"])))),
		Principal:   r.principals(block, "principals"), NotPrincipal: r.principals(block, "not_principals"),
		Condition: r.condition(block),
	}
	if !slices.Contains(policyEffects, s.Effect) {
		r.fail("expected effect to be one of %q, got %s", policyEffects, s.Effect)
	}
	if !policySid.MatchString(s.Sid) {
		r.fail("invalid value for sid %q (must only include alphanumeric characters)", s.Sid)
	}
	return s
}

func (r *policyReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *policyReader) principals(block Attributes, name string) any {
	all := map[string][]string{}
	for _, principal := range nestedBlocks(block, name) {
		kind := text(principal, "type")
		all[kind] = append(all[kind], r.variables(name, elements(principal["identifiers"]))...)
	}
	types := map[string]any{}
	for kind, identifiers := range all {
		types[kind] = oneOrAll(descending(identifiers))
	}
	return principals(types)
}

// condition keeps values in order, which matters to some condition operators.
func (r *policyReader) condition(block Attributes) map[string]map[string]any {
	condition := map[string]map[string]any{}
	all := map[[2]string][]string{}
	for _, c := range nestedBlocks(block, "condition") {
		test, variable := text(c, "test"), text(c, "variable")
		same := [2]string{test, variable}
		all[same] = append(all[same], r.variables("condition", elements(c["values"]))...)
		if condition[test] == nil {
			condition[test] = map[string]any{}
		}
		condition[test][variable] = oneOrAll(all[same])
	}
	return condition
}

// variables turns &{aws:username}, which Terraform does not interpolate, into IAM's ${aws:username}.
func (r *policyReader) variables(name string, values []string) []string {
	for i, value := range values {
		if r.version == oldVersion && strings.Contains(value, "&{") {
			r.fail("reading %s: found &{ sequence in (%s), which is not supported in document version %s", name, value, oldVersion)
		}
		values[i] = strings.ReplaceAll(value, "&{", "${")
	}
	return values
}

// asSet formats a set as the provider does: omitted if empty, a string if one, else a list.
func asSet(values []string) any {
	if len(values) == 0 {
		return nil
	}
	return oneOrAll(values)
}

func oneOrAll(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	return append([]string{}, values...) // an empty list, not null
}

// descending sorts a set as the provider does.
func descending(values []string) []string {
	slices.SortFunc(values, func(a, b string) int { return strings.Compare(b, a) })
	return values
}

// elements are the strings of a list, including empty ones.
func elements(list any) []string {
	items, _ := list.([]any)
	all := make([]string, 0, len(items))
	for _, item := range items {
		if s, ok := item.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// nestedBlocks are all blocks of that name. A block with nothing set has no attributes.
func nestedBlocks(a Attributes, name string) []Attributes {
	items, _ := a[name].([]any)
	all := make([]Attributes, len(items))
	for i, item := range items {
		all[i], _ = item.(Attributes)
	}
	return all
}
