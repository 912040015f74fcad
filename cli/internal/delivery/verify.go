package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"plinth/cli/internal/synthesized"
)

// How long the application may take to become healthy, and the pause between two requests. After a
// first deployment, the load balancer's name and targets take minutes.
var (
	verifyPatience = 10 * time.Minute
	verifyPause    = 5 * time.Second
)

// verify is the command ./plinth verify. It requests the application's health until it is UP.
func (s *Session) verify(ctx context.Context) error {
	url, err := s.healthURL()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, verifyPatience)
	defer cancel()
	started, last := time.Now(), ""
	for {
		answer := s.askHealth(ctx, url)
		if answer == "" {
			s.say("%s: UP after %s.", url, time.Since(started).Round(time.Second))
			return nil
		}
		// Keep the last reason: it says more than a timeout.
		if ctx.Err() == nil && answer != last {
			s.say("%s: not UP yet: %s", url, answer)
			last = answer
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("%s: is not UP after %s: %s", url, verifyPatience, last)
			}
			return ctx.Err()
		case <-time.After(verifyPause):
		}
	}
}

// healthURL returns the health URL, from the outputs of the application's deployment.
func (s *Session) healthURL() (string, error) {
	root, err := synthesized.Root(s.Dir)
	if err != nil {
		return "", err
	}
	stack, err := s.deployed(root)
	if err != nil {
		return "", err
	}
	file := filepath.Join("build", "outputs", stack+".json")
	content, err := os.ReadFile(filepath.Join(root, file))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: does not exist; deploy the application first: ./plinth deploy %s", file, stack)
	} else if err != nil {
		return "", err
	}
	var outputs map[string]struct {
		Host     string `json:"url_host"`
		Balancer string `json:"load_balancer_host"`
		Path     string `json:"health_path"`
	}
	if err := json.Unmarshal(content, &outputs); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	host, balancer, path := outputs[stack].Host, outputs[stack].Balancer, cmp.Or(outputs[stack].Path, "/health")
	switch {
	case host == "":
		return "", fmt.Errorf("%s: has no url_host, since there was no load balancer yet; deploy again: ./plinth deploy %s", file, stack)
	case strings.ContainsAny(host, "/?#@ "):
		return "", fmt.Errorf("%s: url_host: %q is not a host", file, host)
	case !strings.HasPrefix(path, "/"):
		return "", fmt.Errorf("%s: health_path: %q is not a path", file, path)
	case host == balancer:
		return "http://" + host + path, nil
	}
	return "https://" + host + path, nil // a domain always comes with a certificate
}

// deployed returns the stack of the session's application, or of the only one. A job of a pipeline has the
// outputs of the stack that it names, and no cdktf.out.
func (s *Session) deployed(root string) (string, error) {
	if s.App != "" {
		stack := s.Env + "-" + s.App
		if _, err := os.Stat(filepath.Join(root, "build", "outputs", stack+".json")); err == nil {
			return stack, nil
		}
	}
	stacks, err := synthesized.Read(root)
	if err != nil {
		return "", err
	}
	all, err := s.choices(stacks)
	if err != nil {
		return "", err
	}
	if web := slices.DeleteFunc(slices.Clone(all), func(a synthesized.Application) bool { return !a.Web }); s.App == "" && len(web) > 0 {
		all = web
	}
	a, err := synthesized.Choose(all, s.App)
	if err == nil && !a.Web {
		return "", fmt.Errorf("%s: answers no requests; see its pods instead: ./plinth status %s %s", a.Stack, s.Env, a.Name)
	}
	return a.Stack, err
}

// askHealth returns "" if the application is UP, else why it is not. The load balancer has the same rule.
func (s *Session) askHealth(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	// Do not follow redirects: the answer could be another server's.
	response, err := s.Transport.RoundTrip(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	const most = 200
	body, _ := io.ReadAll(io.LimitReader(response.Body, most))
	if response.StatusCode == http.StatusOK {
		return ""
	}
	return join(response.Status, strings.TrimSpace(string(body)))
}
