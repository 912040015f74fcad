package settings

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// decoder decodes YAML nodes into Go values. The YAML library's own decoder does not name the path in
// its errors. It fails on scalars that Plinth reads as text: 1.30 is a Kubernetes version, 012345678901
// an account. It accepts mistakes: 20.5 for a whole number, 010 for 8.
type decoder struct {
	*document
	// locate returns where a node is written.
	locate func(*yaml.Node) place
	// keyRule is the rule of the keys of the next map.
	keyRule string
}

// fileDecoder returns a decoder for the nodes of the document's own file.
func (d *document) fileDecoder() decoder {
	return decoder{document: d, locate: func(node *yaml.Node) place { return place{file: d.file, line: node.Line} }}
}

// variableDecoder returns a decoder for the nodes of a variable's value.
func (d *document) variableDecoder(variable string) decoder {
	return decoder{document: d, locate: func(*yaml.Node) place { return place{variable: variable} }}
}

// value decodes node into target. Problems are reported at the place at.
func (d decoder) value(node *yaml.Node, target reflect.Value, path string, at place) {
	if path != "" {
		d.at[path] = at
	}
	switch {
	case node.Kind == yaml.AliasNode || node.Anchor != "":
		d.reportAt(at, path, "must not use YAML anchors and aliases; write the value itself")
		return
	case node.Style&yaml.TaggedStyle != 0:
		d.reportAt(at, path, "must not use YAML tags such as %s; write the value alone", quote(node.Tag))
		return
	}
	if target.Kind() == reflect.Pointer {
		target.Set(fresh(target.Type().Elem()))
		target = target.Elem()
	}
	switch target.Kind() {
	case reflect.Struct:
		d.mapping(node, target, path, at)
	case reflect.Map:
		d.entries(node, target, path, at)
	case reflect.Slice:
		d.sequence(node, target, path, at)
	default:
		d.scalar(node, target, path, at)
	}
}

func (d decoder) mapping(node *yaml.Node, target reflect.Value, path string, at place) {
	fields := fieldsOf(target.Type())
	d.eachKey(node, path, at, func(key, value *yaml.Node, child string, where place) {
		index := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
		if index < 0 && d.renamed(key, value, child) {
			return
		}
		if index < 0 {
			d.unknown(d.locate(key), path, key.Value, fields)
			return
		}
		d.keyRule = target.Type().Field(fields[index].index).Tag.Get("keys")
		d.value(value, target.Field(fields[index].index), child, where)
	})
}

// entries decodes a map, whose keys are names that people choose.
func (d decoder) entries(node *yaml.Node, target reflect.Value, path string, at place) {
	rule, decoded := rules()[d.keyRule], reflect.MakeMap(target.Type())
	d.eachKey(node, path, at, func(key, value *yaml.Node, child string, where place) {
		switch {
		case !rule.holds(key.Value):
			d.reportAt(d.locate(key), child, "%s", rule.keyMessage(key.Value))
		case decoded.Len() == maxEntries:
			d.reportAt(d.locate(key), path, "must have at most %d entries", maxEntries)
		default:
			entry := reflect.New(target.Type().Elem()).Elem()
			d.value(value, entry, child, where)
			decoded.SetMapIndex(reflect.ValueOf(key.Value), entry)
		}
	})
	target.Set(decoded)
}

// eachKey calls do for each key of a mapping, with its path and the place of its value.
func (d decoder) eachKey(node *yaml.Node, path string, at place, do func(key, value *yaml.Node, child string, where place)) {
	if isNull(node) && path != "" {
		return // a section with all lines commented out sets nothing
	}
	if node.Kind != yaml.MappingNode {
		d.reportAt(at, path, "must be a mapping (key: value), is %s", describe(node))
		return
	}
	lines := make(map[string]place, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.reportAt(d.locate(key), path, "must have names as keys, one is %s", describe(key))
			continue
		}
		child := join(path, key.Value)
		if first, ok := lines[key.Value]; ok {
			where := ""
			if first.line > 0 {
				where = ", first on line " + strconv.Itoa(first.line)
			}
			d.reportAt(d.locate(key), child, "must be set once, is set again%s", where)
			continue
		}
		lines[key.Value] = d.locate(key)
		where := d.locate(key)
		if value.Kind == yaml.ScalarNode {
			where = d.locate(value)
		}
		do(key, value, child, where)
	}
}

