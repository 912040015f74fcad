package dockerfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "Dockerfile")
	for content, want := range map[string]string{
		"FROM node\nCMD [\"node\", \"server.js\"]\n":                                          "node server.js",
		"FROM node\nENTRYPOINT [\"node\"]\nCMD [\"server.js\"]":                               "node server.js",
		"from node\r\nentrypoint [\"/app\"]\r\n":                                              "/app",
		"FROM node AS base\nENTRYPOINT [\"node\"]\nFROM alpine\nFROM base\nCMD [\"x\"]":       "node x",
		"FROM node AS base\nENTRYPOINT [\"node\"]\nFROM --platform=linux/amd64 alpine AS run": "!it has neither ENTRYPOINT nor CMD",
		"FROM node\nCMD [\"a\"]\nCMD [\"b\"]":                                                 "b",
		"FROM node\nCMD [\"node\", \\\n  # a comment\n  \"server.js\"]":                       "node server.js",
		"FROM node\n# CMD [\"a\"]\nRUN echo CMD":                                              "!it has neither ENTRYPOINT nor CMD",
		"FROM node\nCMD node server.js":                                                       "!CMD node server.js is in shell form",
		"FROM node\nENTRYPOINT exec node\nCMD [\"a\"]":                                        "!ENTRYPOINT exec node is in shell form",
		"FROM node\nCMD ['node']":                                                             "!CMD ['node'] is in shell form",
		"":                                                                                    "!it has neither ENTRYPOINT nor CMD",
	} {
		assert.NilError(t, os.WriteFile(file, []byte(content), 0o600))
		command, err := Command(file)
		got := strings.Join(command, " ")
		if err != nil {
			got = "!" + err.Error()
		}
		assert.Equal(t, got, want, content)
	}
	_, err := Command(file + ".none")
	assert.Assert(t, errors.Is(err, os.ErrNotExist))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for content, want := range map[string][]string{
		"FROM node\nEXPOSE 3000/tcp 4000\nEXPOSE 5000\nUSER 0\nUSER 1000:1000":   {"3000/tcp", "1000:1000", ""},
		"FROM node AS build\nEXPOSE 9\nUSER root\nFROM node\nCMD x":              {"", "", "x"},
		"FROM node AS base\nEXPOSE 3000\nUSER 1000\nFROM base\nCMD [\"x\"]":      {"3000", "1000", `["x"]`},
		"FROM node AS base\nEXPOSE 3000\nUSER 1000\nFROM base\nEXPOSE 4000":      {"4000", "1000", ""},
		"FROM node\nENTRYPOINT [\"a\"]\nCMD [\"b\", \\\n  # a comment\n  \"c\"]": {"", "", `["a"] ["b",    "c"]`},
		"FROM node\nEXPOSE \t\nEXPOSE":                                           {"", "", ""},
	} {
		stage := Parse(content)
		assert.DeepEqual(t, []string{stage.Expose, stage.User, stage.CommandText()}, want)
	}
}
