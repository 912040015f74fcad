package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// report is everything that a full run has measured.
type report struct {
	machine machine
	bench   *bench

	size      string // the size of one synth
	sameness  string // how similar the JavaScript program's output is
	programs  []row
	many      []manyRow
	messages  messages
	judgement []target
}

// row is one program, measured with the repository's own environments.
type row struct {
	program     string
	first, warm *series // first is nil for a program without a cache of its own
}

// manyRow is the measurement for one number of environments.
type manyRow struct {
	environments int
	plinth, peer *series
}

// measureAll measures everything and checks that the JavaScript program is a fair peer.
func (b *bench) measureAll(runs int) (*report, error) {
	r := &report{machine: thisMachine(b), bench: b}
	if err := b.measurePrograms(r, runs); err != nil {
		return nil, err
	}
	// These runs are long and vary less.
	if err := b.measureEnvironments(r, (runs+1)/2); err != nil {
		return nil, err
	}
	var err error
	if r.messages, err = b.countMessages(); err != nil {
		return nil, err
	}
	r.judgement = r.targets()
	return r, nil
}

func (b *bench) measurePrograms(r *report, runs int) error {
	of := func(program string, cold bool) *series {
		return &series{project: b.root, program: program, cold: cold}
	}
	var first, warm []*series
	for _, program := range b.programs() {
		first, warm = append(first, of(program, true)), append(warm, of(program, false))
		r.programs = append(r.programs, row{program, first[len(first)-1], warm[len(warm)-1]})
	}
	// A first run of the published bindings takes long.
	if err := b.measureRounds((runs+1)/2, first...); err != nil {
		return err
	}
	if err := b.measureRounds(runs, warm...); err != nil {
		return err
	}
	if !b.small {
		whole := of(cli, false)
		r.programs = append(r.programs, row{program: cli, warm: whole})
		if err := b.measureRounds((runs+1)/2, whole); err != nil {
			return err
		}
	}

	plinth, err := readContents(b.output(b.root, slim))
	if err != nil {
		return err
	}
	other, err := readContents(b.output(b.root, peer))
	if err != nil {
		return err
	}
	differing, err := checkPeer(plinth, other)
	if err != nil {
		return err
	}
	r.size = fmt.Sprintf("%d stacks, %d resources, %d data sources", len(plinth.stacks), plinth.total("resource"), plinth.total("data"))
	r.sameness = "all other Terraform JSON is the same too"
	if len(differing) > 0 {
		r.sameness = "other Terraform JSON differs in " + strings.Join(differing, ", ")
	}
	return nil
}

func (b *bench) measureEnvironments(r *report, runs int) error {
	var all []*series
	for _, n := range b.environments() {
		project, err := b.newProject(n)
		if err != nil {
			return err
		}
		row := manyRow{n, &series{project: project, program: slim}, &series{project: project, program: peer}}
		r.many = append(r.many, row)
		all = append(all, row.plinth, row.peer)
	}
	return b.measureRounds(runs, all...)
}

// row returns the row of a program, or nil if it was not measured.
func (r *report) row(program string) *row {
	for i := range r.programs {
		if r.programs[i].program == program {
			return &r.programs[i]
		}
	}
	return nil
}

// perEnvironment is the time that each environment after the first adds to a program's run.
func (r *report) perEnvironment(of func(manyRow) *series) duration {
	few, most := r.many[0], r.many[len(r.many)-1]
	return (of(most).wall() - of(few).wall()) / duration(most.environments-few.environments)
}

func plinthOf(row manyRow) *series { return row.plinth }
func peerOf(row manyRow) *series   { return row.peer }

// print writes the report as Markdown and returns how many targets are missed.
func (r *report) print(w io.Writer) (missed int) {
	fmt.Fprintf(w, "%s, %s.\n\n", time.Now().Format("2 January 2006"), r.machine)
	fmt.Fprintf(w, "| %s | first run | warm | processor time | peak memory |\n|---|---|---|---|---|\n", r.size)
	for _, row := range r.programs {
		first := "–"
		if row.first != nil {
			first = row.first.wall().String()
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", row.program, first, row.warm.wall(), row.warm.processor(), row.memory())
	}
	fmt.Fprintf(w, "\n| environments | Plinth | peak memory | JavaScript | peak memory |\n|---|---|---|---|---|\n")
	for _, row := range r.many {
		fmt.Fprintf(w, "| %d | %s | %s | %s | %s |\n", row.environments,
			row.plinth.wall(), row.plinth.memory(), row.peer.wall(), row.peer.memory())
	}
	fmt.Fprintf(w, "| each further one | %.3f s | | %.3f s | |\n",
		r.perEnvironment(plinthOf).seconds(), r.perEnvironment(peerOf).seconds())
	fmt.Fprintf(w, explanation, r.sameness, r.messages, r.bench.slimBuild)
	if !r.bench.small {
		fmt.Fprintf(w, "Building it on the published bindings took %s.\n", r.bench.publishedBuild)
	}
	fmt.Fprintln(w)
	for _, target := range r.judgement {
		fmt.Fprintf(w, "- %s\n", target)
		if !target.met {
			missed++
		}
	}
	return missed
}

const explanation = `
Medians; the programs took turns. First run: jsii's package cache is empty (the JavaScript
program has none). Memory: the resident sets of all processes, added up every 5 ms. The
JavaScript program makes as many objects of every type in every stack, and
%s; the time in which it reads what to make is not counted.
Messages of jsii in one synth of Plinth: %s.
Building Plinth took %s, with what Go had cached.
`

// memory is the higher peak of first and warm runs.
func (r row) memory() bytesize {
	if r.first == nil {
		return r.warm.memory()
	}
	return max(r.first.memory(), r.warm.memory())
}
