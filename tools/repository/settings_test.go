package repository

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// schema is the part of environments/schema.json that lists the settings.
type schema struct {
	Properties map[string]*schema `json:"properties"`
	// Others are the entries of a map, such as apps. false is a section that has none.
	Others others  `json:"additionalProperties"`
	Items  *schema `json:"items"`
}

type others struct{ *schema }

func (o *others) UnmarshalJSON(text []byte) error {
	if string(text) == "false" || string(text) == "true" {
		return nil
	}
	return json.Unmarshal(text, &o.schema)
}

// unknown returns the path of a setting that does not exist, or "".
func (s *schema) unknown(names []string) string {
	for i, name := range names {
		if s.Items != nil {
			s = s.Items
		}
		next := cmp.Or(s.Properties[name], s.Others.schema)
		if next == nil {
			return strings.Join(names[:i+1], ".")
		}
		s = next
	}
	return ""
}

// settingPath matches code in backquotes that names a setting, perhaps with its value.
var settingPath = regexp.MustCompile(`^([a-z]+(?:\.(?:[a-zA-Z][\w-]*|<\w+>))+)(?:: .*)?$`)

// TestSettings checks that the settings in documents exist, by their paths in backquotes and in YAML.
func TestSettings(t *testing.T) {
	t.Parallel()
	var s schema
	if err := json.Unmarshal([]byte(text(t, "environments/schema.json")), &s); err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, p := range pages(t) {
		if strings.HasPrefix(p.file, "charts/") || p.file == "docs/permissions.md" { // they name other values
			continue
		}
		for _, code := range p.inline {
			match := settingPath.FindStringSubmatch(code)
			if match == nil || strings.HasSuffix(match[1], ".example.com") { // a host
				continue
			}
			names := strings.Split(match[1], ".")
			if section := s.Properties[names[0]]; section == nil || section.Properties == nil && section.Others.schema == nil {
				continue
			}
			found++
			if unknown := s.unknown(names); unknown != "" {
				t.Errorf("%s: `%s`: there is no setting %s", p.file, code, unknown)
			}
		}
		for _, block := range p.blocks {
			var content map[string]any
			if yaml.Unmarshal([]byte(block), &content) != nil || len(content) == 0 {
				continue
			}
			for name, value := range content {
				if s.Properties[name] == nil {
					continue
				}
				found++
				for _, unknown := range s.unknownIn(value, name) {
					t.Errorf("%s: in a block of YAML: there is no setting %s", p.file, unknown)
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("only %d settings are found", found)
	}
}

// unknownIn returns the paths in a YAML value for which there is no setting.
func (s *schema) unknownIn(value any, at string) (all []string) {
	if unknown := s.unknown(strings.Split(at, ".")); unknown != "" {
		return []string{unknown}
	}
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			all = append(all, s.unknownIn(inner, at+"."+name)...)
		}
	case []any:
		for _, inner := range value {
			all = append(all, s.unknownIn(inner, at)...)
		}
	}
	return all
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	var s schema
	if err := json.Unmarshal([]byte(`{"properties": {"app": {"additionalProperties": false, "properties": {"name": {}, "access": {"items": {"properties": {"policy": {}}}},
		"workers": {"additionalProperties": {"properties": {"cpu": {}}}}}}}}`), &s); err != nil {
		t.Fatal(err)
	}
	for block, want := range map[string]string{
		"app: {name: x, access: [{policy: view}]}": "[]",
		"app: {nme: x}":                             "[app.nme]",
		"app: {access: [{role: x}]}":                "[app.access.role]",
		"app: {workers: {mail: {cpu: 1}, fax: {}}}": "[]",
		"app: {workers: {mail: {gpu: 1}}}":          "[app.workers.mail.gpu]",
	} {
		var content map[string]any
		if err := yaml.Unmarshal([]byte(block), &content); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(s.unknownIn(content["app"], "app")); got != want {
			t.Errorf("%s: %s, not %s", block, got, want)
		}
	}
}
