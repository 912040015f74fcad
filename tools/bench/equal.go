package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// checkEqual compares Plinth's output for all its environments with its output on the published AWS
// bindings, or on its own if b is small. The latter runs without synthesis/preload.cjs.
func (b *bench) checkEqual(w io.Writer) error {
	other := published
	if b.small {
		other = plain
	}
	for _, program := range []string{slim, other} {
		b.say("synthesizing: %s", program)
		if _, err := b.measure(b.root, program, b.warmCache()); err != nil {
			return err
		}
	}
	files, err := compareTrees(b.output(b.root, slim), b.output(b.root, other))
	if err != nil {
		return fmt.Errorf("%s: something else is synthesized:\n%w", other, err)
	}
	fmt.Fprintf(w, "Equal: %d files are the same, byte for byte. %s.\n", files, other)
	return nil
}

// compareTrees returns the number of files in two equal folders, or an error with each
// difference.
func compareTrees(one, other string) (int, error) {
	files, err := listFiles(one)
	if err != nil {
		return 0, err
	}
	others, err := listFiles(other)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("%s: no files", one)
	}
	var differences []error
	for _, name := range others {
		if !slices.Contains(files, name) {
			differences = append(differences, fmt.Errorf("%s: only in %s", name, other))
		}
	}
	for _, name := range files {
		if !slices.Contains(others, name) {
			differences = append(differences, fmt.Errorf("%s: only in %s", name, one))
		} else if err := compareFiles(name, filepath.Join(one, name), filepath.Join(other, name)); err != nil {
			differences = append(differences, err)
		}
	}
	return len(files), errors.Join(differences...)
}

// compareFiles returns an error with the first line that differs.
func compareFiles(name, one, other string) error {
	a, err := os.ReadFile(one)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(other)
	if err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		return nil
	}
	mine, theirs := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	line := 0
	for line < min(len(mine), len(theirs)) && bytes.Equal(mine[line], theirs[line]) {
		line++
	}
	return fmt.Errorf("%s:%d:\n\t- %s\n\t+ %s", name, line+1, lineOf(mine, line), lineOf(theirs, line))
}

func lineOf(lines [][]byte, n int) string {
	if n >= len(lines) {
		return "(end of file)"
	}
	return string(bytes.TrimSpace(lines[n]))
}

// listFiles returns the paths of all files below dir, relative to it.
func listFiles(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, name)
		return err
	})
	return files, err
}