// unknown reports an unknown key. It marks the field that was probably meant as invalid, so that its
// absence is not reported too.
func (d decoder) unknown(at place, path, key string, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	slices.Sort(names)
	meant := nearest(key, names)
	remedy := "did you mean " + meant + "?"
	if meant == "" {
		remedy = "known here are " + list(names, "and")
		for _, leaf := range leaves() {
			if leaf.path == key || strings.HasSuffix(leaf.path, "."+key) {
				meant, remedy = "", "did you mean "+strings.ReplaceAll(leaf.path, anyKey, "<name>")+"?"
				break
			}
		}
	}
	d.reportAt(at, join(path, key), "unknown key; %s", remedy)
	if meant != "" {
		d.invalid = append(d.invalid, join(path, meant))
	}
}

// maxEntries is the maximum length of a list: more than anyone needs, and few enough to be fast.
const maxEntries = 100

func (d decoder) sequence(node *yaml.Node, target reflect.Value, path string, at place) {
	switch {
	case isNull(node):
		d.reportAt(at, path, "must be a list, is empty; write [] for none")
		return
	case node.Kind == yaml.ScalarNode:
		remedy := ""
		if target.Type().Elem().Kind() == reflect.String {
			remedy = "; write [" + inList(node.Value) + "]"
		}
		d.reportAt(at, path, "must be a list, is %s%s", describe(node), remedy)
		return
	case node.Kind != yaml.SequenceNode:
		d.reportAt(at, path, "must be a list, is %s", describe(node))
		return
	case len(node.Content) > maxEntries:
		d.reportAt(at, path, "must have at most %d entries, has %d", maxEntries, len(node.Content))
		return
	}
	elements := reflect.MakeSlice(target.Type(), len(node.Content), len(node.Content))
	for i, child := range node.Content {
		element := elements.Index(i)
		element.Set(fresh(element.Type()).Elem())
		d.value(child, element, path+"["+strconv.Itoa(i)+"]", d.locate(child))
	}
	target.Set(elements)
}

// kinds are the types of settings, in words.
var kinds = map[reflect.Kind]string{
	reflect.String: "text", reflect.Int: "a whole number", reflect.Bool: "true or false",
}

var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

func (d decoder) scalar(node *yaml.Node, target reflect.Value, path string, at place) {
	kind := kinds[target.Kind()]
	if node.Kind != yaml.ScalarNode || isNull(node) {
		d.reportAt(at, path, "must be %s, is %s", kind, describe(node))
		return
	}
	quoted := node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	switch target.Kind() {
	case reflect.String:
		target.SetString(node.Value) // the text as written: 1.30 stays 1.30
	case reflect.Int:
		number, err := strconv.Atoi(node.Value)
		switch {
		case quoted && err == nil:
			d.reportAt(at, path, "must be %s, is the text %s; remove the quotes", kind, quote(node.Value))
		case err != nil || !wholeNumber.MatchString(node.Value):
			d.reportAt(at, path, "must be %s, is %s", kind, quote(node.Value))
		default:
			target.SetInt(int64(number))
		}
	case reflect.Bool:
		switch {
		case quoted && (node.Value == "true" || node.Value == "false"):
			d.reportAt(at, path, "must be %s, is the text %s; remove the quotes", kind, quote(node.Value))
		case node.Value != "true" && node.Value != "false":
			d.reportAt(at, path, "must be %s, is %s", kind, quote(node.Value))
		default:
			target.SetBool(node.Value == "true")
		}
	}
}

// describe names a node's content or type in a message.
func describe(node *yaml.Node) string {
	switch {
	case isNull(node):
		return "empty"
	case node.Kind == yaml.ScalarNode:
		return quote(node.Value)
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	default:
		return "an alias"
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// join appends a key to a path. It quotes a key that is not a plain name, so that a path is always one
// line.
func join(path, key string) string {
	if !plainKey.MatchString(key) {
		key = quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// inList returns the words of a text as entries of a list.
func inList(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = oneLine(strings.TrimSuffix(word, ","))
	}
	if len(words) == 0 {
		return oneLine(text)
	}
	return strings.Join(words, ", ")
}

// oneLine returns text, in quotes unless it is a plain name.
func oneLine(text string) string {
	if plainKey.MatchString(text) {
		return text
	}
	return quote(text)
}
