package impact

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
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

// needsKEDA is where applications would be stuck: nobody takes off the finalizer of their ScaledObjects.
const needsKEDA = "cluster.keda: KEDA would be uninstalled before its ScaledObjects, which it alone can delete. " +
	"Set web.replicas.requestsPerSecond: 0 for each application with cluster.keda: true, deploy the add-ons and the applications, then set cluster.keda: false."

// usesKEDA reports whether KEDA goes in the same deployment as the output of its security group: until the last
// one, an application's stack read that, for the ScaledObject that it has.
func usesKEDA(c change, all outputs) bool {
	return c.Type == "helm_release" && c.deleted() && !c.replaced() && c.Change.Before["name"] == "keda" &&
		slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(name string) bool {
			return strings.HasPrefix(name, "cross-stack-output-") && strings.Contains(name, "keda-pods") && all.are(name, "delete")
		})
}

func kubernetesBack(c change, _ []change) bool { return minors(c) < 0 }

func kubernetesTooFar(c change, _ []change) bool { return minors(c) > 1 }

func kubernetesNext(c change, _ []change) bool { return minors(c) == 1 }
