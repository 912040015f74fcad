package web

import (
	"sync"
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	r := &rate{now: func() time.Time { return at }}
	expect := func(when string, want float64) {
		t.Helper()
		if got := r.perSecond(); got != want {
			t.Errorf("%s: %v a second, want %v", when, got, want)
		}
	}
	expect("before any", 0)
	var all sync.WaitGroup
	for range 60 {
		all.Go(r.add)
	}
	all.Wait()
	expect("within the second", 0)
	at = at.Add(time.Second)
	expect("a second later", 2)
	expect("asked again", 2)
	for range 30 {
		r.add()
	}
	at = at.Add(29 * time.Second)
	expect("at the end of the window", 3)
	at = at.Add(time.Second)
	expect("with the first second out of it", 1)
	at = at.Add(time.Second)
	expect("with both out of it", 0)
	at = at.Add(time.Hour)
	r.add()
	at = at.Add(time.Second)
	expect("after an hour of nothing", 1.0/30)
	at = at.Add(-10 * time.Second)
	expect("when the clock is set back", 0)
}
