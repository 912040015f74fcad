package settings

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/invopop/jsonschema"
	validation "github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite environments/schema.json and docs/settings.md")

var schemaFile = filepath.Join(repositoryFolder, "schema.json")

// schema returns the JSON schema for editors, made from the types: descriptions from the doc comments,
// rules from the validate tags, defaults from Defaults.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	reflector := &jsonschema.Reflector{
		Anonymous:      true,
		DoNotReference: true,
		FieldNameTag:   "yaml",
		// The validate tags define what is required.
		RequiredFromJSONSchemaTags: true,
	}
	if err := reflector.AddGoComments(reflect.TypeFor[Environment]().PkgPath(), "./", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	top := reflector.ReflectFromType(reflect.TypeFor[Environment]())
	top.Title = "An environment of Plinth"
	annotate("", top, reflect.ValueOf(*Defaults()), reflector.CommentMap)
	return top
}

// changeKey is the schema's keyword for what a change of the setting does. Editors ignore it.
const changeKey = "x-change"

// annotate adds descriptions, rules, defaults and changes to the properties of the struct at path.
func annotate(path string, of *jsonschema.Schema, defaults reflect.Value, comments map[string]string) {
	of.Required = nil
	t := defaults.Type()
	for _, field := range fieldsOf(t) {
		property, ok := of.Properties.Get(field.name)
		if !ok {
			panic(field.name)
		}
		value := defaults.Field(field.index)
		if property.Description == "" { // a section has the description of its type
			property.Description = comments[value.Type().PkgPath()+"."+value.Type().Name()]
		}
		property.Description = description(property.Description, t.Field(field.index).Name, value.Type().Name())
		tags := t.Field(field.index).Tag
		if example := tags.Get("example"); example != "" {
			property.Examples = []any{fromYAML(example)}
		}
		if change, ok := changes[settingPath(path, field.name)]; ok {
			property.Extras = map[string]any{changeKey: change}
		}
		own, entries, _ := strings.Cut(tags.Get("validate"), "dive")
		required := apply(property, own) && value.IsZero()
		switch {
		case value.Kind() == reflect.Struct:
			annotate(settingPath(path, field.name), property, value, comments)
			required = len(property.Required) > 0
		case isSection(value.Type()):
			annotate(settingPath(path, field.name), property, section(value), comments)
			allowEmpty(property)
			required = false
		case value.Kind() == reflect.Map:
			property.PropertyNames = &jsonschema.Schema{Pattern: rules()[tags.Get("keys")].pattern}
			entry := property.AdditionalProperties
			if !isSection(value.Type().Elem()) {
				apply(entry, strings.TrimPrefix(entries, ","))
				break
			}
			name := value.Type().Elem().Elem().Name()
			entry.Description = description(comments["plinth/settings."+name], name)
			annotate(settingPath(path, field.name)+"."+anyKey, entry, fresh(value.Type().Elem().Elem()).Elem(), comments)
			allowEmpty(entry)
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			entry := value.Type().Elem().Name()
			property.Items.Description = description(comments["plinth/settings."+entry], entry)
			annotate(settingPath(path, field.name)+"[]", property.Items, fresh(value.Type().Elem()).Elem(), comments)
		case value.Kind() == reflect.Slice:
			apply(property.Items, strings.TrimPrefix(entries, ","))
			property.UniqueItems = true
			fallthrough
		default:
			derived := len(property.Examples) > 0 // a zero then means a derived default
			if !value.IsZero() || value.Kind() == reflect.Bool || value.Kind() == reflect.Int && !derived {
				property.Default = value.Interface()
			}
		}
		if required {
			of.Required = append(of.Required, field.name)
		}
	}
}

// allowEmpty allows a section without any setting, which has its defaults.
func allowEmpty(section *jsonschema.Schema) {
	section.Type = ""
	section.Extras = map[string]any{"type": []string{"object", "null"}}
}

// settingPath appends a field's name to the path of its struct, which can have [anyKey] for a map's key.
func settingPath(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// description returns a doc comment without the name at its beginning: "Bucket is the S3 bucket." becomes
// "The S3 bucket."
func description(comment string, names ...string) string {
	first, _, _ := strings.Cut(comment, "\n\n") // without the links
	text := strings.Join(strings.Fields(first), " ")
	for _, name := range names {
		if rest, ok := strings.CutPrefix(text, name+" "); ok && name != "" {
			text = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
			break
		}
	}
	letter, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(letter)) + text[size:]
}

// fromYAML returns an example's value.
func fromYAML(text string) (value any) {
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		panic(err)
	}
	return value
}

