// Package cdktf parses the output of cdktf while it deploys, compares or destroys stacks.
package cdktf

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// State is the progress of a stack in one command.
type State int

// The states of a stack, in this order. Done and Failed are final.
const (
	Waiting State = iota
	Initializing
	Initialized
	Planning
	Applying
	Done
	Failed
)

// Stack is one stack in one command.
type Stack struct {
	Name  string
	State State
	// Planned reports whether there is a plan, with Add, Change and Destroy resources in it.
	Planned              bool
	Add, Change, Destroy int
	// Made is how many of those are done.
	Made int
	// Unchanged reports Terraform's "No changes."
	Unchanged bool
	// Errors are Terraform's messages, without their frames.
	Errors []string
	// Ready is when Terraform was ready to plan, Started when it began to plan, Ended when it was
	// done or had failed.
	Ready, Started, Ended time.Time

	said time.Time // when its last output came
}

// Total is the number of resources to create, change or destroy.
func (s Stack) Total() int { return s.Add + s.Change + s.Destroy }

// Parser reads cdktf's output as it is written. It is an io.Writer.
//
// cdktf starts each piece of a stack's output with the stack's name and two spaces, and indents
// the piece's further lines as far.
type Parser struct {
	mutex   sync.Mutex
	stacks  []*Stack
	before  map[string][]string
	current *Stack
	rest    []byte // the start of an unfinished line
	inError bool
	bare    bool // the output is Terraform's own, of one stack
	now     func() time.Time
}

// NewParser returns a parser for stacks of these names.
func NewParser(names ...string) *Parser {
	p := &Parser{now: time.Now}
	for _, name := range names {
		p.stacks = append(p.stacks, &Stack{Name: name})
	}
	return p
}

// Follow says that a stack begins only when the others are done. The terminal that cdktf makes for
// Terraform sometimes loses the end of its output; then the next stack shows that others are done.
func (p *Parser) Follow(name string, others ...string) {
	if p.before == nil {
		p.before = map[string][]string{}
	}
	p.before[name] = append(p.before[name], others...)
}

// NewPlanParser returns a parser for the output of terraform show for a stack's plan, which cdktf
// has saved.
func NewPlanParser(stack Stack) *Parser {
	stack.State = Planning
	return &Parser{now: time.Now, stacks: []*Stack{&stack}, current: &stack, bare: true}
}

// Bare says that the output is Terraform's own, for the one stack, and starts with its plan.
func (p *Parser) Bare() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.bare, p.current = true, p.stacks[0]
	p.current.State, p.current.Started = Planning, p.now()
}

// Stacks returns a copy of all stacks in their current state.
func (p *Parser) Stacks() []Stack {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	stacks := make([]Stack, len(p.stacks))
	for i, s := range p.stacks {
		stacks[i] = *s
		stacks[i].Errors = slices.Clone(s.Errors)
		for j, message := range stacks[i].Errors {
			stacks[i].Errors[j] = strings.TrimSpace(message)
		}
	}
	return stacks
}

// Write reads more of the output.
func (p *Parser) Write(output []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.rest = append(p.rest, output...)
	for {
		end := bytes.IndexByte(p.rest, '\n')
		if end < 0 {
			return len(output), nil
		}
		p.line(strings.TrimRight(colours.ReplaceAllString(string(p.rest[:end]), ""), " \r"))
		p.rest = p.rest[end+1:]
	}
}

// End says that the command has ended, and whether it has succeeded. On success every stack that
// has begun is done, even if the end of Terraform's output was lost: see [Parser.Follow].
// On failure the unfinished ones have failed.
func (p *Parser) End(succeeded bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, s := range p.stacks {
		switch {
		case s.State >= Done || s.State == Waiting:
			continue
		case succeeded:
			s.done()
		case s.State == Initialized && len(p.stacks) > 1:
			continue // its turn had not come
		default:
			s.State, s.Ended = Failed, s.said
		}
	}
}

// done marks a stack as done at the time of its last output.
func (s *Stack) done() {
	if s.State == Applying {
		s.Made = s.Total()
	}
	s.State, s.Ended = Done, s.said
}

var colours = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// line reads one line and finds the stack that it belongs to.
func (p *Parser) line(line string) {
	if p.bare {
		p.said(p.current, line)
		return
	}
	for _, s := range p.stacks {
		if text, ok := strings.CutPrefix(line, s.Name+"  "); ok {
			if p.current != s {
				p.inError = false
			}
			p.current = s
			p.said(s, text)
			return
		}
	}
	if p.current == nil {
		return
	}
	switch text, ok := strings.CutPrefix(line, strings.Repeat(" ", len(p.current.Name)+2)); {
	case ok:
		p.said(p.current, text)
	case line == "":
		p.said(p.current, "")
	default: // cdktf's own
		p.inError = false
	}
}

var (
	planned  = regexp.MustCompile(`^Plan: (\d+) to add, (\d+) to change, (\d+) to destroy\.`)
	complete = regexp.MustCompile(`^\S+( \([^)]*\))?(\[.*\])?( \(deposed object \w+\))?: (Creation|Modifications|Destruction) complete after `)
	changing = regexp.MustCompile(`: (Creating|Modifying|Destroying)\.\.\.`)
	ended    = regexp.MustCompile(`^(Apply|Destroy) complete! `)
)

// said reads one line of a stack's own output.
func (p *Parser) said(s *Stack, text string) {
	s.said = p.now()
	switch {
	case strings.HasPrefix(text, "Error: "):
		p.fail(s, text)
	case p.inError && !strings.HasPrefix(text, "Warning: "):
		last := len(s.Errors) - 1
		s.Errors[last] += "\n" + text
	case strings.HasPrefix(text, "Initializing the backend"):
		s.State = Initializing
	case strings.Contains(text, "has been successfully initialized!"):
		s.State, s.Ready = Initialized, s.said
	case planned.MatchString(text):
		s.plan(planned.FindStringSubmatch(text))
		s.State = max(s.State, Planning)
	case strings.HasPrefix(text, "No changes."):
		s.Planned, s.Unchanged = true, true
		s.State = max(s.State, Planning)
	case complete.MatchString(text):
		s.Made++
	case changing.MatchString(text):
		s.State = max(s.State, Applying)
	case ended.MatchString(text):
		// Terraform may report only one end for a resource that is there twice.
		s.State = max(s.State, Applying)
		s.done()
	case s.State == Initialized && plans(text):
		s.State = Planning
	}
	if s.State >= Planning && s.Started.IsZero() {
		s.Started = s.said
		for _, other := range p.stacks {
			if other.State < Done && slices.Contains(p.before[s.Name], other.Name) {
				other.done()
			}
		}
	}
	if strings.HasPrefix(text, "Warning: ") {
		p.inError = false
	}
}

// plans reports whether a line comes from the plan, not from the end of the initialization.
func plans(text string) bool {
	return strings.Contains(text, ": Refreshing state...") || strings.Contains(text, ": Reading...") ||
		strings.HasPrefix(text, "Terraform used the selected providers") || strings.HasPrefix(text, "OpenTofu used the selected providers")
}

func (p *Parser) fail(s *Stack, text string) {
	p.inError = true
	s.Errors = append(s.Errors, text)
	s.State, s.Ended = Failed, s.said
}

func (s *Stack) plan(counts []string) {
	s.Planned = true
	s.Add, _ = strconv.Atoi(counts[1]) // the pattern has digits there
	s.Change, _ = strconv.Atoi(counts[2])
	s.Destroy, _ = strconv.Atoi(counts[3])
}
