package settings

import (
	"bytes"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// documentFile is the page of all settings.
const documentFile = "../docs/settings.md"

// group is the settings of one struct, which have their own heading.
type group struct {
	path   string // empty for those at the top of a file
	schema *jsonschema.Schema
	values reflect.Value // the defaults
}

// groups returns the groups of a struct and of the structs in it.
func groups(path string, of *jsonschema.Schema, values reflect.Value) []group {
	all := []group{{path, of, values}}
	for _, f := range fieldsOf(values.Type()) {
		property, _ := of.Properties.Get(f.name)
		switch value := values.Field(f.index); {
		case value.Kind() == reflect.Struct:
			all = append(all, groups(settingPath(path, f.name), property, value)...)
		case isSection(value.Type()):
			all = append(all, groups(settingPath(path, f.name), property, section(value))...)
		case isMapOfSections(value.Type()):
			entry := fresh(value.Type().Elem().Elem()).Elem()
			all = append(all, groups(settingPath(path, f.name)+"."+anyKey, property.AdditionalProperties, entry)...)
		case isListOfStructs(value.Type()):
			all = append(all, groups(settingPath(path, f.name)+"[]", property.Items, fresh(value.Type().Elem()).Elem())...)
		}
	}
	return all
}

func isMapOfSections(t reflect.Type) bool { return t.Kind() == reflect.Map && isSection(t.Elem()) }

// isGroup reports whether the settings of a type have a heading of their own, and no row.
func isGroup(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || isSection(t) || isMapOfSections(t)
}

func isListOfStructs(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// reference returns the page: a section for each group, with a table and an example.
func reference(t *testing.T) []byte {
	var page bytes.Buffer
	page.WriteString(referenceIntroduction)
	all := groups("", schema(t), reflect.ValueOf(*Defaults()))
	for _, g := range all {
		indent := strings.Repeat("  ", strings.Count(g.path, "."))
		fmt.Fprintf(&page, "%s- [%s](#%s)\n", indent, g.heading(), anchor(g.heading()))
	}
	for _, g := range all {
		g.write(&page)
	}
	return page.Bytes()
}

const referenceIntroduction = `# Settings

<!-- Written by make golden from settings/: the types, their comments and their tags. -->

Each environment is one file, ` + "`environments/<name>.yaml`" + `. ` + "`./plinth check`" + ` reports every mistake in it, with the
file and the line. Editors complete and check the keys by ` + "`environments/schema.json`" + `.

A variable overrides one setting of one environment: ` + "`PLINTH_`" + `, the environment, and the key in capitals, with
an underscore for each dot and between words. A list is written ` + "`a,b`" + ` or ` + "`[a, b]`" + `; an empty variable is ignored.

    PLINTH_DEV_APPS_SHOP_IMAGE_TAG=1.2.3 PLINTH_DEV_NETWORK_ZONES=a,b ./plinth synth

The last column says what a change does to an environment that is deployed:

| Change | What happens |
|---|---|
| none | Nothing that is deployed changes. |
| in place | Resources are changed, added or removed. Everything else runs on. |
| rolls pods | Pods are replaced one after another. Where several run, no request is lost. |
| outage | Something does not answer for a while. |
| at creation | It is decided when the environment is created. |
| … bootstrap first | The deploy roles can need other permissions: run ` + "`./plinth bootstrap`" + `, then deploy. To switch something off, deploy first. |

`

// anchor returns the anchor of a heading, as in GitHub and GitLab.
func anchor(heading string) string {
	return strings.NewReplacer(".", "", " ", "-", "<", "", ">", "", "`", "").Replace(strings.ToLower(heading))
}

func (g group) heading() string {
	if g.path == "" {
		return "Top level"
	}
	path := strings.TrimSuffix(g.path, "[]")
	if !strings.Contains(path, anyKey) {
		return path
	}
	return "`" + strings.NewReplacer("apps.*", "apps.<name>", "workers.*", "workers.<name>", "jobs.*", "jobs.<name>", "secrets.*", "secrets.<variable>").Replace(path) + "`"
}

func (g group) write(page *bytes.Buffer) {
	level := "##" + strings.Repeat("#", min(1, strings.Count(g.path, ".")))
	fmt.Fprintf(page, "\n%s %s\n", level, g.heading())
	if g.path != "" {
		fmt.Fprintf(page, "\n%s\n", prose(g.schema.Description))
	}
	table := "\n| Key | Type | Default | Meaning | Change |\n|---|---|---|---|---|\n"
	if strings.HasSuffix(g.path, "[]") { // the list is one setting
		table = "\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n"
	}
	for _, f := range fieldsOf(g.values.Type()) {
		if isGroup(g.values.Field(f.index).Type()) {
			continue
		}
		page.WriteString(table + g.row(f))
		table = ""
	}
	if table == "" {
		fmt.Fprintf(page, "\n```yaml\n%s```\n", g.example())
	}
}

// derivedDefault matches the default in a comment, for defaults that depend on other settings.
var derivedDefault = regexp.MustCompile(` ?Default: (.+?)\.( |$)`)

func (g group) row(f field) string {
	property, _ := g.schema.Properties.Get(f.name)
	value := g.values.Field(f.index)
	meaning, initial := property.Description, ""
	if match := derivedDefault.FindStringSubmatch(meaning); match != nil {
		meaning = strings.TrimSpace(strings.Replace(meaning, match[0], " ", 1))
		initial = prose(match[1])
	} else {
		initial = defaultInWords(property, slices.Contains(g.schema.Required, f.name))
	}
	if isListOfStructs(value.Type()) {
		path := join(g.path, f.name)
		meaning += " See [" + path + "](#" + anchor(path) + ")."
	} else {
		meaning = prose(meaning)
	}
	row := fmt.Sprintf("| `%s` | %s | %s | %s |", f.name, typeInWords(g.values.Type().Field(f.index)), initial, meaning)
	if change, ok := changes[settingPath(g.path, f.name)]; ok {
		row += " " + prose(change.words()) + " |"
	}
	return row + "\n"
}

// example returns YAML with every key of the group, with its example or else its default. A key that
// another one excludes is a comment.
func (g group) example() string {
	example := yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fieldsOf(g.values.Type()) {
		property, _ := g.schema.Properties.Get(f.name)
		tags := g.values.Type().Field(f.index).Tag
		value := property.Default
		if len(property.Examples) > 0 {
			value = property.Examples[0]
		}
		if f.name == "enabled" {
			value = true
		}
		if value == nil || isGroup(g.values.Field(f.index).Type()) {
			continue
		}
		var node yaml.Node
		if err := node.Encode(value); err != nil {
			panic(err)
		}
		if node.Kind == yaml.SequenceNode {
			node.Style = yaml.FlowStyle
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: f.name}
		if other := tags.Get("insteadOf"); other != "" {
			last := example.Content[len(example.Content)-2]
			last.FootComment = fmt.Sprintf("%s: %v # instead of %s", f.name, value, other)
			continue
		}
		example.Content = append(example.Content, key, &node)
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(nest(g.path, &example)); err != nil {
		panic(err) // impossible: the nodes are made here
	}
	return strings.ReplaceAll(text.String(), "\n\n", "\n")
}

// nest returns an example below the path of its group.
func nest(path string, example *yaml.Node) *yaml.Node {
	if path == "" {
		return example
	}
	keys := strings.Split(path, ".")
	for i, key := range slices.Backward(keys) {
		if key == anyKey {
			key = map[string]string{"apps": "shop", "workers": "mailer", "jobs": "nightly-report", "secrets": "STRIPE_KEY"}[keys[i-1]]
		}
		if name, ok := strings.CutSuffix(key, "[]"); ok {
			key, example = name, &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{example}}
		}
		example = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: key}, example}}
	}
	return example
}

