package wholeapp

import (
	"slices"
	"testing"

	"gotest.tools/v3/assert"
)

// TestLookalikes: what users name makes different resources, even where it makes the same construct id.
func TestLookalikes(t *testing.T) {
	p := newPlatform(t, samples, "PLINTH_ENVIRONMENTS=dev", "PLINTH_DEV_CLUSTER_ACCESS_ENTRIES=["+
		"{principal: role/team/dev}, {principal: role/team-dev}, {principal: role/team-dev-AmazonEKSViewPolicy}, "+
		"{principal: 'arn:aws:iam::222222222222:role/team-dev', policy: edit}]")
	var principals []string
	for _, e := range p.resources("aws_eks_access_entry") {
		principals = append(principals, e.body["principal_arn"].(string))
	}
	for _, want := range []string{
		"arn:aws:iam::111111111111:role/team/dev", "arn:aws:iam::111111111111:role/team-dev",
		"arn:aws:iam::111111111111:role/team-dev-AmazonEKSViewPolicy", "arn:aws:iam::222222222222:role/team-dev",
	} {
		assert.Assert(t, slices.Contains(principals, want), "no access entry for %s", want)
	}
	// Each entry has its policy: the four, and those of the pipeline, of which one has two and the application's
	// deploy role has a group instead.
	assert.Equal(t, len(p.resources("aws_eks_access_policy_association")), len(principals))
}
