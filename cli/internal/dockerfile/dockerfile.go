// Package dockerfile reads what a Dockerfile says about running its image.
package dockerfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// stage is one build stage. A field is nil if nothing sets it.
type stage struct{ entrypoint, cmd *form }

// form is the value of ENTRYPOINT or CMD: exec is nil in the shell form.
type form struct {
	instruction, text string
	exec              []string
}

// Command returns the command of the image that a Dockerfile builds: its ENTRYPOINT and CMD, both in exec form.
// The last stage counts, with what it has from the stages that it is built from.
//
// https://docs.docker.com/reference/dockerfile/#understand-how-cmd-and-entrypoint-interact
func Command(file string) ([]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	last := parse(string(content))
	var command []string
	for _, f := range []*form{last.entrypoint, last.cmd} {
		switch {
		case f == nil:
		case f.exec == nil:
			return nil, fmt.Errorf("%s %s is in shell form", f.instruction, f.text)
		default:
			command = append(command, f.exec...)
		}
	}
	if len(command) == 0 {
		return nil, errors.New("it has neither ENTRYPOINT nor CMD")
	}
	return command, nil
}

var (
	continuation = regexp.MustCompile(`\\[ \t]*\r?\n`)
	commentLine  = regexp.MustCompile(`(?m)^[ \t]*#.*\r?\n?`)
	instruction  = regexp.MustCompile(`(?i)^\s*(FROM|ENTRYPOINT|CMD)\s+(.*?)\s*$`)
	from         = regexp.MustCompile(`(?i)^(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?$`)
)

// parse returns the last stage.
func parse(content string) stage {
	content = continuation.ReplaceAllString(commentLine.ReplaceAllString(content, ""), " ")
	named := map[string]stage{}
	var current stage
	var name string
	for line := range strings.Lines(content) {
		parts := instruction.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if parts == nil {
			continue
		}
		value := &form{instruction: strings.ToUpper(parts[1]), text: parts[2]}
		if strings.HasPrefix(value.text, "[") && json.Unmarshal([]byte(value.text), &value.exec) != nil {
			value.exec = nil // Docker takes it for the shell form as well
		}
		switch value.instruction {
		case "FROM":
			base := from.FindStringSubmatch(parts[2])
			if base == nil {
				continue
			}
			current, name = named[strings.ToLower(base[1])], strings.ToLower(base[2])
		case "ENTRYPOINT":
			current.entrypoint = value
		case "CMD":
			current.cmd = value
		}
		if name != "" {
			named[name] = current
		}
	}
	return current
}
