package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/goccy/go-graphviz"
)

// renderSVG lays a graph out and draws it. Graphviz is compiled to WebAssembly and part
// of this program, and measures text by its own tables: neither a Graphviz nor the fonts
// of the machine have a say in the result.
func renderSVG(ctx context.Context, dot []byte) ([]byte, error) {
	engine, err := graphviz.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting Graphviz: %w", err)
	}
	defer engine.Close()
	graph, err := graphviz.ParseBytes(dot)
	if err != nil {
		return nil, fmt.Errorf("reading the graph: %w", err)
	}
	defer graph.Close()
	var svg bytes.Buffer
	if err := engine.Render(ctx, graph, graphviz.SVG, &svg); err != nil {
		return nil, fmt.Errorf("drawing the SVG: %w", err)
	}
	// Graphviz measures Helvetica, which few machines have: name its twin as well.
	return bytes.ReplaceAll(svg.Bytes(), []byte(`"Helvetica,sans-Serif"`), []byte(`"Helvetica,Arial,sans-serif"`)), nil
}
