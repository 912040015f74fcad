// Package screen shows the progress of a rehearsal: as changing lines on a terminal, elsewhere as
// lines written once.
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

// Screen shows what a rehearsal does.
type Screen struct {
	out    io.Writer
	live   bool // lines can be overwritten
	colour bool
	width  func() int

	mutex  sync.Mutex
	showed bool     // progress is on the screen now
	notes  []string // to be written above the progress
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

// Note writes a line at any time, also during progress.
func (s *Screen) Note(line string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.showed {
		s.notes = append(s.notes, line)
		return
	}
	s.Line("%s", line)
}

// takeNotes returns and clears the notes. showed reports whether progress continues.
func (s *Screen) takeNotes(showed bool) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	notes := s.notes
	s.notes, s.showed = nil, showed
	return notes
}

// Title starts a section.
func (s *Screen) Title(format string, args ...any) {
	s.Line("\n%s", s.paint(bold, fmt.Sprintf(format, args...)))
}

// Result shows whether an expectation is met.
func (s *Screen) Result(met bool, sentence string) {
	mark := s.paint(green, "✓")
	if !met {
		mark = s.paint(red, "✗")
	}
	s.Line("%s %s", mark, sentence)
}

// pad pads verbs to the same width.
func (s *Screen) pad(verb string) string { return fmt.Sprintf("  %-10s", verb) }

func (s *Screen) seconds(d time.Duration) string { return fmt.Sprintf("%5.1f s", d.Seconds()) }

// cut shortens a line so that it does not wrap: only then can it be overwritten.
func (s *Screen) cut(line string) string {
	runes := []rune(line)
	if width := s.width() - 1; width > 0 && len(runes) > width && !strings.Contains(line, "\x1b") {
		return string(runes[:width])
	}
	return line
}

// Colours and weights of the terminal's own palette.
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

// Faint marks text as less important.
func (s *Screen) Faint(text string) string { return s.paint(faint, text) }