// typeInWords returns a field's type and rules, from its tags.
func typeInWords(f reflect.StructField) string {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	own, entries, _ := strings.Cut(f.Tag.Get("validate"), "dive")
	switch {
	case t.Kind() == reflect.Slice:
		if of := ruleInWords(entries); of != "" && !isListOfStructs(t) {
			return "list, each " + of
		}
		return "list"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Map:
		return "texts by name, each " + ruleInWords(entries)
	}
	if words := ruleInWords(own); words != "" {
		return words
	}
	return "number" // cpu and memoryGiB, which Fargate's sizes limit
}

func ruleInWords(tags string) string {
	for tag := range strings.SplitSeq(tags, ",") {
		name, param, _ := strings.Cut(tag, "=")
		switch name {
		case "oneof":
			return "`" + list(strings.Fields(strings.ReplaceAll(param, " ", "` `")), "or") + "`"
		case "between":
			least, most := bounds(param)
			return fmt.Sprintf("number, %d to %d", least, most)
		case "retention":
			return "number of days that CloudWatch offers, such as 7, 30, 90 or 365"
		}
		if rule, ok := rules()[name]; ok {
			return prose(rule.must)
		}
	}
	return ""
}

func defaultInWords(property *jsonschema.Schema, required bool) string {
	switch value := property.Default.(type) {
	case nil:
		if required {
			return "**required**"
		}
		return "none"
	case []string:
		return "`[" + strings.Join(value, ", ") + "]`"
	default:
		return "`" + strings.ReplaceAll(fmt.Sprint(value), "|", `\|`) + "`"
	}
}

