package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gofrs/flock"
	"golang.org/x/mod/sumdb/dirhash"
)

// store is the folder of generated modules: one folder a provider, and beside
// it a record of what is in it. Only one process has it open at a time.
type store struct {
	dir  string
	lock *flock.Flock
}

// record says what a generated module was made from, with the digest of its files.
// It is written after the module, so a module without a matching record is known
// to be broken.
type record struct {
	Pins      pins     `json:"pins"`      // of the npm packages
	Packages  []string `json:"packages"`  // Go packages, sorted
	Generator string   `json:"generator"` // digest of this program's source
	Digest    string   `json:"digest"`    // of the module's files, as in go.sum
}

// openStore waits until no other process has the store open. It prints a message
// to out before it waits.
func openStore(dir string, out io.Writer) (*store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s := &store{dir: dir, lock: flock.New(filepath.Join(dir, "lock"))}
	locked, err := s.lock.TryLock()
	if err == nil && !locked {
		fmt.Fprintf(out, "bindings: waiting for another run to finish with %s\n", dir)
		err = s.lock.Lock()
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", s.lock.Path(), err)
	}
	return s, nil
}

func (s *store) close() { s.lock.Close() }

func (s *store) moduleDir(p provider) string  { return filepath.Join(s.dir, p.name) }
func (s *store) recordFile(p provider) string { return filepath.Join(s.dir, p.name+".json") }
func (s *store) logFile() string              { return filepath.Join(s.dir, "jsii-pacmak.log") }

// holds reports whether the provider's module is complete, unchanged and has
// exactly these packages.
func (s *store) holds(p provider, pins pins, packages []string) bool {
	var r record
	if err := readJSON(s.recordFile(p), &r); err != nil {
		return false
	}
	if !maps.Equal(r.Pins, pins) || !slices.Equal(r.Packages, packages) || r.Generator != generatorDigest() {
		return false
	}
	digest, err := dirhash.HashDir(s.moduleDir(p), p.module(), dirhash.Hash1)
	return err == nil && digest == r.Digest
}

const tempPattern = "tmp-*"

// tidy removes leftovers of killed runs.
func (s *store) tidy() error {
	stale, err := filepath.Glob(filepath.Join(s.dir, tempPattern))
	if err != nil {
		return err
	}
	for _, dir := range stale {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// tempDir makes a folder on the store's own file system, so that a module made
// in it can be renamed into place. Its name is always new: a jsii-pacmak that
// outlives a killed run writes to a folder that nobody reads.
func (s *store) tempDir() (string, error) {
	if err := s.tidy(); err != nil {
		return "", err
	}
	return os.MkdirTemp(s.dir, tempPattern)
}

// put replaces the provider's module with the one in dir. It moves the old one to
// temp.
func (s *store) put(p provider, pins pins, packages []string, dir, temp string) error {
	digest, err := dirhash.HashDir(dir, p.module(), dirhash.Hash1)
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(record{
		Pins:      pins,
		Packages:  packages,
		Generator: generatorDigest(),
		Digest:    digest,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.Remove(s.recordFile(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(s.moduleDir(p), filepath.Join(temp, "old-"+p.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(dir, s.moduleDir(p)); err != nil {
		return err
	}
	written := filepath.Join(temp, p.name+".json")
	if err := os.WriteFile(written, append(content, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(written, s.recordFile(p))
}

//go:embed *.go
var source embed.FS

// generatorDigest identifies this program's source. When it changes, every module
// is generated again.
var generatorDigest = sync.OnceValue(func() string {
	digest := sha256.New()
	names, err := fs.Glob(source, "*.go")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			panic(err) // embedded files can be read
		}
		fmt.Fprintf(digest, "%s %d\n%s", name, len(content), content)
	}
	return hex.EncodeToString(digest.Sum(nil))
})
