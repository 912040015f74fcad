package integration

import (
	"testing"
)

var layers = []string{"network", "data", "cluster", "addons", "app", "observability"}

// TestOneByOne deploys each stack alone, in order, and destroys them in reverse.
func TestOneByOne(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.contains(r.refused(r.CDKTF("deploy", r.stack("app"))),
		"The following dependencies are not included in the stacks to run: dev-addons, dev-cluster, dev-data.")
	for _, layer := range layers {
		r.do(r.alone("deploy", layer))
	}
	r.consistent()
	r.contains(r.refused(r.CDKTF("destroy", r.stack("network"))), "dependant", "dev-data")
	for i := len(layers) - 1; i >= 0; i-- {
		r.do(r.alone("destroy", layers[i]))
	}
	r.empty()
}

// TestWrongOrder destroys the load balancer's controller before the application, and then what
// is below: the load balancer is nobody's any more, and the network cannot go, as on AWS.
func TestWrongOrder(t *testing.T) {
	t.Parallel()
	r := furnished(t, "dev")
	r.deploy()
	r.do(r.alone("destroy", "observability"))
	r.do(r.alone("destroy", "addons"))
	r.contains(r.refused(r.terraformDestroy("app")), "finalizer ingress.k8s.aws/resources")
	// Whoever goes on all the same has to make Terraform forget what cannot go.
	r.do(r.Terraform(r.stack("app"), "state", "rm", "helm_release.release", "kubernetes_namespace_v1.namespace-app"))
	r.do(r.alone("destroy", "app"))
	r.do(r.alone("destroy", "cluster"))
	r.do(r.alone("destroy", "data"))
	r.contains(r.refused(r.terraformDestroy("network")),
		"DependencyViolation", "aws_lb arn:aws:elasticloadbalancing:", "made by aws-load-balancer-controller")
}
