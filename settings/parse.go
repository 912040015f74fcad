package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxSize is the maximum size of a file and of a variable, in bytes: more than anyone needs, and little
// enough for the parser to be fast.
const maxSize = 1 << 20

// parse parses YAML with exactly one document. It returns a problem if it cannot.
func parse(content []byte, at place) (*yaml.Node, *Problem) {
	fail := func(line int, message string) (*yaml.Node, *Problem) {
		if at.file != "" {
			last := lineOf(content, len(bytes.TrimRight(content, "\n")))
			at.line = min(max(1, line), last) // a problem at the end of the file is on its last line
		}
		problem := at.problem(wholeFile, "%s", message)
		return nil, &problem
	}
	if len(content) > maxSize {
		return fail(1, "must be at most 1 MiB, is larger")
	}
	if offset, message := notText(content); message != "" {
		return fail(lineOf(content, offset), message)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document, another yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return fail(syntaxError(err, content))
	}
	if len(document.Content) == 0 || isNull(document.Content[0]) {
		return fail(1, "must hold settings, is empty")
	}
	switch err := decoder.Decode(&another); {
	case err == nil:
		return fail(another.Line, "must hold one YAML document, another starts here")
	case !errors.Is(err, io.EOF):
		return fail(syntaxError(err, content))
	}
	return document.Content[0], nil
}

// notText finds the first character that YAML does not allow in text. message is empty if there is none.
func notText(content []byte) (offset int, message string) {
	for offset < len(content) {
		r, size := utf8.DecodeRune(content[offset:])
		switch {
		case r == utf8.RuneError && size == 1:
			return offset, "must be UTF-8 text, holds other bytes"
		case unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r):
			return offset, fmt.Sprintf("must be text without control characters, holds %U", r)
		}
		offset += size
	}
	return offset, ""
}

func lineOf(content []byte, offset int) int {
	return 1 + bytes.Count(content[:offset], []byte("\n"))
}

var (
	yamlError     = regexp.MustCompile(`^yaml: (?:line (\d+): )?([^\n]*)`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.+)' referenced$`)
	indentedByTab = regexp.MustCompile(`^ *\t`)
)

// syntaxError returns the line and the message of the YAML library's error. The library counts lines from
// 0 in errors of its parser, but not of its scanner. For wrong indentation it names the first line of the
// section, for a tab the line before, and for an anchor no line.
func syntaxError(err error, content []byte) (int, string) {
	match := yamlError.FindStringSubmatch(err.Error())
	if match == nil {
		return 1, "cannot be read: " + quote(err.Error())
	}
	line, _ := strconv.Atoi(match[1])
	message := match[2]
	if strings.HasPrefix(message, "did not find expected ") {
		line++
	}
	switch message {
	case "did not find expected key", "did not find expected '-' indicator":
		message += "; check the indentation from here on"
	case "found character that cannot start any token":
		message += "; indent with spaces, and quote a value that begins with @ or a backtick"
	}
	if strings.HasPrefix(message, "found a tab character ") {
		message += "; use spaces"
		for number, text := range strings.Split(string(content), "\n") {
			if number+1 >= line && indentedByTab.MatchString(text) {
				line = number + 1
				break
			}
		}
	}
	if anchor := unknownAnchor.FindStringSubmatch(message); anchor != nil {
		if offset := bytes.Index(content, []byte("*"+anchor[1])); offset >= 0 {
			line = lineOf(content, offset)
		}
		message = "must not use YAML anchors and aliases; write the value itself"
	}
	return line, message
}
