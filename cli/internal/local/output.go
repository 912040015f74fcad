package local

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// colors are ANSI's: cyan, yellow, green, magenta, blue. Red is for nobody.
var colors = []int{36, 33, 32, 35, 34}

// longestLine is how much of a line is kept until its end comes.
const longestLine = 64 << 10

// output prefixes each line of several processes with the process's name.
type output struct {
	to    io.Writer
	color bool
	width int // of the longest name

	mutex sync.Mutex
	names int
}

// of returns the writer of one process.
func (o *output) of(name string) *lines {
	prefix := fmt.Sprintf("%-*s | ", o.width, name)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.color {
		prefix = fmt.Sprintf("\x1b[%dm%s\x1b[0m", colors[o.names%len(colors)], prefix)
	}
	o.names++
	return &lines{output: o, prefix: prefix}
}

// lines writes whole lines. It is for one goroutine.
type lines struct {
	*output
	prefix string
	rest   []byte
}

func (l *lines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			break
		}
		l.line(l.rest[:end])
		l.rest = l.rest[end+1:]
	}
	if len(l.rest) > longestLine {
		l.flush()
	}
	return len(text), nil
}

// flush writes a line that has no end.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.line(l.rest)
		l.rest = nil
	}
}

// line writes a line at once, so that no other process's line is in it.
func (l *lines) line(text []byte) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	fmt.Fprintf(l.to, "%s%s\n", l.prefix, bytes.TrimSuffix(text, []byte("\r")))
}
