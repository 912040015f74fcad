package pipeline

import (
	"regexp"
	"slices"
	"strings"
)

// event is the reason why a pipeline runs.
type event struct {
	branch, tag  string
	mergeRequest bool
	// scheduled is set for a pipeline that only detects drift.
	scheduled bool
}

// deploys reports whether the environment's deploy roles trust the event's branch or tag. AWS checks
// this itself: a job without trust would only fail.
func (e event) deploys(env *environment) bool {
	switch {
	case e.mergeRequest, e.scheduled:
		return false
	case e.tag != "":
		return matches(env.Tags, e.tag)
	}
	return e.branch != "" && matches(env.Branches, e.branch)
}

// matches matches a name as IAM's StringLike does, where * is any text.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
		return regexp.MustCompile(`^(?s:` + expression + `)$`).MatchString(name)
	})
}
