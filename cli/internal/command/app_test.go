package command

import (
	"os"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestApplication checks that each command runs, with the environment that it is given. Package
// delivery tests what the commands do.
func TestApplication(t *testing.T) {
	const nothing = "/cdktf.out has no stacks. Synthesize first: ./plinth synth\n"
	for line, want := range map[string]string{
		"verify dev":                    "build/outputs/dev-app.json: does not exist; deploy the application first: ./plinth deploy dev-app\n",
		"status prod":                   "prod: there is no such environment; there are dev\n",
		"status prod --output json":     "prod: there is no such environment; there are dev\n",
		"logs prod --follow --since 1h": "prod: there is no such environment; there are dev\n",
		"tunnel prod":                   "prod: there is no such environment; there are dev\n",
		"scan":                          "scan: there is no image; build it first: ./plinth image\n",
		"image --builder x":             "git: ",
		"push --repository 127.0.0.1:1/app --dotenv x": "git: ",
	} {
		f := newFake(t)
		code, said := f.run(strings.Fields(line)...)
		assert.Equal(t, code, failed, line)
		assert.Assert(t, strings.HasPrefix(said, want), "%s: says %s", line, said)
	}
	f := newFake(t)
	assert.NilError(t, os.RemoveAll(f.Path("cdktf.out")))
	for _, line := range []string{"status dev", "tunnel dev", "logs dev", "order --skip-synth", "plan dev-app --skip-synth"} {
		code, said := f.run(strings.Fields(line)...)
		assert.Equal(t, code, failed, line)
		assert.Equal(t, said, f.Root+nothing, line)
	}
}
