package delivery

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// stored returns a release as Helm stores it.
func stored(release string) string {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write([]byte(release)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(compressed.Bytes())
}

// revision is a release in JSON.
func revision(number int, status, image string) string {
	return fmt.Sprintf(`{"version": %d, "info": {"last_deployed": "2026-11-%02dT12:00:00.5Z", "status": %q, "description": "Upgrade complete"}, "config": {"image": {"repository": "ecr/app", %s}}}`,
		number, 10+number, status, image)
}

// hasReleases makes kubectl answer with releases.
func (d *desk) hasReleases(all ...string) {
	d.t.Helper()
	var items []string
	for _, r := range all {
		items = append(items, fmt.Sprintf(`{"data": {"release": %q}}`, stored(r)))
	}
	d.can("kubectl", answer{Args: kubectl + "configmaps --selector owner=helm,name=app --output json", Stdout: `{"items": [` + strings.Join(items, ",") + `]}`})
}

func TestReleases(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.synthesize("dev")
	d.hasReleases(revision(9, "superseded", `"tag": "1.0.0", "digest": ""`), revision(10, "deployed", `"tag": "", "digest": "sha256:ab"`), revision(8, "failed", `"tag": "x"`))
	d.succeeds("releases -env dev")
	assert.Equal(t, d.stdout.String(), `REVISION  DEPLOYED              STATUS      IMAGE      
10        2026-11-20T12:00:00Z  deployed    sha256:ab  
9         2026-11-19T12:00:00Z  superseded  1.0.0      
8         2026-11-18T12:00:00Z  failed      x          
`)
	d.succeeds("releases -env dev -json")
	var all []Release
	assert.NilError(t, json.Unmarshal(d.stdout.Bytes(), &all))
	assert.Equal(t, len(all), 3)
	assert.Equal(t, all[0].Image.Digest, "sha256:ab")
	assert.Equal(t, all[1].Description, "Upgrade complete")

	d.hasReleases()
	contains(t, d.fails("releases -env dev"), "dev: the application is not deployed; deploy it first: ./plinth deploy dev-app")
	d.can("kubectl", answer{Stdout: `{"items": [{"metadata": {"name": "x"}, "data": {"release": "?"}}]}`})
	contains(t, d.fails("releases -env dev"), "dev-app: the ConfigMap x is no release of Helm: ")
}

func TestEarlier(t *testing.T) {
	t.Parallel()
	const one, two, three = `"tag": "1"`, `"tag": "2"`, `"digest": "sha256:3"`
	for name, test := range map[string]struct {
		releases []string
		revision int
		want     int
		err      string
	}{
		"the one before":        {[]string{revision(2, "superseded", two), revision(3, "deployed", three), revision(1, "superseded", one)}, 0, 2, ""},
		"of another image":      {[]string{revision(1, "superseded", one), revision(2, "superseded", two), revision(3, "deployed", two)}, 0, 1, ""},
		"not one that failed":   {[]string{revision(1, "superseded", one), revision(2, "superseded", two), revision(3, "failed", three), revision(4, "deployed", two)}, 0, 1, ""},
		"while one has failed":  {[]string{revision(1, "superseded", one), revision(2, "deployed", two), revision(3, "failed", three)}, 0, 1, ""},
		"by its revision":       {[]string{revision(1, "superseded", one), revision(2, "superseded", two), revision(3, "deployed", three)}, 1, 1, ""},
		"the first":             {[]string{revision(1, "deployed", one)}, 0, 0, "dev-app: Helm knows of no earlier release with another image; see ./plinth releases dev app"},
		"a revision of no one":  {[]string{revision(1, "deployed", one)}, 7, 0, "dev-app: there is no revision 7; see ./plinth releases dev app"},
		"the same image":        {[]string{revision(1, "superseded", one), revision(2, "deployed", one)}, 1, 0, "dev-app: revision 1 has the image that runs, 1"},
		"one that failed":       {[]string{revision(1, "failed", one), revision(2, "deployed", two)}, 1, 0, "dev-app: revision 1 is failed; choose one that worked: ./plinth releases dev app"},
		"nothing deployed":      {[]string{revision(1, "pending-install", one)}, 0, 0, "dev-app: no release is deployed, the last is pending-install; see docs/runbook.md"},
		"an image of no name":   {[]string{revision(1, "superseded", `"repository": "ecr/app"`), revision(2, "deployed", two)}, 1, 0, "dev-app: revision 1 does not say which image it had"},
		"of another repository": {[]string{strings.Replace(revision(1, "superseded", one), "ecr/app", "ghcr/app", 1), revision(2, "deployed", two)}, 0, 0, "dev-app: the image of then is in another repository, ghcr/app; deploy the settings of then instead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.synthesize("dev")
			d.Env = "dev"
			d.hasReleases(test.releases...)
			a, now, before, err := d.Earlier(t.Context(), test.revision)
			if test.err != "" {
				assert.Error(t, err, test.err)
				return
			}
			assert.NilError(t, err)
			assert.Equal(t, a.Stack, "dev-app")
			assert.Equal(t, now.Status, "deployed")
			assert.Equal(t, before.Revision, test.want)
		})
	}
}
