package rehearse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"plinth/rehearsal/internal/report"
)

// inCluster checks, with the real kubectl and Helm, that the real control plane, if there is one,
// runs what was deployed.
func (p *play) inCluster(ctx context.Context) error {
	if !p.RealCluster() {
		return nil
	}
	releases, err := p.releases(ctx)
	if err != nil {
		return err
	}
	output, err := p.Cluster().Kubectl(ctx, "", "get", "deployments", "--all-namespaces", "--output", "json")
	if err != nil {
		return err
	}
	var found appsv1.DeploymentList
	if err := json.Unmarshal([]byte(output), &found); err != nil {
		return err
	}
	var ready, waiting []string
	for _, d := range found.Items {
		told := fmt.Sprintf("%s/%s %d of %d", d.Namespace, d.Name, d.Status.AvailableReplicas, *d.Spec.Replicas)
		if d.Status.AvailableReplicas < *d.Spec.Replicas {
			waiting = append(waiting, told)
		}
		ready = append(ready, told)
	}
	e := report.Expectation{
		Title: "Kubernetes runs what Helm has installed", Met: len(waiting) == 0 && len(ready) > 0 && len(releases) > 0,
		Found: fmt.Sprintf("releases %s; pods of %s", strings.Join(releases, ", "), strings.Join(ready, ", ")),
	}
	if !e.Met {
		e.Found = fmt.Sprintf("releases: %d; pods are missing of: %s", len(releases), strings.Join(waiting, ", "))
	}
	return p.expect(e)
}

// clusterEmpty checks that the destroyed stacks have left nothing in the control plane.
func (p *play) clusterEmpty(ctx context.Context) error {
	if !p.RealCluster() {
		return nil
	}
	left, err := p.releases(ctx)
	if err != nil {
		return err
	}
	namespaces, err := p.Cluster().Kubectl(ctx, "", "get", "namespaces", "--output", "name")
	if err != nil {
		return err
	}
	own := []string{"namespace/default", "namespace/kube-node-lease", "namespace/kube-public", "namespace/kube-system"}
	for _, name := range strings.Fields(namespaces) {
		if !slices.Contains(own, name) {
			left = append(left, name)
		}
	}
	// Helm's objects outside of namespaces, or in Kubernetes' own namespaces.
	others, err := p.Cluster().Kubectl(ctx, "", "get", "customresourcedefinitions,clusterroles,clusterrolebindings,roles,rolebindings,services,configmaps,secrets",
		"--all-namespaces", "--selector", "app.kubernetes.io/managed-by=Helm", "--output", "name")
	if err != nil {
		return err
	}
	left = append(left, strings.Fields(others)...)
	e := report.Expectation{Title: "No resources remain in the cluster", Met: len(left) == 0, Found: "no releases, no namespaces, no objects of Helm"}
	if !e.Met {
		e.Found = strings.Join(left, ", ")
	}
	return p.expect(e)
}

// releases are Helm's releases, as namespace/name, wherever Helm stores them.
func (p *play) releases(ctx context.Context) ([]string, error) {
	var names []string
	for _, driver := range []string{"configmap", "secret"} {
		client := p.Cluster().Client
		client.Driver = driver
		output, err := client.Helm(ctx, "", "list", "--all-namespaces", "--all", "--output", "json")
		if err != nil {
			return nil, err
		}
		var found []struct{ Name, Namespace, Status string }
		if err := json.Unmarshal([]byte(output), &found); err != nil {
			return nil, err
		}
		for _, r := range found {
			name := r.Namespace + "/" + r.Name
			if r.Status != "deployed" {
				name += " (" + r.Status + ")"
			}
			names = append(names, name)
		}
	}
	return names, nil
}
