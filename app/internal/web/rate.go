package web

import (
	"sync"
	"time"
)

// rateSeconds is the window of the mean. With a shorter one, a burst would bring pods that start when
// it is over; with a longer one, a doubled load would be seen late.
const rateSeconds = 30

// A rate is the mean number of events a second over the last rateSeconds whole seconds. Reading
// changes nothing, so any number of readers may read it at any time.
type rate struct {
	now   func() time.Time
	begin time.Time

	mutex sync.Mutex
	// seconds has a place for each second of the window and for the current one.
	seconds [rateSeconds + 1]second
}

// A second is the number of events in one second, numbered from the rate's beginning.
type second struct {
	number int64
	events int
}

func newRate(now func() time.Time) *rate { return &rate{now: now, begin: now()} }

// current is the number of the current second.
func (r *rate) current() int64 { return int64(r.now().Sub(r.begin) / time.Second) }

// Add counts one event.
func (r *rate) Add() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	number := r.current()
	s := &r.seconds[number%int64(len(r.seconds))]
	if s.number != number {
		*s = second{number: number}
	}
	s.events++
}

// PerSecond is the mean. For a rate younger than the window it is the mean over its age: otherwise a
// pod that has just started would look idle.
func (r *rate) PerSecond() float64 {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	current := r.current()
	window := min(current, rateSeconds)
	if window == 0 {
		return 0
	}
	var events int
	for _, s := range r.seconds {
		if s.number >= current-window && s.number < current {
			events += s.events
		}
	}
	return float64(events) / float64(window)
}
