package cloud

import (
	"testing"

	"gotest.tools/v3/assert"
)

// TestAccount: an account has one analyzer and one detector, and switches are set anew.
func TestAccount(t *testing.T) {
	w := newWorld()
	for range 2 {
		assert.NilError(t, w.Create("aws_ebs_encryption_by_default", "", Attributes{"enabled": true}))
		block := Attributes{"block_public_acls": true}
		assert.NilError(t, w.Create("aws_s3_account_public_access_block", "", block))
		assert.Equal(t, block["account_id"], "111111111111")
	}
	analyzer := Attributes{"analyzer_name": "account"}
	assert.NilError(t, w.Create("aws_accessanalyzer_analyzer", "", analyzer))
	assert.Equal(t, analyzer["arn"], "arn:aws:access-analyzer:eu-west-2:111111111111:analyzer/account")
	assert.ErrorContains(t, w.Create("aws_accessanalyzer_analyzer", "", Attributes{"analyzer_name": "another"}), "ServiceQuotaExceededException")
	detector := Attributes{"enable": true, "tags_all": Attributes{"stack": "bootstrap"}}
	assert.NilError(t, w.Create("aws_guardduty_detector", "", detector))
	assert.ErrorContains(t, w.Create("aws_guardduty_detector", "", Attributes{"enable": true}), "a detector already exists for the current account")
	assert.NilError(t, w.Change("aws_guardduty_detector", "", with(t, detector, `{"enable": false}`)))
}

// TestTrail: CloudTrail must be able to write into the bucket when the trail is made.
func TestTrail(t *testing.T) {
	w := newWorld()
	trail := func() Attributes { return Attributes{"name": "account", "s3_bucket_name": "logs"} }
	assert.ErrorContains(t, w.Create("aws_cloudtrail", "", trail()), "S3BucketDoesNotExistException")
	assert.NilError(t, w.Create("aws_s3_bucket", "", Attributes{"bucket": "logs"}))
	assert.ErrorContains(t, w.Create("aws_cloudtrail", "", trail()), "InsufficientS3BucketPolicyException")
	assert.NilError(t, w.Create("aws_s3_bucket_policy", "", Attributes{"bucket": "logs", "policy": `{"Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/AWSLogs/111111111111/*"]}]}`}))
	made := trail()
	assert.NilError(t, w.Create("aws_cloudtrail", "", made))
	assert.Equal(t, made["id"], "arn:aws:cloudtrail:eu-west-2:111111111111:trail/account")
	assert.ErrorContains(t, w.Create("aws_cloudtrail", "", trail()), "TrailAlreadyExistsException")
}
