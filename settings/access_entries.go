package settings

import (
	"slices"
	"strings"
)

// checkAccessEntries checks cluster.accessEntries.
func (d *document) checkAccessEntries() {
	// EKS accepts no group system:…, which Kubernetes reserves.
	// https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2915
	if d.isValid("project") && strings.HasPrefix(d.env.Developers(), "system:") {
		d.report("project", "must not be system: EKS refuses groups such as %s; choose another name", d.env.Developers())
	}
	principals := map[string]bool{}
	for i, access := range d.env.Cluster.AccessEntries {
		path := element("cluster.accessEntries", i)
		d.checkUnique(path+".namespaces", access.Namespaces)
		// https://docs.aws.amazon.com/eks/latest/userguide/access-policies.html
		if d.isValid(path+".policy", path+".namespaces") && access.Policy == AccessAdmin && len(access.Namespaces) > 0 {
			d.report(path+".namespaces", "must not be set with policy admin, which is for the whole cluster; use edit or view")
		}
		if d.isValid(path+".policy", path+".namespaces") && access.Policy == AccessDeveloper && len(access.Namespaces) > 0 {
			d.report(path+".namespaces", "must not be set with policy developer, which is for the applications' namespaces; use edit or view")
		}
		// EKS has one access entry for each principal.
		if d.isValid(path+".principal", "account") {
			arn := d.env.principalARN(access.Principal)
			if principals[arn] {
				d.report(path+".principal", "must name each principal once, repeats %s", arn)
			}
			principals[arn] = true
			if d.isValid("project") && slices.Contains(d.env.pipelineRoleARNs(), arn) {
				d.report(path+".principal", "must not be a pipeline role, which has access already, is %s", arn)
			}
		}
	}
}
