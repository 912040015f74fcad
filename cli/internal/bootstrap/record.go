package bootstrap

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// recordName is a file with when commands that lock the state have run. It goes when all is
// done. Its own time tells until when the last one lived.
const recordName = "running.json"

// interval is one such time.
type interval struct{ From, Until time.Time }

func (r *run) readRecord() error {
	content, err := os.ReadFile(r.path(recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	info, err := os.Stat(r.path(recordName))
	if err != nil {
		return err
	}
	// One that cannot be read proves nothing.
	if json.Unmarshal(content, &r.begun) == nil && len(r.begun) > 0 {
		r.begun[len(r.begun)-1].Until = info.ModTime()
		r.earlier = len(r.begun)
	}
	return nil
}

func (r *run) begin() error {
	now := time.Now()
	r.begun = append(r.begun, interval{now, now})
	content, err := json.Marshal(r.begun)
	if err != nil {
		return err
	}
	return write(r.path(recordName), content)
}

// live notes that the command goes on.
func (r *run) live() {
	now := time.Now()
	r.begun[len(r.begun)-1].Until = now
	_ = os.Chtimes(r.path(recordName), now, now) // then less can be proved
}

// done forgets them: no lock is left.
func (r *run) done() error {
	r.begun, r.earlier = nil, 0
	return remove(r.path(recordName))
}

// within tells whether at a time a command of an earlier run was running. It was still, a moment
// after it was last noted.
func (r *run) within(t time.Time) bool {
	return slices.ContainsFunc(r.begun[:r.earlier], func(i interval) bool {
		return !t.Before(i.From) && t.Before(i.Until.Add(time.Second))
	})
}

// write replaces a file as a whole, so that none is left in the middle.
func write(file string, content []byte) error {
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// remove removes files, if they are there.
func remove(files ...string) error {
	var all error
	for _, file := range files {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}
