package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A value is an output that another stack reads, traced back to its resource.
type value struct {
	remote
	giver     *part
	resource  resource
	attribute string // of the resource, such as vpc_config[0].cluster_security_group_id
}

// A remote is a reference to an output of another stack.
type remote struct{ stack, output string }

var (
	remotePattern = regexp.MustCompile(`data\.terraform_remote_state\.cross-stack-reference-input-([\w-]+)\.outputs\.([\w-]+)`)
	valuePattern  = regexp.MustCompile(`\$\{([a-z]\w*\.[A-Za-z_][\w-]*)\.([\w.\[\]-]+)\}`)
)

// remotes returns the references to other stacks in text, each once.
func remotes(text string) []remote {
	var all []remote
	for _, m := range remotePattern.FindAllStringSubmatch(text, -1) {
		if r := (remote{m[1], m[2]}); !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

// reads returns the references of s to other stacks, each once, sorted.
func (s *stack) reads() []remote {
	var text strings.Builder
	text.WriteString(s.file.elsewhere)
	for _, r := range s.file.resources {
		text.WriteString(r.text)
	}
	for _, output := range s.file.outputs {
		text.WriteString(output)
	}
	reads := remotes(text.String())
	slices.SortFunc(reads, func(a, b remote) int {
		return cmp.Or(strings.Compare(a.stack, b.stack), strings.Compare(a.output, b.output))
	})
	return reads
}

// value traces an output of s back to its resource. An output of no single resource is a value
// too, and keeps the output's own name.
func (s *stack) value(read remote) (value, error) {
	text, ok := s.file.outputs[read.output]
	if !ok {
		return value{}, fmt.Errorf("stack %s has no output %s", s.file.id, read.output)
	}
	if match := valuePattern.FindStringSubmatch(text); match != nil {
		for _, p := range s.parts {
			for _, r := range p.resources {
				if r.address() == match[1] {
					return value{remote: read, giver: p, resource: r, attribute: match[2]}, nil
				}
			}
		}
	}
	return value{remote: read}, nil
}

// onlyReader returns the only part of s that reads any of values, or nil. Outputs that repeat a
// value for people do not count. A provider, which belongs to no part, does.
func (s *stack) onlyReader(values []value) *part {
	uses := func(text string) bool {
		read := remotes(text)
		return slices.ContainsFunc(values, func(v value) bool { return slices.Contains(read, v.remote) })
	}
	if uses(s.file.elsewhere) {
		return nil
	}
	var reader *part
	for _, p := range s.parts {
		for _, r := range p.resources {
			if p == reader || !uses(r.text) {
				continue
			}
			if reader != nil {
				return nil
			}
			reader = p
		}
	}
	return reader
}

// displayName returns the name of v in a label.
func (v value) displayName() string {
	if v.resource.kind == "" {
		return v.output
	}
	name := valueNoun(v.resource.kind, v.attribute)
	if n, _ := displayNameOf(v.resource.kind); n.named {
		return stem(v.resource) + " " + name
	}
	return name
}

// label lists the values of g: VPC id, 3 private subnet ids.
func (g gift) label() []string {
	values := slices.Clone(g.values)
	slices.SortFunc(values, func(a, b value) int {
		_, i := displayNameOf(a.resource.kind)
		_, j := displayNameOf(b.resource.kind)
		return cmp.Or(cmp.Compare(i, j), strings.Compare(a.displayName(), b.displayName()))
	})
	var label []string
	for len(values) > 0 {
		name := values[0].displayName()
		same := slices.IndexFunc(values, func(v value) bool { return v.displayName() != name })
		if same < 0 {
			same = len(values)
		}
		label = append(label, displayName{one: name}.count(same))
		values = values[same:]
	}
	return label
}
