package integration

import (
	"testing"
)

var layers = []string{"network", "data", "cluster", "addons", "app"}

// TestOneByOne deploys each stack alone, in order, and destroys them in reverse.
func TestOneByOne(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	r.contains(r.refused(r.CDKTF("deploy", r.stack("app"))),
		"dev-app", "dependencies are not included")
	for _, layer := range layers {
		r.do(r.alone("deploy", layer))
	}
	r.consistent()
	r.contains(r.refused(r.CDKTF("destroy", r.stack("network"))), "dev-network")
	for i := len(layers) - 1; i >= 0; i-- {
		r.do(r.CDKTF("destroy", r.stack(layers[i])))
	}
	r.empty()
}

// TestWrongOrder destroys the load balancer's controller before the application, and then what
// is below: the load balancer is nobody's any more, and the network cannot go, as on AWS.
func TestWrongOrder(t *testing.T) {
	t.Parallel()
	r := start(t, "dev")
	r.deploy()
	r.do(r.alone("destroy", "addons"))
	r.contains(r.refused(r.CDKTF("destroy", r.stack("app"))), "finalizer ingress.k8s.aws/resources")
	// Whoever goes on all the same loses what is in the cluster, and the rule for the database.
	r.do(r.Terraform(r.stack("app"), "destroy", "-auto-approve", "-target=aws_vpc_security_group_ingress_rule.database-from-cluster"))
	r.do(r.alone("destroy", "cluster"))
	r.do(r.alone("destroy", "data"))
	r.contains(r.refused(r.alone("destroy", "network")),
		"DependencyViolation", "aws_lb arn:aws:elasticloadbalancing:", "made by aws-load-balancer-controller")
}
