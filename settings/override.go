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

// Variable is the name of the process environment's variable that overrides one setting of
// one environment: PLINTH_, the environment, and the setting's path in capitals, with an
// underscore for every dot and between words. app.memoryGiB of dev is
// PLINTH_DEV_APP_MEMORY_GIB.
//
// Its value is read as follows:
//   - a text is taken as it is, so that an account keeps its leading zeros;
//   - numbers and true or false are as in YAML;
//   - a list is as in YAML, [a, b], or for a list of texts just a,b;
//   - of an image's tag and digest, the one that is given replaces both of the file's;
//   - the engine in-cluster takes away what the file says of a server of AWS's.
//
// An empty variable is one that is not set, since CI systems pass on empty ones: an empty
// list is written []. A variable whose name begins with PLINTH_ and that no environment
// has is an error, since a slip in a name would otherwise deploy something else than meant.
func Variable(environment, path string) string {
	var name strings.Builder
	name.WriteString(variablePrefix + strings.ToUpper(environment) + "_")
	var previous rune
	for _, r := range abbreviations.Replace(path) {
		switch {
		case r == '.':
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

// abbreviations shows where a word begins after another in capitals, and that a unit is one word.
var abbreviations = strings.NewReplacer("GiB", "Gib", "ACLARN", "AclArn", "CPUPercent", "CpuPercent", "OIDCProvider", "OidcProvider")

// variables returns what the process environment says to Plinth. Of a name that is there
// twice the last value counts, as for a process that is started with it.
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

// override applies the variables that are the document's.
func (d *document) override(variables map[string]string) {
	d.overrideImage(variables)
	d.overrideInCluster(variables)
	for _, leaf := range leaves() {
		variable := Variable(d.env.Name, leaf.path)
		value, ok := variables[variable]
		if !ok {
			continue
		}
		d.unset(leaf.path)
		target := reflect.ValueOf(d.env).Elem().FieldByIndex(leaf.index)
		at := place{variable: variable}
		node, problem := variableNode(value, target.Type(), at)
		if problem != nil {
			problem.Path = leaf.path
			d.problems = append(d.problems, *problem)
			d.invalid = append(d.invalid, leaf.path)
			continue
		}
		d.variableDecoder(variable).value(node, target, leaf.path, at)
	}
}

// overrideImage takes away the file's tag when a variable names a digest, and the other way
// round: CI deploys what it has built whichever way the file names the image.
func (d *document) overrideImage(variables map[string]string) {
	const tag, digest = "app.image.tag", "app.image.digest"
	_, newTag := variables[Variable(d.env.Name, tag)]
	_, newDigest := variables[Variable(d.env.Name, digest)]
	switch {
	case newDigest && !newTag:
		d.env.App.Image.Tag = ""
		delete(d.at, tag)
	case newTag && !newDigest:
		d.env.App.Image.Digest = ""
		delete(d.at, digest)
	}
}

// variableNode makes the value of a variable what it would be in a file.
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
func unknownVariables(variables map[string]string, environments []string) Problems {
	var problems Problems
	known := []string{environmentsVariable}
	for _, environment := range environments {
		for _, leaf := range leaves() {
			known = append(known, Variable(environment, leaf.path))
		}
	}
	for _, variable := range slices.Sorted(maps.Keys(variables)) {
		if slices.Contains(known, variable) {
			continue
		}
		if now := renamedVariable(variable, environments); now != "" {
			problems = append(problems, place{variable: variable}.problem("", "%s", renamedTo(now)))
			continue
		}
		message := "names no setting"
		owner, _, _ := strings.Cut(strings.TrimPrefix(variable, variablePrefix), "_")
		prefix := ""
		if slices.Contains(environments, strings.ToLower(owner)) {
			prefix = variablePrefix + owner + "_" // which is right, and no sign of likeness
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

// without are the names that begin with a prefix, without it.
func without(prefix string, names []string) []string {
	var rest []string
	for _, name := range names {
		if name, ok := strings.CutPrefix(name, prefix); ok {
			rest = append(rest, name)
		}
	}
	return rest
}

// selected returns the environments that Load returns: all, unless a variable limits them.
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
