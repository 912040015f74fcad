package screen

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"plinth/rehearsal/internal/cdktf"
)

// Progress shows stacks until end is called. Meanwhile nothing else may write to the screen.
func (s *Screen) Progress(verb string, parsers ...*cdktf.Parser) (end func()) {
	p := &progress{screen: s, verb: verb, parsers: parsers, begun: time.Now(), stop: make(chan struct{}), told: map[string]bool{}}
	p.running.Go(p.run)
	return func() {
		close(p.stop)
		p.running.Wait()
	}
}

// Busy shows a running task of which only the name is known.
func (s *Screen) Busy(verb string) (end func()) {
	begun := time.Now()
	stop := s.Progress(verb)
	return func() {
		stop()
		s.Line("%s %s", s.pad(verb), s.seconds(time.Since(begun)))
	}
}

// progress is the display of some stacks.
type progress struct {
	screen  *Screen
	verb    string
	parsers []*cdktf.Parser
	begun   time.Time
	stop    chan struct{}
	running sync.WaitGroup
	lines   int             // on the screen, to be overwritten
	told    map[string]bool // stacks that have ended and were written
}

// redraw is the interval between updates.
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

// draw writes ended stacks once and for all, and below them the running ones for now.
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

// state describes the state of a stack in words.
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
