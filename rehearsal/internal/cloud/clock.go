package cloud

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// AheadVariable is the environment variable with how far the account's clock is ahead of this machine's, such
// as 168h. What is then due has happened: maintenance windows, new versions, the end of what AWS keeps for
// some days after its deletion. The clock never goes back.
const AheadVariable = "REHEARSAL_AHEAD"

// Duration is written as text, such as 168h0m0s.
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}

// ahead reads AheadVariable.
func ahead() (d Duration, err error) {
	text := os.Getenv(AheadVariable)
	if text == "" {
		return 0, nil
	}
	if err := d.UnmarshalText([]byte(text)); err != nil || d < 0 {
		return 0, fmt.Errorf("%s: %q is not a duration: give one in hours, such as 168h for a week", AheadVariable, text)
	}
	return d, nil
}

// now is the account's time. stamp is it in RFC 3339.
func (w *World) now() time.Time { return time.Now().UTC().Add(time.Duration(w.Ahead)) }

func (w *World) stamp() string { return w.now().Format(time.RFC3339) }

// Advance moves the clock.
func (w *World) Advance(by time.Duration) { w.pass(w.Ahead + Duration(by)) }

// pass moves the clock. Windows begin, and deletions end, only by this: nothing depends on the hour at which
// a rehearsal runs.
func (w *World) pass(ahead Duration) {
	from := w.now()
	w.Ahead = ahead
	to := w.now()
	for name, k := range kinds {
		if k.window != "" {
			w.Each(func(_, _ string, t *Thing) bool {
				if begins(text(t.Attributes, k.window), from, to) {
					w.maintain(k, t)
				}
				return true
			}, name)
		}
		for key, t := range w.Pending[name] {
			if k.lingers != nil && !to.Before(t.Deleted.AddDate(0, 0, k.lingers(t.Attributes))) {
				delete(w.Pending[name], key)
			}
		}
	}
	w.Reconcile()
}

// days is for how long AWS keeps what is deleted: the provider's default for keys and secrets is 30.
func days(a Attributes, attribute string) int {
	if a[attribute] == nil {
		return 30
	}
	return int(number(a, attribute))
}

// begins reports whether a weekly window in UTC, such as mon:03:30-mon:04:30, begins between two times.
func begins(window string, from, to time.Time) bool {
	start, _, _ := strings.Cut(window, "-")
	parts := strings.Split(start, ":")
	if len(parts) != 3 {
		return to.Sub(from) >= 7*24*time.Hour // one that AWS chooses
	}
	hour, _ := strconv.Atoi(parts[1]) // RDS' format, which the settings check
	minute, _ := strconv.Atoi(parts[2])
	next := time.Date(from.Year(), from.Month(), from.Day(), hour, minute, 0, 0, time.UTC)
	for !next.After(from) || !strings.EqualFold(next.Weekday().String()[:3], parts[0]) {
		next = next.AddDate(0, 0, 1)
	}
	return !next.After(to)
}

// deferChanges leaves what waits for the maintenance window as it is. A change that is made at once is made
// together with what waits.
//   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.ApplyImmediately.html
//   - https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
func (k kind) deferChanges(t *Thing, a Attributes) {
	t.Waiting = nil
	if flag(a, "apply_immediately") {
		return
	}
	for _, attribute := range k.deferred {
		before := t.Attributes[attribute]
		if same(a[attribute], before) {
			continue
		}
		if t.Waiting == nil {
			t.Waiting = Attributes{}
		}
		t.Waiting[attribute], a[attribute] = a[attribute], before
	}
}

// maintain does what waits for the maintenance window.
func (w *World) maintain(k kind, t *Thing) {
	for attribute, value := range t.Waiting {
		t.Attributes[attribute] = value
	}
	t.Waiting = nil
	if k.upgrade != nil {
		k.upgrade(w, t)
	}
}
