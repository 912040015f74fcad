package integration

import (
	"testing"
)

var layers = []string{"network", "data", "cluster", "addons", "app", "observability"}

// TestOneByOne deploys the stacks one by one, in order, and destroys them in reverse. cdktf refuses the
// wrong order, and deploys a stack alone when told to. Terraform alone deploys the last stacks.
func TestOneByOne(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.contains(r.refused(r.CDKTF("deploy", r.stack("app"))),
		"The following dependencies are not included in the stacks to run: dev-addons, dev-cluster, dev-network, dev-data.")
	r.do(r.alone("deploy", layers[0]))
	r.do(r.alone("deploy", layers[1]))
	for _, layer := range layers[2:] {
		r.do(r.terraform("apply", layer))
	}
	r.consistent()
	r.contains(r.refused(r.CDKTF("destroy", r.stack("network"))), "dependant", "dev-data")
	last := len(layers) - 1
	r.do(r.alone("destroy", layers[last]))
	for i := last - 1; i >= 0; i-- {
		r.do(r.terraform("destroy", layers[i]))
	}
	r.empty()
}

// TestWrongOrder destroys the load balancer controller before the application, whose namespace Terraform has
// forgotten, then the stacks below. No controller deletes the load balancer any more, so the network cannot go, as
// on AWS.
func TestWrongOrder(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.deploy()
	r.do(r.terraform("destroy", "observability"))
	r.do(r.Terraform(r.stack("addons"), "state", "rm", "kubernetes_namespace_v1.namespace-"+r.application()))
	r.do(r.terraform("destroy", "addons"))
	r.contains(r.refused(r.terraform("destroy", "app")), "finalizer ingress.k8s.aws/resources")
	// To go on all the same, Terraform must forget what cannot be deleted.
	r.do(r.Terraform(r.stack("app"), "state", "rm", "helm_release.release"))
	r.do(r.terraform("destroy", "app"))
	r.do(r.terraform("destroy", "cluster"))
	r.do(r.terraform("destroy", "data"))
	r.contains(r.refused(r.terraform("destroy", "network")),
		"DependencyViolation", "aws_lb arn:aws:elasticloadbalancing:", "made by aws-load-balancer-controller")
}

// TestAddonsBeforeApplication destroys the add-ons before the application. Its namespace goes with all that is in
// it, before the controllers that take its load balancer down: so nothing is left.
func TestAddonsBeforeApplication(t *testing.T) {
	t.Parallel()
	nightly(t)
	r := furnished(t, "dev")
	r.deploy()
	for _, layer := range []string{"observability", "addons", "app", "cluster", "data", "network"} {
		r.do(r.terraform("destroy", layer))
	}
	r.empty()
}
