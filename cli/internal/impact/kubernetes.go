package impact

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// minors is how many minor versions an update moves the cluster: EKS moves it by one, and never back.
// https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
func minors(c change) int {
	minor := func(attributes map[string]any) (int, bool) {
		version, _ := attributes["version"].(string)
		_, digits, _ := strings.Cut(version, ".")
		n, err := strconv.Atoi(digits)
		return n, err == nil
	}
	before, was := minor(c.Change.Before)
	after, is := minor(c.Change.After)
	if !c.updated() || !was || !is {
		return 0
	}
	return after - before
}

// kubelet finds the version of Kubernetes that a release's pods note: see stacks/stack_kubernetes.go.
var kubelet = regexp.MustCompile(`"kubernetes-version":"([^"]*)"`)

// kubelets reports whether an update of a release replaces its pods because they note another version.
// PostgreSQL's has a sentence of its own.
func kubelets(c change, all []change) bool {
	noted := func(attributes map[string]any) string {
		match := kubelet.FindStringSubmatch(fmt.Sprint(attributes["values"]))
		if match == nil {
			return ""
		}
		return match[1]
	}
	after := noted(c.Change.After)
	return c.updated() && after != "" && after != noted(c.Change.Before) && !emptiesDatabase(c, all)
}

// emptiesDatabase reports whether an update of PostgreSQL in the cluster replaces its pod, which has the data.
func emptiesDatabase(c change, _ []change) bool {
	return c.Change.After["name"] == "postgres" && c.Change.After["namespace"] == "postgres" && c.changes("values")
}

func kubernetesBack(c change, _ []change) bool { return minors(c) < 0 }

func kubernetesTooFar(c change, _ []change) bool { return minors(c) > 1 }

func kubernetesNext(c change, _ []change) bool { return minors(c) == 1 }
