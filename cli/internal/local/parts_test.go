package local

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/settings"
)

// TestExpand replaces as Kubernetes does:
// https://github.com/kubernetes/kubernetes/blob/master/third_party/forked/golang/expansion/expand.go
func TestExpand(t *testing.T) {
	t.Parallel()
	for argument, want := range map[string]string{
		"":                 "",
		"plain":            "plain",
		"$(A)":             "1",
		"x$(A)y$(EMPTY)z":  "x1yz",
		"$(UNKNOWN) $(A)":  "$(UNKNOWN) 1",
		"$$(A) $$$(A) $$$": "$(A) $1 $$",
		"$A ${A} $(A":      "$A ${A} $(A",
		"$":                "$",
		"$(LOOP)":          "$(A)",
	} {
		got := expand([]string{argument}, map[string]string{"A": "1", "EMPTY": "", "LOOP": "$(A)"})
		assert.Equal(t, got[0], want, argument)
	}
}

func TestDotenv(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	read := func(content string) (map[string]string, error) {
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
		variables, exists, err := readDotenv(file, ".env")
		assert.Assert(t, exists)
		return variables, err
	}
	got, err := read(`# a comment
PLAIN=a b  # c
HASH=a#b
EMPTY=
NOTHING= # c
  export EXPORTED = x
DOUBLE="a \"b\"\n\\n # no comment" # c
SINGLE='a \n "b" # no comment'
URL=postgresql://u:p@h/d?a=b
` + "WINDOWS=x\r\nLAST=y")
	assert.NilError(t, err)
	assert.DeepEqual(t, got, map[string]string{
		"PLAIN": "a b", "HASH": "a#b", "EMPTY": "", "NOTHING": "", "EXPORTED": "x", "DOUBLE": "a \"b\"\n\\n # no comment",
		"SINGLE": `a \n "b" # no comment`, "URL": "postgresql://u:p@h/d?a=b", "WINDOWS": "x", "LAST": "y",
	})
	for content, want := range map[string]string{
		"1A=secret":           ".env:1: must be NAME=value, a comment that begins with #, or empty",
		"A=1\nB=\"secret\nC=": `.env:2: B must end with the quote that it begins with, on the same line; write a line break as \n in double quotes`,
		"A='secret' x":        `.env:1: A must end with the quote that it begins with, on the same line; write a line break as \n in double quotes`,
	} {
		_, err := read(content)
		assert.Error(t, err, want)
	}
	_, exists, err := readDotenv(file+".none", "")
	assert.NilError(t, err)
	assert.Assert(t, !exists)
}

// TestOutput checks that each line has the name of its process, also one that has no end.
func TestOutput(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := &output{to: &out, width: 6}
	web, mailer := o.of("web"), o.of("mailer")
	fmt.Fprint(web, "one\r\ntw")
	fmt.Fprint(mailer, "three\n\n")
	fmt.Fprint(web, "o\nend")
	web.flush()
	web.flush()
	fmt.Fprint(mailer, strings.Repeat("x", longestLine+1))
	got, long, _ := strings.Cut(out.String(), "mailer | x")
	assert.Equal(t, got, "web    | one\nmailer | three\nmailer | \nweb    | two\nweb    | end\n")
	assert.Equal(t, long, strings.Repeat("x", longestLine)+"\n")

	out.Reset()
	o = &output{to: &out, width: 3, color: true}
	fmt.Fprint(o.of("web"), "one\n")
	assert.Equal(t, out.String(), "\x1b[36mweb | \x1b[0mone\n")
}

// TestGoMemoryLimit checks values that the chart renders: see tools/charts/testdata/app/node.yaml.
func TestGoMemoryLimit(t *testing.T) {
	t.Parallel()
	assert.Equal(t, goMemoryLimit(settings.Size{CPU: "0.25", MemoryGiB: "0.5"}, 80), "184MiB")
	assert.Equal(t, goMemoryLimit(settings.Size{CPU: "0.25", MemoryGiB: "0.5"}, 100), "230MiB")
	assert.Equal(t, goMemoryLimit(settings.Size{CPU: "0.5", MemoryGiB: "1"}, 80), "552MiB")
}

// TestURL checks that a URL is right in a folder whose path has characters that URLs escape.
func TestURL(t *testing.T) {
	t.Parallel()
	s := &server{database: "my-shop", user: "my-shop_a", password: "p", port: 5, authority: "/a b/c+d&e/ca.pem"}
	assert.Equal(t, s.url(), "postgresql://my-shop_a:p@localhost:5/my-shop?sslmode=verify-full&sslrootcert=/a%20b/c%2Bd%26e/ca.pem")
}
