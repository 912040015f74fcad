package render

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"
)

var (
	schemaLine = regexp.MustCompile(`^(\s*)- at '([^']*)': (.*)$`)
	// Helm puts the place of an error in brackets, after the phase.
	helmPlace = regexp.MustCompile(`^(?:execution|parse) error (?:at|in) \(([^)]*)\): `)
	column    = regexp.MustCompile(`^([^ ]+\.\w+:\d+):\d+: `)
)

// valuesError rewrites the errors of a chart's values.schema.json, one a line. The failed alternatives
// follow indented:
//
//	app/values.schema.json: port: got string, want integer
//	app/values.schema.json: image: 'oneOf' failed, none matched
//	  image.tag: value must be ''
func valuesError(err error) error {
	_, report, ok := strings.Cut(err.Error(), "schema(s) in the following chart(s):\n")
	if !ok {
		return err
	}
	var problems []string
	var chart string
	// The report is a tree. Leave out branches that only group, and their indents.
	var groups []int
	for line := range strings.Lines(report) {
		line = strings.TrimRight(line, "\n")
		match := schemaLine.FindStringSubmatch(line)
		if match == nil {
			if name, ok := strings.CutSuffix(line, ":"); ok && name != "" {
				chart, groups = name, nil
			} else if line != "" {
				problems = append(problems, chart+"/values.schema.json: "+line)
			}
			continue
		}
		depth := len(match[1]) / 2
		for len(groups) > 0 && groups[len(groups)-1] >= depth {
			groups = groups[:len(groups)-1]
		}
		if match[3] == "validation failed" {
			groups = append(groups, depth)
			continue
		}
		path := strings.ReplaceAll(strings.TrimPrefix(match[2], "/"), "/", ".")
		problem := cmp.Or(path, "values") + ": " + match[3]
		if indent := depth - len(groups); indent > 0 && len(problems) > 0 {
			problems[len(problems)-1] += "\n" + strings.Repeat("  ", indent) + problem
		} else {
			problems = append(problems, chart+"/values.schema.json: "+problem)
		}
	}
	// Helm goes through sections in no order.
	slices.Sort(problems)
	return joined(problems)
}

// templateError starts Helm's error with the template and its line:
//
//	app/templates/deployment.yaml:12: function "foo" not defined
func templateError(err error) error {
	message := helmPlace.ReplaceAllString(err.Error(), "$1: ")
	message = strings.TrimPrefix(message, "template: ")
	return errors.New(column.ReplaceAllString(message, "$1: "))
}
