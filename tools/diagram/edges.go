package main

import (
	"fmt"
	"slices"
)

// An edge says that one stack is deployed before another, and what it gives to it. A pair of
// stacks has at most one edge: a line for every value would be too many.
type edge struct {
	from, to *stack
	gifts    []gift // none if only the order matters
}

// A gift is the values that one part of a stack gives to another stack.
type gift struct {
	giver  *part // nil when the value belongs to no part, such as a constant
	reader *part // nil unless exactly one part reads it
	values []value
}

// title names the gift's two ends, if they are single parts, in one or two lines.
func (g gift) title() []string {
	switch {
	case g.giver == nil:
		return nil
	case g.reader == nil || g.reader.title == g.giver.title:
		return []string{g.giver.title}
	case len(g.giver.title+g.reader.title) < labelWidth:
		return []string{g.giver.title + " → " + g.reader.title}
	}
	return []string{g.giver.title + " →", g.reader.title}
}

// crossings returns an edge for each pair of stacks in which one reads the other's values.
func (d *diagram) crossings() ([]edge, error) {
	var edges []edge
	for _, to := range d.stacks {
		given := make(map[*stack]*edge)
		for _, read := range to.reads() {
			from := d.stack(read.stack)
			if from == nil {
				return nil, fmt.Errorf("%s reads stack %s, which has no file here", to.file.id, read.stack)
			}
			v, err := from.value(read)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", to.file.id, err)
			}
			if given[from] == nil {
				given[from] = &edge{from: from, to: to}
			}
			given[from].add(v)
		}
		for _, from := range d.stacks {
			if e := given[from]; e != nil {
				e.finish()
				edges = append(edges, *e)
			}
		}
	}
	return edges, nil
}

func (e *edge) add(v value) {
	i := slices.IndexFunc(e.gifts, func(g gift) bool { return g.giver == v.giver })
	if i < 0 {
		i = len(e.gifts)
		e.gifts = append(e.gifts, gift{giver: v.giver})
	}
	e.gifts[i].values = append(e.gifts[i].values, v)
}

// finish sorts the gifts of e in the order of the stack's parts, and finds their readers.
func (e *edge) finish() {
	slices.SortStableFunc(e.gifts, func(a, b gift) int {
		return slices.Index(e.from.parts, a.giver) - slices.Index(e.from.parts, b.giver)
	})
	for i := range e.gifts {
		g := &e.gifts[i]
		g.reader = e.to.onlyReader(g.values)
	}
}

// orderOnly returns the dependencies in cdktf's manifest that no value and no other dependency
// implies.
func (d *diagram) orderOnly(crossings []edge) []edge {
	var edges []edge
	for _, to := range d.stacks {
		for _, from := range d.stacks {
			crosses := slices.ContainsFunc(crossings, func(e edge) bool { return e.from == from && e.to == to })
			implied := slices.ContainsFunc(to.file.before, func(id string) bool { return d.needs(d.stack(id), from) })
			if slices.Contains(to.file.before, from.file.id) && !crosses && !implied {
				edges = append(edges, edge{from: from, to: to})
			}
		}
	}
	return edges
}

// needs reports whether cdktf's manifest deploys from before to.
func (d *diagram) needs(to, from *stack) bool {
	before := []*stack{to}
	for i := 0; i < len(before); i++ {
		if before[i] == nil {
			continue // a stack without a file
		}
		for _, id := range before[i].file.before {
			if id == from.file.id {
				return true
			}
			if s := d.stack(id); !slices.Contains(before, s) {
				before = append(before, s)
			}
		}
	}
	return false
}
