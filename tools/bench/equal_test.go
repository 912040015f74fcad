package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompareTrees(t *testing.T) {
	one := map[string]string{"manifest.json": "{}", "stacks/a/cdk.tf.json": "{\n  \"a\": 1\n}"}
	for _, test := range []struct {
		name  string
		other map[string]string
		want  []string
	}{
		{"same", one, nil},
		{"content", map[string]string{"manifest.json": "{}", "stacks/a/cdk.tf.json": "{\n  \"a\": 2\n}"},
			[]string{"cdk.tf.json:2:", `- "a": 1`, `+ "a": 2`}},
		{"shorter", map[string]string{"manifest.json": "{}", "stacks/a/cdk.tf.json": "{\n  \"a\": 1"},
			[]string{"cdk.tf.json:3:", "(end of file)"}},
		{"missing", map[string]string{"manifest.json": "{}"}, []string{"cdk.tf.json: only in"}},
		{"more", map[string]string{"manifest.json": "{}", "stacks/a/cdk.tf.json": one["stacks/a/cdk.tf.json"], "b": ""},
			[]string{"b: only in"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n, err := compareTrees(writeTree(t, one), writeTree(t, test.other))
			if test.want == nil {
				if n != len(one) || err != nil {
					t.Fatalf("got %d files and %v, want %d and no error", n, err, len(one))
				}
				return
			}
			if err == nil {
				t.Fatal("no difference found")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
	if _, err := compareTrees(t.TempDir(), t.TempDir()); err == nil {
		t.Error("two empty trees pass for equal")
	}
}

func writeTree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
