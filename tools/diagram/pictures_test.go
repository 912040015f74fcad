package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPicturesAreCurrent(t *testing.T) {
	pictures, err := draw(t.Context(), repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pictures {
		if !p.upToDate() {
			t.Errorf("%s: run make diagram", p.staleness)
		}
	}
}

// The pictures are compared byte for byte, so only the input may change them.
func TestRunWritesTheSameEverywhere(t *testing.T) {
	var first map[string][]byte
	for range 2 {
		root := t.TempDir()
		copyGoldenFiles(t, root)
		write(t, filepath.Join(root, documentPath), "# A\n"+beginMarker+"\nold\n"+endMarker+"\nz\n")
		if err := run(root, t.Output()); err != nil {
			t.Fatal(err)
		}
		wrote := make(map[string][]byte)
		for _, path := range []string{svgPath, documentPath} {
			data, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				t.Fatal(err)
			}
			wrote[path] = data
			if bytes.Contains(data, []byte(root)) {
				t.Errorf("%s names the folder it was made in", path)
			}
			if first != nil && !bytes.Equal(first[path], data) {
				t.Errorf("%s differs between two runs", path)
			}
		}
		first = wrote

		pictures, err := draw(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pictures {
			if !p.upToDate() {
				t.Errorf("%s right after it was written", p.staleness)
			}
		}
	}
}

func TestDrawSaysWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, documentPath), "# A\n")
	_, err := draw(t.Context(), root)
	if want := "no *.tf.json there"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without golden files: error %v, want %q in it", err, want)
	}
	copyGoldenFiles(t, root)
	_, err = draw(t.Context(), root)
	if want := "docs/architecture.md: must contain " + beginMarker + " once, has it 0 times"; err == nil || err.Error() != want {
		t.Errorf("without markers: error %v, want %q", err, want)
	}
}

func copyGoldenFiles(t *testing.T, root string) {
	t.Helper()
	from := filepath.Join(repository, "wholeapp", "testdata", "golden")
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(from, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, "wholeapp", "testdata", "golden", entry.Name()), string(data))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
