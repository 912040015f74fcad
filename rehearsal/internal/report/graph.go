package report

import "fmt"

// graph is a drawing of the stacks: each stands below those that it needs.
type graph struct {
	Width, Height int
	Boxes         []box
	Lines         []string // the paths of the arrows
}

// box is one stack.
type box struct {
	X, Y, Width, Height int
	Title, Text         string
	Paint               int
}

// The sizes of the drawing.
const (
	boxWidth, boxHeight = 190, 58
	gapX, gapY          = 30, 44
	margin              = 8
)

func (r *Result) graph() graph {
	storeys := r.storeys()
	widest := 0
	for _, storey := range storeys {
		widest = max(widest, len(storey))
	}
	g := graph{
		Width:  2*margin + widest*boxWidth + (widest-1)*gapX,
		Height: 2*margin + len(storeys)*boxHeight + (len(storeys)-1)*gapY,
	}
	at := map[string]box{}
	for y, storey := range storeys {
		for x, left := range r.columns(storey, at, g.Width) {
			s := storey[x]
			b := box{
				X: left, Y: margin + y*(boxHeight+gapY), Width: boxWidth, Height: boxHeight,
				Title: s.Name, Text: fmt.Sprintf("%d resources", len(s.Resources)), Paint: r.paint(s.Name),
			}
			at[s.Name] = b
			g.Boxes = append(g.Boxes, b)
		}
	}
	for _, s := range r.Stacks {
		for _, need := range r.direct(s) {
			g.Lines = append(g.Lines, arrow(at[need], at[s.Name]))
		}
	}
	return g
}

// columns are the left edges of the boxes of a storey: below the middle of the stacks they need,
// and beside each other.
func (r *Result) columns(storey []*Stack, at map[string]box, width int) []int {
	var columns []int
	for i, s := range storey {
		needs := r.direct(s)
		left := 0
		for _, need := range needs {
			left += at[need].X / len(needs)
		}
		if len(needs) == 0 || len(storey) > 1 {
			left = (width-len(storey)*boxWidth-(len(storey)-1)*gapX)/2 + i*(boxWidth+gapX)
		}
		columns = append(columns, left)
	}
	return columns
}

// storeys are the stacks by depth: a stack's storey is below those of all stacks it needs.
func (r *Result) storeys() [][]*Stack {
	height := map[string]int{}
	var storeys [][]*Stack
	for _, s := range r.Stacks { // in the order of deployment
		for _, need := range s.Needs {
			height[s.Name] = max(height[s.Name], height[need]+1)
		}
		for len(storeys) <= height[s.Name] {
			storeys = append(storeys, nil)
		}
		storeys[height[s.Name]] = append(storeys[height[s.Name]], s)
	}
	return storeys
}

// direct are the stacks that s needs, without those that it also needs through another stack.
func (r *Result) direct(s *Stack) []string {
	var direct []string
	for _, need := range s.Needs {
		through := false
		for _, other := range s.Needs {
			through = through || other != need && r.needs(other, need)
		}
		if !through {
			direct = append(direct, need)
		}
	}
	return direct
}

// needs reports whether one stack needs another, directly or not.
func (r *Result) needs(name, other string) bool {
	for _, s := range r.Stacks {
		if s.Name != name {
			continue
		}
		for _, need := range s.Needs {
			if need == other || r.needs(need, other) {
				return true
			}
		}
	}
	return false
}

// arrow is the path from below one box to above another.
func arrow(from, to box) string {
	x1, y1 := from.X+from.Width/2, from.Y+from.Height
	x2, y2 := to.X+to.Width/2, to.Y-6
	bend := (y2 - y1) / 2
	return fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, x1, y1+bend, x2, y2-bend, x2, y2)
}
