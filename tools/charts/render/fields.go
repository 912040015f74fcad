package render

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// A checker checks an object's fields against the Go type of its API, which has their names, their
// types and, by a JSON tag without omitempty, which are required.
type checker struct {
	// hidden leaves values out of the problems.
	hidden   bool
	problems []string
}

func (c *checker) problem(path, format string, args ...any) {
	c.problems = append(c.problems, strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...))
}

// want records what a value must be, and what it is.
func (c *checker) want(path, what string, value any) {
	if c.hidden {
		c.problem(path, "must be %s", what)
		return
	}
	c.problem(path, "must be %s, is %s", what, describe(value))
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// fields checks a value and everything in it. An absent value and null are the same.
func (c *checker) fields(path string, value any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if value == nil {
		return
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		c.unmarshal(path, value, t)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		if section, ok := value.(map[string]any); ok {
			c.section(path, section, t)
		} else {
			c.want(path, "a section", value)
		}
	case reflect.Map:
		section, ok := value.(map[string]any)
		if !ok {
			c.want(path, "a section", value)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(section)) {
			c.fields(at(path, key), section[key], t.Elem())
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			c.base64(path, value)
			return
		}
		list, ok := value.([]any)
		if !ok {
			c.want(path, "a list", value)
			return
		}
		for i, item := range list {
			if item == nil {
				c.problem(fmt.Sprintf("%s[%d]", path, i), "must not be empty")
			}
			c.fields(fmt.Sprintf("%s[%d]", path, i), item, t.Elem())
		}
	case reflect.String:
		c.text(path, value, t)
	case reflect.Bool:
		if _, ok := value.(bool); !ok {
			c.want(path, "true or false", value)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		number, ok := value.(int64)
		if !ok {
			c.want(path, "a whole number", value)
		} else if reflect.Zero(t).OverflowInt(number) {
			c.want(path, fmt.Sprintf("a number of %d bits", t.Bits()), value)
		}
	}
}

// section checks the fields of a struct.
func (c *checker) section(path string, section map[string]any, t reflect.Type) {
	known := map[string]bool{}
	// A cluster fills in the status, and ignores a given one.
	status := strings.HasPrefix(path+".", ".status.")
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" && f.Anonymous {
				walk(f.Type)
				continue
			}
			known[name] = true
			value := section[name]
			required := !strings.Contains(options, "omit") && !slices.Contains(optional[t.String()], name) && !status
			if required && (value == nil || empty(value) && !mayBeEmpty[t.String()+"."+name]) {
				c.problems = append(c.problems, missing(strings.TrimPrefix(at(path, name), "."), value))
				continue
			}
			c.fields(at(path, name), value, f.Type)
			c.meaning(at(path, name), name, value, f.Type)
		}
	}
	walk(t)
	for _, name := range slices.Sorted(maps.Keys(section)) {
		if !known[name] {
			c.problem(at(path, name), "is no field of the Kubernetes API")
		}
	}
}

// optional are the fields that may be omitted although their tag has no omitempty: their comment says
// so, or the API server accepts an empty one or has a default.
var optional = map[string][]string{
	"v1.AzureFilePersistentVolumeSource":        {"secretNamespace"},
	"v1.CapacityRequestPolicy":                  {"default"},
	"v1.ClusterRole":                            {"rules"},
	"v1.ControllerRevision":                     {"data", "revision"},
	"v1.CSINodeDriver":                          {"topologyKeys"},
	"v1.DeviceClaim":                            {"requests"},
	"v1.DeviceClass":                            {"spec"},
	"v1.EndpointSlice":                          {"endpoints", "ports"},
	"v1.Event":                                  {"metadata", "reportingComponent", "reportingInstance"},
	"v1.FlowSchemaSpec":                         {"matchingPrecedence"},
	"v1.GRPCAction":                             {"service"},
	"v1.IngressClassParametersReference":        {"scope"},
	"v1.LimitedPriorityLevelConfiguration":      {"nominalConcurrencyShares"},
	"v1.LimitRangeSpec":                         {"limits"},
	"v1.NetworkPolicySpec":                      {"podSelector"},
	"v1.PodFailurePolicyOnPodConditionsPattern": {"status"},
	"v1.PriorityClass":                          {"value"},
	"v1.ProjectedVolumeSource":                  {"sources"},
	"v1.QueuingConfiguration":                   {"handSize", "queueLengthLimit", "queues"},
	"v1.ResourceClaim":                          {"spec"},
	"v1.ResourceClaimSpec":                      {"devices"},
	"v1.ResourceClaimTemplate":                  {"spec"},
	"v1.ResourceClaimTemplateSpec":              {"spec"},
	"v1.ResourcePolicyRule":                     {"namespaces"},
	"v1.Role":                                   {"rules"},
	"v1.RoleRef":                                {"apiGroup"},
	"v1.StatefulSetOrdinals":                    {"start"},
	"v1.StatefulSetSpec":                        {"serviceName"},
	"v1.TypedLocalObjectReference":              {"apiGroup"},
	"v1.TypedObjectReference":                   {"apiGroup"},
}

