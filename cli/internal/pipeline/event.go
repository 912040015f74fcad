package pipeline

import (
	"regexp"
	"slices"
	"strings"
)

// event is what a pipeline runs for.
type event struct {
	branch, tag  string
	mergeRequest bool
	// scheduled is a pipeline that only looks whether what is deployed is as it should be.
	scheduled bool
}

// deploys says that the environment's deploy roles trust the event's branch or tag. AWS decides
// it: a job without its trust would only fail.
func (e event) deploys(env *environment) bool {
	switch {
	case e.mergeRequest, e.scheduled:
		return false
	case e.tag != "":
		return matches(env.Tags, e.tag)
	}
	return e.branch != "" && matches(env.Branches, e.branch)
}

// matches compares as IAM's StringLike does with a star.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
		return regexp.MustCompile(`^(?s:` + expression + `)$`).MatchString(name)
	})
}
