package command

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"gotest.tools/v3/assert"
	"gotest.tools/v3/golden"
)

// root is the repository's folder.
const root = "../../.."

// TestHelp checks that ./plinth --help, ./plinth and the file help are the same text, and that it
// fits on a screen.
func TestHelp(t *testing.T) {
	f := newFake(t)
	code, said := f.run("--help")
	assert.Equal(t, code, done)
	file := filepath.Join(root, "help")
	if golden.FlagUpdate() {
		assert.NilError(t, os.WriteFile(file, []byte(said), 0o600))
	}
	content, err := os.ReadFile(file)
	assert.NilError(t, err)
	assert.Equal(t, string(content), said, "Is the change meant? make golden accepts it.")
	_, alone := f.run()
	assert.Equal(t, alone, said)
	lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	assert.Assert(t, len(lines) <= 50, "%d lines are no screen", len(lines))
	for _, line := range lines {
		assert.Assert(t, len(line) <= 120, line)
	}
}

// TestExamples checks that every command has an example, and that each example is a valid command
// line.
func TestExamples(t *testing.T) {
	f := newFake(t)
	commands := newRoot(f.Project).Commands()
	assert.Assert(t, len(commands) > 20)
	for _, c := range commands {
		assert.Assert(t, strings.HasPrefix(strings.TrimSpace(c.Example), "./plinth "+c.Name()), "%s: has no example first", c.Name())
		for line := range strings.Lines(c.Example) {
			words := strings.Fields(line)
			words = words[slices.Index(words, "./plinth")+1:]
			if i := slices.IndexFunc(words, func(word string) bool { return strings.HasPrefix(word, "#") }); i >= 0 {
				words = words[:i]
			}
			for i, word := range words {
				words[i] = strings.Trim(word, `'"`)
			}
			found, args, err := newRoot(f.Project).Find(words)
			assert.NilError(t, err, line)
			assert.Equal(t, found.Name(), c.Name(), line)
			assert.NilError(t, found.ParseFlags(args), line)
			assert.NilError(t, found.ValidateArgs(found.Flags().Args()), line)
		}
		code, said := f.run(c.Name(), "--help")
		assert.Equal(t, code, done)
		assert.Assert(t, strings.HasPrefix(said, c.Short+".\n"), said)
		assert.Assert(t, strings.Contains(said, "\nExamples:\n  ./plinth "+c.Name()), said)
	}
}

// TestCompletion prints the script of each shell.
func TestCompletion(t *testing.T) {
	f := newFake(t)
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, said := f.run("completion", shell)
		assert.Equal(t, code, done, shell)
		assert.Assert(t, strings.Contains(said, "plinth"), shell)
	}
	code, said := f.run("completion", "ksh")
	assert.Equal(t, code, failed)
	assert.Equal(t, said, "ksh: must be bash, zsh, fish or powershell. For example: ./plinth completion bash\n")
	_, said = f.run("completion", "--help")
	assert.Assert(t, strings.Contains(said, "source <(./plinth completion bash)"), said)
}

// TestComplete asks for completions as a shell does.
func TestComplete(t *testing.T) {
	f := newFake(t)
	f.addShop()
	const dev = `account: "111111111111"
region: eu-west-2
ci: {project: group/project}
network: {cidr: 10.10.0.0/16, zones: [a, b]}
database: {instanceClass: db.t4g.micro}
apps: {app: {image: {tag: 0.1.0}, web: {}, workers: {mailer: {command: [a]}}, jobs: {report: {command: [a], schedule: "1 2 * * *"}}}}
`
	f.write("environments/dev.yaml", dev)
	f.write("environments/prod.yaml", strings.NewReplacer("1111", "3333", "10.10", "10.30").Replace(dev))
	for line, want := range map[string]string{
		"deploy":              "dev-network dev-data dev-app dev-shop",
		"deploy dev-network":  "dev-data dev-app dev-shop",
		"diff":                "dev-network dev-data dev-app dev-shop",
		"diff dev-app":        "",
		"status":              "dev prod",
		"status dev":          "app shop",
		"status dev app":      "",
		"status prod":         "",
		"logs dev":            "app shop",
		"logs dev app":        "web mailer report",
		"logs dev shop":       "",
		"logs dev app web":    "",
		"restart dev app":     "web mailer report",
		"run dev app":         "web mailer report",
		"releases dev":        "app shop",
		"rollback dev":        "app shop",
		"rollback dev app":    "",
		"verify dev":          "app shop",
		"push":                "dev prod",
		"push dev":            "app shop",
		"push --repository x": "app",
		"image":               "app",
		"image app":           "",
		"scan":                "app",
		"tunnel dev":          "",
		"rehearse":            "dev prod",
		"drift":               "dev prod",
		"drift dev":           "dev-network dev-data dev-app dev-shop",
		"drift prod":          "",
		"image --builder":     "docker buildah",
		"status dev --output": "text json",
		"lock --platform":     "linux_amd64 linux_arm64 darwin_amd64 darwin_arm64",
		"images --output":     "text json",
		"new":                 "app",
		"new app":             "",
		"completion":          "bash zsh fish powershell",
		"completion bash":     "",
	} {
		_, said := f.run(append([]string{cobra.ShellCompNoDescRequestCmd}, append(strings.Fields(line), "")...)...)
		var got []string
		for offered := range strings.Lines(said) {
			if offered = strings.TrimSpace(offered); offered != "" && !strings.HasPrefix(offered, ":") && !strings.HasPrefix(offered, "Completion ended") {
				got = append(got, offered)
			}
		}
		assert.Equal(t, strings.Join(got, " "), want, line)
	}
}

// TestVersion checks that the version is the newest one in the changelog.
func TestVersion(t *testing.T) {
	f := newFake(t)
	code, said := f.run("version")
	assert.Equal(t, code, done)
	assert.Equal(t, said, "plinth "+version+"\n")
	_, said = f.run("--version")
	assert.Equal(t, said, "plinth "+version+"\n")
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	assert.NilError(t, err)
	_, newest, _ := strings.Cut(string(changelog), "\n## [")
	if unreleased, is := strings.CutPrefix(newest, "Unreleased]"); is {
		_, newest, _ = strings.Cut(unreleased, "\n## [")
	}
	newest, _, _ = strings.Cut(newest, "]")
	assert.Equal(t, newest, version)
}
