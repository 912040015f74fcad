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
	// source is the source branch of a merge request, or empty if that is in a fork.
	source string
	// scheduled is set for a pipeline that only detects drift.
	scheduled bool
}

// onGitLab returns the event that GitLab's variables describe.
func onGitLab(getenv func(string) string) event {
	e := event{
		branch:       getenv("CI_COMMIT_BRANCH"),
		tag:          getenv("CI_COMMIT_TAG"),
		mergeRequest: getenv("CI_MERGE_REQUEST_IID") != "",
		scheduled:    getenv("CI_PIPELINE_SOURCE") == "schedule",
	}
	if getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID") == getenv("CI_MERGE_REQUEST_PROJECT_ID") {
		e.source = getenv("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")
	}
	return e
}

// plans reports whether the environment's plan roles trust the event's branch, tag or merge request.
// Without trust a job would run a branch's code on the environment's runners, only for AWS to refuse it.
func (e event) plans(env *environment) bool {
	branches := slices.Concat(env.Branches, env.PlanBranches)
	switch {
	case slices.Contains(env.PlanBranches, "*"):
		return true
	case e.tag != "":
		return matches(env.Tags, e.tag)
	case e.mergeRequest:
		return matches(branches, e.source)
	}
	return matches(branches, e.branch)
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
