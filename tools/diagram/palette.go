package main

import "slices"

// A paint colours a stack and the arrows that leave it, in three shades of one hue. The text has
// a contrast of at least 6.5 to 1 on the ground. The line is visible on white and on
// black.
type paint struct {
	ground, line, text string
}

var palette = []paint{
	{ground: "#e8f1fb", line: "#3b82c4", text: "#174a7c"}, // blue
	{ground: "#fdf1dc", line: "#c98a1b", text: "#7a4a04"}, // amber
	{ground: "#f0ebfa", line: "#8061c5", text: "#4a2f8a"}, // violet
	{ground: "#e2f5ee", line: "#2e9b77", text: "#14593f"}, // green
	{ground: "#fceaec", line: "#cf5a6b", text: "#86222f"}, // rose
	{ground: "#e4f4f7", line: "#2b93a8", text: "#0f5361"}, // teal
	{ground: "#f3f0e6", line: "#8c7f4f", text: "#544a22"}, // olive
}

const (
	inkColor   = "#1f2733"
	faintColor = "#5b6675"
	paperColor = "#ffffff"
)

// paint returns the colours of s, which depend on its place in the order of deployment.
func (d *diagram) paint(s *stack) paint {
	return palette[slices.Index(d.stacks, s)%len(palette)]
}
