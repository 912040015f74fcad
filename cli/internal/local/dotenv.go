package local

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

var dotenvLine = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$`)

// readDotenv reads a file of variables, one NAME=value a line. Values may be quoted: in double quotes, \n, \"
// and \\ are escapes; in single quotes nothing is. name is for messages, which never have a value: it may be a
// secret.
func readDotenv(file, name string) (variables map[string]string, exists bool, err error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: cannot be read: %w", name, err)
	}
	variables = map[string]string{}
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := dotenvLine.FindStringSubmatch(line)
		if parts == nil {
			return nil, true, fmt.Errorf("%s:%d: must be NAME=value, a comment that begins with #, or empty", name, number)
		}
		value, ok := dotenvValue(parts[2])
		if !ok {
			return nil, true, fmt.Errorf("%s:%d: %s must end with the quote that it begins with, on the same line; write a line break as \\n in double quotes", name, number, parts[1])
		}
		variables[parts[1]] = value
	}
	return variables, true, nil
}

var (
	doubleQuoted = regexp.MustCompile(`^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$`)
	singleQuoted = regexp.MustCompile(`^'([^']*)'\s*(?:#.*)?$`)
	comment      = regexp.MustCompile(`(^|\s+)#.*$`)
	unescape     = strings.NewReplacer(`\n`, "\n", `\"`, `"`, `\\`, `\`)
)

func dotenvValue(text string) (value string, ok bool) {
	switch {
	case strings.HasPrefix(text, `"`):
		if quoted := doubleQuoted.FindStringSubmatch(text); quoted != nil {
			return unescape.Replace(quoted[1]), true
		}
		return "", false
	case strings.HasPrefix(text, "'"):
		if quoted := singleQuoted.FindStringSubmatch(text); quoted != nil {
			return quoted[1], true
		}
		return "", false
	}
	return comment.ReplaceAllString(text, ""), true
}
