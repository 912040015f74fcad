package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Upgrade is what deploying this version does to an environment that another version has deployed.
type Upgrade struct {
	// From is that version, as it was named.
	Env, From string
	// Stacks are in the order of their deployment, the bootstrap stack first.
	Stacks []*Upgraded
}

// Upgraded is what the deployment does to one stack. ./plinth impact prints most of it.
type Upgraded struct {
	Stack   string   `json:"stack"`
	Changes []Change `json:"changes"`
	// Sentences: what ./plinth deploy would refuse, outages and losses, and those of both that lose data.
	Refused []string `json:"refused"`
	Costs   []string `json:"costs"`
	Lost    []string `json:"lost"`
	// Failed is Terraform's message if the stack could not be deployed.
	Failed string `json:"-"`
	// Left is set for a stack that was not tried, since one that it needs failed or is refused.
	Left bool `json:"-"`
	// Stays is set for a stack of the other version alone, which stays deployed.
	Stays bool `json:"-"`
}

// Change is an action on one resource: add, change, replace, destroy, forget, import or move.
type Change struct {
	Action  string `json:"action"`
	Address string `json:"address"`
}

// Type is the resource's type.
func (c Change) Type() string {
	parts := strings.Split(c.Address, ".")
	if len(parts) > 3 && parts[0] == "module" {
		parts = parts[2:]
	}
	return parts[0]
}

// actions are the columns of the tables.
var actions = []string{"change", "replace", "destroy", "add"}

func (u *Upgraded) count(action string) int {
	n := 0
	for _, c := range u.Changes {
		if c.Action == action {
			n++
		}
	}
	return n
}

func (u *Upgraded) cells() []string {
	cells := []string{u.Stack}
	for _, action := range actions {
		n := u.count(action)
		cells = append(cells, cmp.Or(strings.TrimPrefix(fmt.Sprint(n), "0"), "–"))
	}
	return append(cells, u.verdict())
}

func (u *Upgraded) verdict() string {
	switch {
	case len(u.Lost) > 0:
		return "loses data"
	case len(u.Refused) > 0: // whatever became of it, since it is never applied
		return "refused"
	case u.Failed != "":
		return "fails"
	case u.Left:
		return "not tried"
	case u.Stays:
		return "stays"
	case len(u.Changes) == 0:
		return "no changes"
	}
	return "deploys"
}

// bad reports whether the stack keeps the upgrade from passing.
func (u *Upgraded) bad() bool {
	return u.Failed != "" || u.Left || len(u.Lost)+len(u.Refused) > 0
}

// Passed reports whether every stack deploys, and none loses data.
func (u *Upgrade) Passed() bool {
	return len(u.Stacks) > 0 && !slices.ContainsFunc(u.Stacks, func(s *Upgraded) bool { return s.bad() })
}

// Verdict is a sentence about all stacks of this version, and one about those that stay.
func (u *Upgrade) Verdict() string {
	count := func(is func(*Upgraded) bool) (n int) {
		for _, s := range u.Stacks {
			if is(s) {
				n++
			}
		}
		return n
	}
	failed := count(func(s *Upgraded) bool { return s.Failed != "" && len(s.Refused) == 0 })
	lost := count(func(s *Upgraded) bool { return len(s.Lost) > 0 })
	refused := count(func(s *Upgraded) bool { return len(s.Refused) > 0 })
	changed := count(func(s *Upgraded) bool { return len(s.Changes) > 0 })
	stay := count(func(s *Upgraded) bool { return s.Stays })
	var sentences []string
	switch {
	case failed > 0:
		sentences = append(sentences, counted(failed)+" could not be deployed.")
	case lost > 0:
		sentences = append(sentences, counted(lost)+" would lose data.")
	case refused > 0:
		sentences = append(sentences, "./plinth deploy would refuse "+counted(refused)+".")
	case changed > 0:
		sentences = append(sentences, counted(changed)+" would change; no resource that holds data is replaced or destroyed.")
	case stay == 0:
		return "Nothing changes."
	}
	switch {
	case stay == 1:
		sentences = append(sentences, "1 stack stays deployed that is not in this version.")
	case stay > 1:
		sentences = append(sentences, counted(stay)+" stay deployed that are not in this version.")
	}
	return strings.Join(sentences, " ")
}

func counted(stacks int) string {
	if stacks == 1 {
		return "1 stack"
	}
	return fmt.Sprintf("%d stacks", stacks)
}

