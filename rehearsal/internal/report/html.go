package report

import (
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"os"
	"slices"
	"strings"
	"time"
)

//go:embed report.html
var source string

var page = template.Must(template.New("report").Parse(source))

// WriteHTML writes the report as one self-contained file.
func (r *Result) WriteHTML(path string) error {
	var text strings.Builder
	if err := page.Execute(&text, r.view()); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(r.Mask(text.String())), 0o644)
}

// Mask replaces all passwords.
//
// Security: the report should contain none in the first place; an expectation checks that.
func (r *Result) Mask(text string) string {
	for _, password := range r.Passwords {
		for _, written := range []string{password, html.EscapeString(password), template.HTMLEscapeString(password)} {
			text = strings.ReplaceAll(text, written, "(a password)")
		}
	}
	return text
}

// view is the data of the page.
type view struct {
	*Result
	Verdict   string
	Seconds   string
	Total     int // of resources
	Graph     graph
	Timelines []timeline
	Paints    []string
}

func (r *Result) view() view {
	v := view{Result: r, Verdict: "passed", Seconds: fmt.Sprintf("%.0f s", r.Took.Seconds()), Graph: r.graph(), Paints: paints}
	switch {
	case r.Interrupted:
		v.Verdict = "interrupted"
	case !r.Passed():
		v.Verdict = "failed"
	}
	for _, s := range r.Stacks {
		v.Total += len(s.Resources)
	}
	for _, p := range r.Phases {
		v.Timelines = append(v.Timelines, r.timeline(p))
	}
	return v
}

// paints are the line colours of tools/diagram's palette, visible on white and on black.
var paints = []string{"#3b82c4", "#c98a1b", "#8061c5", "#2e9b77", "#cf5a6b", "#2b93a8", "#8c7f4f"}

// paint is the number of a stack's colour, which is its place in the order of deployment.
func (r *Result) paint(stack string) int {
	return max(0, slices.IndexFunc(r.Stacks, func(s *Stack) bool { return s.Name == stack })) % len(paints)
}

// timeline is a phase with its stacks as bars.
type timeline struct {
	*Phase
	Seconds string
	Rows    []row
}

// row is one bar, with its place in percent of its phase.
type row struct {
	Bar
	Seconds     string
	Left, Width string
	Paint       int
}

func (r *Result) timeline(p *Phase) timeline {
	whole := max(p.Took(), time.Millisecond).Seconds()
	percent := func(d time.Duration) string { return fmt.Sprintf("%.2f", 100*d.Seconds()/whole) }
	t := timeline{Phase: p, Seconds: seconds(p.Took())}
	for _, bar := range p.Bars {
		t.Rows = append(t.Rows, row{
			Bar: bar, Seconds: seconds(bar.Took()), Paint: r.paint(bar.Stack),
			Left: percent(bar.From.Sub(p.From)), Width: percent(bar.Took()),
		})
	}
	return t
}

// Paint is the number of the stack's colour, for the page.
func (v view) Paint(s *Stack) int { return v.paint(s.Name) }

// Name is a resource's address without its type, for the page.
func (r Resource) Name() string { return strings.TrimPrefix(r.Address, r.Type+".") }
