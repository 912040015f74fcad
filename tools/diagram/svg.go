package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/goccy/go-graphviz"
)

// renderSVG lays a graph out and draws it. Graphviz is part of this program, compiled to
// WebAssembly, and measures text by its own tables. So neither an installed Graphviz nor
// installed fonts change the result.
func renderSVG(ctx context.Context, dot []byte) (svg []byte, err error) {
	engine, err := graphviz.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting Graphviz: %w", err)
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	graph, err := graphviz.ParseBytes(dot)
	if err != nil {
		return nil, fmt.Errorf("reading the graph: %w", err)
	}
	defer func() { err = errors.Join(err, graph.Close()) }()
	var b bytes.Buffer
	if err := engine.Render(ctx, graph, graphviz.SVG, &b); err != nil {
		return nil, fmt.Errorf("drawing the SVG: %w", err)
	}
	// Graphviz measures Helvetica, which few machines have: add the similar Arial.
	return bytes.ReplaceAll(b.Bytes(), []byte(`"Helvetica,sans-Serif"`), []byte(`"Helvetica,Arial,sans-serif"`)), nil
}
