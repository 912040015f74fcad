package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// gitlab is a fake of GitLab's API for notes, with one merge request.
type gitlab struct {
	*httptest.Server
	sync.Mutex
	notes []note
	calls []string
}

const goodToken = "of-a-test"

func newGitLab(t *testing.T) *gitlab {
	g := &gitlab{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v4/user", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"id": 5}`) })
	const notes = "/api/v4/projects/42/merge_requests/7/notes"
	mux.HandleFunc("GET "+notes, func(w http.ResponseWriter, r *http.Request) {
		const size = 2 // so that there are pages
		page, _ := strconv.Atoi(r.FormValue("page"))
		from, to := min((page-1)*size, len(g.notes)), min(page*size, len(g.notes))
		if to < len(g.notes) {
			w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
		}
		_ = json.NewEncoder(w).Encode(g.notes[from:to])
	})
	mux.HandleFunc("POST "+notes, func(w http.ResponseWriter, r *http.Request) {
		n := note{ID: 100 + len(g.notes)}
		_ = json.NewDecoder(r.Body).Decode(&n)
		n.Author.ID = 5
		g.notes = append(g.notes, n)
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("PUT "+notes+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		for i := range g.notes {
			if strconv.Itoa(g.notes[i].ID) == r.PathValue("id") && g.notes[i].Author.ID == 5 {
				_ = json.NewDecoder(r.Body).Decode(&g.notes[i])
				return
			}
		}
		w.WriteHeader(http.StatusForbidden)
	})
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Lock()
		defer g.Unlock()
		g.calls = append(g.calls, r.Method+" "+r.URL.Path)
		if r.Header.Get("PRIVATE-TOKEN") != goodToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

// by returns a note by an author.
func by(author int, body string) note {
	n := note{ID: author * 10, Body: body}
	n.Author.ID = author
	return n
}

func (g *gitlab) command(t *testing.T, more map[string]string) *Planner {
	t.Helper()
	variables := map[string]string{
		noteToken: goodToken, "CI_API_V4_URL": g.URL + "/api/v4", "CI_MERGE_REQUEST_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7",
	}
	for name, value := range more {
		variables[name] = value
	}
	c := &Planner{Root: t.TempDir(), Getenv: func(name string) string { return variables[name] }, Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Transport: http.DefaultTransport}
	c.summarize(t, "dev-network", "#### dev-network\n\nNo changes.\n")
	return c
}

func (c *Planner) summarize(t *testing.T, stack, text string) {
	t.Helper()
	if err := os.MkdirAll(c.folder(stack), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.folder(stack), "summary.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestOneNote posts the plans of two environments, twice.
func TestOneNote(t *testing.T) {
	t.Parallel()
	g := newGitLab(t)
	g.notes = []note{by(1, "a remark"), by(2, mark+"\nforged"), by(3, "another")}
	c := g.command(t, nil)
	post := func(args ...string) {
		t.Helper()
		if err := c.Note(t.Context(), args[0], args[1:]); err != nil {
			t.Fatal(err)
		}
	}
	post("dev", "dev-network", "dev-app")
	post("prod", "prod-network")
	c.summarize(t, "dev-network", "#### dev-network\n\n1 to add.\n")
	c.summarize(t, "dev-app", "#### dev-app\n\nNo changes.\n")
	post("dev", "dev-network", "dev-app")
	want := mark + `
## What deploying this would change

<!-- plinth-plan: dev -->
### dev

#### dev-network

1 to add.

#### dev-app

No changes.

<!-- plinth-plan end: dev -->

<!-- plinth-plan: prod -->
### prod

#### prod-network

The plan failed; see its job.

<!-- plinth-plan end: prod -->
`
	if len(g.notes) != 4 || g.notes[3].Body != want {
		t.Errorf("there are %d notes, and the last is\n%s", len(g.notes), g.notes[len(g.notes)-1].Body)
	}
	if g.notes[1].Body != mark+"\nforged" {
		t.Error("somebody else's note is changed")
	}
}

func TestNoNote(t *testing.T) {
	t.Parallel()
	g := newGitLab(t)
	c := g.command(t, map[string]string{noteToken: ""})
	if err := c.Note(t.Context(), "dev", []string{"dev-network"}); err != nil {
		t.Fatal(err)
	}
	if len(g.calls) > 0 {
		t.Errorf("without a token GitLab is called: %v", g.calls)
	}
	text, err := os.ReadFile(filepath.Join(c.Root, "build", "plan", "dev.md"))
	if err != nil || !strings.Contains(string(text), "No changes.") {
		t.Errorf("without a token the summary is %q, %v", text, err)
	}
}

func TestNoteRefused(t *testing.T) {
	t.Parallel()
	redirecting := httptest.NewServer(http.RedirectHandler("https://elsewhere.invalid/", http.StatusFound))
	t.Cleanup(redirecting.Close)
	for name, test := range map[string]struct {
		variables map[string]string
		want      string
	}{
		"wrong token":         {map[string]string{noteToken: "glpat-wrong"}, "401 Unauthorized; GITLAB_NOTE_TOKEN must be a project access token with role Reporter and scope api that has not expired"},
		"plain HTTP":          {map[string]string{"CI_API_V4_URL": "http://gitlab.example.com/api/v4"}, "must be an https URL"},
		"not a number":        {map[string]string{"CI_MERGE_REQUEST_IID": "7/../../8"}, "must be a number"},
		"not a merge request": {map[string]string{"CI_MERGE_REQUEST_IID": ""}, "must be a number"},
		"redirected":          {map[string]string{"CI_API_V4_URL": redirecting.URL}, "302 Found"},
	} {
		g := newGitLab(t)
		err := g.command(t, test.variables).Note(t.Context(), "dev", []string{"dev-network"})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "glpat") {
			t.Errorf("%s: the error is %v, not %q", name, err, test.want)
		}
	}
}

// TestUpgradeNote: the report of a rehearsal is a section of its own beside the plans.
func TestUpgradeNote(t *testing.T) {
	t.Parallel()
	g := newGitLab(t)
	c := g.command(t, nil)
	put := func() {
		t.Helper()
		if err := c.NoteUpgrade(t.Context(), "dev"); err != nil {
			t.Fatal(err)
		}
	}
	put()
	if err := c.Note(t.Context(), "dev", []string{"dev-network"}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(c.Root, "build", "upgrade", "dev.md")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("#### dev, deployed from main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := g.notes[0].Body
	put()
	if len(g.notes) != 1 || !strings.Contains(before, "### Upgrade of dev, rehearsed\n\nThe rehearsal failed; see its job.\n") {
		t.Errorf("there are %d notes, and the first was\n%s", len(g.notes), before)
	}
	if text := g.notes[0].Body; !strings.Contains(text, "<!-- plinth-plan: upgrade of dev -->\n### Upgrade of dev, rehearsed\n\n#### dev, deployed from main\n\n<!-- plinth-plan end: upgrade of dev -->\n") ||
		!strings.Contains(text, "#### dev-network") || strings.Contains(text, "failed") {
		t.Error(text)
	}
	alone := g.command(t, map[string]string{noteToken: ""})
	if err := alone.NoteUpgrade(t.Context(), "dev"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(alone.Root, "build", "upgrade", "dev.md")); err != nil || string(text) != "The rehearsal failed; see its job.\n" {
		t.Errorf("without a token the summary is %q, %v", text, err)
	}
	if said := alone.Stderr.(*bytes.Buffer).String(); said != "GITLAB_NOTE_TOKEN is not set: no note was written. The summary is in build/upgrade/dev.md.\n" {
		t.Error(said)
	}
}
