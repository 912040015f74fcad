package settings

import (
	"maps"
	"strings"
	"time"
)

// document is one environment while it is read: its settings, their places, and the problems so far.
type document struct {
	env  *Environment
	file string
	// at is the place of every path that the file or a variable sets.
	at map[string]place
	// invalid lists the paths with a problem. Consequences of these problems are not reported.
	invalid  []string
	problems Problems
	// warnings are what is valid today, and what nobody can know here.
	warnings Problems
	// today is the date that versions' support is checked for.
	today time.Time
}

func newDocument(file, name string) *document {
	env := Defaults()
	env.Name = name
	return &document{env: env, file: file, at: map[string]place{}}
}

// isSet reports whether the file or a variable sets the path.
func (d *document) isSet(path string) bool {
	_, ok := d.at[path]
	return ok
}

// unset removes the places of a path and of everything below it, as if the file did not set them.
func (d *document) unset(path string) {
	maps.DeleteFunc(d.at, func(at string, _ place) bool { return within(at, path) })
}

// isValid reports whether no path has a problem, nor any path above or below it.
func (d *document) isValid(paths ...string) bool {
	for _, path := range paths {
		for _, invalid := range d.invalid {
			if within(path, invalid) || within(invalid, path) {
				return false
			}
		}
	}
	return true
}

// within reports whether path is parent or below it.
func within(path, parent string) bool {
	rest, ok := strings.CutPrefix(path, parent)
	return ok && (parent == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// place returns where the path is set, or else its nearest parent, or else the file's first line.
func (d *document) place(path string) place {
	for path != "" {
		if at, ok := d.at[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{file: d.file, line: 1}
}

// wholeFile is the path of problems with a file as a whole.
const wholeFile = "yaml"

// report adds a problem with the value of path.
func (d *document) report(path, format string, args ...any) {
	d.reportAt(d.place(path), path, format, args...)
}

// warn adds a warning about the value of path.
func (d *document) warn(path, format string, args ...any) {
	d.warnings = append(d.warnings, d.place(path).problem(path, format, args...))
}

func (d *document) reportAt(at place, path, format string, args ...any) {
	d.invalid = append(d.invalid, path)
	if path == "" {
		path = wholeFile
	}
	d.problems = append(d.problems, at.problem(path, format, args...))
}
