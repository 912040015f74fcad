// Command bench measures the time and memory of a synth: of Plinth's own program, of the same
// program on the published AWS bindings, and of a JavaScript CDKTF program that makes the same
// resources. It prints a Markdown table and which of Plinth's targets are met.
//
// First it compares the output of the first two byte for byte: faster bindings that synthesize
// something else would be worth nothing.
//
// It builds and writes in build/bench. The published bindings take 1 GB of memory and as much
// of Go's module and build caches.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"plinth/tools/internal/find"
)

func main() {
	var options options
	flag.BoolVar(&options.equal, "equal", false, "only compare the output of the two bindings")
	flag.BoolVar(&options.strict, "strict", false, "exit with 1 if a target is missed")
	flag.BoolVar(&options.small, "small", false, "leave out what takes minutes: the published bindings, and many environments")
	flag.IntVar(&options.runs, "runs", 5, "how often each program runs")
	flag.Parse()
	if flag.NArg() > 0 || options.runs < 1 {
		flag.Usage()
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, options); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	equal  bool
	strict bool
	small  bool
	runs   int
}

func run(ctx context.Context, options options) error {
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	b, err := newBench(ctx, root, filepath.Join(root, "build", "bench"), options.small)
	if err != nil {
		return err
	}
	b.progress = os.Stderr
	return b.run(os.Stdout, options)
}

// run measures everything and writes the report.
func (b *bench) run(w io.Writer, options options) error {
	if err := b.build(); err != nil {
		return err
	}
	if err := b.checkEqual(w); err != nil || options.equal {
		return err
	}
	report, err := b.measureAll(options.runs)
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	if missed := report.print(w); missed > 0 && options.strict {
		return fmt.Errorf("%d targets missed", missed)
	}
	return nil
}

// repositoryRoot returns the nearest folder, the working directory or one above it, that has
// cdktf.json.
func repositoryRoot() (string, error) {
	root, start, err := find.Above(".", "cdktf.json")
	if err == nil && root == "" {
		err = errors.New("no cdktf.json in " + start + " or a folder above it: run this in the repository")
	}
	return root, err
}