// Table writes the report for the terminal: each action, what it costs, and a table at the end.
func (u *Upgrade) Table(out io.Writer) error {
	for _, s := range u.Stacks {
		if len(s.Changes) == 0 && s.Failed == "" && len(s.Costs) == 0 && !s.Stays {
			continue
		}
		fmt.Fprintf(out, "%s\n", s.Stack)
		for _, c := range s.Changes {
			fmt.Fprintf(out, "  %-8s %s\n", c.Action, c.Address)
		}
		for _, part := range s.sentences() {
			for _, sentence := range part.sentences {
				fmt.Fprintf(out, "  %s: %s\n", part.heading, sentence)
			}
		}
		if s.Failed != "" && len(s.Refused) == 0 {
			fmt.Fprintf(out, "  Failed: %s\n", strings.ReplaceAll(s.Failed, "\n", "\n    "))
		}
		fmt.Fprintln(out)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "stack\t"+strings.Join(actions, "\t")+"\t")
	for _, s := range u.Stacks {
		fmt.Fprintln(table, strings.Join(s.cells(), "\t"))
	}
	return table.Flush()
}

type part struct {
	heading   string
	sentences []string
}

// sentences are what is lost, refused, and what it costs, each once, and what stays.
func (u *Upgraded) sentences() []part {
	without := func(all []string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(u.Lost, s) })
	}
	parts := []part{{"Loses data", u.Lost}, {"Refused", without(u.Refused)}, {"Costs", without(u.Costs)}}
	if u.Stays {
		parts = append(parts, part{"Stays", []string{"It is not in this version. Destroy it with the old one."}})
	}
	return parts
}

// mostShown is how many changes of a stack the Markdown lists.
const mostShown = 100

// Markdown returns the report for a merge request: the table, what is lost, and what is replaced or
// destroyed. The other changes are folded.
func (u *Upgrade) Markdown() string {
	var text strings.Builder
	text.WriteString(heading(u.Env, u.From) + u.Verdict() + "\n\n")
	row := func(cells ...string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	row(append([]string{"stack"}, append(slices.Clone(actions), "")...)...)
	row(slices.Repeat([]string{"---"}, len(actions)+2)...)
	for _, s := range u.Stacks {
		cells := s.cells()
		if verdict := &cells[len(cells)-1]; s.bad() {
			*verdict = "**" + *verdict + "**"
		}
		cells[0] = plain(cells[0])
		row(cells...)
	}
	for _, s := range u.Stacks {
		for _, part := range s.sentences() {
			for _, sentence := range part.sentences {
				fmt.Fprintf(&text, "\n- **%s**, %s: %s", part.heading, plain(s.Stack), plain(sentence))
			}
		}
		if s.Failed != "" && len(s.Refused) == 0 {
			fmt.Fprintf(&text, "\n- **Fails**, %s: %s", plain(s.Stack), plain(s.Failed))
		}
	}
	if !strings.HasSuffix(text.String(), "|\n") {
		text.WriteString("\n")
	}
	u.list(&text, "", "destroy", "replace", "forget")
	u.list(&text, "Changed in place and added", "change", "add", "import", "move")
	return text.String()
}

func heading(env, from string) string {
	return fmt.Sprintf("#### %s, deployed from %s\n\n", plain(env), plain(from))
}

// NoUpgrade returns the report of a version that could not be rehearsed.
func NoUpgrade(env, from string, err error) string {
	return heading(env, from) + "**Not rehearsed**: " + plain(err.Error()) + "\n"
}

// list writes a table of some actions, folded if it has a summary.
func (u *Upgrade) list(text *strings.Builder, summary string, wanted ...string) {
	var rows strings.Builder
	for _, s := range u.Stacks {
		shown := 0
		for _, c := range s.Changes {
			if !slices.Contains(wanted, c.Action) {
				continue
			}
			if shown++; shown <= mostShown {
				fmt.Fprintf(&rows, "| %s | %s | `%s` | `%s` |\n", plain(s.Stack), c.Action, plain(c.Type()), plain(c.Address))
			}
		}
		if more := shown - mostShown; more > 0 {
			fmt.Fprintf(&rows, "| %s | … | | %d more |\n", plain(s.Stack), more)
		}
	}
	if rows.Len() == 0 {
		return
	}
	table := "| stack | action | type | resource |\n|---|---|---|---|\n" + rows.String()
	if summary != "" {
		table = "<details><summary>" + summary + "</summary>\n\n" + table + "\n</details>\n"
	}
	text.WriteString("\n" + table)
}

// plain returns text on one line, without characters that mean something to Markdown or to GitLab's quick
// actions. Module cli has the same: markdown.Plain.
func plain(text string) string {
	return strings.NewReplacer("`", "'", "|", "¦", "<", "‹", ">", "›", "@", "@\u200b").Replace(strings.Join(strings.Fields(text), " "))
}
