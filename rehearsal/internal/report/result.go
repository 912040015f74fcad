// Package report tells how a rehearsal went: on the terminal and as a page of HTML.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Result is all that a rehearsal has found.
type Result struct {
	Env, Account, Region string
	// RealCluster says that Kubernetes and Helm were not stood in for.
	RealCluster bool
	Started     time.Time
	Took        time.Duration
	// Stacks are in the order they are deployed.
	Stacks []*Stack
	Phases []*Phase
	// Expectations are in the order they were looked at.
	Expectations []Expectation
	// Interrupted says that somebody has ended the rehearsal before its time.
	Interrupted bool

	// Before must exist in a real account before anything is deployed.
	Before []string
	// NotChecked is what a rehearsal cannot tell.
	NotChecked []string
	// BySchema are the types of which a rehearsal knows nothing but their schema, and Unasked those
	// others of which it does not know for what permissions to ask.
	BySchema, Unasked []string
	// Left is what is still in the cloud, and Kept what AWS keeps for some days.
	Left, Kept []Thing
	// Bootstrap is what the bootstrap stack has made, and stays.
	Bootstrap []Thing
	// Looked says that somebody has looked for these, and Objects are in the bucket.
	Looked  bool
	Objects []Object
	// Passwords are all that there have been. They are shown nowhere: see [Result.Mask].
	Passwords []string
	// Logs is the folder with the full output, Page the report as HTML.
	Logs, Page string
}

// Passed tells whether all is as expected.
func (r *Result) Passed() bool {
	for _, e := range r.Expectations {
		if !e.Met {
			return false
		}
	}
	return len(r.Expectations) > 0 && !r.Interrupted
}

// Unchecked tells of the types that the rehearsal does not know well.
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

// Stack is one of the environment's stacks, as it was once it was deployed.
type Stack struct {
	Name      string
	Needs     []string
	Resources []Resource
	Outputs   []Output
}

// Resource is one that was made.
type Resource struct{ Type, Address, ID string }

// Thing is something in the cloud.
type Thing struct{ Type, Key string }

func (t Thing) String() string { return t.Type + " " + t.Key }

// Object is a state, with its number of resources, or the lock of one.
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

// Clean tells whether nobody misses the object.
func (o Object) Clean() bool { return !o.Lock && o.Resources == 0 }

// Output is one that is not sensitive.
type Output struct{ Name, Value string }

// NewOutput makes an output of its JSON: a text without quotes, all else on one line.
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

// Phase is one of the things done with the stacks: deploy, diff, destroy.
type Phase struct {
	Name  string // in one word
	Title string // in a few
	From  time.Time
	To    time.Time
	// Bars are the stacks, in the order they were begun.
	Bars []Bar
}

// Bar is one stack in one phase.
type Bar struct {
	Stack    string
	From, To time.Time
	Failed   bool
	// Did is what was done, such as "29 created".
	Did string
}

// Took is how long one stack took.
func (b Bar) Took() time.Duration { return b.To.Sub(b.From) }

// Took is how long all of it took.
func (p *Phase) Took() time.Duration { return p.To.Sub(p.From) }

// Phase returns the first phase of a name, or nil.
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

// Expectation is something that must be so.
type Expectation struct {
	Title string
	Met   bool
	// Found is in one sentence what was found.
	Found string
	// Details are what Terraform said, if it has failed, and Log the file with the rest.
	Details, Log string
}

// Disclaimer is said wherever a result is.
func (r *Result) Disclaimer() string {
	if r.RealCluster {
		return "This was a rehearsal: AWS was simulated, and no container ran. No AWS was involved."
	}
	return "This was a rehearsal: AWS, Kubernetes and Helm were simulated on this machine. No AWS was involved."
}
