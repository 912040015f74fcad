package wholeapp

import (
	"slices"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// baselineTypes are what an account has once.
var baselineTypes = []string{
	"aws_accessanalyzer_analyzer", "aws_cloudtrail", "aws_ebs_encryption_by_default", "aws_guardduty_detector", "aws_s3_account_public_access_block",
}

// TestBaseline: it is in the bootstrap stack if asked for, and nowhere else, and changes no role.
func TestBaseline(t *testing.T) {
	t.Parallel()
	without := newPlatform(t, samples)
	assert.Equal(t, len(without.resources(baselineTypes...)), 0)

	p := newPlatform(t, samples, "PLINTH_DEV_BASELINE=true", "PLINTH_ENVIRONMENTS=dev")
	made := map[string]object{}
	for _, e := range p.resources(baselineTypes...) {
		assert.Equal(t, e.stack, "bootstrap-dev")
		made[e.kind] = e.body
	}
	assert.Equal(t, len(made), len(baselineTypes))
	assert.Equal(t, made["aws_ebs_encryption_by_default"]["enabled"], true)
	assert.Equal(t, made["aws_guardduty_detector"]["enable"], true)
	assert.Equal(t, made["aws_accessanalyzer_analyzer"]["type"], "ACCOUNT")
	for _, field := range []string{"block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"} {
		assert.Equal(t, made["aws_s3_account_public_access_block"][field], true, field)
	}

	trail := made["aws_cloudtrail"]
	const bucket = "plinth-dev-trail-111111111111"
	assert.Equal(t, trail["name"], "plinth-dev-account")
	assert.Equal(t, trail["s3_bucket_name"], bucket)
	for _, field := range []string{"is_multi_region_trail", "include_global_service_events", "enable_log_file_validation"} {
		assert.Equal(t, trail[field], true, field)
	}
	i := slices.IndexFunc(p.resources("aws_s3_bucket"), func(e element) bool { return e.body["bucket"] == bucket })
	logs := p.resources("aws_s3_bucket")[i]
	var policy element
	for _, e := range p.resources("aws_s3_bucket_policy") {
		if e.body["bucket"] == "${aws_s3_bucket."+logs.name+".id}" {
			policy = e
		}
	}
	// CloudTrail tries to write when the trail is made.
	assert.DeepEqual(t, strs(trail["depends_on"]), []string{"aws_s3_bucket_policy." + policy.name})
	arn := "${aws_s3_bucket." + logs.name + ".arn}"
	allowed := map[string]string{}
	for _, s := range bucketPolicy(p, "bootstrap-dev", policy.body).([]any) {
		statement := s.(object)
		if statement["effect"] != nil {
			continue
		}
		assert.DeepEqual(t, strs(dig(statement, "condition", "values")), []string{"arn:aws:cloudtrail:eu-west-2:111111111111:trail/plinth-dev-account"})
		assert.DeepEqual(t, strs(dig(statement, "principals", "identifiers")), []string{"cloudtrail.amazonaws.com"})
		allowed[strings.Join(strs(statement["actions"]), " ")] = strings.Join(strs(statement["resources"]), " ")
	}
	assert.DeepEqual(t, allowed, map[string]string{"s3:PutObject": arn + "/AWSLogs/111111111111/*", "s3:GetBucketAcl": arn})

	policies := func(p platform) map[string]any {
		all := map[string]any{}
		for _, e := range p.resources("aws_iam_policy") {
			if e.stack == "bootstrap-dev" {
				all[e.name] = e.body["policy"]
			}
		}
		return all
	}
	assert.DeepEqual(t, policies(p), policies(without))
}
