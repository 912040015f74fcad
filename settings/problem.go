package settings

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Problem is one mistake in the settings: where it is, and what to do about it.
type Problem struct {
	// File and Line are where the value is written. A value from the process environment has a Variable
	// instead.
	File     string
	Line     int
	Variable string
	// Path is the setting's name from the top of the file, such as network.zones[1].
	Path string
	// Message is the rule, the value, and the remedy if that is not obvious.
	Message string
}

func (p Problem) String() string {
	place := p.Variable
	if place == "" {
		place = p.File + ":" + strconv.Itoa(p.Line)
	}
	if p.Path == "" {
		return place + ": " + p.Message
	}
	return place + ": " + p.Path + ": " + p.Message
}

// Problems lists every mistake, by file and line, then those of the process environment. It is the error
// of [Load], so that users can fix all mistakes at once.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Variable, b.Variable), // problems in files come first
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// place is where a value is written.
type place struct {
	file     string
	line     int
	variable string
}

func (p place) problem(path, format string, args ...any) Problem {
	return Problem{
		File: p.file, Line: p.line, Variable: p.variable,
		Path: path, Message: fmt.Sprintf(format, args...),
	}
}

// quote returns an untrusted value as one short line in quotes.
func quote(value string) string {
	const most = 80
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "…"
	}
	return strconv.Quote(value)
}

// list joins words as in a sentence: "a, b or c". last is the conjunction.
func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// nearest returns the candidate that word most likely misspells, or "". It ignores case, dashes and
// underscores: multi_az is multiAZ.
func nearest(word string, candidates []string) string {
	const longest = 64 // longer than any name
	if word == "" || len(word) > longest {
		return ""
	}
	plain := strings.NewReplacer("-", "", "_", "").Replace
	word = strings.ToLower(plain(word))
	best, bestDistance := "", 1+max(1, len(word)/3)
	for _, candidate := range candidates {
		distance := levenshtein.ComputeDistance(word, strings.ToLower(plain(candidate)))
		if distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// didYouMean returns the remedy for a misspelt name, or "".
func didYouMean(word string, candidates []string) string {
	if best := nearest(word, candidates); best != "" {
		return "did you mean " + best + "?"
	}
	return ""
}
