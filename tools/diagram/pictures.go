package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	svgPath      = "docs/architecture.svg"
	documentPath = "docs/architecture.md"
)

// A picture is one file that shows the architecture: its current and its wanted content.
type picture struct {
	path      string // relative to the repository's root, with slashes
	have      []byte // nil when the file does not exist
	want      []byte
	staleness string // the message when the two differ
}

func (p picture) upToDate() bool { return p.have != nil && bytes.Equal(p.have, p.want) }

// draw returns both pictures of the repository at root and writes nothing.
func draw(ctx context.Context, root string) ([]picture, error) {
	folder := filepath.Join(root, "wholeapp", "testdata", "golden")
	environment, err := fullest(folder)
	if err != nil {
		return nil, err
	}
	files, err := readEnvironment(folder, environment)
	if err != nil {
		return nil, err
	}
	d, err := newDiagram(environment, files)
	if err != nil {
		return nil, err
	}

	svg := picture{path: svgPath, staleness: svgPath + " is stale"}
	svg.have, err = os.ReadFile(filepath.Join(root, svgPath))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if svg.want, err = renderSVG(ctx, d.dot()); err != nil {
		return nil, err
	}

	document := picture{path: documentPath, staleness: "the Mermaid diagram in " + documentPath + " is stale"}
	document.have, err = os.ReadFile(filepath.Join(root, documentPath))
	if err != nil {
		return nil, err
	}
	if document.want, err = replaceBlock(document.have, d.mermaid()); err != nil {
		return nil, fmt.Errorf("%s: %w", documentPath, err)
	}
	return []picture{svg, document}, nil
}
