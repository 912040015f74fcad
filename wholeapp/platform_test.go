package wholeapp

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"plinth/settings"
)

// object is a JSON object.
type object = map[string]any

// platform is the synthesized output of some environments.
type platform struct {
	// stacks are the Terraform JSON documents by stack.
	stacks map[string]object
	// settings are those of the environments by name.
	settings map[string]*settings.Environment
}

// newPlatform synthesizes a folder's environments with overrides of their settings.
func newPlatform(t *testing.T, folder string, overrides ...string) platform {
	t.Helper()
	p, err := readPlatform(synthesize(t, folder, overrides...))
	assert.NilError(t, err)
	all, err := settings.Load(folder, append([]string{date}, overrides...))
	assert.NilError(t, err)
	for _, env := range all {
		p.settings[env.Name] = env
	}
	return p
}

// readPlatform reads the synthesized stacks in a folder, without settings.
func readPlatform(outdir string) (platform, error) {
	p := platform{map[string]object{}, map[string]*settings.Environment{}}
	files, err := filepath.Glob(filepath.Join(outdir, "stacks", "*", "cdk.tf.json"))
	for _, file := range files {
		var document object
		content, readErr := os.ReadFile(file)
		if err = errors.Join(err, readErr, json.Unmarshal(content, &document)); err != nil {
			return p, err
		}
		p.stacks[filepath.Base(filepath.Dir(file))] = document
	}
	if err == nil && len(p.stacks) == 0 {
		err = fmt.Errorf("nothing was synthesized into %s", outdir)
	}
	return p, err
}

// element is a resource, a data source or an ephemeral resource.
type element struct {
	stack, mode, kind, name string
	body                    object
}

func (e element) String() string { return fmt.Sprintf("%s: %s.%s", e.stack, e.kind, e.name) }

// elements returns all elements in a stable order.
func (p platform) elements() []element {
	var all []element
	for stack, document := range p.stacks {
		for _, mode := range []string{"resource", "data", "ephemeral"} {
			kinds, _ := document[mode].(object)
			for kind, names := range kinds {
				for name, body := range names.(object) {
					all = append(all, element{stack, mode, kind, name, body.(object)})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b element) int {
		return cmp.Or(strings.Compare(a.stack, b.stack), strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name), strings.Compare(a.mode, b.mode))
	})
	return all
}

// resources returns the elements that Terraform creates, of the given kinds or of every kind.
func (p platform) resources(kinds ...string) []element {
	var some []element
	for _, e := range p.elements() {
		if e.mode == "resource" && (len(kinds) == 0 || slices.Contains(kinds, e.kind)) {
			some = append(some, e)
		}
	}
	return some
}

// environment and layer are the parts of a stack's id: dev-network, but bootstrap-dev.
func environment(stack string) string {
	before, after, _ := strings.Cut(stack, "-")
	if before == bootstrap {
		return after
	}
	return before
}

func layer(stack string) string {
	before, after, _ := strings.Cut(stack, "-")
	if before == bootstrap {
		return before
	}
	if !slices.Contains(shared, after) {
		return "app"
	}
	return after
}

// shared are the layers that are no application's.
var shared = []string{"network", "data", "cluster", "addons", "observability"}

// application returns the settings of the application that a stack is for.
func (p platform) application(stack string) *settings.App {
	env := environment(stack)
	return p.settings[env].Apps[strings.TrimPrefix(stack, env+"-")]
}

const bootstrap = "bootstrap"

// walk visits every scalar below a value with the path that leads to it.
func walk(value any, path string, visit func(path string, scalar any)) {
	switch v := value.(type) {
	case object:
		for key, child := range v {
			if key != "//" {
				walk(child, path+"."+key, visit)
			}
		}
	case []any:
		for i, child := range v {
			walk(child, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(path, v)
	}
}

// dig follows keys through objects and lists of one. It returns nil if a key is missing.
func dig(value any, keys ...string) any {
	for _, key := range keys {
		if list, ok := value.([]any); ok && len(list) == 1 {
			value = list[0]
		}
		parent, _ := value.(object)
		value = parent[key]
	}
	return value
}

// strs returns the strings of a JSON list.
func strs(value any) []string {
	var result []string
	list, _ := value.([]any)
	for _, item := range list {
		if s, ok := item.(string); ok {
			result = append(result, s)
		}
	}
	return result
}

// clone returns a deep copy, for a test to break on purpose.
func (p platform) clone(t *testing.T) platform {
	t.Helper()
	content, err := json.Marshal(p.stacks)
	assert.NilError(t, err)
	result := platform{settings: p.settings}
	assert.NilError(t, json.Unmarshal(content, &result.stacks))
	return result
}