// mayBeEmpty are the required strings that may be "".
var mayBeEmpty = map[string]bool{"v1.HTTPHeader.value": true, "v1.Sysctl.value": true}

func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// missing returns the problem of a required field.
func missing(path string, value any) string {
	if value == nil {
		return path + ": is required"
	}
	if empty(value) {
		return path + ": must not be empty"
	}
	return path + ": must be text, is " + describe(value)
}

// unmarshal leaves a value to the type's own parser, as for a quantity or a port's name or number.
func (c *checker) unmarshal(path string, value any, t reflect.Type) {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, reflect.New(t).Interface())
	}
	if err == nil {
		return
	}
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		c.want(path, "a quantity such as 500m or 256Mi", value)
	case reflect.TypeFor[intstr.IntOrString]():
		c.want(path, "a whole number or text", value)
	default:
		c.want(path, "a "+t.Name(), value)
	}
}

func (c *checker) base64(path string, value any) {
	text, ok := value.(string)
	if _, err := base64.StdEncoding.DecodeString(text); !ok || err != nil {
		// This is usually a secret, so do not quote it.
		c.problem(path, "must be base64")
	}
}

func (c *checker) text(path string, value any, t reflect.Type) {
	text, ok := value.(string)
	if !ok {
		what := "text"
		switch value.(type) {
		case int64, float64, bool:
			what = "text (quote it)"
		}
		c.want(path, what, value)
		return
	}
	if known, ok := choices[t]; ok && text != "" && !slices.Contains(known, text) {
		c.want(path, "one of "+strings.Join(known, ", "), value)
	}
}

// meaning checks values whose field name says more than their type.
func (c *checker) meaning(path, name string, value any, t reflect.Type) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch name {
	case "port", "containerPort", "hostPort", "nodePort", "targetPort":
		number, ok := value.(int64)
		unset := number == 0 && (name == "hostPort" || name == "nodePort" || name == "targetPort")
		if ok && !unset && (t.Kind() == reflect.Int32 || t == reflect.TypeFor[intstr.IntOrString]()) && (number < 1 || number > 65535) {
			c.want(path, "1 to 65535", value)
		}
	case "labels", "matchLabels", "selector", "nodeSelector", "annotations":
		section, ok := value.(map[string]any)
		if !ok || t.Kind() != reflect.Map {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(section)) {
			checked := key
			if name == "annotations" {
				checked = strings.ToLower(key)
			}
			for _, problem := range validation.IsQualifiedName(checked) {
				c.problem(at(path, key), "is no valid name: %s", short(problem))
			}
			if text, ok := section[key].(string); ok && name != "annotations" {
				for _, problem := range validation.IsValidLabelValue(text) {
					c.problem(at(path, key), "is %q: %s", text, short(problem))
				}
			}
		}
	}
}

var simple = regexp.MustCompile(`^[A-Za-z0-9_$-]+$`)

// at is the path of a field in a section: .spec.selector, or .metadata.labels[app.kubernetes.io/name].
func at(path, name string) string {
	if simple.MatchString(name) {
		return path + "." + name
	}
	return path + "[" + name + "]"
}

// describe formats a value for the author of YAML.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "empty"
	case string:
		return fmt.Sprintf("%q", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a section"
	}
	return fmt.Sprint(value)
}

// short removes the examples and regular expressions from a Kubernetes message.
func short(message string) string {
	message, _, _ = strings.Cut(message, " (e.g.")
	return message
}
