package main

import "fmt"

// target is one of the promises that the README makes.
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
	timesWarm       = 5
	timesFirst      = 12
	mostMemory      = bytesize(250e6)
	mostEnvironment = 0.15 // seconds
)

// targets judges a report. Where memory is unknown, its target is left out.
func (r *report) targets() []target {
	plinth, published, peer := r.programs[0], r.programs[1], r.programs[2]
	ratio := func(other, own *series) float64 { return other.wall().seconds() / own.wall().seconds() }
	warm, first := ratio(published.warm, plinth.warm), ratio(published.first, plinth.first)
	further := r.perEnvironment(plinthOf).seconds()
	all := []target{
		{
			"No slower than JavaScript with deep imports",
			plinth.warm.wall() <= peer.warm.wall(),
			fmt.Sprintf("%s, JavaScript %s", plinth.warm.wall(), peer.warm.wall()),
		},
		{
			fmt.Sprintf("%d times as fast as the published bindings when warm", timesWarm),
			warm >= timesWarm,
			fmt.Sprintf("%.1f times", warm),
		},
		{
			fmt.Sprintf("%d times as fast on a first run", timesFirst),
			first >= timesFirst,
			fmt.Sprintf("%.1f times", first),
		},
		{
			fmt.Sprintf("A further environment costs less than %.2f s", mostEnvironment),
			further < mostEnvironment,
			fmt.Sprintf("%.3f s", further),
		},
	}
	if memory := plinth.memory(); memory > 0 {
		all = append(all, target{"Less than " + mostMemory.String(), memory < mostMemory, memory.String()})
	}
	return all
}
