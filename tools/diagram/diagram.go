package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A diagram is one environment as it is drawn, in whichever language. Its order depends on the
// input alone.
type diagram struct {
	environment string
	stacks      []*stack // in the order of deployment
	edges       []edge
}

// A stack is a box with parts in it.
type stack struct {
	file  stackFile
	name  string // the id without the environment
	layer int    // the length of the longest chain of stacks to deploy before it
	parts []*part
}

func newDiagram(environment string, files []stackFile) (*diagram, error) {
	d := &diagram{environment: environment}
	for _, file := range files {
		s := &stack{file: file, name: strings.TrimSuffix(strings.TrimPrefix(file.id, environment+"-"), "-"+environment)}
		s.parts = partsOf(file)
		d.stacks = append(d.stacks, s)
	}
	edges, err := d.crossings()
	if err != nil {
		return nil, err
	}
	d.edges = append(edges, d.orderOnly(edges)...)
	if err := d.sortStacks(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.edges, func(a, b edge) int {
		return cmp.Or(
			cmp.Compare(slices.Index(d.stacks, a.from), slices.Index(d.stacks, b.from)),
			cmp.Compare(slices.Index(d.stacks, a.to), slices.Index(d.stacks, b.to)),
		)
	})
	return d, nil
}

// stack returns the stack with an id, or nil.
func (d *diagram) stack(id string) *stack {
	for _, s := range d.stacks {
		if s.file.id == id {
			return s
		}
	}
	return nil
}

// sortStacks sorts the stacks into the order of deployment. Stacks of one layer are sorted by the
// longest chain of stacks that depend on them, the shortest first, then by name.
func (d *diagram) sortStacks() error {
	behind := make(map[*stack]int)
	for range d.stacks {
		for _, e := range d.edges {
			e.to.layer = max(e.to.layer, e.from.layer+1)
			if e.to.layer >= len(d.stacks) {
				return fmt.Errorf("%s: stacks depend on each other in a circle", e.to.file.id)
			}
			behind[e.from] = max(behind[e.from], behind[e.to]+1)
		}
	}
	slices.SortFunc(d.stacks, func(a, b *stack) int {
		return cmp.Or(
			cmp.Compare(a.layer, b.layer),
			cmp.Compare(behind[a], behind[b]),
			strings.Compare(a.name, b.name),
		)
	})
	return nil
}

// beside returns the number of stacks in s's layer, including s.
func (d *diagram) beside(s *stack) int {
	n := 0
	for _, other := range d.stacks {
		if other.layer == s.layer {
			n++
		}
	}
	return n
}
