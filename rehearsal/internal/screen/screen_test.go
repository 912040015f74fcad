package screen

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/rehearsal/internal/cdktf"
)

const output = `dev-net  Terraform has been successfully initialized!
dev-net  Plan: 2 to add, 0 to change, 0 to destroy.
         a.b: Creating...
         a.b: Creation complete after 0s [id=1]
`

// show draws stacks in every state and returns the screen without the seconds.
func show(t *testing.T, live bool, last bool) string {
	t.Helper()
	parser := cdktf.NewParser("dev-net", "dev-data", "dev-app")
	_, err := parser.Write([]byte(output + "dev-data  Terraform has been successfully initialized!\ndev-data  Error: no\n"))
	assert.NilError(t, err)
	var out bytes.Buffer
	p := &progress{
		screen: &Screen{out: &out, live: live, width: func() int { return 80 }}, verb: "deploy",
		parsers: []*cdktf.Parser{parser}, told: map[string]bool{},
	}
	p.draw(false)
	p.draw(false)
	if last {
		parser.End(false)
		p.draw(true)
	}
	return regexp.MustCompile(` +\d+\.\d s`).ReplaceAllString(out.String(), "")
}

func TestProgress(t *testing.T) {
	assert.Equal(t, show(t, false, true), `  deploy     dev-data  failed
  deploy     dev-net   failed
`)
	assert.Equal(t, show(t, true, false), `  deploy     dev-data  failed
  deploy     dev-net   1 of 2
  deploy     dev-app   waiting
`+"\x1b[2A\x1b[J"+`  deploy     dev-net   1 of 2
  deploy     dev-app   waiting
`)
}

// TestCut: a line that wraps could not be overwritten.
func TestCut(t *testing.T) {
	s := &Screen{width: func() int { return 10 }}
	assert.Equal(t, s.cut("0123456789…"), "012345678")
	assert.Equal(t, s.cut("✓✓✓"), "✓✓✓")
}

// TestFile: output to a file overwrites nothing.
func TestFile(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	assert.NilError(t, err)
	s := New(file)
	parser := cdktf.NewParser("dev-net")
	end := s.Progress("deploy", parser)
	_, err = parser.Write([]byte(output))
	assert.NilError(t, err)
	s.Note("a note")
	parser.End(true)
	end()
	s.Title("%s", "Title")
	s.Result(false, "100 %")
	content, err := os.ReadFile(file.Name())
	assert.NilError(t, err)
	text := string(content)
	for _, want := range []string{"a note\n", "  deploy     dev-net  2 of 2 ", "\nTitle\n", "✗ 100 %\n"} {
		assert.Assert(t, strings.Contains(text, want), "want %q in:\n%s", want, text)
	}
	assert.Assert(t, !strings.Contains(text, "\x1b"), "%q", text)
}
