package main

import (
	"fmt"
	"slices"
	"strings"
)

// An edge is what one stack gives another, or the bare order of the two.
type edge struct {
	from, to *stack
	giver    *part    // in from; nil when the order is all there is
	reader   *part    // in to; nil when more than one of its parts reads, or none does
	labels   []string // what crosses
}

// A value is an output that another stack reads, traced back to the resource it is of.
type value struct {
	giver     *part
	resource  resource
	attribute string
}

// crossings returns an edge for each part and each stack that reads values of it. It
// begins at the part and ends at the stack, or at one part of it when only that one
// reads: as exact as it can be with few enough lines to follow.
func (d *diagram) crossings() ([]edge, error) {
	var edges []edge
	for _, to := range d.stacks {
		reads := to.reads()
		for _, from := range d.stacks {
			var group []edge
			values := make(map[*part][]value)
			for _, read := range reads {
				if read.stack != from.file.id {
					continue
				}
				v, err := from.value(read.output)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", to.file.id, err)
				}
				if !slices.ContainsFunc(group, func(e edge) bool { return e.giver == v.giver }) {
					group = append(group, edge{from: from, to: to, giver: v.giver})
				}
				values[v.giver] = append(values[v.giver], v)
			}
			for i, e := range group {
				group[i].reader = to.onlyReader(from, values[e.giver])
				group[i].labels = label(values[e.giver])
			}
			edges = append(edges, group...)
		}
		for _, read := range reads {
			if d.stack(read.stack) == nil {
				return nil, fmt.Errorf("%s reads %s of stack %s, which has no golden file", to.file.id, read.output, read.stack)
			}
		}
	}
	return edges, nil
}

// orderOnly returns the dependencies of cdktf's manifest that no value and no other
// dependency implies.
func (d *diagram) orderOnly(crossings []edge) []edge {
	var edges []edge
	for _, to := range d.stacks {
		for _, from := range d.stacks {
			crosses := slices.ContainsFunc(crossings, func(e edge) bool { return e.from == from && e.to == to })
			implied := slices.ContainsFunc(d.stacks, func(between *stack) bool {
				return slices.Contains(to.file.before, between.file.id) && d.needs(between, from)
			})
			if slices.Contains(to.file.before, from.file.id) && !crosses && !implied {
				edges = append(edges, edge{from: from, to: to})
			}
		}
	}
	return edges
}

// needs says whether from must be deployed before to, directly or not.
func (d *diagram) needs(to, from *stack) bool {
	for _, id := range to.file.before {
		between := d.stack(id)
		if between == from || between != nil && d.needs(between, from) {
			return true
		}
	}
	return false
}

// reads returns every value of other stacks that s uses, each once.
func (s *stack) reads() []remote {
	text := s.file.elsewhere
	for _, r := range s.file.resources {
		text += r.text
	}
	for _, output := range sortedKeys(s.file.outputs) {
		text += s.file.outputs[output]
	}
	return remotes(text)
}

// value traces an output of s back to the resource it is of.
func (s *stack) value(output string) (value, error) {
	text, ok := s.file.outputs[output]
	if !ok {
		return value{}, fmt.Errorf("%s has no output %s", s.file.id, output)
	}
	match := valuePattern.FindStringSubmatch(text)
	if match == nil {
		return value{attribute: output}, nil
	}
	for _, p := range s.parts {
		for _, r := range p.resources {
			if r.address() == match[1] {
				return value{giver: p, resource: r, attribute: match[2]}, nil
			}
		}
	}
	return value{attribute: output}, nil
}

// onlyReader returns the part of s that alone reads values of another stack, or nil. An
// output that repeats a value for people does not count; a provider does.
func (s *stack) onlyReader(from *stack, values []value) *part {
	uses := func(text string) bool {
		return slices.ContainsFunc(remotes(text), func(r remote) bool {
			v, err := from.value(r.output)
			return r.stack == from.file.id && err == nil && slices.ContainsFunc(values, func(other value) bool {
				return v.resource.address() == other.resource.address() && v.attribute == other.attribute
			})
		})
	}
	if uses(s.file.elsewhere) {
		return nil
	}
	var reader *part
	for _, p := range s.parts {
		for _, r := range p.resources {
			if !uses(r.text) {
				continue
			}
			if reader != nil && reader != p {
				return nil
			}
			reader = p
		}
	}
	return reader
}

// label says what crosses: 3 private subnet ids, VPC id.
func label(values []value) []string {
	slices.SortFunc(values, func(a, b value) int {
		_, i := nounOf(a.resource.kind)
		_, j := nounOf(b.resource.kind)
		if i != j {
			return i - j
		}
		return strings.Compare(a.resource.address()+a.attribute, b.resource.address()+b.attribute)
	})
	var names []string
	for _, v := range values {
		name := valueNoun(v.resource.kind, v.attribute)
		if n, _ := nounOf(v.resource.kind); n.named {
			name = stem(v.resource) + " " + name
		}
		names = append(names, name)
	}
	var labels []string
	for _, name := range names {
		n := 0
		for _, other := range names {
			if other == name {
				n++
			}
		}
		if text := (noun{one: name}).count(n); !slices.Contains(labels, text) {
			labels = append(labels, text)
		}
	}
	return labels
}
