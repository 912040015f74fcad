package rename

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"plinth/cli/internal/sentence"
	"plinth/settings"
)

// environments is the folder of the settings.
const environments = "environments"

// settingsFiles adds to changed the environments' files with the new names. It returns a line for
// the user about each.
func settingsFiles(root string, o Options, changed map[string][]byte) (said []string, err error) {
	if o.Project == "" && o.App == "" {
		return nil, nil
	}
	before, err := settings.Load(filepath.Join(root, environments), nil)
	if err != nil {
		return nil, fmt.Errorf("the settings have mistakes; mend these first\n%w", err)
	}
	old := map[string]string{} // an environment's project
	for _, env := range before {
		old[env.Name] = env.Project
	}
	var remaining []string
	exists := false // the application that is renamed
	files, err := filepath.Glob(filepath.Join(root, environments, "*.yaml"))
	if err != nil {
		return nil, err
	}
	// Validate the new names in a copy of the settings.
	trial, err := os.MkdirTemp("", "plinth-rename-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(trial)
	for _, path := range files {
		file := filepath.ToSlash(filepath.Join(environments, filepath.Base(path)))
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		text, names := string(content), []string{}
		if o.Project != "" {
			if text, err = set(text, []string{"project"}, o.Project); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			names = append(names, "project is "+o.Project)
		}
		if o.App != "" {
			var name string
			if text, name, err = setApplication(text, o.App); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			if name != "" {
				names, exists = append(names, name), true
			}
		}
		if err := os.WriteFile(filepath.Join(trial, filepath.Base(path)), []byte(text), 0o600); err != nil {
			return nil, err
		}
		if text != string(content) {
			changed[file] = []byte(text)
			said = append(said, file+": "+strings.Join(names, ", "))
			if o.Project != "" {
				remaining = append(remaining, mentions(file, text, old[strings.TrimSuffix(filepath.Base(path), ".yaml")])...)
			}
		}
	}
	if from, to, both := strings.Cut(o.App, "="); both && !exists {
		var all []string
		for _, env := range before {
			if env.Apps[to] != nil { // renamed already
				exists = true
			}
			all = slices.AppendSeq(all, maps.Keys(env.Apps))
		}
		if !exists {
			slices.Sort(all)
			return nil, fmt.Errorf("apps: no environment has an application %s; there are %s", from, sentence.List(slices.Compact(all)))
		}
	}
	if len(remaining) > 0 {
		said = append(append(said, "The old name is still in these lines. Edit them if they change too:"), remaining...)
	}
	return said, accepted(trial, o)
}

// mentions lists the lines of a YAML file whose settings contain a word, such as an ARN or the
// pipelines' project.
func mentions(file, text, word string) []string {
	pattern := regexp.MustCompile(`\b` + regexp.QuoteMeta(word) + `\b`)
	var found []string
	number := 0
	for line := range strings.Lines(text) {
		number++
		setting, _, _ := strings.Cut(" "+line, " #")
		if pattern.MatchString(setting) {
			found = append(found, fmt.Sprintf("  %s:%d: %s", file, number, strings.TrimSpace(setting)))
		}
	}
	return found
}

// accepted validates the renamed environments in a folder. It reports a wrong name once, not for
// each environment.
func accepted(folder string, o Options) error {
	all, err := settings.Load(folder, nil)
	var problems settings.Problems
	if errors.As(err, &problems) {
		told := map[string]bool{}
		var lines []string
		for _, p := range problems {
			if !told[p.Path] {
				lines = append(lines, p.Path+": "+p.Message)
			}
			told[p.Path] = true
		}
		return errors.New(strings.Join(lines, "\n"))
	}
	if err != nil {
		return err
	}
	for _, env := range all {
		_, name, both := strings.Cut(o.App, "=")
		if !both {
			name = o.App
		}
		if o.Project != "" && env.Project != o.Project || o.App != "" && !both && env.Apps[name] == nil {
			return fmt.Errorf("%s/%s.yaml: is written in a way that this cannot edit; write the names there yourself", environments, env.Name)
		}
	}
	return nil
}

// setApplication renames an application in a YAML text: its key under apps. names is the new name, or old=new. It
// returns what it has changed, in words. A text without an application of the old name stays.
func setApplication(text, names string) (renamed, said string, err error) {
	from, to, both := strings.Cut(names, "=")
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return "", "", err
	}
	key, apps := entry(document.Content[0], "apps")
	if apps == nil {
		return text, "", nil
	}
	var all []string
	for i := 0; i+1 < len(apps.Content); i += 2 {
		all = append(all, apps.Content[i].Value)
	}
	switch {
	case len(all) == 0:
		return text, "", nil
	case !both && len(all) == 1:
		from, to = all[0], names
	case !both:
		return "", "", fmt.Errorf("apps: has %s; say which is renamed: --app %s=%s", sentence.List(all), all[0], names)
	}
	old, _ := entry(apps, from)
	if taken, _ := entry(apps, to); taken != nil && old != nil && from != to {
		return "", "", fmt.Errorf("apps.%s: there is such an application already", to)
	}
	if old == nil {
		return text, "", nil
	}
	renamed, err = replace(strings.SplitAfter(text, "\n"), key, old, to)
	return renamed, "apps." + from + " is apps." + to, err
}

