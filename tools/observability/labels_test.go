package observability

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

type labelSet map[string]bool

func newLabelSet(lists ...string) labelSet {
	set := labelSet{}
	for _, list := range lists {
		for _, label := range strings.Fields(list) {
			set[label] = true
		}
	}
	return set
}

func (s labelSet) without(names ...string) labelSet {
	rest := maps.Clone(s)
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}

func (s labelSet) String() string { return strings.Join(slices.Sorted(maps.Keys(s)), ", ") }

// reading follows the labels through expressions. Wrong labels are no error to Prometheus: it finds
// nothing, and an alert never fires.
type reading struct {
	known map[string]exported
	// used are the series in expressions, recordedIn the files of the recorded series.
	used       map[string]bool
	recordedIn map[string]string
	broken     []string
}

// read reads every expression.
func (o observed) read() *reading {
	r := &reading{known: o.exports(), used: map[string]bool{}, recordedIn: map[string]string{}}
	for _, rule := range o.allRules() {
		result, of := r.expression(rule.String(), rule.Expr)
		for _, name := range of {
			if file := r.recordedIn[name]; file != "" && file != rule.File {
				r.report(rule, "uses %s of rules/%s.yaml, which may be recorded before or after it", name, file)
			}
		}
		for label := range rule.Labels {
			result[label] = true
		}
		if rule.Record != "" {
			if _, known := r.known[rule.Record]; known {
				r.report(rule, "there is another of this name")
			}
			r.known[rule.Record] = exported{labels: result}
			r.recordedIn[rule.Record] = rule.File
		}
		for _, text := range rule.Annotations {
			r.mentions(rule, result, text, `\$labels\.(\w+)`)
		}
	}
	for _, query := range o.queries("prometheus") {
		result, _ := r.expression(query.where, query.expr)
		r.mentions(query.where, result, query.legend, `{{(\w+)}}`)
	}
	return r
}

func (r *reading) report(where any, format string, arguments ...any) {
	r.broken = append(r.broken, fmt.Sprintf("%v: %s", where, fmt.Sprintf(format, arguments...)))
}

// mentions finds labels in a template that the result does not have.
func (r *reading) mentions(where any, result labelSet, text, pattern string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if !result[match[1]] {
			r.report(where, "%q: there is no label %s, only %s", text, match[1], result)
		}
	}
}

// expression returns the labels of an expression's result and the series in it.
func (r *reading) expression(where, text string) (labelSet, []string) {
	parsed, err := parse(text)
	if err != nil {
		r.report(where, "%v", err)
		return labelSet{}, nil
	}
	var names []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is {
			names = append(names, selector.Name)
			r.used[selector.Name] = true
		}
		return nil
	})
	return r.result(where, parsed), names
}

// result returns the labels of an expression's result.
func (r *reading) result(where string, expression parser.Expr) labelSet {
	switch e := expression.(type) {
	case *parser.NumberLiteral, *parser.StringLiteral:
		return labelSet{}
	case *parser.ParenExpr:
		return r.result(where, e.Expr)
	case *parser.MatrixSelector:
		return r.result(where, e.VectorSelector)
	case *parser.VectorSelector:
		return r.selector(where, e)
	case *parser.AggregateExpr:
		return r.aggregation(where, e)
	case *parser.Call:
		return r.call(where, e)
	case *parser.BinaryExpr:
		return r.binary(where, e)
	}
	r.report(where, "%s: this test does not know what labels it has", expression)
	return labelSet{}
}

func (r *reading) selector(where string, e *parser.VectorSelector) labelSet {
	metric, known := r.known[e.Name]
	if !known {
		r.report(where, "nothing exports or records %q", e.Name)
		return labelSet{}
	}
	has := maps.Clone(metric.labels)
	for _, matcher := range e.LabelMatchers {
		if e.Name == "up" && matcher.Name == "job" && matcher.Type == labels.MatchEqual {
			maps.Copy(has, newLabelSet(targetLabels[matcher.Value]))
		}
	}
	for _, matcher := range e.LabelMatchers {
		if matcher.Name != model.MetricNameLabel && !has[matcher.Name] {
			r.report(where, "%s has no label %s, only %s", e.Name, matcher.Name, has)
		}
		if matcher.Name == "job" && metric.job != "" && !matcher.Matches(metric.job) {
			r.report(where, "%s is of the job %s", e.Name, metric.job)
		}
	}
	return has
}

func (r *reading) aggregation(where string, e *parser.AggregateExpr) labelSet {
	inner := r.result(where, e.Expr)
	for _, label := range e.Grouping {
		if !inner[label] {
			r.report(where, "%s: there is no label %s, only %s", e, label, inner)
		}
	}
	if e.Without {
		return inner.without(e.Grouping...)
	}
	return newLabelSet(e.Grouping...)
}

func (r *reading) call(where string, e *parser.Call) labelSet {
	result := labelSet{}
	for _, argument := range e.Args {
		maps.Copy(result, r.result(where, argument))
	}
	switch e.Func.Name {
	case "avg_over_time", "increase", "rate":
	case "histogram_quantile":
		if !result["le"] {
			r.report(where, "%s: there is no label le, only %s", e, result)
		}
		return result.without("le")
	case "absent":
		result = labelSet{}
		if selector, is := e.Args[0].(*parser.VectorSelector); is {
			for _, matcher := range selector.LabelMatchers {
				if matcher.Type == labels.MatchEqual && matcher.Name != model.MetricNameLabel {
					result[matcher.Name] = true
				}
			}
		}
	case "time":
	default:
		r.report(where, "%s: this test does not know what labels it has", e)
	}
	return result
}

func (r *reading) binary(where string, e *parser.BinaryExpr) labelSet {
	left, right := r.result(where, e.LHS), r.result(where, e.RHS)
	switch {
	case e.LHS.Type() == parser.ValueTypeScalar:
		return right
	case e.RHS.Type() == parser.ValueTypeScalar:
		return left
	case e.Op == parser.LOR:
		maps.Copy(left, right)
		return left
	case len(e.VectorMatching.MatchingLabels) > 0 || e.VectorMatching.On:
		r.report(where, "%s: this test does not know what on and ignoring do", e)
	case !maps.Equal(left, right):
		r.report(where, "%s: nothing on the left matches anything on the right: %s; %s", e, left, right)
	}
	return left
}
