package bootstrap

import (
	"errors"
	"os"
	"testing"
	"time"

	"plinth/cli/internal/terraform"
)

const refusedLock = `
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error
StatusCode: 412, api error PreconditionFailed
Lock Info:
  ID:        6d3d0d84-8d4e-0d2f-6b0e-0a5c1d8f7a11
  Path:      states/dev/bootstrap.tfstate
  Operation: OperationTypeApply
  Who:       %WHO
  Version:   1.11.4
  Created:   2026-11-25 18:06:39.1 +0000 UTC
  Info:      

Terraform acquires a state lock to protect the state from being written
`

func TestLockIn(t *testing.T) {
	lock := lockIn(terraform.Explain(refusedLock, errors.New("exit status 1")))
	if lock == nil || *lock != (heldLock{"6d3d0d84-8d4e-0d2f-6b0e-0a5c1d8f7a11", "%WHO", "OperationTypeApply", "2026-11-25 18:06:39.1 +0000 UTC"}) {
		t.Error(lock)
	}
	if lock := lockIn(terraform.Explain("Error: Other\n", errors.New("exit status 1"))); lock != nil {
		t.Error(lock)
	}
}

func TestOurs(t *testing.T) {
	created := time.Date(2026, 11, 25, 18, 6, 39, 1e8, time.UTC)
	before := interval{created.Add(-time.Second), created.Add(time.Second)}
	for name, test := range map[string]struct {
		who     string
		begun   []interval
		earlier int
		want    bool
	}{
		"of a killed run":          {whoami(), []interval{before}, 1, true},
		"of somebody else":         {"somebody@somewhere", []interval{before}, 1, false},
		"of another clone, before": {whoami(), []interval{{created.Add(time.Millisecond), created.Add(time.Hour)}}, 1, false},
		"of another clone, after":  {whoami(), []interval{{created.Add(-time.Hour), created.Add(-2 * time.Second)}}, 1, false},
		"while this run waits":     {whoami(), []interval{before}, 0, false},
		"nothing is recorded":      {whoami(), nil, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &run{begun: test.begun, earlier: test.earlier}
			lock := &heldLock{id: "i", who: test.who, created: "2026-11-25 18:06:39.1 +0000 UTC"}
			if got := r.ours(lock); got != test.want {
				t.Error(got)
			}
			if lock.id = ""; r.ours(lock) {
				t.Error("a lock without an id")
			}
		})
	}
}

// TestRecord reads the record that a killed run has written.
func TestRecord(t *testing.T) {
	folder := t.TempDir()
	killed := &run{folder: folder}
	if err := killed.begin(); err != nil {
		t.Fatal(err)
	}
	last := time.Now().Add(time.Minute)
	if err := os.Chtimes(killed.path(recordName), last, last); err != nil {
		t.Fatal(err)
	}
	next := &run{folder: folder}
	if err := next.readRecord(); err != nil {
		t.Fatal(err)
	}
	if !next.within(last) || next.within(last.Add(time.Minute)) || next.within(killed.begun[0].From.Add(-time.Millisecond)) {
		t.Errorf("%v", next.begun)
	}
	if err := next.begin(); err != nil {
		t.Fatal(err)
	}
	third := &run{folder: folder}
	if err := third.readRecord(); err != nil || third.earlier != 2 {
		t.Error(third.begun, err)
	}
	if err := third.done(); err != nil {
		t.Fatal(err)
	}
	if err := next.readRecord(); err != nil {
		t.Fatal(err)
	}
}
