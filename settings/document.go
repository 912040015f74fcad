package settings

import (
	"maps"
	"strings"
)

// document is one environment while it is read: its settings, where each is written, and the
// problems so far.
type document struct {
	env  *Environment
	file string
	// at holds the place of every path that the file or a variable sets.
	at map[string]place
	// invalid holds the paths that have a problem. What follows from it is not reported too.
	invalid  []string
	problems Problems
}

func newDocument(file, name string) *document {
	env := Defaults()
	env.Name = name
	return &document{env: env, file: file, at: map[string]place{}}
}

// isSet tells whether the file or a variable sets the path.
func (d *document) isSet(path string) bool {
	_, ok := d.at[path]
	return ok
}

// unset forgets that the file sets a path, or anything below it.
func (d *document) unset(path string) {
	maps.DeleteFunc(d.at, func(at string, _ place) bool { return within(at, path) })
}

// isValid tells whether none of the paths has a problem, above or below it.
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

// within tells whether path is parent or lies below it.
func within(path, parent string) bool {
	rest, ok := strings.CutPrefix(path, parent)
	return ok && (parent == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// place is where the path is set, or its nearest parent, or the file's first line.
func (d *document) place(path string) place {
	for path != "" {
		if at, ok := d.at[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{file: d.file, line: 1}
}

// wholeFile stands for the path of what is wrong with a file as a whole.
const wholeFile = "yaml"

// report adds a problem with the value of path.
func (d *document) report(path, format string, args ...any) {
	d.reportAt(d.place(path), path, format, args...)
}

func (d *document) reportAt(at place, path, format string, args ...any) {
	d.invalid = append(d.invalid, path)
	if path == "" {
		path = wholeFile
	}
	d.problems = append(d.problems, at.problem(path, format, args...))
}
