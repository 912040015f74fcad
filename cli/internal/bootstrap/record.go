package bootstrap

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// recordName is the file with the times at which commands that lock the state ran. It is removed at
// the end. Its modification time is the last time at which the last command was known to run.
const recordName = "running.json"

// interval is when one command ran.
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
	// A record that cannot be decoded proves nothing.
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

// live records that the command is still running.
func (r *run) live() {
	now := time.Now()
	r.begun[len(r.begun)-1].Until = now
	_ = os.Chtimes(r.path(recordName), now, now) // on failure the record proves less
}

// done removes the record: no lock is left.
func (r *run) done() error {
	r.begun, r.earlier = nil, 0
	return remove(r.path(recordName))
}

// within reports whether a command of an earlier run was running at t. It allows one second after the
// last time recorded.
func (r *run) within(t time.Time) bool {
	return slices.ContainsFunc(r.begun[:r.earlier], func(i interval) bool {
		return !t.Before(i.From) && t.Before(i.Until.Add(time.Second))
	})
}

// write replaces a file atomically.
func write(file string, content []byte) error {
	if err := os.WriteFile(file+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// remove removes the files that exist.
func remove(files ...string) error {
	var all error
	for _, file := range files {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}