// code matches words that are shown as code: with < or _, with a slash in front, keys with a capital
// letter, and paths of settings.
var code = regexp.MustCompile(`(?:\./)?[^\s(),;]*[<_][^\s(),;]*[^\s(),;.:…]…?|\./plinth [a-z]+|/[a-z.-]+/[a-z.-]+|\b[a-z]+[A-Z][A-Za-z]+\b|\b(?:apps|cluster|database|network|state|ci|registry|observability)(?:\.[A-Za-z]+)+`)

// prose returns text as Markdown.
func prose(text string) string {
	text = code.ReplaceAllStringFunc(text, func(found string) string {
		if found == "vCPU" {
			return found
		}
		end := strings.TrimRight(found, ".")
		return "`" + end + "`" + found[len(end):]
	})
	return strings.NewReplacer("|", `\|`, " * ", ` \* `).Replace(text)
}

// TestSchemaExamples: all examples together are a valid environment.
func TestSchemaExamples(t *testing.T) {
	file := map[string]any{}
	for _, g := range groups("", schema(t), reflect.ValueOf(*Defaults())) {
		if g.path != "database.autoscaling" { // not for this engine
			merge(file, fromYAML(g.example()).(map[string]any))
		}
	}
	content, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	preview := withRange("111111111111", "10.10.0.0/16")
	if _, err := loadFiles(map[string]string{"dev": string(content), "preview": preview}); err != nil {
		t.Errorf("%v\n%s", err, content)
	}
	for _, leaf := range leaves() {
		found := any(file)
		for key := range strings.SplitSeq(strings.NewReplacer("apps.*", "apps.shop", "workers.*", "workers.mailer", "jobs.*", "jobs.nightly-report", "secrets.*", "secrets.STRIPE_KEY").Replace(leaf.path), ".") {
			inside, _ := found.(map[string]any)
			found = inside[key]
		}
		excluded := leaf.tag.Get("insteadOf") != ""
		if found == nil && !excluded && !strings.HasPrefix(leaf.path, "database.autoscaling.") {
			t.Errorf("%s has neither a default nor an example", leaf.path)
		}
	}
}

func merge(into, from map[string]any) {
	for key, value := range from {
		inside, both := into[key].(map[string]any)
		if more, ok := value.(map[string]any); ok && both {
			merge(inside, more)
		} else {
			into[key] = value
		}
	}
}
