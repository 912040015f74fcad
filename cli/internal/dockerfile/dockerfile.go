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

// Stage is one build stage. A field is empty if nothing sets it.
type Stage struct {
	// Expose is the first port of EXPOSE, User the value of USER, as they are written.
	Expose, User    string
	exposed         bool // in this stage, not in one that it is built from
	entrypoint, cmd *form
}

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
	last := Parse(string(content))
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

// CommandText returns ENTRYPOINT and CMD as they are written.
func (s Stage) CommandText() string {
	var parts []string
	for _, f := range []*form{s.entrypoint, s.cmd} {
		if f != nil {
			parts = append(parts, f.text)
		}
	}
	return strings.Join(parts, " ")
}

var (
	continuation = regexp.MustCompile(`\\[ \t]*\r?\n`)
	commentLine  = regexp.MustCompile(`(?m)^[ \t]*#.*\r?\n?`)
	instruction  = regexp.MustCompile(`(?i)^\s*(FROM|EXPOSE|USER|ENTRYPOINT|CMD)\s+(.*?)\s*$`)
	from         = regexp.MustCompile(`(?i)^(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?$`)
)

// Parse returns the last stage of a Dockerfile, which is the one that runs.
func Parse(content string) Stage {
	content = continuation.ReplaceAllString(commentLine.ReplaceAllString(content, ""), " ")
	named := map[string]Stage{}
	var current Stage
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
			current.exposed = false
		case "EXPOSE":
			if ports := strings.Fields(value.text); len(ports) > 0 && !current.exposed {
				current.Expose, current.exposed = ports[0], true
			}
		case "USER":
			current.User = value.text
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
