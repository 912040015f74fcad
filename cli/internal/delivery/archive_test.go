package delivery

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestPushOfAnEarlierJob pushes the image that an earlier job of a pipeline built, and passes the
// digest to a later job.
func TestPushOfAnEarlierJob(t *testing.T) {
	t.Parallel()
	d, _ := newProject(t)
	d.write(".gitignore", "/build/\n/cdktf.out/\n")
	revision := d.commitAll("ignore")
	d.synthesize("dev")
	d.awsWorks()
	d.Transport = newECR(t)
	keep := func(revision string) {
		content, err := os.ReadFile(d.archive(revision))
		assert.NilError(t, err)
		d.write("build/image/app.tar", string(content))
	}
	d.docker(revision)
	keep("of another commit")
	d.succeeds("push -env dev -dotenv build/push.env")
	_, err := os.Stat(filepath.Join(d.Dir, "build", "image", "app", "app"))
	assert.NilError(t, err, "an image of another commit is pushed")
	dotenv, err := os.ReadFile(filepath.Join(d.Dir, "build", "push.env"))
	assert.NilError(t, err)
	assert.Equal(t, string(dotenv), "PLINTH_DEV_APPS_APP_IMAGE_DIGEST="+strings.TrimSpace(d.stdout.String())+"\n")

	d.Transport = newECR(t)
	keep(revision)
	before, _ := d.calls()
	d.succeeds("push -env dev")
	contains(t, d.stderr.String(), "build/image/app.tar is built from this commit already.", " is pushed.")
	after, _ := d.calls()
	for _, command := range after[len(before):] {
		assert.Assert(t, strings.HasPrefix(command, "aws "), command)
	}
}
