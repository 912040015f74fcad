package settings

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const (
	variablePrefix = "PLINTH_"
	// environmentsVariable names the environments that Load returns, separated by commas.
	environmentsVariable = "PLINTH_ENVIRONMENTS"
)

// Variable returns the name of the process environment's variable that overrides one setting of one
// environment: PLINTH_, the environment, and the setting's path in capitals, with an underscore for every
// dot and dash, and between words. apps.shop.web.memoryGiB of dev is PLINTH_DEV_APPS_SHOP_WEB_MEMORY_GIB.
//
// Its value is read as follows:
//   - a text is used without change, so that an account keeps its leading zeros;
//   - numbers and true or false are as in YAML;
//   - a list is as in YAML, [a, b], or for a list of texts just a,b;
//   - an image's tag or digest replaces both the tag and the digest of the file;
//   - the engine in-cluster also resets the file's settings of RDS and Aurora.
//
// An empty variable counts as not set, since CI systems pass on empty ones. Write [] for an empty list.
// An unknown variable that begins with PLINTH_ is an error: ignoring a typing mistake would deploy the
// wrong settings.
func Variable(environment, path string) string {
	var name strings.Builder
	name.WriteString(variablePrefix + strings.ToUpper(environment) + "_")
	var previous rune
	for _, r := range abbreviations.Replace(path) {
		switch {
		case r == '.' || r == '-':
			name.WriteByte('_')
		case unicode.IsUpper(r) && (unicode.IsLower(previous) || unicode.IsDigit(previous)):
			name.WriteByte('_')
			fallthrough
		default:
			name.WriteRune(unicode.ToUpper(r))
		}
		previous = r
	}
	return name.String()
}

// abbreviations lower-cases abbreviations in paths, so that an upper-case letter always begins a word.
var abbreviations = strings.NewReplacer("GiB", "Gib", "ACLARN", "AclArn", "CPUPercent", "CpuPercent", "OIDCProvider", "OidcProvider")

// variables returns the variables for Plinth that are not empty. If a name occurs twice, the last value
// counts, as in a process started with this environment.
func variables(environ []string) map[string]string {
	found := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, variablePrefix) {
			found[name] = value
		}
	}
	maps.DeleteFunc(found, func(_, value string) bool { return strings.TrimSpace(value) == "" })
	return found
}

// override applies the variables of the document's environment.
func (d *document) override(variables map[string]string) {
	d.overrideImages(variables)
	d.overrideInCluster(variables)
	for _, leaf := range d.env.leaves() {
		variable := Variable(d.env.Name, leaf.path)
		value, ok := variables[variable]
		if !ok {
			continue
		}
		d.unset(leaf.path)
		at := place{variable: variable}
		node, problem := variableNode(value, leaf.of, at)
		if problem != nil {
			problem.Path = leaf.path
			d.problems = append(d.problems, *problem)
			d.invalid = append(d.invalid, leaf.path)
			continue
		}
		target := reflect.New(leaf.of).Elem()
		target.Set(leaf.get(d.env))
		decoder := d.variableDecoder(variable)
		decoder.keyRule = leaf.tag.Get("keys")
		decoder.value(node, target, leaf.path, at)
		leaf.set(d.env, target)
	}
}

// overrideImages clears the tag of an application's file if a variable sets a digest, and vice versa. So CI
// can deploy its own image, whichever of the two the file has.
func (d *document) overrideImages(variables map[string]string) {
	for name, app := range d.env.Apps {
		tag, digest := appPath(name, "image.tag"), appPath(name, "image.digest")
		_, newTag := variables[Variable(d.env.Name, tag)]
		_, newDigest := variables[Variable(d.env.Name, digest)]
		switch {
		case newDigest && !newTag:
			app.Image.Tag = ""
			delete(d.at, tag)
		case newTag && !newDigest:
			app.Image.Digest = ""
			delete(d.at, digest)
		}
	}
}

// variableNode returns a variable's value as a YAML node, as if it were in a file.
func variableNode(value string, t reflect.Type, at place) (*yaml.Node, *Problem) {
	flow := strings.HasPrefix(strings.TrimSpace(value), "[")
	switch {
	case t.Kind() == reflect.String:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String && !flow:
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for word := range strings.SplitSeq(value, ",") {
			text := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.TrimSpace(word)}
			node.Content = append(node.Content, text)
		}
		return node, nil
	default:
		return parse([]byte(value), at)
	}
}

// unknownVariables reports the variables that belong to no environment or to no setting.
func unknownVariables(variables map[string]string, documents []*document) Problems {
	var problems Problems
	var environments []string
	known := []string{environmentsVariable}
	// Whose applications nobody knows, since their file has a problem.
	var unread []string
	for _, d := range documents {
		environments = append(environments, d.env.Name)
		for _, leaf := range d.env.leaves() {
			known = append(known, Variable(d.env.Name, leaf.path))
		}
		if slices.ContainsFunc(d.invalid, func(path string) bool {
			return within("apps", path) || strings.Count(path, ".") == 1 && within(path, "apps")
		}) {
			unread = append(unread, Variable(d.env.Name, "apps")+"_")
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(variables)) {
		if slices.Contains(known, variable) || slices.ContainsFunc(unread, func(prefix string) bool { return strings.HasPrefix(variable, prefix) }) {
			continue
		}
		if message := outdated(variable, environments); message != "" {
			problems = append(problems, place{variable: variable}.problem("", "%s", message))
			continue
		}
		message := "names no setting"
		owner, _, _ := strings.Cut(strings.TrimPrefix(variable, variablePrefix), "_")
		prefix := ""
		if slices.Contains(environments, strings.ToLower(owner)) {
			prefix = variablePrefix + owner + "_" // compare only the rest of the name
		} else {
			message = "names no environment; environments are " + list(environments, "and")
		}
		if near := nearest(strings.TrimPrefix(variable, prefix), without(prefix, known)); near != "" {
			message += "; did you mean " + prefix + near + "?"
		}
		problems = append(problems, place{variable: oneLine(variable)}.problem("", "%s", message))
	}
	return problems
}

// without returns the names that begin with a prefix, with the prefix removed.
func without(prefix string, names []string) []string {
	var rest []string
	for _, name := range names {
		if name, ok := strings.CutPrefix(name, prefix); ok {
			rest = append(rest, name)
		}
	}
	return rest
}

// selected returns the names of the environments to load: all, unless PLINTH_ENVIRONMENTS limits them.
func selected(variables map[string]string, environments []string) ([]string, Problems) {
	value, ok := variables[environmentsVariable]
	if !ok {
		return environments, nil
	}
	var names []string
	var problems Problems
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if slices.Contains(environments, name) {
			names = append(names, name)
			continue
		}
		message := fmt.Sprintf("must name environments (%s), names %s", list(environments, "and"), quote(name))
		if remedy := didYouMean(name, environments); remedy != "" {
			message += "; " + remedy
		}
		problems = append(problems, place{variable: environmentsVariable}.problem("", "%s", message))
	}
	return names, problems
}
