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

// noted returns the version that the pods of a release noted before, and whether an update replaces them since
// they note another one. PostgreSQL's pod has a sentence of its own.
func noted(c change, all []change) (before string, another bool) {
	in := func(attributes map[string]any) string {
		match := kubelet.FindStringSubmatch(fmt.Sprint(attributes["values"]))
		if match == nil {
			return ""
		}
		return match[1]
	}
	before, after := in(c.Change.Before), in(c.Change.After)
	return before, c.updated() && after != "" && after != before && !emptiesDatabase(c, all)
}

func kubelets(c change, all []change) bool {
	before, another := noted(c, all)
	return another && before != ""
}

// notedFirst reports whether pods note a version for the first time: that of a release of Plinth before.
func notedFirst(c change, all []change) bool {
	before, another := noted(c, all)
	return another && before == ""
}

// emptiesDatabase reports whether an update of PostgreSQL in the cluster replaces its pod, which has the data.
func emptiesDatabase(c change, _ []change) bool {
	return c.Change.After["name"] == "postgres" && c.Change.After["namespace"] == "postgres" && c.changes("values")
}

func kubernetesBack(c change, _ []change) bool { return minors(c) < 0 }

func kubernetesTooFar(c change, _ []change) bool { return minors(c) > 1 }

func kubernetesNext(c change, _ []change) bool { return minors(c) == 1 }
