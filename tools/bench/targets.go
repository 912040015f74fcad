package main

import "fmt"

// target is one goal for Plinth; docs/performance.md says which it misses, and why.
type target struct {
	text string
	met  bool
	is   string // the figure
}

func (t target) String() string {
	verdict := "missed"
	if t.met {
		verdict = "met"
	}
	return fmt.Sprintf("%s: **%s** (%s)", t.text, verdict, t.is)
}

const (
	mostMemory      = bytesize(250e6)
	mostEnvironment = 0.15            // seconds
	longestFirst    = 0.5             // seconds more than a warm run
	longestMany     = 8.0             // seconds, with the largest number of environments
	mostManyMemory  = bytesize(300e6) // likewise
)

// targets checks the report against the targets. Where memory is unknown, it skips that target.
func (r *report) targets() []target {
	plinth, peer := r.row(slim), r.row(peer)
	further := r.perEnvironment(plinthOf).seconds()
	later := plinth.first.wall().seconds() - plinth.warm.wall().seconds()
	most := r.many[len(r.many)-1]
	all := []target{
		{
			"No slower than JavaScript with deep imports",
			plinth.warm.wall() <= peer.warm.wall(),
			fmt.Sprintf("%s, JavaScript %s", plinth.warm.wall(), peer.warm.wall()),
		},
		{
			fmt.Sprintf("A first run takes at most %.1f s more than a warm one", longestFirst),
			later <= longestFirst,
			fmt.Sprintf("%.2f s more", later),
		},
		{
			fmt.Sprintf("A further environment costs less than %.2f s", mostEnvironment),
			further < mostEnvironment,
			fmt.Sprintf("%.3f s", further),
		},
		{
			fmt.Sprintf("%d environments in less than %.0f s", most.environments, longestMany),
			most.plinth.wall().seconds() < longestMany,
			most.plinth.wall().String(),
		},
	}
	if memory := plinth.memory(); memory > 0 {
		all = append(all,
			target{"Less than " + mostMemory.String(), memory < mostMemory, memory.String()},
			target{
				fmt.Sprintf("%d environments in less than %s", most.environments, mostManyMemory),
				most.plinth.memory() < mostManyMemory, most.plinth.memory().String(),
			})
	}
	return all
}
