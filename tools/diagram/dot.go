package main

import (
	"bytes"
	"fmt"
	"html"
	"slices"
	"strings"
)

const (
	columns    = 2  // parts beside each other in a stack
	partWidth  = 26 // characters in a line of a part
	labelWidth = 24 // characters in a line of an arrow's label
)

// dot writes the diagram in Graphviz's language.
//
// A stack is one node, a table with its parts, not a cluster of nodes: Graphviz then has only a
// handful of boxes to place, and the parts stay in their grid.
func (d *diagram) dot() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `digraph architecture {
	graph [rankdir=TB, ranksep=0.35, nodesep=0.2, pad=0.2, bgcolor=%q,
		fontname=Helvetica, fontsize=9.5, fontcolor=%q, labelloc=t, label=<%s>]
	node [shape=plain, fontname=Helvetica, fontsize=9.5, fontcolor=%q]
	edge [fontname=Helvetica, fontsize=9, penwidth=1.5, arrowsize=0.7]
`, paperColor, faintColor, d.dotLegend(), inkColor)
	for _, s := range d.stacks {
		fmt.Fprintf(&b, "\t%q [label=<%s>]\n", s.name, d.dotStack(s))
		for _, other := range d.stacks {
			if other != s && other.layer == s.layer {
				fmt.Fprintf(&b, "\t{rank=same; %q; %q}\n", s.name, other.name)
			}
		}
	}
	for _, e := range d.edges {
		c := d.paint(e.from)
		style, label := "solid", dotGifts(e.gifts)
		if len(e.gifts) == 0 {
			style, label = "dashed", "&nbsp;&nbsp;order only"
		}
		fmt.Fprintf(&b, "\t%q -> %q [color=%q, fontcolor=%q, style=%s, label=<%s>]\n",
			e.from.name, e.to.name, c.line, c.text, style, label)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func (d *diagram) dotLegend() string {
	lines := []string{
		font(14, inkColor, "<b>Plinth: the stacks of "+html.EscapeString(d.environment)+"</b>"),
		"Numbers are the order of deployment that the arrows impose. An arrow is what one stack reads from",
		"another’s state, in the colour of the stack that gives it.",
	}
	if slices.ContainsFunc(d.edges, func(e edge) bool { return len(e.gifts) == 0 }) {
		lines[2] += " A dashed one is order alone."
	}
	return table(`border="0" cellspacing="0" cellpadding="2"`, `<tr><td>`+strings.Join(lines, `</td></tr><tr><td>`)+`</td></tr><tr><td height="6"></td></tr>`)
}

func (d *diagram) dotStack(s *stack) string {
	c := d.paint(s)
	var rows strings.Builder
	fmt.Fprintf(&rows, `<tr><td colspan="%d" align="left">%s</td></tr>`, columns,
		font(13, c.text, fmt.Sprintf("<b>%d&nbsp;&nbsp;%s</b>", s.layer+1, html.EscapeString(s.name))))
	for row := range slices.Chunk(s.parts, columns) {
		rows.WriteString("<tr>")
		for _, p := range row {
			fmt.Fprintf(&rows, `<td colspan="%d">%s</td>`, columns/len(row), dotPart(p, c, d.width(s)))
		}
		rows.WriteString("</tr>")
	}
	return table(fmt.Sprintf(`border="1" style="rounded" color="%s" bgcolor="%s" cellspacing="6"`, c.line, c.ground), rows.String())
}

func dotPart(p *part, c paint, width int) string {
	var text strings.Builder
	left := func(line string) { text.WriteString(line + `<br align="left"/>`) }
	left(font(10.5, c.text, "<b>"+html.EscapeString(p.title)+"</b>"))
	for _, line := range wrap(p.detail, width) {
		left(font(9.5, c.text, html.EscapeString(line)))
	}
	for _, line := range wrap(p.summary(), width) {
		left(html.EscapeString(line))
	}
	return table(fmt.Sprintf(`border="1" style="rounded" color="%s" bgcolor="%s" cellspacing="0" cellpadding="6"`, c.line, paperColor),
		`<tr><td align="left" valign="top" balign="left">`+text.String()+`</td></tr>`)
}

func dotGifts(gifts []gift) string {
	var rows strings.Builder
	for _, g := range gifts {
		rows.WriteString(`<tr><td align="left" balign="left">`)
		for _, line := range g.title() {
			rows.WriteString("<b>" + html.EscapeString(line) + `</b><br align="left"/>`)
		}
		for _, line := range wrap(g.label(), labelWidth) {
			rows.WriteString(html.EscapeString(line) + `<br align="left"/>`)
		}
		rows.WriteString(`</td></tr>`)
	}
	return table(`border="0" cellspacing="2" cellpadding="2"`, rows.String())
}

// width is the maximum number of characters in a line of a part of s.
func (d *diagram) width(s *stack) int {
	if d.beside(s) == 1 && len(s.parts) <= columns {
		return 2 * partWidth
	}
	return partWidth
}

func table(attributes, rows string) string {
	return `<table cellborder="0" ` + attributes + `>` + rows + `</table>`
}

func font(size float64, ink, text string) string {
	return fmt.Sprintf(`<font point-size="%g" color="%s">%s</font>`, size, ink, text)
}
