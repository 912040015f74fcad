package plan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"plinth/cli/internal/markdown"
)

// noteToken names the variable with the token that may write notes. Without it, no note is written.
const noteToken = "GITLAB_NOTE_TOKEN"

// Note writes an environment's summaries to build/plan/<environment>.md and, in a merge
// request's pipeline, into its note.
func (c *Planner) Note(ctx context.Context, environment string, stacks []string) error {
	text := "### " + markdown.Plain(environment) + "\n\n"
	for _, stack := range stacks {
		content, err := os.ReadFile(filepath.Join(c.folder(stack), "summary.md"))
		if errors.Is(err, fs.ErrNotExist) {
			content, err = []byte(heading(stack)+"The plan failed; see its job.\n"), nil
		}
		if err != nil {
			return err
		}
		text += string(content) + "\n"
	}
	file := filepath.Join(c.Root, "build", "plan", environment+".md")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		return err
	}
	return c.comment(ctx, environment, text, file)
}

// NoteUpgrade writes the report of a rehearsal from another version into the merge request's note.
func (c *Planner) NoteUpgrade(ctx context.Context, environment string) error {
	file := filepath.Join(c.Root, "build", "upgrade", environment+".md")
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		content = []byte("The rehearsal failed; see its job.\n")
		err = errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, content, 0o644))
	}
	if err != nil {
		return err
	}
	return c.comment(ctx, "upgrade of "+environment, "### Upgrade of "+markdown.Plain(environment)+", rehearsed\n\n"+string(content)+"\n", file)
}

// comment puts a section into the merge request's note, if there is a token. The file has the text.
func (c *Planner) comment(ctx context.Context, name, text, file string) error {
	if c.Getenv(noteToken) == "" {
		short, err := filepath.Rel(c.Root, file)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.Stderr, "%s is not set: no note was written. The summary is in %s.\n", noteToken, short)
		return nil
	}
	mr, err := c.mergeRequest()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return mr.put(ctx, name, text)
}

// mergeRequest is a merge request in GitLab's API.
type mergeRequest struct {
	api    string // the URL of the merge request
	user   string // the URL of the token's own user
	token  string
	client *http.Client
}

// mergeRequest returns the merge request that the pipeline runs for.
func (c *Planner) mergeRequest() (*mergeRequest, error) {
	api, err := url.Parse(c.Getenv("CI_API_V4_URL"))
	if err != nil || api.Host == "" || !private(api) {
		return nil, fmt.Errorf("CI_API_V4_URL: %q must be an https URL; the token is sent nowhere else", c.Getenv("CI_API_V4_URL"))
	}
	path := api.String()
	for _, part := range []struct{ of, variable string }{{"projects", "CI_MERGE_REQUEST_PROJECT_ID"}, {"merge_requests", "CI_MERGE_REQUEST_IID"}} {
		id, err := strconv.ParseUint(c.Getenv(part.variable), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %q must be a number; notes are for pipelines of merge requests", part.variable, c.Getenv(part.variable))
		}
		path += "/" + part.of + "/" + strconv.FormatUint(id, 10)
	}
	return &mergeRequest{
		api: path, user: api.String() + "/user", token: c.Getenv(noteToken),
		// Do not follow redirects: the token is for this server only.
		client: &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

func private(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// mark is the first line of the note. A merge request has one note, with a section for each environment.
const mark = "<!-- plinth-plan -->"

const title = mark + "\n## What deploying this would change\n\n"

type note struct {
	ID     int    `json:"id"`
	Body   string `json:"body"`
	Author struct {
		ID int `json:"id"`
	} `json:"author"`
}

// put replaces an environment's section of the note. Two calls at the same time could lose a section:
// the pipeline's resource group runs such jobs one at a time.
func (m *mergeRequest) put(ctx context.Context, environment, text string) error {
	var me struct {
		ID int `json:"id"`
	}
	if _, err := m.call(ctx, http.MethodGet, m.user, nil, &me); err != nil {
		return err
	}
	found, err := m.find(ctx, me.ID)
	if err != nil {
		return err
	}
	if found == nil {
		_, err = m.call(ctx, http.MethodPost, m.api+"/notes", map[string]string{"body": title + section(environment, text)}, nil)
		return err
	}
	_, err = m.call(ctx, http.MethodPut, m.api+"/notes/"+strconv.Itoa(found.ID), map[string]string{"body": replace(found.Body, environment, text)}, nil)
	return err
}

// find returns the note if the token's own user wrote it: anybody can write its first line.
func (m *mergeRequest) find(ctx context.Context, user int) (*note, error) {
	for page := "1"; page != ""; {
		var notes []note
		header, err := m.call(ctx, http.MethodGet, m.api+"/notes?sort=asc&order_by=created_at&per_page=100&page="+page, nil, &notes)
		if err != nil {
			return nil, err
		}
		for _, n := range notes {
			if n.Author.ID == user && strings.HasPrefix(n.Body, mark) {
				return &n, nil
			}
		}
		page = header.Get("X-Next-Page")
		if _, err := strconv.Atoi(page); err != nil {
			page = ""
		}
	}
	return nil, nil
}

func section(environment, text string) string {
	return "<!-- plinth-plan: " + environment + " -->\n" + text + "<!-- plinth-plan end: " + environment + " -->\n"
}

// replace replaces an environment's section, or appends it.
func replace(body, environment, text string) string {
	name := regexp.QuoteMeta(environment)
	old := regexp.MustCompile(`(?s)<!-- plinth-plan: ` + name + ` -->.*?<!-- plinth-plan end: ` + name + ` -->\n?`)
	if at := old.FindStringIndex(body); at != nil {
		return body[:at[0]] + section(environment, text) + body[at[1]:]
	}
	return strings.TrimRight(body, "\n") + "\n\n" + section(environment, text)
}

// call calls GitLab's API. Its errors do not contain the token.
func (m *mergeRequest) call(ctx context.Context, method, address string, body, into any) (http.Header, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("PRIVATE-TOKEN", m.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("GitLab cannot be reached: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		remedy := ""
		if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
			remedy = "; " + noteToken + " must be a project access token with role Reporter and scope api that has not expired"
		}
		return nil, fmt.Errorf("%s %s: GitLab answers %s%s", method, request.URL.Path, response.Status, remedy)
	}
	if into != nil {
		const most = 64 << 20
		if err := json.NewDecoder(io.LimitReader(response.Body, most)).Decode(into); err != nil {
			return nil, fmt.Errorf("%s %s: GitLab's answer cannot be parsed: %w", method, request.URL.Path, err)
		}
	}
	return response.Header, nil
}
