// Command diagram draws Plinth from its stacks: docs/architecture.svg, laid out by
// Graphviz, and the same picture as a Mermaid block inside docs/architecture.md.
//
// It reads the golden files of one environment, which are the output of `cdktf synth`, so the
// pictures show what is deployed. Graphviz runs inside this program, so every machine draws the
// same bytes and a test can detect stale pictures.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// repository is this repository's root, relative to this program's folder, in which both
// `go run -C tools/diagram .` and `go test` run.
const repository = "../.."

func main() {
	root := flag.String("repository", repository, "the repository's root")
	flag.Parse()
	if err := run(*root, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "diagram: %v\n", err)
		os.Exit(1)
	}
}

// run updates the pictures of the repository at root, and prints which ones it has written.
func run(root string, stdout io.Writer) error {
	pictures, err := draw(context.Background(), root)
	if err != nil {
		return err
	}
	for _, p := range pictures {
		if p.upToDate() {
			continue
		}
		path := filepath.Join(root, p.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, p.want, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "diagram: wrote %s\n", p.path)
	}
	return nil
}