// apply adds the rules in validate tags to a property, and returns whether it is required.
func apply(property *jsonschema.Schema, tags string) (required bool) {
	for tag := range strings.SplitSeq(tags, ",") {
		name, param, _ := strings.Cut(tag, "=")
		switch name {
		case "required", "min":
			required = true
		case "oneof":
			for _, word := range strings.Fields(param) {
				property.Enum = append(property.Enum, word)
			}
		case "between":
			least, most := bounds(param)
			property.Minimum = json.Number(jsonNumber(least))
			property.Maximum = json.Number(jsonNumber(most))
		case "region":
			for _, region := range regionNames() {
				property.Enum = append(property.Enum, region)
			}
		case "retention":
			for _, days := range retentionDays {
				property.Enum = append(property.Enum, days)
			}
		default:
			property.Pattern = rules()[name].pattern
		}
	}
	return required
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestSchemaIsCurrent(t *testing.T) {
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema(t)); err != nil {
		t.Fatal(err)
	}
	mustBeCurrent(t, schemaFile, want.Bytes())
	mustBeCurrent(t, documentFile, reference(t))
}

// mustBeCurrent compares a generated file, and with -update writes it first.
func mustBeCurrent(t *testing.T, file string, want []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from the types: go test ./settings -run TestSchemaIsCurrent -update", file)
	}
}

func TestEverySettingIsDescribed(t *testing.T) {
	var walk func(of *jsonschema.Schema, path string)
	walk = func(of *jsonschema.Schema, path string) {
		for property := of.Properties.Oldest(); property != nil; property = property.Next() {
			path := join(path, property.Key)
			if property.Value.Description == "" {
				t.Errorf("%s has no doc comment", path)
			}
			if property.Value.Properties != nil {
				walk(property.Value, path)
			}
			if items := property.Value.Items; items != nil && items.Properties != nil {
				walk(items, path)
			}
		}
	}
	walk(schema(t), "")
}

func compiledSchema(t *testing.T) *validation.Schema {
	t.Helper()
	compiled, err := validation.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// asJSON returns the value of a YAML file as a schema validator expects it.
func asJSON(t *testing.T, content []byte) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(content, &value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	value, err = validation.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestFilesFollowTheSchema(t *testing.T) {
	compiled := compiledSchema(t)
	paths, err := filepath.Glob(filepath.Join(repositoryFolder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("found %v: %v", paths, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(asJSON(t, content)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if !bytes.HasPrefix(content, []byte("# yaml-language-server: $schema=schema.json\n")) {
			t.Errorf("%s: the first line must name the schema for editors", path)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	compiled := compiledSchema(t)
	if err := compiled.Validate(asJSON(t, []byte(base))); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]edit{
		"unknown key":        under("network", "zone: a"),
		"unknown key on top": top("nat: none"),
		"missing":            swap("region: eu-west-2\n", ""),
		"missing below":      swap("  cidr: 10.10.0.0/16\n", ""),
		"missing section":    swap("network:\n  cidr: 10.10.0.0/16\n  zones: [a, b]\n", ""),
		"account":            swap("111111111111", "1"),
		"region":             swap("eu-west-2", "eu-west-9"),
		"choice":             under("network", "nat: both"),
		"number":             under("database", "replicas: 6"),
		"type":               under("database", "multiAZ: maybe"),
		"retention":          top("logRetentionDays: 10"),
		"policy":             swap("policy: admin", "policy: owner"),
		"entry":              under("network", "interfaceEndpoints: [ECR]"),
		"principal":          swap("role/admin", "everyone"),
		"window":             under("database", "backupWindow: at night"),
	} {
		if compiled.Validate(asJSON(t, []byte(edit(base)))) == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}

// TestRulesAreUsed: the rules that fields name must exist. The validator itself would panic only at the
// first value of such a field.
func TestRulesAreUsed(t *testing.T) {
	used := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			field := t.Field(i)
			for tag := range strings.SplitSeq(field.Tag.Get("validate"), ",") {
				name, _, _ := strings.Cut(tag, "=")
				used[name] = true
			}
			used[field.Tag.Get("keys")] = true
			inside := field.Type
			for slices.Contains([]reflect.Kind{reflect.Map, reflect.Pointer, reflect.Slice}, inside.Kind()) {
				inside = inside.Elem()
			}
			if inside.Kind() == reflect.Struct {
				walk(inside)
			}
		}
	}
	walk(reflect.TypeFor[Environment]())
	known := []string{"", "required", "omitempty", "dive", "min", "oneof", "between", "metricsport", "port", "retention"}
	for name := range rules() {
		known = append(known, name)
		if !used[name] {
			t.Errorf("no field follows the rule %s", name)
		}
	}
	for name := range used {
		if !slices.Contains(known, name) {
			t.Errorf("a field follows the rule %s, which is not there", name)
		}
	}
}
