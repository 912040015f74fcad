package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Table writes a summary for the terminal: durations, order, leftovers and unchecked types.
func (r *Result) Table(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "stack\tresources\tdeploy\tdiff\tdestroy\t")
	resources := 0
	for _, s := range r.Stacks {
		resources += len(s.Resources)
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t\n", s.Name, len(s.Resources),
			r.took("deploy", s.Name), r.took("diff", s.Name), r.took("destroy", s.Name))
	}
	fmt.Fprintf(table, "all\t%d\t%s\t%s\t%s\t\n", resources, r.tookAll("deploy"), r.tookAll("diff"), r.tookAll("destroy"))
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out, "stack: from when its turn came to its end; the progress above begins with its plan")
	fmt.Fprintln(out, "all: from the start of cdktf to its end; stacks that do not need each other go on side by side")
	for _, name := range []string{"deploy", "destroy"} {
		if p := r.Phase(name); p != nil && len(p.Bars) > 0 {
			fmt.Fprintf(out, "\n%-12s%s", name+":", strings.Join(order(p), " → "))
		}
	}
	fmt.Fprintln(out)
	if r.Looked {
		fmt.Fprintf(out, "%-12s%s\n%-12s%s\n", "left:", r.left(), "bucket:", r.bucket())
		if len(r.Bootstrap) > 0 {
			fmt.Fprintf(out, "%-12s%s\n", "stays:", wrapped("the bootstrap stack: "+Types(r.Bootstrap)))
		}
	}
	heading := "unchecked:"
	for _, line := range r.Unchecked() {
		fmt.Fprintf(out, "%-12s%s\n", heading, line)
		heading = ""
	}
	return nil
}

// wrapped breaks a list at its commas, for a terminal of 100 columns with the heading at the left.
func wrapped(list string) string {
	const columns, indent = 88, 12
	var text strings.Builder
	column := 0
	for i, item := range strings.Split(list, ", ") {
		if i > 0 {
			text.WriteString(",")
			if column += 2; column+len(item) > columns {
				text.WriteString("\n" + strings.Repeat(" ", indent))
				column = 0
			} else {
				text.WriteString(" ")
			}
		}
		text.WriteString(item)
		column += len(item)
	}
	return text.String()
}

// took formats how long a stack took, in seconds.
func (r *Result) took(phase, stack string) string {
	bar := r.Phase(phase).Bar(stack)
	if bar == nil {
		return "–"
	}
	if bar.Failed {
		return "failed"
	}
	return seconds(bar.Took())
}

func (r *Result) tookAll(phase string) string {
	if p := r.Phase(phase); p != nil {
		return seconds(p.Took())
	}
	return "–"
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// order lists the stacks of a phase as they began; " + " joins those that ran at the same time.
func order(p *Phase) []string {
	var steps []string
	var until time.Time
	for _, bar := range p.Bars {
		name := bar.Stack[strings.IndexByte(bar.Stack, '-')+1:]
		if len(steps) > 0 && bar.From.Before(until) {
			steps[len(steps)-1] += " + " + name
		} else {
			steps = append(steps, name)
		}
		if bar.To.After(until) {
			until = bar.To
		}
	}
	return steps
}

func (r *Result) left() string {
	text := "no resources in the cloud"
	if len(r.Left) > 0 {
		text = Join(r.Left)
	}
	if len(r.Kept) > 0 {
		text += ", except what AWS deletes after some days: " + Types(r.Kept)
	}
	return text
}

// Types counts things by type, as in 3 × aws_kms_key.
func Types(things []Thing) string {
	counts := map[string]int{}
	for _, thing := range things {
		counts[thing.Type]++
	}
	var all []string
	for _, t := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d × %s", counts[t], t))
	}
	return strings.Join(all, ", ")
}

func (r *Result) bucket() string {
	unclean := slices.DeleteFunc(slices.Clone(r.Objects), Object.Clean)
	switch {
	case len(r.Objects) == 0:
		return "empty"
	case len(unclean) > 0:
		return Join(unclean)
	}
	return fmt.Sprintf("%d states without resources", len(r.Objects))
}

// Join joins the texts of items with "; ".
func Join[T fmt.Stringer](items []T) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.String()
	}
	return strings.Join(texts, "; ")
}
