// Package screen shows how far a rehearsal is: on a terminal as lines that change, elsewhere
// as lines that are written once.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"plinth/rehearsal/internal/cdktf"
)

// Screen is where a rehearsal shows what it does.
type Screen struct {
	out    io.Writer
	live   bool // lines can be written over
	colour bool
	width  func() int

	mutex  sync.Mutex
	showed bool     // some progress is on the screen now
	notes  []string // to be written above it
}

// New returns a screen for a file, mostly os.Stdout.
func New(out *os.File) *Screen {
	descriptor := int(out.Fd()) //nolint:gosec // it is a small number
	terminal := term.IsTerminal(descriptor) && os.Getenv("TERM") != "dumb"
	return &Screen{
		out: out, live: terminal, colour: terminal && os.Getenv("NO_COLOR") == "",
		width: func() int {
			width, _, err := term.GetSize(descriptor)
			if err != nil {
				return 80
			}
			return width
		},
	}
}

// Line writes a line.
func (s *Screen) Line(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// Note writes a line at any time, also while there is progress.
func (s *Screen) Note(line string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.showed {
		s.notes = append(s.notes, line)
		return
	}
	s.Line("%s", line)
}

// takeNotes returns what has been noted since. showed is whether progress goes on.
func (s *Screen) takeNotes(showed bool) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	notes := s.notes
	s.notes, s.showed = nil, showed
	return notes
}

// Title begins a part.
func (s *Screen) Title(format string, args ...any) {
	s.Line("\n%s", s.paint(bold, fmt.Sprintf(format, args...)))
}

// Result tells whether an expectation is met.
func (s *Screen) Result(met bool, sentence string) {
	mark := s.paint(green, "✓")
	if !met {
		mark = s.paint(red, "✗")
	}
	s.Line("%s %s", mark, sentence)
}

// Progress shows stacks until end is called. Meanwhile nothing else may be written.
func (s *Screen) Progress(verb string, parsers ...*cdktf.Parser) (end func()) {
	p := &progress{screen: s, verb: verb, parsers: parsers, begun: time.Now(), stop: make(chan struct{}), told: map[string]bool{}}
	p.running.Go(p.run)
	return func() {
		close(p.stop)
		p.running.Wait()
	}
}

// Busy shows that something is going on of which no more is known than its name.
func (s *Screen) Busy(verb string) (end func()) {
	begun := time.Now()
	stop := s.Progress(verb)
	return func() {
		stop()
		s.Line("%s %s", s.pad(verb), s.seconds(time.Since(begun)))
	}
}

// progress is what is shown of some stacks.
type progress struct {
	screen  *Screen
	verb    string
	parsers []*cdktf.Parser
	begun   time.Time
	stop    chan struct{}
	running sync.WaitGroup
	lines   int             // that are on the screen and will be written over
	told    map[string]bool // stacks that have ended and were written
}

// redraw is how often the lines change.
const redraw = 150 * time.Millisecond

func (p *progress) run() {
	ticker := time.NewTicker(redraw)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.draw(false)
		case <-p.stop:
			p.draw(true)
			return
		}
	}
}

// draw writes what has ended, once and for all, and below what has not, for now.
func (p *progress) draw(last bool) {
	var text strings.Builder
	if p.lines > 0 {
		fmt.Fprintf(&text, "\x1b[%dA\x1b[J", p.lines)
	}
	p.lines = 0
	for _, note := range p.screen.takeNotes(!last) {
		text.WriteString(note + "\n")
	}
	var going []string
	stacks := p.stacks()
	for _, stack := range stacks {
		switch ended := stack.State >= cdktf.Done || last; {
		case p.told[stack.Name]:
		case ended && stack.State != cdktf.Waiting:
			p.told[stack.Name] = true
			text.WriteString(p.line(stack, last) + "\n")
		default:
			going = append(going, p.line(stack, last))
		}
	}
	if p.screen.live && !last {
		if len(stacks) == 0 {
			going = []string{fmt.Sprintf("%s %s", p.screen.pad(p.verb), p.screen.seconds(time.Since(p.begun)))}
		}
		for _, line := range going {
			text.WriteString(p.screen.cut(line) + "\n")
		}
		p.lines = len(going)
	}
	_, _ = io.WriteString(p.screen.out, text.String())
}

func (p *progress) stacks() []cdktf.Stack {
	var all []cdktf.Stack
	for _, parser := range p.parsers {
		all = append(all, parser.Stacks()...)
	}
	return all
}

// line is "deploy    dev-network  29 of 29  4.1 s".
func (p *progress) line(stack cdktf.Stack, last bool) string {
	width := 0
	for _, other := range p.stacks() {
		width = max(width, len(other.Name))
	}
	elapsed := ""
	if !stack.Started.IsZero() {
		until := stack.Ended
		if until.IsZero() {
			until = time.Now()
		}
		elapsed = p.screen.seconds(until.Sub(stack.Started))
	}
	return strings.TrimRight(fmt.Sprintf("%s %-*s  %-22s %s", p.screen.pad(p.verb), width, stack.Name, p.screen.state(stack, last), elapsed), " ")
}

// state is what a stack is at, in words.
func (s *Screen) state(stack cdktf.Stack, last bool) string {
	switch {
	case stack.State == cdktf.Failed:
		return s.paint(red, fmt.Sprintf("%-22s", "failed"))
	case stack.Unchanged:
		return "no changes"
	case stack.Planned && stack.State == cdktf.Done && stack.Made == 0:
		return Plan(stack)
	case stack.Planned:
		return fmt.Sprintf("%d of %d", stack.Made, stack.Total())
	case last:
		return "not done"
	}
	return map[cdktf.State]string{
		cdktf.Waiting: "waiting", cdktf.Initializing: "initializing", cdktf.Initialized: "waiting",
		cdktf.Planning: "planning", cdktf.Applying: "applying", cdktf.Done: "done",
	}[stack.State]
}

// Plan is "1 to add, 2 to change" of a stack's plan.
func Plan(stack cdktf.Stack) string {
	var parts []string
	for _, part := range []struct {
		count int
		verb  string
	}{{stack.Add, "add"}, {stack.Change, "change"}, {stack.Destroy, "destroy"}} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", part.count, part.verb))
		}
	}
	if len(parts) == 0 {
		return "outputs change"
	}
	return strings.Join(parts, ", ")
}

// pad has verbs take the same width.
func (s *Screen) pad(verb string) string { return fmt.Sprintf("  %-10s", verb) }

func (s *Screen) seconds(d time.Duration) string { return fmt.Sprintf("%5.1f s", d.Seconds()) }

// cut makes a line that can be written over: one that does not wrap.
func (s *Screen) cut(line string) string {
	runes := []rune(line)
	if width := s.width() - 1; width > 0 && len(runes) > width && !strings.Contains(line, "\x1b") {
		return string(runes[:width])
	}
	return line
}

// paints of the terminal's own palette.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	faint = "2"
)

func (s *Screen) paint(paint, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + paint + "m" + text + "\x1b[0m"
}

// Faint is for what matters less.
func (s *Screen) Faint(text string) string { return s.paint(faint, text) }
