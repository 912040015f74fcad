package cloud

import (
	"strings"
	"testing"
	"time"

	"gotest.tools/v3/assert"
)

// later opens a cloud whose clock AheadVariable has moved.
func later(t *testing.T, c *Cloud, ahead string) *World {
	t.Helper()
	t.Setenv(AheadVariable, ahead)
	w, err := c.View()
	assert.NilError(t, err)
	return w
}

// TestMaintenanceWindow: changes that are not made at once wait for it. A database gets newer minor versions in it
// if auto_minor_version_upgrade is set.
func TestMaintenanceWindow(t *testing.T) {
	for name, test := range map[string]struct{ database, change, first, later string }{
		"a larger instance":        {`{}`, `{"instance_class": "db.t4g.large"}`, "16.11 db.t4g.small", "16.11 db.t4g.large"},
		"at once":                  {`{}`, `{"instance_class": "db.t4g.large", "apply_immediately": true}`, "16.11 db.t4g.large", "16.11 db.t4g.large"},
		"taken back":               {`{"instance_class": "db.t4g.large"}`, `{"instance_class": "db.t4g.small"}`, "16.11 db.t4g.small", "16.11 db.t4g.small"},
		"a newer minor version":    {`{}`, `{"engine_version": "16.12"}`, "16.11 db.t4g.small", "16.12 db.t4g.small"},
		"RDS' newer minor version": {`{"auto_minor_version_upgrade": true}`, `{}`, "16.11 db.t4g.small", "16.12 db.t4g.small"},
		"no automatic upgrade":     {`{"engine_version": "16.11"}`, `{}`, "16.11 db.t4g.small", "16.11 db.t4g.small"},
	} {
		t.Run(name, func(t *testing.T) {
			c := Open(t.TempDir())
			assert.NilError(t, c.Create("111111111111", "eu-west-2"))
			database := Attributes{
				"identifier": "d", "engine": "postgres", "engine_version": "16", "password_wo": "p", "instance_class": "db.t4g.small",
				"maintenance_window": "sun:03:00-sun:04:00", "apply_immediately": false,
			}
			assert.NilError(t, c.Update(func(w *World) error { return w.Create("aws_db_instance", "", database) }))
			changed := database
			for _, change := range []string{test.database, test.change} {
				changed = with(t, changed, change)
				assert.NilError(t, c.Update(func(w *World) error { return w.Change("aws_db_instance", "", with(t, changed, `{}`)) }))
			}
			is := func(w *World) string {
				a := w.find("aws_db_instance", "identifier", "d").Attributes
				return text(a, runningVersion) + " " + text(a, "instance_class")
			}
			w, err := c.View()
			assert.NilError(t, err)
			assert.Equal(t, is(w), test.first)
			assert.Equal(t, is(later(t, c, "2400h")), test.later)
			assert.Equal(t, is(later(t, c, "1h")), test.later) // the clock never goes back
		})
	}
}

// TestBegins: a weekly window begins once a week.
func TestBegins(t *testing.T) {
	monday := time.Date(2026, 11, 30, 3, 30, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		window   string
		from, to time.Time
		want     bool
	}{
		"until it":         {"mon:03:30-mon:04:30", monday.Add(-time.Hour), monday, true},
		"before it":        {"mon:03:30-mon:04:30", monday.Add(-time.Hour), monday.Add(-time.Minute), false},
		"within it":        {"mon:03:30-mon:04:30", monday, monday.Add(time.Hour), false},
		"within a week":    {"mon:03:30-mon:04:30", monday, monday.AddDate(0, 0, 7), true},
		"the day after":    {"tue:00:00-tue:01:00", monday, monday.Add(21 * time.Hour), true},
		"AWS' own, a day":  {"", monday, monday.AddDate(0, 0, 1), false},
		"AWS' own, a week": {"", monday, monday.AddDate(0, 0, 7), true},
	} {
		assert.Equal(t, begins(test.window, test.from, test.to), test.want, name)
	}
}

// TestKept: AWS keeps a deleted key or secret for some days, and then no longer.
func TestKept(t *testing.T) {
	c := Open(t.TempDir())
	assert.NilError(t, c.Create("111111111111", "eu-west-2"))
	secret := func() error {
		return c.Update(func(w *World) error {
			return w.Create("aws_secretsmanager_secret", "", Attributes{"name": "s", "recovery_window_in_days": 7.0})
		})
	}
	assert.NilError(t, secret())
	assert.NilError(t, c.Update(func(w *World) error {
		return w.Delete("aws_secretsmanager_secret", "", w.find("aws_secretsmanager_secret", "name", "s").Attributes)
	}))
	assert.ErrorContains(t, secret(), "already scheduled for deletion")
	t.Setenv(AheadVariable, "167h")
	assert.ErrorContains(t, secret(), "already scheduled for deletion")
	t.Setenv(AheadVariable, "169h")
	assert.NilError(t, secret())
}

// TestAhead: a wrong duration is refused, and changes nothing.
func TestAhead(t *testing.T) {
	c := Open(t.TempDir())
	assert.NilError(t, c.Create("111111111111", "eu-west-2"))
	for _, wrong := range []string{"a week", "7", "-1h"} {
		t.Setenv(AheadVariable, wrong)
		_, err := c.View()
		assert.ErrorContains(t, err, `REHEARSAL_AHEAD: "`+wrong+`" is not a duration: give one in hours, such as 168h for a week`)
	}
	t.Setenv(AheadVariable, "")
	w, err := c.View()
	assert.NilError(t, err)
	assert.Assert(t, strings.HasPrefix(w.Note, "A rehearsal") && w.Ahead == 0)
}