// set sets one setting in a YAML text, and changes nothing else.
func set(text string, path []string, value string) (string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return "", err
	}
	lines := strings.SplitAfter(text, "\n")
	section, parent := document.Content[0], (*yaml.Node)(nil)
	for i, name := range path {
		if section.Kind != yaml.MappingNode {
			return "", fmt.Errorf("%s: is no section", strings.Join(path[:i], "."))
		}
		key, node := entry(section, name)
		switch {
		case key == nil:
			insert(lines, section, parent, strings.Join(path[i:], ": {")+": "+scalar(value)+strings.Repeat("}", len(path)-i-1))
			return strings.Join(lines, ""), nil
		case i == len(path)-1:
			return replace(lines, key, node, value)
		}
		section, parent = node, key
	}
	return text, nil
}

// entry returns a key of a mapping and its value, nil if there is none.
func entry(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// insert adds an entry to a mapping that is not empty, so that comments stay with their entries: at
// the top level before the first entry, elsewhere right below the mapping's key.
func insert(lines []string, mapping, parent *yaml.Node, text string) {
	first := mapping.Content[0]
	switch {
	case mapping.Style&yaml.FlowStyle != 0:
		before, after := split(lines[mapping.Line-1], mapping.Column)
		lines[mapping.Line-1] = before + text + ", " + after
	case parent != nil:
		lines[parent.Line-1] += strings.Repeat(" ", first.Column-1) + text + "\n"
	default:
		lines[first.Line-1] = strings.Repeat(" ", first.Column-1) + text + "\n" + lines[first.Line-1]
	}
}

// scalar returns text as a YAML scalar, in quotes if it needs them.
func scalar(text string) string {
	var plain any
	if err := yaml.Unmarshal([]byte(text), &plain); err == nil && plain == any(text) && !strings.ContainsAny(text, "\n,{}[]") {
		return text
	}
	return strconv.Quote(text)
}

// replace replaces a scalar, and keeps its quotes.
func replace(lines []string, key, node *yaml.Node, text string) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("%s: is no text", key.Value)
	}
	before, after := split(lines[node.Line-1], node.Column-1)
	old, token := node.Value, scalar(text)
	switch {
	case node.Style&yaml.DoubleQuotedStyle != 0:
		old, token = `"`+old+`"`, strconv.Quote(text)
	case node.Style&yaml.SingleQuotedStyle != 0:
		old, token = "'"+old+"'", "'"+strings.ReplaceAll(text, "'", "''")+"'"
	}
	rest, found := strings.CutPrefix(after, old)
	if !found || old == "" {
		return "", fmt.Errorf("line %d: %s: is written in a way that this cannot edit; write %s there yourself", node.Line, key.Value, token)
	}
	lines[node.Line-1] = before + token + rest
	return strings.Join(lines, ""), nil
}

// split splits a line after a number of characters.
func split(line string, at int) (before, after string) {
	runes := []rune(line)
	return string(runes[:at]), string(runes[at:])
}
