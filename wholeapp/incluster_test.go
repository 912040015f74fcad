package wholeapp

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// inCluster are overrides for which the sample dev runs PostgreSQL in the cluster.
var inCluster = []string{"PLINTH_DEV_DATABASE_ENGINE=in-cluster", "PLINTH_ENVIRONMENTS=dev"}

// TestGoldenInCluster compares the stacks that differ if PostgreSQL runs in the cluster.
func TestGoldenInCluster(t *testing.T) {
	t.Parallel()
	files := stackFiles(t, synthesize(t, samples, inCluster...))
	accepted(t, "in-cluster", map[string]string{"dev-addons": files["dev-addons"], "dev-app": files["dev-app"], "dev-data": files["dev-data"]})
}

// fromAddons is the security group of PostgreSQL's pod, which the add-ons' stack makes.
var fromAddons = regexp.MustCompile(`cross-stack-reference-input-dev-addons\.outputs\.cross-stack-output-aws_security_grouppod-groups_postgres-pods_\w+id}$|^\$\{aws_security_group\.pod-groups_postgres-pods_\w+\.id}$`)

// TestInCluster: no stack refers to an RDS server, and the database comes before the application: it is in
// a stack that the application's depends on.
func TestInCluster(t *testing.T) {
	t.Parallel()
	p := newPlatform(t, samples, inCluster...)
	for _, e := range p.elements() {
		for _, word := range []string{"aws_db_", "aws_rds_"} {
			if strings.HasPrefix(e.kind, word) {
				t.Errorf("%s is made", e)
			}
		}
		if e.kind == "aws_cloudwatch_metric_alarm" || e.kind == "aws_cloudwatch_dashboard" {
			walk(e.body, "", func(path string, scalar any) {
				if strings.Contains(fmt.Sprint(scalar), "AWS/RDS") {
					t.Errorf("%s%s: watches a server that there is not", e, path)
				}
			})
		}
		if e.kind == "aws_vpc_security_group_ingress_rule" && e.body["from_port"] == 5432.0 && !fromAddons.MatchString(fmt.Sprint(e.body["security_group_id"])) {
			t.Errorf("%s: lets in to a server that there is not: %v", e, e.body["security_group_id"])
		}
		if e.kind == "aws_iam_policy" && environment(e.stack) == "dev" && strings.Contains(fmt.Sprint(e.body["policy"]), `"rds:`) {
			t.Errorf("%s: allows what no stack needs", e)
		}
	}

	var app, database, profile object
	for _, e := range p.resources("helm_release", "aws_eks_fargate_profile") {
		switch {
		case e.stack == "dev-addons" && e.body["name"] == "postgres":
			database = e.body
		case e.stack == "dev-app" && e.body["name"] != securityGroups:
			app = e.body
		case e.kind == "aws_eks_fargate_profile" && strings.HasPrefix(fmt.Sprint(e.body["fargate_profile_name"]), "database-"):
			profile = e.body
		}
	}
	assert.Assert(t, strings.Contains(fmt.Sprint(database["depends_on"]), "helm_release.external-secrets"), "nothing brings its password: %v", database["depends_on"])
	assert.Assert(t, strings.Contains(fmt.Sprint(app["values"]), `"tls" = "channel-binding"`), "%v", app["values"])
	assert.Assert(t, strings.Contains(fmt.Sprint(app["values"]), `"host" = "postgres.postgres.svc.cluster.local"`), "%v", app["values"])
	assert.Equal(t, database["namespace"], "postgres")
	assert.Assert(t, strings.Contains(fmt.Sprint(profile["selector"]), "postgres"), "no Fargate profile takes the pod: %v", profile["selector"])
	for _, e := range p.resources("kubernetes_namespace_v1") {
		if dig(e.body, "metadata", "name") == "postgres" {
			assert.Equal(t, dig(e.body, "metadata", "labels").(object)["pod-security.kubernetes.io/enforce"], "restricted")
			return
		}
	}
	t.Error("there is no namespace postgres")
}
