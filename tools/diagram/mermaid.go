package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// mermaid writes the diagram in Mermaid's language.
func (d *diagram) mermaid() []byte {
	var b bytes.Buffer
	b.WriteString("flowchart TB\n")
	for _, s := range d.stacks {
		fmt.Fprintf(&b, "  subgraph %s[\"%d · %s\"]\n", stackID(s), s.layer+1, mermaidText(s.name))
		for _, p := range s.parts {
			lines := append([]string{"<b>" + mermaidText(p.title) + "</b>"}, mermaidLines(p.detail, 30)...)
			lines = append(lines, mermaidLines(p.summary(), 30)...)
			fmt.Fprintf(&b, "    %s[\"%s\"]\n", partID(s, p), strings.Join(lines, "<br/>"))
		}
		b.WriteString("  end\n")
	}
	for _, e := range d.edges {
		from, to := stackID(e.from), stackID(e.to)
		if e.giver != nil {
			from = partID(e.from, e.giver)
		}
		if e.reader != nil {
			to = partID(e.to, e.reader)
		}
		if len(e.labels) == 0 {
			fmt.Fprintf(&b, "  %s -. \"order only\" .-> %s\n", from, to)
			continue
		}
		fmt.Fprintf(&b, "  %s -- \"%s\" --> %s\n", from, strings.Join(mermaidLines(e.labels, 24), "<br/>"), to)
	}
	for _, s := range d.stacks {
		c := d.paint(s)
		fmt.Fprintf(&b, "  style %s fill:%s,stroke:%s,color:%s\n", stackID(s), c.ground, c.line, c.text)
	}
	fmt.Fprintf(&b, "  classDef part fill:%s,stroke:%s,color:%s\n", paperColor, faintColor, inkColor)
	for _, s := range d.stacks {
		var ids []string
		for _, p := range s.parts {
			ids = append(ids, partID(s, p))
		}
		fmt.Fprintf(&b, "  class %s part\n", strings.Join(ids, ","))
	}
	return b.Bytes()
}

var notInID = regexp.MustCompile(`\W+`)

// stackID never is a word of Mermaid's own, such as end.
func stackID(s *stack) string { return "stack_" + notInID.ReplaceAllString(s.name, "_") }

func partID(s *stack, p *part) string {
	return notInID.ReplaceAllString(s.name+"__"+p.title, "_")
}

func mermaidLines(items []string, width int) []string {
	lines := wrap(items, width)
	for i, line := range lines {
		lines[i] = mermaidText(line)
	}
	return lines
}

// mermaidText writes what would end a quoted text, or begin a tag, as Mermaid's entities.
var mermaidEscapes = strings.NewReplacer(`#`, `#35;`, `"`, `#quot;`, `<`, `#lt;`, `>`, `#gt;`)

func mermaidText(text string) string { return mermaidEscapes.Replace(text) }
