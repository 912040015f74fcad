package impact

import (
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

func kubernetesBack(c change, _ []change) bool { return minors(c) < 0 }

func kubernetesTooFar(c change, _ []change) bool { return minors(c) > 1 }

func kubernetesNext(c change, _ []change) bool { return minors(c) == 1 }
