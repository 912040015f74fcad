package newapp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"plinth/cli/internal/dockerfile"
)

// process is one line of a Procfile.
type process struct {
	name, line string
}

// source is what an application's folder says about it.
type source struct {
	// folder has slashes. docker and procfile are its files, empty where there is none.
	folder, docker, procfile string
	// port and user are 0 if they cannot be read. command is the image's own, as it is written.
	port, user int
	command    string
	processes  []process
	// doubts are what could not be taken, for the user to decide.
	doubts []string
}

// The ports and users that the settings allow: neither root's own.
const (
	lowestPort  = 1024
	highestPort = 65535
)

// readSource reads the Dockerfile and the Procfile of a folder, if there are any.
func readSource(root, folder string) (source, error) {
	s := source{folder: folder}
	for _, file := range []struct {
		name string
		at   *string
		take func(string)
	}{{"Dockerfile", &s.docker, s.takeDockerfile}, {"Procfile", &s.procfile, s.takeProcfile}} {
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(folder), file.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		*file.at = folder + "/" + file.name
		file.take(string(content))
	}
	return s, nil
}

// takeDockerfile takes what the last stage says.
func (s *source) takeDockerfile(text string) {
	last := dockerfile.Parse(text)
	expose, _, _ := strings.Cut(last.Expose, "/")
	user, _, _ := strings.Cut(last.User, ":")
	s.command = last.CommandText()
	switch port, err := strconv.Atoi(expose); {
	case expose == "":
	case err != nil:
		s.doubts = append(s.doubts, fmt.Sprintf("EXPOSE %s in %s is no number: set web.port", expose, s.docker))
	case port < lowestPort || port > highestPort:
		s.doubts = append(s.doubts, fmt.Sprintf("EXPOSE %d in %s: only root can listen there. The process finds web.port in PORT", port, s.docker))
	default:
		s.port = port
	}
	switch number, err := strconv.Atoi(user); {
	case user == "":
	case err != nil && user != "root":
		s.doubts = append(s.doubts, fmt.Sprintf("USER %s in %s is no number: set user to the number that it has in the image (id -u %[1]s)", user, s.docker))
	case number == 0:
		s.doubts = append(s.doubts, fmt.Sprintf("USER %s in %s: root is refused, so the processes run as 65532", user, s.docker))
	default:
		s.user = number
	}
}

var procfileLine = regexp.MustCompile(`^([A-Za-z0-9_-]+):\s*(\S.*)$`)

// takeProcfile takes all processes.
// https://devcenter.heroku.com/articles/procfile
func (s *source) takeProcfile(text string) {
	for line := range strings.Lines(text) {
		if match := procfileLine.FindStringSubmatch(strings.TrimSpace(line)); match != nil {
			s.processes = append(s.processes, process{match[1], match[2]})
		}
	}
}

// line returns the command of a process in the Procfile, empty if it has none.
func (s *source) line(name string) string {
	i := slices.IndexFunc(s.processes, func(p process) bool { return p.name == name })
	if i < 0 {
		return ""
	}
	return s.processes[i].line
}

// plain matches a line that needs no shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_ -]+$`)

// command returns a line as a YAML list. One that only a shell understands is run by one.
func command(line string) string {
	words := strings.Fields(line)
	if !plain.MatchString(line) || strings.Contains(words[0], "=") {
		words = []string{"sh", "-c", "exec " + line}
		if strings.ContainsAny(line, ";&|") || strings.Contains(strings.Fields(line)[0], "=") {
			words[2] = line
		}
	}
	for i, word := range words {
		words[i] = scalar(word)
	}
	return "[" + strings.Join(words, ", ") + "]"
}
