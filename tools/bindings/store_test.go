package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStoreKnowsDamage(t *testing.T) {
	pins := pins{"@cdktf/provider-helm": "12.1.2", "cdktf": "0.21.0"}
	packages := []string{"provider", "release"}
	put := func(t *testing.T) *store {
		t.Helper()
		s, err := openStore(filepath.Join(t.TempDir(), ".gen"), os.Stderr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.close)
		module := writeTree(t, map[string]string{"go.mod": "module x\n", "release/Release.go": "package release\n"})
		if err := s.put(testHelm, pins, packages, module, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := put(t); !s.holds(testHelm, pins, packages) {
		t.Error("what was put is not held")
	}
	for name, damage := range map[string]func(s *store) error{
		"file edited": func(s *store) error {
			return os.WriteFile(filepath.Join(s.dir, "helm/go.mod"), []byte("module y\n"), 0o644)
		},
		"file deleted": func(s *store) error { return os.Remove(filepath.Join(s.dir, "helm/release/Release.go")) },
		"file added":   func(s *store) error { return os.WriteFile(filepath.Join(s.dir, "helm/a.go"), nil, 0o644) },
		"file renamed": func(s *store) error {
			return os.Rename(filepath.Join(s.dir, "helm/go.mod"), filepath.Join(s.dir, "helm/a.mod"))
		},
		"module gone":   func(s *store) error { return os.RemoveAll(s.moduleDir(testHelm)) },
		"record gone":   func(s *store) error { return os.Remove(s.recordFile(testHelm)) },
		"record broken": func(s *store) error { return os.WriteFile(s.recordFile(testHelm), []byte("{"), 0o644) },
	} {
		t.Run(name, func(t *testing.T) {
			s := put(t)
			if err := damage(s); err != nil {
				t.Fatal(err)
			}
			if s.holds(testHelm, pins, packages) {
				t.Error("the damage is not noticed")
			}
		})
	}
	s := put(t)
	if s.holds(testHelm, pins, []string{"release"}) {
		t.Error("a package too many is not noticed")
	}
	if s.holds(testHelm, map[string]string{"@cdktf/provider-helm": "12.1.2", "cdktf": "0.22.0"}, packages) {
		t.Error("another version of cdktf is not noticed")
	}
}

func TestStoreIsOpenOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), ".gen")
	first, err := openStore(dir, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan string)
	go func() {
		var out bytes.Buffer
		second, err := openStore(dir, &out)
		if err != nil {
			t.Error(err)
		} else {
			second.close()
		}
		opened <- out.String()
	}()
	select {
	case <-opened:
		t.Fatal("opened twice at the same time")
	case <-time.After(200 * time.Millisecond):
	}
	first.close()
	if out := <-opened; out == "" {
		t.Error("the second did not say that it waited")
	}
}
