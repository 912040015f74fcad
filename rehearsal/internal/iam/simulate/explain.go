package simulate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"plinth/rehearsal/internal/iam"
)

// explanationsFile has what iam-simulate does otherwise, and why.
const explanationsFile = "tools/iam/simulate.yaml"

// Explanation of differences. It has one of Feature, Error and Ignores.
type Explanation struct {
	// Feature is that of generated calls.
	Feature string `json:"feature"`
	// Error begins iam-simulate's, on some actions. Without its data it decides alike.
	Error string `json:"error"`
	// Ignores begins the keys that iam-simulate ignores: package iam decides alike without them.
	Ignores string `json:"ignores"`
	// Actions may end with *.
	Actions []string `json:"actions"`
	Reason  string   `json:"reason"`
	Source  string   `json:"source"`
}

// Explanations are those of generated and of recorded calls.
type Explanations struct {
	Generated []Explanation `json:"generated"`
	Recorded  []Explanation `json:"recorded"`
}

// Explained reads the explanations of a repository.
func Explained(root string) (e Explanations, err error) {
	content, err := os.ReadFile(filepath.Join(root, explanationsFile))
	if err != nil {
		return e, err
	}
	if err := yaml.UnmarshalStrict(content, &e); err != nil {
		return e, fmt.Errorf("%s: %w", explanationsFile, err)
	}
	for _, one := range slices.Concat(e.Generated, e.Recorded) {
		if (one.Feature == "") == (one.Error+one.Ignores == "") || one.Reason == "" || !strings.HasPrefix(one.Source, "https://") {
			return e, fmt.Errorf("%s: %+v: it must have a feature, an error or a key that is ignored, a reason and a source", explanationsFile, one)
		}
	}
	return e, nil
}

// difference is what explains itself alike.
type difference struct {
	first        string
	calls, tried int
}

// Differences are those between ours and iam-simulate's decisions that nothing explains, each cause once,
// and the explanations that nothing needs.
func Differences(calls []Call, verdicts []Verdict, ours func(Call) string, explanations []Explanation) (messages []string) {
	found := map[string]*difference{}
	needed := map[int]bool{}
	for i, c := range calls {
		v := verdicts[i]
		cause := c.Feature
		if cause == "" {
			cause = c.Action
		}
		if v.Error != "" {
			cause += ": " + v.Error
		}
		d := found[cause]
		if d == nil {
			d = &difference{}
			found[cause] = d
		}
		d.tried++
		decided := ours(c)
		if decided == v.Decision && v.Error == "" {
			continue
		}
		if at := slices.IndexFunc(explanations, func(e Explanation) bool { return e.explains(c, v, decided, ours) }); at >= 0 {
			needed[at] = true
			continue
		}
		if d.calls++; d.calls == 1 {
			d.first = fmt.Sprintf("package iam says %s, iam-simulate %s: %s", decided, v.Decision, c)
			if len(v.Ignored) > 0 {
				d.first += fmt.Sprintf("; iam-simulate ignores %s", strings.Join(v.Ignored, ", "))
			}
		}
	}
	for _, cause := range slices.Sorted(maps.Keys(found)) {
		if d := found[cause]; d.calls > 0 {
			messages = append(messages, fmt.Sprintf("%s: %d of %d calls are not decided alike, and %s does not say why. The first: %s", cause, d.calls, d.tried, explanationsFile, d.first))
		}
	}
	for i, e := range explanations {
		if !needed[i] {
			messages = append(messages, fmt.Sprintf("%s: %s%s%s: nothing needs this any more", explanationsFile, e.Feature, e.Error, e.Ignores))
		}
	}
	return messages
}

func (e Explanation) explains(c Call, v Verdict, decided string, ours func(Call) string) bool {
	among := len(e.Actions) == 0 || slices.ContainsFunc(e.Actions, func(action string) bool {
		prefix, all := strings.CutSuffix(action, "*")
		return action == c.Action || all && strings.HasPrefix(c.Action, prefix)
	})
	switch {
	case !among || e.Feature != c.Feature || (e.Error == "") != (v.Error == "") || !strings.HasPrefix(v.Error, e.Error):
		return false
	case e.Error != "":
		return decided == v.Decision
	case e.Ignores != "":
		without := c
		without.Context = maps.Clone(c.Context)
		maps.DeleteFunc(without.Context, func(key string, _ []string) bool {
			return strings.HasPrefix(key, e.Ignores) && slices.Contains(v.Ignored, key)
		})
		return ours(without) == v.Decision
	}
	return true
}

// String is a call as a message has it, with its policies if they can be read at a glance.
func (c Call) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s by %s", c.Action, c.Resource, c.Principal)
	context, _ := json.Marshal(c.Context) // strings always can be
	fmt.Fprintf(&b, " with %s", context)
	show := func(what string, documents ...*iam.Document) {
		for _, d := range documents {
			if d != nil && len(d.Text) < 1000 {
				fmt.Fprintf(&b, "\n  %s: %s", what, d.Text)
			}
		}
	}
	show("policy", c.Identity...)
	show("boundary", c.Boundary)
	show("resource's policy", c.Policy)
	return b.String()
}
