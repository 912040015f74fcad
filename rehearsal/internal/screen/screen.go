// Package screen shows how far a rehearsal is: on a terminal as lines that change, elsewhere
// as lines that are written once.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// Screen is where a rehearsal shows what it does.
type Screen struct {
	out    io.Writer
	live   bool // lines can be written over
	colour bool
	width  func() int

	mutex  sync.Mutex
	showed bool     // some progress is on the screen now
	notes  []string // to be written above it
}

// New returns a screen for a file, mostly os.Stdout.
func New(out *os.File) *Screen {
	descriptor := int(out.Fd())
	terminal := term.IsTerminal(descriptor) && os.Getenv("TERM") != "dumb"
	return &Screen{
		out: out, live: terminal, colour: terminal && os.Getenv("NO_COLOR") == "",
		width: func() int {
			width, _, err := term.GetSize(descriptor)
			if err != nil {
				return 80
			}
			return width
		},
	}
}

// Line writes a line.
func (s *Screen) Line(format string, args ...any) { fmt.Fprintf(s.out, format+"\n", args...) }

// Note writes a line at any time, also while there is progress.
func (s *Screen) Note(line string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.showed {
		s.notes = append(s.notes, line)
		return
	}
	s.Line("%s", line)
}

// takeNotes returns what has been noted since. showed is whether progress goes on.
func (s *Screen) takeNotes(showed bool) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	notes := s.notes
	s.notes, s.showed = nil, showed
	return notes
}

// Title begins a part.
func (s *Screen) Title(format string, args ...any) {
	s.Line("\n%s", s.paint(bold, fmt.Sprintf(format, args...)))
}

// Result tells whether an expectation is met.
func (s *Screen) Result(met bool, sentence string) {
	mark := s.paint(green, "✓")
	if !met {
		mark = s.paint(red, "✗")
	}
	s.Line("%s %s", mark, sentence)
}

// pad has verbs take the same width.
func (s *Screen) pad(verb string) string { return fmt.Sprintf("  %-10s", verb) }

func (s *Screen) seconds(d time.Duration) string { return fmt.Sprintf("%5.1f s", d.Seconds()) }

// cut makes a line that can be written over: one that does not wrap.
func (s *Screen) cut(line string) string {
	runes := []rune(line)
	if width := s.width() - 1; width > 0 && len(runes) > width && !strings.Contains(line, "\x1b") {
		return string(runes[:width])
	}
	return line
}

// paints of the terminal's own palette.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	faint = "2"
)

func (s *Screen) paint(paint, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + paint + "m" + text + "\x1b[0m"
}

// Faint is for what matters less.
func (s *Screen) Faint(text string) string { return s.paint(faint, text) }
