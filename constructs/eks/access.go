package eks

import (
	"strings"

	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/eksaccessentry"
	"github.com/cdktf/cdktf-provider-aws-go/aws/v19/eksaccesspolicyassociation"

	"plinth/constructs/childids"
)

// AccessEntry lets an IAM principal use the Kubernetes API.
type AccessEntry struct {
	// PrincipalArn is an IAM role's or user's.
	PrincipalArn string
	// Policy is an EKS access policy's name, for example AmazonEKSViewPolicy. Empty leaves all rights to Groups.
	// https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
	Policy string
	// Namespaces limits the policy; empty means the whole cluster.
	Namespaces []string
	// Groups are Kubernetes groups, for role bindings in the cluster.
	Groups []string
}

// newAccessEntries creates one access entry for each principal. A principal that is listed once for
// each policy still gets one entry, with the Groups of its first.
func newAccessEntries(scope constructs.Construct, clusterName *string, entries []AccessEntry) {
	type made struct {
		id    string
		entry eksaccessentry.EksAccessEntry
	}
	all, taken := map[string]made{}, childids.Taken{}
	for _, a := range entries {
		one, ok := all[a.PrincipalArn]
		if !ok {
			id := "access-" + strings.ReplaceAll(a.PrincipalArn[strings.LastIndex(a.PrincipalArn, ":")+1:], "/", "-")
			config := &eksaccessentry.EksAccessEntryConfig{
				ClusterName:  clusterName,
				PrincipalArn: jsii.String(a.PrincipalArn),
				Type:         jsii.String("STANDARD"),
			}
			if len(a.Groups) > 0 {
				config.KubernetesGroups = jsii.Strings(a.Groups...)
			}
			one.id = taken.Take(id, a.PrincipalArn)
			one.entry = eksaccessentry.NewEksAccessEntry(scope, jsii.String(one.id), config)
			all[a.PrincipalArn] = one
		}
		if a.Policy == "" {
			continue
		}
		accessScope := &eksaccesspolicyassociation.EksAccessPolicyAssociationAccessScope{Type: jsii.String("cluster")}
		if len(a.Namespaces) > 0 {
			accessScope.Type = jsii.String("namespace")
			accessScope.Namespaces = jsii.Strings(a.Namespaces...)
		}
		eksaccesspolicyassociation.NewEksAccessPolicyAssociation(scope, jsii.String(taken.Take(one.id+"-"+a.Policy, a.PrincipalArn)),
			&eksaccesspolicyassociation.EksAccessPolicyAssociationConfig{
				ClusterName:  clusterName,
				PrincipalArn: one.entry.PrincipalArn(),
				PolicyArn:    jsii.String("arn:aws:eks::aws:cluster-access-policy/" + a.Policy),
				AccessScope:  accessScope,
			})
	}
}
