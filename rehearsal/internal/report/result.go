// Package report reports how a rehearsal went: on the terminal and as an HTML page.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Result is everything that a rehearsal has found.
type Result struct {
	Env, Account, Region string
	// RealCluster reports whether Kubernetes and Helm were real, not simulated.
	RealCluster bool
	Started     time.Time
	Took        time.Duration
	// Stacks are in the order of deployment.
	Stacks []*Stack
	Phases []*Phase
	// Expectations are in the order they were checked.
	Expectations []Expectation
	// Interrupted reports whether Ctrl-C has ended the rehearsal early.
	Interrupted bool

	// Before is what must exist in a real account before the first deployment.
	Before []string
	// NotChecked are the limits of a rehearsal.
	NotChecked []string
	// BySchema are the types of which a rehearsal knows only the schema. Unasked are other types
	// whose permissions it does not check.
	BySchema, Unasked []string
	// Left are leftovers in the cloud. Kept are the things that AWS keeps for some days.
	Left, Kept []Thing
	// Bootstrap are the resources of the bootstrap stack, which stay.
	Bootstrap []Thing
	// Looked reports whether these were looked for. Objects are those in the bucket.
	Looked  bool
	Objects []Object
	// Passwords are all passwords of the rehearsal. The report hides them: see [Result.Mask].
	Passwords []string
	// Logs is the folder with the full output, Page the report as HTML.
	Logs, Page string
}

// Passed reports whether all expectations are met.
func (r *Result) Passed() bool {
	for _, e := range r.Expectations {
		if !e.Met {
			return false
		}
	}
	return len(r.Expectations) > 0 && !r.Interrupted
}

// Unchecked describes the types that the rehearsal knows only in part.
func (r *Result) Unchecked() []string {
	var lines []string
	switch len(r.BySchema) {
	case 0:
	case 1:
		lines = append(lines, "Known by its schema alone, permissions not checked: "+r.BySchema[0])
	default:
		lines = append(lines, "Known by their schema alone, permissions not checked: "+strings.Join(r.BySchema, ", "))
	}
	if len(r.Unasked) > 0 {
		lines = append(lines, "Permissions not checked: "+strings.Join(r.Unasked, ", "))
	}
	return lines
}

// Failures are the expectations that are not met.
func (r *Result) Failures() []Expectation {
	var failures []Expectation
	for _, e := range r.Expectations {
		if !e.Met {
			failures = append(failures, e)
		}
	}
	return failures
}

// Stack is one of the environment's stacks, as it was after its deployment.
type Stack struct {
	Name      string
	Needs     []string
	Resources []Resource
	Outputs   []Output
}

// Resource is one that was created.
type Resource struct{ Type, Address, ID string }

// Thing is something in the cloud.
type Thing struct{ Type, Key string }

func (t Thing) String() string { return t.Type + " " + t.Key }

// Object is a state, with its number of resources, or a lock.
type Object struct {
	Key       string
	Lock      bool
	Resources int
}

func (o Object) String() string {
	switch {
	case o.Lock:
		return o.Key + ", a lock that was not released"
	case o.Resources == 1:
		return o.Key + ", 1 resource"
	}
	return fmt.Sprintf("%s, %d resources", o.Key, o.Resources)
}

// Clean reports whether the object is an empty state.
func (o Object) Clean() bool { return !o.Lock && o.Resources == 0 }

// Output is a stack's output that is not sensitive.
type Output struct{ Name, Value string }

// NewOutput converts JSON to an output: a string without quotes, all else on one line.
func NewOutput(name string, value json.RawMessage) Output {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return Output{name, text}
	}
	var line bytes.Buffer
	if json.Compact(&line, value) != nil {
		return Output{name, string(value)}
	}
	return Output{name, line.String()}
}

// Phase is one command on the stacks, such as deploy, diff or destroy.
type Phase struct {
	Name  string // in one word
	Title string // in a few
	From  time.Time
	To    time.Time
	// Bars are the stacks, in the order they began.
	Bars []Bar
}

// Bar is one stack in one phase.
type Bar struct {
	Stack    string
	From, To time.Time
	Failed   bool
	// Did is a summary, such as "29 created".
	Did string
}

// Took is how long the stack took.
func (b Bar) Took() time.Duration { return b.To.Sub(b.From) }

// Took is how long the whole phase took.
func (p *Phase) Took() time.Duration { return p.To.Sub(p.From) }

// Phase returns the first phase with a name, or nil.
func (r *Result) Phase(name string) *Phase {
	for _, p := range r.Phases {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Bar returns a stack's bar, or nil.
func (p *Phase) Bar(stack string) *Bar {
	if p == nil {
		return nil
	}
	for i := range p.Bars {
		if p.Bars[i].Stack == stack {
			return &p.Bars[i]
		}
	}
	return nil
}

// Expectation is something that a rehearsal checks.
type Expectation struct {
	Title string
	Met   bool
	// Found is one sentence about the outcome.
	Found string
	// Details are Terraform's messages after a failure, Log the file with the rest.
	Details, Log string
}

// Disclaimer is a sentence to show with every result.
func (r *Result) Disclaimer() string {
	if r.RealCluster {
		return "This was a rehearsal: AWS was simulated, and no container ran. No AWS was involved."
	}
	return "This was a rehearsal: AWS, Kubernetes and Helm were simulated on this machine. No AWS was involved."
}
