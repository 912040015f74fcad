package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// mermaid writes the diagram in Mermaid's language.
//
// Arrows join whole stacks, because Mermaid arranges the parts of a stack in a grid only
// if no arrow touches them. linkStyle needs the numbers of links: they count from zero in the
// order of writing, including the invisible links that make the grid.
func (d *diagram) mermaid() []byte {
	var b, styles bytes.Buffer
	links := 0
	b.WriteString("flowchart TB\n")
	for _, s := range d.stacks {
		links += d.mermaidStack(&b, s)
	}
	for _, e := range d.edges {
		arrow := `-. "order only" .->`
		if len(e.gifts) > 0 {
			arrow = fmt.Sprintf(`-- "%s" -->`, mermaidGifts(e.gifts))
		}
		fmt.Fprintf(&b, "  %s %s %s\n", stackID(e.from), arrow, stackID(e.to))
		fmt.Fprintf(&styles, "  linkStyle %d stroke:%s,stroke-width:2px\n", links, d.paint(e.from).line)
		links++
	}
	for _, s := range d.stacks {
		c := d.paint(s)
		fmt.Fprintf(&styles, "  style %s fill:%s,stroke:%s,color:%s\n", stackID(s), c.ground, c.line, c.text)
		fmt.Fprintf(&styles, "  classDef in_%s fill:%s,stroke:%s,color:%s\n", stackID(s), paperColor, c.line, inkColor)
		var ids []string
		for _, p := range s.parts {
			ids = append(ids, partID(s, p))
		}
		fmt.Fprintf(&styles, "  class %s in_%s\n", strings.Join(ids, ","), stackID(s))
	}
	b.Write(styles.Bytes())
	return b.Bytes()
}

// mermaidStack writes s with its parts and returns how many links it wrote.
func (d *diagram) mermaidStack(b *bytes.Buffer, s *stack) (links int) {
	fmt.Fprintf(b, "  subgraph %s[\"<b>%d · %s</b>\"]\n    direction LR\n", stackID(s), s.layer+1, mermaidText(s.name))
	for _, p := range s.parts {
		lines := []string{"<b>" + mermaidText(p.title) + "</b>"}
		for _, line := range append(wrap(p.detail, partWidth), wrap(p.summary(), partWidth)...) {
			lines = append(lines, mermaidText(line))
		}
		fmt.Fprintf(b, "    %s(\"%s\")\n", partID(s, p), strings.Join(lines, "<br/>"))
	}
	for row := range slices.Chunk(s.parts, columns) {
		for i := range row[1:] {
			fmt.Fprintf(b, "    %s ~~~ %s\n", partID(s, row[i]), partID(s, row[i+1]))
			links++
		}
	}
	b.WriteString("  end\n")
	return links
}

func mermaidGifts(gifts []gift) string {
	var lines []string
	for _, g := range gifts {
		for _, line := range g.title() {
			lines = append(lines, "<b>"+mermaidText(line)+"</b>")
		}
		for _, line := range wrap(g.label(), labelWidth) {
			lines = append(lines, mermaidText(line))
		}
	}
	return strings.Join(lines, "<br/>")
}

var notInID = regexp.MustCompile(`\W+`)

// stackID is an id that is never one of Mermaid's keywords, such as end.
func stackID(s *stack) string { return "stack_" + notInID.ReplaceAllString(s.name, "_") }

func partID(s *stack, p *part) string {
	return notInID.ReplaceAllString(s.name+"__"+p.title, "_")
}

var mermaidEscapes = strings.NewReplacer(`#`, `#35;`, `"`, `#quot;`, `<`, `#lt;`, `>`, `#gt;`)

// mermaidText escapes characters that would end a quoted text, or begin a tag, for Mermaid.
func mermaidText(text string) string { return mermaidEscapes.Replace(text) }
