package main

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// dot writes the diagram in Graphviz's language.
//
// Graphviz decides where everything goes, with two hints: invisible edges arrange the
// parts of a stack in a grid, and keep a stack below every stack it depends on.
func (d *diagram) dot() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `digraph architecture {
	graph [compound=true, newrank=false, rankdir=TB, ranksep=0.3, nodesep=0.16, pad=0.25,
		bgcolor=%q, fontname="Helvetica,Arial,sans-serif", fontsize=10, fontcolor=%q,
		labelloc=t, label=%s]
	node [shape=box, style="rounded,filled", fillcolor=%q, penwidth=1,
		margin="0.1,0.06", height=0.3, fontname="Helvetica,Arial,sans-serif", fontsize=9.5, fontcolor=%q]
	edge [fontname="Helvetica,Arial,sans-serif", fontsize=9, penwidth=1.3, arrowsize=0.65]
`, paperColor, faintColor, legend(d.environment), paperColor, inkColor)

	for _, s := range d.stacks {
		d.dotStack(&b, s)
	}
	for _, e := range d.edges {
		d.dotEdge(&b, e)
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func legend(environment string) string {
	return fmt.Sprintf(`<<table border="0" cellborder="0" cellspacing="0" cellpadding="2">`+
		`<tr><td><font point-size="14" color="%s"><b>Plinth: the stacks of %s</b></font></td></tr>`+
		`<tr><td>Numbers are the order of deployment. An arrow is what one stack reads of another&#39;s state,</td></tr>`+
		`<tr><td>in the color of the stack that gives it; a dashed one is order alone.</td></tr>`+
		`<tr><td height="4"></td></tr></table>>`, inkColor, html.EscapeString(environment))
}

func (d *diagram) dotStack(b *bytes.Buffer, s *stack) {
	c := d.paint(s)
	fmt.Fprintf(b, "\tsubgraph %q {\n", clusterName(s))
	fmt.Fprintf(b, "\t\tgraph [style=\"rounded,filled\", fillcolor=%q, color=%q, penwidth=1.4, margin=10, labeljust=l,\n", c.ground, c.line)
	fmt.Fprintf(b, "\t\t\tlabel=<<font point-size=\"13\" color=\"%s\"><b>%d&nbsp;&nbsp;%s</b></font>>]\n",
		c.text, s.layer+1, html.EscapeString(s.name))
	columns := d.columns(s)
	for i, p := range s.parts {
		fmt.Fprintf(b, "\t\t%q [color=%q, label=%s]\n", nodeName(s, p), c.line, partLabel(p, c, d.width(s)))
		if i >= columns {
			fmt.Fprintf(b, "\t\t%q -> %q [style=invis, weight=10]\n", nodeName(s, s.parts[i-columns]), nodeName(s, p))
		}
	}
	b.WriteString("\t}\n")
}

// columns is how many parts of s stand beside each other.
func (d *diagram) columns(s *stack) int {
	if d.beside(s) > 1 {
		return 2
	}
	return 3
}

// width is how many characters a line of a part of s may have.
func (d *diagram) width(s *stack) int {
	if len(s.parts) < d.columns(s) && d.beside(s) == 1 {
		return 60
	}
	return 26
}

func partLabel(p *part, c paint, width int) string {
	var b strings.Builder
	b.WriteString(`<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">`)
	fmt.Fprintf(&b, `<tr><td align="left"><font point-size="11" color="%s"><b>%s</b></font></td></tr>`, c.text, html.EscapeString(p.title))
	for _, line := range wrap(p.detail, width) {
		fmt.Fprintf(&b, `<tr><td align="left"><font color="%s">%s</font></td></tr>`, c.text, html.EscapeString(line))
	}
	for _, line := range wrap(p.summary(), width) {
		fmt.Fprintf(&b, `<tr><td align="left">%s</td></tr>`, html.EscapeString(line))
	}
	b.WriteString("</table>>")
	return b.String()
}

func (d *diagram) dotEdge(b *bytes.Buffer, e edge) {
	c := d.paint(e.from)
	tail, head := e.from.parts[len(e.from.parts)-1], e.to.parts[0]
	attributes := []string{fmt.Sprintf("color=%q, fontcolor=%q", c.line, c.text)}
	if e.giver != nil {
		tail = e.giver
	} else {
		attributes = append(attributes, fmt.Sprintf("ltail=%q", clusterName(e.from)))
	}
	if e.reader != nil {
		head = e.reader
	} else {
		attributes = append(attributes, fmt.Sprintf("lhead=%q", clusterName(e.to)))
	}
	if len(e.labels) == 0 {
		attributes = append(attributes, `style=dashed, label=" order only "`)
	} else {
		var lines []string
		for _, line := range wrap(e.labels, 24) {
			lines = append(lines, html.EscapeString(line)+`<br align="left"/>`)
		}
		attributes = append(attributes, "label=<"+strings.Join(lines, "")+">")
	}
	fmt.Fprintf(b, "\t%q -> %q [%s]\n", nodeName(e.from, tail), nodeName(e.to, head), strings.Join(attributes, ", "))

	bottom := e.from.parts[max(0, len(e.from.parts)-d.columns(e.from)):]
	top := e.to.parts[:min(len(e.to.parts), d.columns(e.to))]
	for _, above := range bottom {
		for _, below := range top {
			fmt.Fprintf(b, "\t%q -> %q [style=invis, weight=0]\n", nodeName(e.from, above), nodeName(e.to, below))
		}
	}
}

func clusterName(s *stack) string { return "cluster_" + s.name }

func nodeName(s *stack, p *part) string { return s.name + "/" + p.title }
