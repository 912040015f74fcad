package settings

import (
	"reflect"
	"slices"
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
	path string
	of   reflect.Type
	// steps lead to the value: the index of a struct's field, or the key of a map.
	steps []any
	// tag is that of the struct's field.
	tag reflect.StructTag
}

// anyKey stands for the key of a map in the path of a leaf of all environments.
const anyKey = "*"

// leaves returns every setting that an environment can have. A list is one setting, even a list of structs.
var leaves = sync.OnceValue(func() []leaf {
	return leavesOf(reflect.ValueOf(*Defaults()), func(reflect.Value) []string { return []string{anyKey} })
})

// leaves returns every setting of the environment that a variable can override.
func (e *Environment) leaves() []leaf {
	return leavesOf(reflect.ValueOf(*e), func(found reflect.Value) []string {
		var keys []string
		for _, key := range found.MapKeys() {
			keys = append(keys, key.String())
		}
		slices.Sort(keys)
		return keys
	})
}

// leavesOf returns the settings of a struct. keys returns the keys that a map has.
func leavesOf(top reflect.Value, keys func(reflect.Value) []string) []leaf {
	var found []leaf
	var walk func(value reflect.Value, path string, steps []any, tag reflect.StructTag)
	walk = func(value reflect.Value, path string, steps []any, tag reflect.StructTag) {
		with := func(step any) []any { return append(slices.Clip(steps), step) }
		t := value.Type()
		switch {
		case isSection(t):
			walk(section(value), path, steps, "")
		case t.Kind() == reflect.Struct:
			for _, f := range fieldsOf(t) {
				walk(value.Field(f.index), join(path, f.name), with(f.index), t.Field(f.index).Tag)
			}
		case t.Kind() == reflect.Map && isSection(t.Elem()):
			for _, key := range keys(value) {
				entry := value.MapIndex(reflect.ValueOf(key))
				if !entry.IsValid() {
					entry = reflect.Zero(t.Elem())
				}
				walk(entry, path+"."+key, with(key), "")
			}
		default:
			found = append(found, leaf{path, t, steps, tag})
			if t.Kind() == reflect.Map {
				for _, key := range value.MapKeys() {
					found = append(found, leaf{path: path + "." + key.String(), of: t.Elem(), steps: with(key.String())})
				}
			}
		}
	}
	walk(top, "", nil, "")
	return found
}

// isSection reports whether a type is a pointer to settings, which are there or not.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// section returns what a pointer to settings points to, or the defaults of what it could point to.
func section(pointer reflect.Value) reflect.Value {
	if pointer.IsNil() {
		pointer = fresh(pointer.Type().Elem())
	}
	return pointer.Elem()
}

// get returns the leaf's value in an environment.
func (l leaf) get(env *Environment) reflect.Value {
	value := reflect.ValueOf(env).Elem()
	for _, step := range l.steps {
		if isSection(value.Type()) {
			value = section(value)
		}
		switch step := step.(type) {
		case int:
			value = value.Field(step)
		case string:
			value = value.MapIndex(reflect.ValueOf(step))
		}
	}
	return value
}

// set sets the leaf's value in an environment, and creates the sections around it.
func (l leaf) set(env *Environment, to reflect.Value) {
	value := reflect.ValueOf(env).Elem()
	for i, step := range l.steps {
		if isSection(value.Type()) {
			if value.IsNil() {
				value.Set(fresh(value.Type().Elem()))
			}
			value = value.Elem()
		}
		switch step := step.(type) {
		case int:
			value = value.Field(step)
		case string:
			if i == len(l.steps)-1 {
				value.SetMapIndex(reflect.ValueOf(step), to)
				return
			}
			value = value.MapIndex(reflect.ValueOf(step))
		}
	}
	value.Set(to)
}
