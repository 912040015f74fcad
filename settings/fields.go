package settings

import (
	"reflect"
	"strings"
	"sync"
)

// field is a struct's field that has a key in YAML.
type field struct {
	name  string
	index int
}

var structFields sync.Map // reflect.Type → []field

// fieldsOf returns the fields of a struct type in order.
func fieldsOf(t reflect.Type) []field {
	if known, ok := structFields.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for i := range t.NumField() {
		if name := yamlName(t.Field(i)); name != "" {
			fields = append(fields, field{name, i})
		}
	}
	structFields.Store(t, fields)
	return fields
}

// yamlName returns the field's key in YAML, or "" if it has none.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// leaf is a setting that holds a value rather than other settings.
type leaf struct {
	path  string
	index []int // as for reflect.Value.FieldByIndex
}

// leaves returns every setting of an environment that a variable can override. A list is one setting,
// even a list of structs.
var leaves = sync.OnceValue(func() []leaf {
	var found []leaf
	var walk func(t reflect.Type, path string, index []int)
	walk = func(t reflect.Type, path string, index []int) {
		for _, f := range fieldsOf(t) {
			at := append(index[:len(index):len(index)], f.index)
			if child := t.Field(f.index).Type; child.Kind() == reflect.Struct {
				walk(child, join(path, f.name), at)
			} else {
				found = append(found, leaf{join(path, f.name), at})
			}
		}
	}
	walk(reflect.TypeFor[Environment](), "", nil)
	return found
})
