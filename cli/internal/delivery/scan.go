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

// govulncheck looks through a Go program, which is all that there is in the image.
// https://pkg.go.dev/golang.org/x/vuln/cmd/govulncheck
const govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.9.0"

// scan is the command. It fails when a known vulnerability is in the program that was put into
// the image. Whether its database can be reached matters to a pipeline, which must not pass
// without; a person on a train is told. GOVULNDB is the URL of another database, such as a mirror.
func (s *Session) scan(ctx context.Context) error {
	if s.empty() {
		s.say(noImage)
		return nil
	}
	if !s.inGo() {
		s.say("app/ is not in Go, and nothing is looked through here. The registry scans what is pushed.")
		return nil
	}
	root, err := synthesized.Root(s.Dir)
	if err != nil {
		return err
	}
	program := filepath.Join("build", "image", "context", "app")
	if _, err := os.Stat(filepath.Join(root, program)); errors.Is(err, fs.ErrNotExist) {
		return errors.New("scan: there is no image; build it first: ./plinth image")
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
	case strings.HasSuffix(said, "exit status 3"): // of govulncheck, as `go run` tells it
		return fmt.Errorf("%s: has known vulnerabilities\n%s", program, indent(stdout.String()))
	case strings.Contains(said, "fetching vulnerabilities") && !s.inPipeline():
		s.say("%s: NOT scanned: the vulnerability database cannot be reached. In a pipeline this fails.\n%s", program, indent(said))
		return nil
	}
	return fmt.Errorf("scan: govulncheck failed\n%s", indent(stdout.String()+said))
}

// inPipeline says that GitLab or GitHub runs this.
func (s *Session) inPipeline() bool {
	return slices.Contains(s.Environ, "GITLAB_CI=true") || slices.Contains(s.Environ, "GITHUB_ACTIONS=true")
}
