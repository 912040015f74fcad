package delivery

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"plinth/cli/internal/sentence"
)

// versionNote is the annotation of pods with the version that the control plane had when their stack was
// last deployed: see stacks/stack_kubernetes.go. Their kubelet can be newer, if AWS has replaced them since.
const versionNote = "kubernetes-version"

var minorVersion = regexp.MustCompile(`^v(1\.[0-9]+)\.`)

// kubernetes returns the control plane's version, and the namespaces whose pods can have the kubelet of
// another one. answer is the API server's about its version.
func (s *Session) kubernetes(ctx context.Context, e *environment, namespace, answer string) []finding {
	const what = "kubernetes"
	var server struct {
		Version string `json:"gitVersion"`
	}
	if err := json.Unmarshal([]byte(answer), &server); err != nil {
		return unread(what, err)
	}
	version := minorVersion.FindStringSubmatch(server.Version)
	if version == nil {
		return []finding{wrong(what, "the API server has the version %q", server.Version)}
	}
	out, err := s.kubectl(ctx, e, namespace, "get", "pods", "--all-namespaces", "--output", "json")
	if err != nil && strings.Contains(words(err), "(Forbidden)") {
		return []finding{fine(what, "%s; unknown which pods have an older kubelet: this user may not read all", version[1])}
	}
	var pods struct {
		Items []object `json:"items"`
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &pods)
	}
	if err != nil {
		return unread(what, err)
	}
	namespaces, versions := map[string]bool{}, map[string]bool{}
	for _, pod := range pods.Items {
		noted := pod.Metadata.Annotations[versionNote]
		ended := pod.Status.Phase == "Succeeded" || pod.Status.Phase == "Failed" || pod.Metadata.Deleted != nil
		if noted != "" && noted != version[1] && !ended {
			namespaces[pod.Metadata.Namespace], versions[noted] = true, true
		}
	}
	if len(namespaces) == 0 {
		return []finding{fine(what, "%s", version[1])}
	}
	return []finding{fine(what, "%s; pods of %s can have the kubelet of %s until their stacks are deployed: ./plinth deploy '%s-*'", version[1],
		sentence.List(slices.Sorted(maps.Keys(namespaces))), sentence.List(slices.Sorted(maps.Keys(versions))), e.name)}
}
