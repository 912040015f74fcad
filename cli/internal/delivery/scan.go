package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plinth/cli/internal/synthesized"
)

// govulncheck scans a Go program. The image contains no other.
// https://pkg.go.dev/golang.org/x/vuln/cmd/govulncheck
const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"

// scan is the command ./plinth scan. It fails if the program in the image has a known vulnerability.
// If the vulnerability database cannot be reached, it fails in a pipeline, but only warns a person.
// GOVULNDB is the URL of another database, such as a mirror.
func (s *Session) scan(ctx context.Context) error {
	a, err := s.built()
	if a == nil || err != nil {
		return err
	}
	if !s.inGo(*a) {
		s.say("%s/ is not in Go, and nothing is looked through here. The registry scans what is pushed.", a.Build.Context)
		return nil
	}
	root, err := synthesized.Root(s.Dir)
	if err != nil {
		return err
	}
	program := filepath.Join(filepath.FromSlash(compiled(*a)), program)
	if _, err := os.Stat(filepath.Join(root, program)); errors.Is(err, fs.ErrNotExist) {
		return errors.New("scan: there is no image; build it first: ./plinth image " + a.Name)
	}
	path, err := s.find("go")
	if err != nil {
		return err
	}
	args := []string{"run", govulncheck, "-mode", "binary"}
	for _, variable := range s.Environ {
		if mirror, is := strings.CutPrefix(variable, "GOVULNDB="); is && mirror != "" {
			args = append(args, "-db", mirror)
		}
	}
	command := exec.CommandContext(ctx, path, append(args, program)...)
	command.Dir, command.Env = root, s.Environ
	command.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	said := strings.TrimSpace(stderr.String())
	switch {
	case err == nil:
		s.say("%s: govulncheck found no vulnerability that it can reach.", program)
		return nil
	case strings.HasSuffix(said, "exit status 3"): // govulncheck's exit status, as `go run` prints it
		return fmt.Errorf("%s: has known vulnerabilities\n%s", program, indent(stdout.String()))
	case strings.Contains(said, "fetching vulnerabilities") && !s.inPipeline():
		s.say("%s: NOT scanned: the vulnerability database cannot be reached. In a pipeline this fails.\n%s", program, indent(said))
		return nil
	}
	return fmt.Errorf("scan: govulncheck failed\n%s", indent(stdout.String()+said))
}

// inPipeline reports whether GitLab or GitHub runs this.
func (s *Session) inPipeline() bool {
	return slices.Contains(s.Environ, "GITLAB_CI=true") || slices.Contains(s.Environ, "GITHUB_ACTIONS=true")
}
